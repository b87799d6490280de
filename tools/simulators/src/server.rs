//! Serves a router on one port of 127.0.0.1.

use std::io;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use crate::guard;

/// Serves a router until the process ends. Requests that a web page may have sent are refused.
///
/// # Errors
/// When the port is taken.
pub(crate) async fn serve(port: u16, router: Router) -> io::Result<()> {
    let cannot = |error: io::Error| io::Error::new(error.kind(), format!("cannot listen on port {port}: {error}"));
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(cannot)?;
    // Nagle's algorithm would delay a response of two segments. A socket without the option still works.
    let listener = listener.tap_io(|socket| _ = socket.set_nodelay(true));
    let router =
        router.layer(DefaultBodyLimit::disable()).layer(middleware::from_fn_with_state(port, guard::refuse_web_pages));
    axum::serve(listener, router).await
}
