//! The auction platform over HTTP: `POST <url>/orders` and `GET <url>/results?slot=<slot>`, with an optional bearer token.
//!
//! Any other status than 200 is an outage (429, 5xx) or a broken contract. Outages of results (no connection and no response
//! in time, too) are retried a few times within the invocation's deadline, and by the state machine after that; orders are
//! sent once per invocation, and again when their message returns to the queue. A response above core's byte limit is read
//! only up to that limit.

use std::time::Duration;

use gridbid_core::{name::Slot, outcome::ResultsLimits, submission::MAX_RESPONSE_BYTES};
use hyper::{
    Method,
    body::Bytes,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};

use crate::{
    deadline::{Backoff, Deadline},
    error::AdapterError,
    http::{HttpClient, HttpError, HttpRequest, HttpResponse},
    platform::{AuctionPlatform, PlatformResponse},
    submission_platform::{SubmissionError, SubmissionPlatform},
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const ATTEMPTS: u32 = 3;
/// The timeout of an attempt, up to the last byte of the results of the largest auction.
const ATTEMPT: Duration = Duration::from_secs(60);
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(2));
/// The timeout of a request with orders, which the platform may take longer to process.
const SUBMISSION: Duration = Duration::from_secs(10);

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
    /// let url = "https://platform.example".to_owned();
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

    /// Sends one request. A response of status 200 is `Ok`.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: String,
        max_bytes: usize,
        timeout: Duration,
    ) -> Result<HttpResponse, SubmissionError> {
        let url = format!("{}{path}", self.url.trim_end_matches('/'));
        let mut headers = vec![(ACCEPT, JSON)];
        if !body.is_empty() {
            headers.push((CONTENT_TYPE, JSON));
        }
        headers.extend(self.authorization.clone().map(|value| (AUTHORIZATION, value)));
        let request = HttpRequest { method, url: &url, headers, body: Bytes::from(body) };
        match self.client.send(request, max_bytes, timeout).await {
            Ok(response) if response.status == 200 => Ok(response),
            Ok(HttpResponse { status, retry_after, .. }) => {
                let reason = format!("auction platform: status {status}");
                let is_outage = status == 429 || status >= 500;
                let error = if is_outage { AdapterError::Unavailable(reason) } else { AdapterError::Broken(reason) };
                Err(SubmissionError { error, retry_after: retry_after.filter(|_| is_outage) })
            }
            Err(error @ (HttpError::InvalidUrl | HttpError::Tls(_))) => {
                Err(AdapterError::Broken(format!("auction platform: {error}")).into())
            }
            Err(error) => Err(AdapterError::Unavailable(format!("auction platform: {error}")).into()),
        }
    }
}

impl AuctionPlatform for HttpPlatform {
    async fn results(&self, slot: &Slot, _: u32, deadline: &Deadline) -> Result<PlatformResponse, AdapterError> {
        // A slot has no character that a query would have to escape.
        let path = format!("/results?slot={slot}");
        let mut attempt = 1;
        loop {
            let timeout = ATTEMPT.min(deadline.remaining());
            let error = match self.send(Method::GET, &path, String::new(), self.max_bytes, timeout).await {
                Ok(response) if response.is_whole() => return Ok(PlatformResponse::Document(response.body)),
                Ok(HttpResponse { length, .. }) => return Ok(PlatformResponse::TooLarge { bytes: length }),
                Err(SubmissionError { error: error @ AdapterError::Broken(_), .. }) => return Err(error),
                Err(error) => error,
            };
            let delay = error.retry_after.unwrap_or_else(|| BACKOFF.delay(attempt));
            if attempt == ATTEMPTS || !deadline.try_sleep(delay).await {
                return Err(error.error);
            }
            attempt += 1;
        }
    }
}

