//! An HTTP server on a free port of 127.0.0.1, with or without TLS.
//!
//! It adds as little as possible to a measured time: sockets have `TCP_NODELAY` (Nagle's algorithm and delayed
//! acknowledgements would add 40 ms), hyper writes the headers and the body in one call, and each server has a thread.

use std::io;
use std::net::SocketAddr;
use std::thread;

use axum::Router;
use axum::serve::{Listener, ListenerExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// Serves a router, over TLS if there is an acceptor.
    ///
    /// # Errors
    /// When no port is free or the operating system refuses a thread.
    pub fn start(router: Router, tls: Option<TlsAcceptor>) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        let listener = listener.tap_io(|socket| _ = socket.set_nodelay(true));
        let (_stop, stopped) = oneshot::channel();
        let serve = async {
            match tls {
                None => axum::serve(listener, router).await,
                Some(acceptor) => axum::serve(TlsListener { listener, acceptor }, router).await,
            }
        };
        thread::Builder::new().name("server".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = serve => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { address, _stop })
    }

    /// `127.0.0.1` and the port.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }
}

/// Accepts connections whose TLS handshake succeeds, one at a time: only one function is measured at a time.
struct TlsListener<L> {
    listener: L,
    acceptor: TlsAcceptor,
}

impl<L: Listener<Io = TcpStream>> Listener for TlsListener<L> {
    type Io = TlsStream<TcpStream>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await;
            // A client that ends or does not trust the certificate must not stop the server.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
