//! HTTP/1.1 requests to one address, without an SDK.
//!
//! A request has one time limit, from the connection to the last byte, and an answer has a cap on its bytes; redirects
//! are not followed. TLS is rustls with ring and the system's certificates, read at the first `https` request, so that a
//! function which calls plain addresses only never reads them. Connections are not kept: between two events Lambda
//! freezes a function, and a kept connection is as likely dead as alive.

use std::{cell::OnceCell, time::Duration};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, Uri,
    body::{Body as _, Bytes, Incoming},
    header::{HeaderName, HeaderValue, RETRY_AFTER},
    http::uri::Scheme,
};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::tls;

type Sender = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Sends requests.
#[derive(Default)]
pub struct HttpClient {
    plain: OnceCell<Sender>,
    tls: OnceCell<Sender>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct HttpRequest<'a> {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub address: &'a str,
    /// Headers; `Host` and the length are added.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body, which may be empty.
    pub body: Bytes,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// How long the server asks to be left alone, if it names seconds.
    pub retry_after: Option<Duration>,
    /// The body's first bytes, at most as many as were asked for.
    pub body: Vec<u8>,
    /// The length of the whole body; `None` if it was not read to its end and the server does not say.
    pub length: Option<u64>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The address cannot be called.
    #[error("not an address")]
    Address,
    /// TLS cannot be set up.
    #[error("no TLS")]
    Tls,
    /// The time was over first.
    #[error("no answer in time")]
    Timeout,
    /// No connection came about: nothing was sent.
    #[error("no connection")]
    Connect,
    /// The connection broke: what was sent may have arrived.
    #[error("the connection broke")]
    Broken,
}

impl HttpAnswer {
    /// Whether `body` is the whole body.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.length.is_some_and(|length| u64::try_from(self.body.len()) == Ok(length))
    }
}

impl HttpClient {
    /// A client without connections.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends one request, and reads at most `cap` bytes of the answer's body.
    ///
    /// # Errors
    /// When there is no answer within `limit`. An answer of any status is one.
    pub async fn send(&self, request: HttpRequest<'_>, cap: usize, limit: Duration) -> Result<HttpAnswer, HttpError> {
        tokio::time::timeout(limit, self.exchange(request, cap)).await.unwrap_or(Err(HttpError::Timeout))
    }

    async fn exchange(&self, request: HttpRequest<'_>, cap: usize) -> Result<HttpAnswer, HttpError> {
        let address: Uri = request.address.parse().map_err(|_| HttpError::Address)?;
        let sender = self.sender(address.scheme() == Some(&Scheme::HTTPS))?;
        let mut message = Request::new(Full::new(request.body));
        *message.method_mut() = request.method;
        *message.uri_mut() = address;
        message.headers_mut().extend(request.headers);
        let answer = sender
            .request(message)
            .await
            .map_err(|error| if error.is_connect() { HttpError::Connect } else { HttpError::Broken })?;
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(seconds);
        let status = answer.status().as_u16();
        let (body, length) = read(answer.into_body(), cap).await?;
        Ok(HttpAnswer { status, retry_after, body, length })
    }

    fn sender(&self, is_tls: bool) -> Result<&Sender, HttpError> {
        let sender = if is_tls { &self.tls } else { &self.plain };
        if let Some(sender) = sender.get() {
            return Ok(sender);
        }
        let connector = tls::over(tls::tcp(), is_tls).map_err(|_| HttpError::Tls)?;
        let made = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(sender.get_or_init(|| made))
    }
}

/// The first bytes of a body, and how many all of it has, as far as that is known.
async fn read(mut body: Incoming, cap: usize) -> Result<(Vec<u8>, Option<u64>), HttpError> {
    let declared = body.size_hint().exact();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(mut data) = frame.map_err(|_| HttpError::Broken)?.into_data() else { continue };
        let room = cap.saturating_sub(bytes.len());
        let is_cut = data.len() > room;
        data.truncate(room);
        bytes.extend_from_slice(&data);
        if is_cut {
            return Ok((bytes, declared));
        }
    }
    let length = u64::try_from(bytes.len()).ok();
    Ok((bytes, length))
}

fn seconds(value: &HeaderValue) -> Option<Duration> {
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncReadExt as _, net::TcpListener};

    use super::*;
    use crate::scripted_server::{HANG_UP, ScriptedServer, answer};

    async fn get(address: &str, cap: usize, limit: Duration) -> Result<HttpAnswer, HttpError> {
        let headers = vec![(hyper::header::ACCEPT, HeaderValue::from_static("application/json"))];
        let request = HttpRequest { method: Method::GET, address, headers, body: Bytes::new() };
        HttpClient::new().send(request, cap, limit).await
    }

    const LIMIT: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn a_plain_address_is_called() {
        let server = ScriptedServer::start([answer(429, "retry-after: 7\r\n", "hello")]).await;
        let answer = get(&format!("{}/path?slot=a:b", server.address), 3, LIMIT).await.unwrap();
        assert_eq!(
            answer,
            HttpAnswer {
                status: 429,
                retry_after: Some(Duration::from_secs(7)),
                body: b"hel".to_vec(),
                length: Some(5)
            }
        );
        let asked = server.requests().await.remove(0);
        assert!(asked.starts_with("GET /path?slot=a:b HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("\r\naccept: application/json\r\n"), "{asked}");
    }

    #[tokio::test]
    async fn a_connection_that_breaks_is_told_from_one_that_never_was() {
        let server = ScriptedServer::start([HANG_UP]).await;
        let address = server.address.clone();
        assert_eq!(get(&address, 10, LIMIT).await, Err(HttpError::Broken));
        server.requests().await;
        assert_eq!(get(&address, 10, LIMIT).await, Err(HttpError::Connect));
        assert_eq!(get("no address", 10, LIMIT).await, Err(HttpError::Address));
    }

    #[tokio::test]
    async fn the_time_limit_holds_for_the_body_too() {
        let half = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf";
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let stalled = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_u8().await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, half.as_bytes()).await.unwrap();
            std::future::pending::<()>().await;
        });
        assert_eq!(get(&address, 100, Duration::from_millis(200)).await, Err(HttpError::Timeout));
        stalled.abort();
    }

    #[tokio::test]
    async fn a_tls_address_is_called_with_tls() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://{}", listener.local_addr().unwrap());
        let first = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_u8().await.unwrap()
        });
        assert_eq!(get(&address, 10, LIMIT).await, Err(HttpError::Connect));
        // A TLS record of a handshake begins with the byte 22.
        assert_eq!(first.await.unwrap(), 22);
    }
}