impl SubmissionPlatform for HttpPlatform {
    async fn submit(&self, request: String, deadline: &Deadline) -> Result<Vec<u8>, SubmissionError> {
        let timeout = SUBMISSION.min(deadline.remaining());
        let response = self.send(Method::POST, "/orders", request, MAX_RESPONSE_BYTES + 1, timeout).await?;
        Ok(response.body)
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
            request(&format!("{}/", server.address), Some("secret")).await,
            Ok(PlatformResponse::Document(NOT_READY.into()))
        );
        let request = server.requests().await.remove(0);
        assert!(request.starts_with("GET /results?slot=2026-11-22T07:05:00Z HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("authorization: Bearer secret\r\n"), "{request}");
    }

    #[tokio::test]
    async fn short_outage_is_retried() {
        let server =
            ScriptedServer::start([response(503, "", ""), HANG_UP.to_owned(), response(200, "", NOT_READY)]).await;
        assert_eq!(request(&server.address, None).await, Ok(PlatformResponse::Document(NOT_READY.into())));
        assert_eq!(server.requests().await.len(), 3);
    }

    #[tokio::test]
    async fn long_outage_is_unavailable() {
        let server = ScriptedServer::start(vec![response(503, "", ""); 3]).await;
        let address = server.address.clone();
        let error = request(&address, None).await.unwrap_err();
        assert_eq!(error, AdapterError::Unavailable("auction platform: status 503".into()));
        server.requests().await;
        let error = request(&address, None).await.unwrap_err();
        assert_eq!(error, AdapterError::Unavailable("auction platform: no connection".into()));
    }

    #[tokio::test]
    async fn refusal_is_broken_and_not_retried() {
        for status in [204, 301, 401, 404] {
            let server = ScriptedServer::start([response(status, "location: /elsewhere\r\n", "")]).await;
            let error = request(&server.address, None).await.unwrap_err();
            assert_eq!(error, AdapterError::Broken(format!("auction platform: status {status}")));
            assert_eq!(server.requests().await.len(), 1);
        }
    }

    #[tokio::test]
    async fn response_above_the_limit_reports_its_declared_length() {
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
    async fn retry_after_beyond_the_deadline_is_unavailable() {
        let server = ScriptedServer::start([response(429, "retry-after: 60\r\n", "")]).await;
        let error = request(&server.address, None).await.unwrap_err();
        assert_eq!(error, AdapterError::Unavailable("auction platform: status 429".into()));
        assert_eq!(server.requests().await.len(), 1);
    }

    async fn submit(address: &str) -> Result<Vec<u8>, SubmissionError> {
        let platform = HttpPlatform::new(address.to_owned(), Some("secret"), &ResultsLimits::default()).unwrap();
        platform.submit(r#"[{"record_id":"a"}]"#.to_owned(), &Deadline::after(Duration::from_secs(20))).await
    }

    #[tokio::test]
    async fn orders_are_sent_once() {
        let server = ScriptedServer::start([response(200, "", "[]")]).await;
        assert_eq!(submit(&server.address).await, Ok(b"[]".to_vec()));
        let request = server.requests().await.remove(0);
        assert!(request.starts_with("POST /orders HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("content-type: application/json\r\n"), "{request}");
        assert!(request.contains("authorization: Bearer secret\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\n[{\"record_id\":\"a\"}]"), "{request}");
    }

    #[tokio::test]
    async fn refusals_of_orders_are_broken_and_outages_unavailable() {
        let unavailable = |reason: &str| AdapterError::Unavailable(format!("auction platform: {reason}"));
        let broken = |status: u16| AdapterError::Broken(format!("auction platform: status {status}"));
        for (scripted, error, retry_after) in [
            (response(429, "retry-after: 7\r\n", ""), unavailable("status 429"), Some(7)),
            (response(503, "", ""), unavailable("status 503"), None),
            (HANG_UP.to_owned(), unavailable("the connection broke"), None),
            (response(401, "retry-after: 7\r\n", ""), broken(401), None),
            (response(413, "", ""), broken(413), None),
        ] {
            let server = ScriptedServer::start([scripted]).await;
            let retry_after = retry_after.map(Duration::from_secs);
            assert_eq!(submit(&server.address).await, Err(SubmissionError { error, retry_after }));
            assert_eq!(server.requests().await.len(), 1);
        }
    }

    #[tokio::test]
    async fn response_to_orders_is_cut_above_the_limit() {
        let server = ScriptedServer::start([response(200, "", &" ".repeat(MAX_RESPONSE_BYTES + 2))]).await;
        assert_eq!(submit(&server.address).await.unwrap().len(), MAX_RESPONSE_BYTES + 1);
    }

    #[test]
    fn invalid_token_is_broken() {
        let refused = HttpPlatform::new("http://a".into(), Some("a\nb"), &ResultsLimits::default());
        assert!(matches!(refused, Err(AdapterError::Broken(_))));
    }
}
