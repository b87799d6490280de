//! An HTTP/1.1 client without an SDK.
//!
//! A request has one timeout, from connecting to the last byte, and a response a maximum length; redirects are not
//! followed. The system's certificates are read at the first `https` request only. Connections are not pooled: Lambda
//! freezes a function between two events, after which a pooled connection is as likely dead as alive.

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

// Lengths are cast between `u64` and `usize`.
const _: () = assert!(usize::BITS == 64);

type Sender = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Sends requests.
#[derive(Default)]
pub struct HttpClient {
    plain: OnceCell<Sender>,
    tls: OnceCell<Sender>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct HttpRequest<'a> {
    /// The method.
    pub method: Method,
    /// The absolute URL.
    pub url: &'a str,
    /// Headers; `Host` and `Content-Length` are added.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body, which may be empty.
    pub body: Bytes,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The `Retry-After` header, if it is a number of seconds; its date form is ignored.
    pub retry_after: Option<Duration>,
    /// The first bytes of the body, up to the requested maximum.
    pub body: Vec<u8>,
    /// The length of the whole body; `None` if the body was cut and the server does not declare it.
    pub length: Option<usize>,
}

/// Why there is no response.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HttpError {
    /// The URL is invalid.
    #[error("invalid URL")]
    InvalidUrl,
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(rustls::Error),
    /// The timeout passed first.
    #[error("no response in time")]
    Timeout,
    /// Connecting failed: nothing was sent.
    #[error("no connection")]
    Connect,
    /// The connection broke: the request may have arrived.
    #[error("the connection broke")]
    Broken,
}

impl HttpResponse {
    /// Whether `body` is the whole body.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.length == Some(self.body.len())
    }
}

impl HttpClient {
    /// Creates a client without connections.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends one request and reads at most `max_bytes` of the response's body. A response of any status is `Ok`.
    ///
    /// ```no_run
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use std::time::Duration;
    ///
    /// use gridbid_adapters::http::{HttpClient, HttpRequest};
    /// use hyper::{Method, body::Bytes};
    ///
    /// let url = "https://platform.example/results?slot=2026-11-22T07:05:00Z";
    /// let request = HttpRequest { method: Method::GET, url, headers: vec![], body: Bytes::new() };
    /// let response = HttpClient::new().send(request, 204_800, Duration::from_secs(5)).await?;
    /// assert_eq!(response.status, 200);
    /// # Ok::<(), gridbid_adapters::http::HttpError>(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// When there is no complete response within `timeout`.
    pub async fn send(
        &self,
        request: HttpRequest<'_>,
        max_bytes: usize,
        timeout: Duration,
    ) -> Result<HttpResponse, HttpError> {
        tokio::time::timeout(timeout, self.exchange(request, max_bytes)).await.map_err(|_| HttpError::Timeout)?
    }

    async fn exchange(&self, request: HttpRequest<'_>, max_bytes: usize) -> Result<HttpResponse, HttpError> {
        let url: Uri = request.url.parse().map_err(|_| HttpError::InvalidUrl)?;
        let sender = self.sender(url.scheme() == Some(&Scheme::HTTPS))?;
        let mut message = Request::new(Full::new(request.body));
        *message.method_mut() = request.method;
        *message.uri_mut() = url;
        message.headers_mut().extend(request.headers);
        let response = sender
            .request(message)
            .await
            .map_err(|error| if error.is_connect() { HttpError::Connect } else { HttpError::Broken })?;
        let retry_after = response.headers().get(RETRY_AFTER).and_then(parse_seconds);
        let status = response.status().as_u16();
        let (body, length) = read_body(response.into_body(), max_bytes).await?;
        Ok(HttpResponse { status, retry_after, body, length })
    }

    fn sender(&self, is_tls: bool) -> Result<&Sender, HttpError> {
        let cell = if is_tls { &self.tls } else { &self.plain };
        if let Some(sender) = cell.get() {
            return Ok(sender);
        }
        let connector = tls::connector(tls::tcp(), is_tls).map_err(HttpError::Tls)?;
        let sender = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(cell.get_or_init(|| sender))
    }
}

/// Reads the first bytes of a body. Also returns the length of the whole body, if known.
async fn read_body(mut body: Incoming, max_bytes: usize) -> Result<(Vec<u8>, Option<usize>), HttpError> {
    let declared = body.size_hint().exact().map(|length| length as usize);
    // Without the length, a large body would be moved, and its memory doubled, each time that the vector grows.
    let mut bytes = Vec::with_capacity(declared.unwrap_or(0).min(max_bytes));
    while let Some(frame) = body.frame().await {
        // The other kind of frame holds trailers, which have no bytes of the body.
        let Ok(mut data) = frame.map_err(|_| HttpError::Broken)?.into_data() else { continue };
        let room = max_bytes.saturating_sub(bytes.len());
        let is_cut = data.len() > room;
        data.truncate(room);
        bytes.extend_from_slice(&data);
        if is_cut {
            return Ok((bytes, declared));
        }
    }
    let length = bytes.len();
    Ok((bytes, Some(length)))
}

fn parse_seconds(value: &HeaderValue) -> Option<Duration> {
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncReadExt as _, net::TcpListener};

    use super::*;
    use crate::scripted_server::{HANG_UP, ScriptedServer, response};

    async fn get(url: &str, max_bytes: usize, timeout: Duration) -> Result<HttpResponse, HttpError> {
        let headers = vec![(hyper::header::ACCEPT, HeaderValue::from_static("application/json"))];
        let request = HttpRequest { method: Method::GET, url, headers, body: Bytes::new() };
        HttpClient::new().send(request, max_bytes, timeout).await
    }

    const TIMEOUT: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn plain_url_is_requested() {
        let server = ScriptedServer::start([response(429, "retry-after: 7\r\n", "hello")]).await;
        let response = get(&format!("{}/path?slot=a:b", server.address), 3, TIMEOUT).await.unwrap();
        assert_eq!(
            response,
            HttpResponse {
                status: 429,
                retry_after: Some(Duration::from_secs(7)),
                body: b"hel".to_vec(),
                length: Some(5)
            }
        );
        let request = server.requests().await.remove(0);
        assert!(request.starts_with("GET /path?slot=a:b HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("\r\naccept: application/json\r\n"), "{request}");
    }

    #[tokio::test]
    async fn broken_connection_differs_from_none() {
        let server = ScriptedServer::start([HANG_UP]).await;
        let address = server.address.clone();
        assert_eq!(get(&address, 10, TIMEOUT).await, Err(HttpError::Broken));
        server.requests().await;
        assert_eq!(get(&address, 10, TIMEOUT).await, Err(HttpError::Connect));
        assert_eq!(get("no address", 10, TIMEOUT).await, Err(HttpError::InvalidUrl));
    }

    #[tokio::test]
    async fn timeout_covers_the_body() {
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
    async fn https_url_is_requested_with_tls() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://{}", listener.local_addr().unwrap());
        let first = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_u8().await.unwrap()
        });
        assert_eq!(get(&address, 10, TIMEOUT).await, Err(HttpError::Connect));
        // The content type of a TLS handshake record (RFC 8446, section 5.1).
        assert_eq!(first.await.unwrap(), 22);
    }
}
