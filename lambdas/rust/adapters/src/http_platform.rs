//! The auction platform over HTTP: `GET <url>?slot=<slot>`, with an optional bearer token.
//!
//! Transient errors (no connection, no response in time, 429, 5xx) are retried a few times within the invocation's
//! deadline, and by the state machine after that. Any other status than 200 is a broken contract. A response above core's
//! byte limit is read only up to that limit.

use std::time::Duration;

use gridbid_core::{name::Slot, outcome::ResultsLimits};
use hyper::{
    Method,
    body::Bytes,
    header::{ACCEPT, AUTHORIZATION, HeaderValue},
};

use crate::{
    deadline::{Backoff, Deadline},
    error::AdapterError,
    http::{HttpClient, HttpError, HttpRequest, HttpResponse},
    platform::{AuctionPlatform, PlatformResponse},
};

const ATTEMPTS: u32 = 3;
/// The timeout of an attempt, up to the last byte of the results of the largest auction.
const ATTEMPT: Duration = Duration::from_secs(60);
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(2));

/// A platform with a URL.
pub struct HttpPlatform {
    client: HttpClient,
    url: String,
    authorization: Option<HeaderValue>,
    max_bytes: usize,
}

impl HttpPlatform {
    /// Creates a client for the platform at this URL. The token is sent with every request.
    ///
    /// ```
    /// use gridbid_adapters::http_platform::HttpPlatform;
    /// use gridbid_core::outcome::ResultsLimits;
    ///
    /// let url = "https://platform.example/results".to_owned();
    /// assert!(HttpPlatform::new(url, Some("token"), &ResultsLimits::default()).is_ok());
    /// ```
    ///
    /// # Errors
    /// `Broken` if the token is not a valid header value.
    pub fn new(url: String, token: Option<&str>, limits: &ResultsLimits) -> Result<Self, AdapterError> {
        let authorization = token
            .map(|token| HeaderValue::from_str(&format!("Bearer {token}")))
            .transpose()
            .map_err(|_| AdapterError::Broken("the platform's token is not a valid header value".to_owned()))?
            .map(|mut value| {
                value.set_sensitive(true);
                value
            });
        Ok(Self { client: HttpClient::new(), url, authorization, max_bytes: limits.bytes as usize })
    }

    async fn request(&self, slot: &Slot, timeout: Duration) -> Result<HttpResponse, HttpError> {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        // A slot has no character that a query would have to escape.
        let url = format!("{}{separator}slot={slot}", self.url);
        let mut headers = vec![(ACCEPT, HeaderValue::from_static("application/json"))];
        headers.extend(self.authorization.clone().map(|value| (AUTHORIZATION, value)));
        let request = HttpRequest { method: Method::GET, url: &url, headers, body: Bytes::new() };
        self.client.send(request, self.max_bytes, timeout).await
    }
}

