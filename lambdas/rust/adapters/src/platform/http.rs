//! A platform that is asked over HTTP: `GET <address>?slot=<slot>`, with a bearer token if there is one.
//!
//! What passes by itself (no connection, no answer in time, 429, 5xx) is tried again a few times within the invocation's
//! time; the state machine tries again after that. Any other status than 200 is a broken contract. Of an answer with
//! more bytes than core takes, no more is read than shows that.

use std::time::Duration;

use gridbid_core::{name::Slot, outcome::AnswerLimits};
use hyper::{
    Method,
    body::Bytes,
    header::{ACCEPT, AUTHORIZATION, HeaderValue},
};

use super::{AuctionPlatform, PlatformResponse};
use crate::{
    deadline::{Backoff, Deadline},
    error::AdapterError,
    http::{HttpAnswer, HttpClient, HttpError, HttpRequest},
};

const ATTEMPTS: u32 = 3;
const ATTEMPT: Duration = Duration::from_secs(5);
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(2));

/// A platform with an address.
pub struct HttpPlatform {
    client: HttpClient,
    address: String,
    authorization: Option<HeaderValue>,
    cap: usize,
}

impl HttpPlatform {
    /// The platform at this address; the token is sent with every request.
    ///
    /// # Errors
    /// `Broken` if the token has characters that no header can hold.
    pub fn new(address: String, token: Option<&str>, limits: &AnswerLimits) -> Result<Self, AdapterError> {
        let authorization = token
            .map(|token| HeaderValue::from_str(&format!("Bearer {token}")))
            .transpose()
            .map_err(|_| AdapterError::Broken("the platform's token cannot stand in a header".to_owned()))?
            .map(|mut value| {
                value.set_sensitive(true);
                value
            });
        let cap = usize::try_from(limits.bytes).unwrap_or(usize::MAX);
        Ok(Self { client: HttpClient::new(), address, authorization, cap })
    }

    async fn ask(&self, slot: &Slot, limit: Duration) -> Result<HttpAnswer, HttpError> {
        let mark = if self.address.contains('?') { '&' } else { '?' };
        // A slot has no character that a query would have to escape.
        let address = format!("{}{mark}slot={slot}", self.address);
        let mut headers = vec![(ACCEPT, HeaderValue::from_static("application/json"))];
        headers.extend(self.authorization.clone().map(|value| (AUTHORIZATION, value)));
        let request = HttpRequest { method: Method::GET, address: &address, headers, body: Bytes::new() };
        self.client.send(request, self.cap, limit).await
    }
}