impl AuctionPlatform for HttpPlatform {
    async fn results(&self, slot: &Slot, _: u32, deadline: &Deadline) -> Result<PlatformResponse, AdapterError> {
        let mut attempt = 1;
        loop {
            let (reason, retry_after) = match self.request(slot, ATTEMPT.min(deadline.remaining())).await {
                Ok(response) if response.status == 200 && response.is_whole() => {
                    return Ok(PlatformResponse::Document(response.body));
                }
                Ok(HttpResponse { status: 200, length, .. }) => {
                    return Ok(PlatformResponse::TooLarge { bytes: length });
                }
                Ok(HttpResponse { status, retry_after, .. }) if status == 429 || status >= 500 => {
                    (format!("auction platform: status {status}"), retry_after)
                }
                Ok(HttpResponse { status, .. }) => {
                    return Err(AdapterError::Broken(format!("auction platform: status {status}")));
                }
                Err(error @ (HttpError::InvalidUrl | HttpError::Tls(_))) => {
                    return Err(AdapterError::Broken(format!("auction platform: {error}")));
                }
                Err(error) => (format!("auction platform: {error}"), None),
            };
            let delay = retry_after.unwrap_or_else(|| BACKOFF.delay(attempt));
            if attempt == ATTEMPTS || !deadline.try_sleep(delay).await {
                return Err(AdapterError::Unavailable(reason));
            }
            attempt += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted_server::{HANG_UP, ScriptedServer, response};

    const NOT_READY: &str = "{\"results\":false}";

    async fn request(url: &str, token: Option<&str>) -> Result<PlatformResponse, AdapterError> {
        let limits = ResultsLimits { bytes: 20, ..ResultsLimits::default() };
        let platform = HttpPlatform::new(url.to_owned(), token, &limits).unwrap();
        let slot = Slot::parse("2026-11-22T07:05:00Z").unwrap();
        platform.results(&slot, 1, &Deadline::after(Duration::from_secs(20))).await
    }

    #[tokio::test]
    async fn slot_and_token_are_sent() {
        let server = ScriptedServer::start([response(200, "", NOT_READY)]).await;
        assert_eq!(
            request(&format!("{}/results", server.address), Some("secret")).await,
            Ok(PlatformResponse::Document(NOT_READY.into()))
        );
        let request = server.requests().await.remove(0);
        assert!(request.starts_with("GET /results?slot=2026-11-22T07:05:00Z HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("authorization: Bearer secret\r\n"), "{request}");
    }

    #[tokio::test]
    async fn a_url_keeps_its_query() {
        let server = ScriptedServer::start([response(200, "", NOT_READY)]).await;
        request(&format!("{}/results?market=x", server.address), None).await.unwrap();
        assert!(server.requests().await[0].starts_with("GET /results?market=x&slot=2026-11-22T07:05:00Z "));
    }

    #[tokio::test]
    async fn a_short_outage_is_retried() {
        let server =
            ScriptedServer::start([response(503, "", ""), HANG_UP.to_owned(), response(200, "", NOT_READY)]).await;
        assert_eq!(request(&server.address, None).await, Ok(PlatformResponse::Document(NOT_READY.into())));
        assert_eq!(server.requests().await.len(), 3);
    }

    #[tokio::test]
    async fn a_long_outage_is_unavailable() {
        let server = ScriptedServer::start(vec![response(503, "", ""); 3]).await;
        let address = server.address.clone();
        let error = request(&address, None).await.unwrap_err();
        assert_eq!(error, AdapterError::Unavailable("auction platform: status 503".into()));
        server.requests().await;
        let error = request(&address, None).await.unwrap_err();
        assert_eq!(error, AdapterError::Unavailable("auction platform: no connection".into()));
    }

    #[tokio::test]
    async fn a_refusal_is_broken_and_not_retried() {
        for status in [204, 301, 401, 404] {
            let server = ScriptedServer::start([response(status, "location: /elsewhere\r\n", "")]).await;
            let error = request(&server.address, None).await.unwrap_err();
            assert_eq!(error, AdapterError::Broken(format!("auction platform: status {status}")));
            assert_eq!(server.requests().await.len(), 1);
        }
    }

    #[tokio::test]
    async fn a_response_above_the_limit_reports_its_declared_length() {
        let too_large = |bytes| Ok(PlatformResponse::TooLarge { bytes });
        for (scripted, expected) in [
            (response(200, "", &"x".repeat(20)), Ok(PlatformResponse::Document(vec![b'x'; 20]))),
            (response(200, "", &"x".repeat(21)), too_large(Some(21))),
            // The remaining bytes never arrive and are not awaited.
            (
                format!("HTTP/1.1 200 X\r\ncontent-length: 20000000\r\n\r\n{}", "x".repeat(21)),
                too_large(Some(20_000_000)),
            ),
            (chunked(&"x".repeat(20)), Ok(PlatformResponse::Document(vec![b'x'; 20]))),
            (chunked(&"x".repeat(21)), too_large(None)),
            (chunked(&"x".repeat(2_000)), too_large(None)),
        ] {
            let server = ScriptedServer::start([scripted]).await;
            assert_eq!(request(&server.address, None).await, expected);
        }
    }

    /// A response without a declared length.
    fn chunked(body: &str) -> String {
        format!("HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
    }

    #[tokio::test]
    async fn a_retry_after_beyond_the_deadline_is_unavailable() {
        let server = ScriptedServer::start([response(429, "retry-after: 60\r\n", "")]).await;
        let error = request(&server.address, None).await.unwrap_err();
        assert_eq!(error, AdapterError::Unavailable("auction platform: status 429".into()));
        assert_eq!(server.requests().await.len(), 1);
    }

    #[test]
    fn an_invalid_token_is_broken() {
        let refused = HttpPlatform::new("http://a".into(), Some("a\nb"), &ResultsLimits::default());
        assert!(matches!(refused, Err(AdapterError::Broken(_))));
    }
}