impl AuctionPlatform for HttpPlatform {
    async fn results(&self, slot: &Slot, _: u32, deadline: &Deadline) -> Result<PlatformResponse, AdapterError> {
        let mut attempt = 1;
        loop {
            let (why, asked_wait) = match self.ask(slot, ATTEMPT.min(deadline.remaining())).await {
                Ok(answer) if answer.status == 200 && answer.is_whole() => {
                    return Ok(PlatformResponse::Document(answer.body));
                }
                Ok(HttpAnswer { status: 200, length, .. }) => {
                    let bytes = length.and_then(|length| usize::try_from(length).ok());
                    return Ok(PlatformResponse::TooLarge { bytes });
                }
                Ok(HttpAnswer { status, retry_after, .. }) if status == 429 || status >= 500 => {
                    (format!("auction platform: status {status}"), retry_after)
                }
                Ok(HttpAnswer { status, .. }) => {
                    return Err(AdapterError::Broken(format!("auction platform: status {status}")));
                }
                Err(error @ (HttpError::Address | HttpError::Tls)) => {
                    return Err(AdapterError::Broken(format!("auction platform: {error}")));
                }
                Err(error) => (format!("auction platform: {error}"), None),
            };
            let wait = asked_wait.unwrap_or_else(|| BACKOFF.wait(attempt));
            if attempt == ATTEMPTS || !deadline.allows_waiting(wait).await {
                return Err(AdapterError::Unavailable(why));
            }
            attempt += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted_server::{HANG_UP, ScriptedServer, answer};

    const NOT_READY: &str = "{\"results\":false}";

    async fn ask(address: &str, token: Option<&str>) -> Result<PlatformResponse, AdapterError> {
        let limits = AnswerLimits { bytes: 20, ..AnswerLimits::default() };
        let platform = HttpPlatform::new(address.to_owned(), token, &limits).unwrap();
        let slot = Slot::parse("2026-11-22T07:05:00Z").unwrap();
        platform.results(&slot, 1, &Deadline::after(Duration::from_secs(20))).await
    }

    #[tokio::test]
    async fn the_slot_and_the_token_are_sent() {
        let server = ScriptedServer::start([answer(200, "", NOT_READY)]).await;
        assert_eq!(
            ask(&format!("{}/results", server.address), Some("secret")).await,
            Ok(PlatformResponse::Document(NOT_READY.into()))
        );
        let asked = server.requests().await.remove(0);
        assert!(asked.starts_with("GET /results?slot=2026-11-22T07:05:00Z HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("authorization: Bearer secret\r\n"), "{asked}");
    }

    #[tokio::test]
    async fn an_address_with_a_query_keeps_it() {
        let server = ScriptedServer::start([answer(200, "", NOT_READY)]).await;
        ask(&format!("{}/results?market=x", server.address), None).await.unwrap();
        assert!(server.requests().await[0].starts_with("GET /results?market=x&slot=2026-11-22T07:05:00Z "));
    }

    #[tokio::test]
    async fn an_outage_that_passes_is_not_noticed() {
        let server = ScriptedServer::start([answer(503, "", ""), HANG_UP.to_owned(), answer(200, "", NOT_READY)]).await;
        assert_eq!(ask(&server.address, None).await, Ok(PlatformResponse::Document(NOT_READY.into())));
        assert_eq!(server.requests().await.len(), 3);
    }

    #[tokio::test]
    async fn an_outage_that_stays_is_unavailable() {
        let server = ScriptedServer::start(vec![answer(503, "", ""); 3]).await;
        let address = server.address.clone();
        let error = ask(&address, None).await.unwrap_err();
        assert_eq!(error, AdapterError::Unavailable("auction platform: status 503".into()));
        server.requests().await;
        let error = ask(&address, None).await.unwrap_err();
        assert_eq!(error, AdapterError::Unavailable("auction platform: no connection".into()));
    }

    #[tokio::test]
    async fn a_refusal_is_a_broken_contract_and_not_repeated() {
        for status in [204, 301, 401, 404] {
            let server = ScriptedServer::start([answer(status, "location: /elsewhere\r\n", "")]).await;
            let error = ask(&server.address, None).await.unwrap_err();
            assert_eq!(error, AdapterError::Broken(format!("auction platform: status {status}")));
            assert_eq!(server.requests().await.len(), 1);
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_too_large_is_told_by_its_length() {
        let unread = |bytes| Ok(PlatformResponse::TooLarge { bytes });
        for (answer, expected) in [
            (answer(200, "", &"x".repeat(20)), Ok(PlatformResponse::Document(vec![b'x'; 20]))),
            (answer(200, "", &"x".repeat(21)), unread(Some(21))),
            // The other bytes never come, and are not waited for.
            (format!("HTTP/1.1 200 X\r\ncontent-length: 20000000\r\n\r\n{}", "x".repeat(21)), unread(Some(20_000_000))),
            (chunked(&"x".repeat(20)), Ok(PlatformResponse::Document(vec![b'x'; 20]))),
            (chunked(&"x".repeat(21)), unread(None)),
            (chunked(&"x".repeat(2_000)), unread(None)),
        ] {
            let server = ScriptedServer::start([answer]).await;
            assert_eq!(ask(&server.address, None).await, expected);
        }
    }

    /// An answer whose length the server does not say.
    fn chunked(body: &str) -> String {
        format!("HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
    }

    #[tokio::test]
    async fn a_throttle_that_asks_for_more_time_than_is_left_is_unavailable() {
        let server = ScriptedServer::start([answer(429, "retry-after: 60\r\n", "")]).await;
        let error = ask(&server.address, None).await.unwrap_err();
        assert_eq!(error, AdapterError::Unavailable("auction platform: status 429".into()));
        assert_eq!(server.requests().await.len(), 1);
    }

    #[test]
    fn a_token_that_no_header_can_hold_is_refused() {
        let refused = HttpPlatform::new("http://a".into(), Some("a\nb"), &AnswerLimits::default());
        assert!(matches!(refused, Err(AdapterError::Broken(_))));
    }
}
