//! Slack's incoming webhook, or whatever plays it, over HTTP.
//!
//! A message is posted once; only where it surely did not arrive (a throttle, no connection) is it tried again, within
//! the invocation's time. Anything else is left to Lambda's own repetitions, minutes apart.

use std::time::Duration;

use hyper::{
    Method,
    body::Bytes,
    header::{CONTENT_TYPE, HeaderValue},
};

use super::Webhook;
use crate::{
    deadline::{Backoff, Deadline},
    environment::is_address,
    error::AdapterError,
    http::{HttpAnswer, HttpClient, HttpError, HttpRequest},
};

const ATTEMPTS: u32 = 3;
const ATTEMPT: Duration = Duration::from_secs(5);
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(4));
/// Slack's refusals are one word, such as `invalid_payload`.
const ANSWER_BYTES: usize = 40;

/// A webhook with an address, which is a secret.
pub struct HttpWebhook {
    client: HttpClient,
    address: String,
}

impl HttpWebhook {
    /// The webhook at this address.
    ///
    /// # Errors
    /// `Broken` if it is none.
    pub fn new(address: &str) -> Result<Self, AdapterError> {
        let address = address.trim().to_owned();
        if !is_address(&address) {
            return Err(AdapterError::Broken("the webhook's secret is not an http or https address".to_owned()));
        }
        Ok(Self { client: HttpClient::new(), address })
    }
}

impl Webhook for HttpWebhook {
    async fn post(&self, json: String, deadline: &Deadline) -> Result<(), AdapterError> {
        let body = Bytes::from(json);
        let mut attempt = 1;
        loop {
            let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
            let request = HttpRequest { method: Method::POST, address: &self.address, headers, body: body.clone() };
            let limit = ATTEMPT.min(deadline.remaining());
            let (why, wait) = match self.client.send(request, ANSWER_BYTES, limit).await {
                Ok(HttpAnswer { status: 200..=299, .. }) => return Ok(()),
                Ok(HttpAnswer { status: 429, retry_after, .. }) => {
                    ("webhook: status 429".to_owned(), retry_after.unwrap_or_else(|| BACKOFF.wait(attempt)))
                }
                Ok(answer) => return Err(refusal(&answer)),
                Err(HttpError::Connect) => ("webhook: no connection".to_owned(), BACKOFF.wait(attempt)),
                Err(error @ (HttpError::Address | HttpError::Tls)) => {
                    return Err(AdapterError::Broken(format!("webhook: {error}")));
                }
                Err(error) => return Err(AdapterError::Unavailable(format!("webhook: {error}"))),
            };
            if attempt == ATTEMPTS || !deadline.allows_waiting(wait).await {
                return Err(AdapterError::Unavailable(why));
            }
            attempt += 1;
        }
    }
}

/// What a status outside of 200 to 299 means: Slack's refusals of a message or an address are from 400 to 499.
fn refusal(answer: &HttpAnswer) -> AdapterError {
    let word = std::str::from_utf8(&answer.body).unwrap_or_default();
    let is_word = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let why = format!("webhook: status {} {}", answer.status, if is_word { word } else { "" });
    let why = why.trim_end().to_owned();
    if answer.status >= 500 || answer.status == 408 {
        AdapterError::Unavailable(why)
    } else {
        AdapterError::Broken(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted_server::{HANG_UP, ScriptedServer, answer};

    async fn post(address: &str) -> Result<(), AdapterError> {
        let webhook = HttpWebhook::new(address).unwrap();
        webhook.post(r#"{"text":"hello"}"#.to_owned(), &Deadline::after(Duration::from_secs(8))).await
    }

    #[tokio::test]
    async fn a_message_is_posted_as_json() {
        let server = ScriptedServer::start([answer(200, "", "ok")]).await;
        // Whoever writes a secret by hand ends it with a line break.
        assert_eq!(post(&format!("{}/services/T/B/x\n", server.address)).await, Ok(()));
        let asked = server.requests().await.remove(0);
        assert!(asked.starts_with("POST /services/T/B/x HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("content-type: application/json\r\n"), "{asked}");
        assert!(asked.ends_with("\r\n\r\n{\"text\":\"hello\"}"), "{asked}");
    }

    #[tokio::test]
    async fn a_throttle_is_waited_out_if_there_is_time() {
        let throttle = |seconds: u32| answer(429, &format!("retry-after: {seconds}\r\n"), "");
        let server = ScriptedServer::start([throttle(1), answer(200, "", "ok")]).await;
        let began = tokio::time::Instant::now();
        assert_eq!(post(&server.address).await, Ok(()));
        assert!(began.elapsed() >= Duration::from_secs(1));
        assert_eq!(server.requests().await.len(), 2);

        let server = ScriptedServer::start([throttle(30)]).await;
        assert_eq!(post(&server.address).await, Err(AdapterError::Unavailable("webhook: status 429".into())));
        assert_eq!(server.requests().await.len(), 1);
    }

    #[tokio::test]
    async fn refusals_are_told_apart_from_outages_and_not_repeated() {
        let unavailable = |why: &str| AdapterError::Unavailable(why.to_owned());
        let broken = |why: &str| AdapterError::Broken(why.to_owned());
        for (answer, error) in [
            (answer(500, "", "<html>"), unavailable("webhook: status 500")),
            (HANG_UP.to_owned(), unavailable("webhook: the connection broke")),
            (answer(404, "", "no_service"), broken("webhook: status 404 no_service")),
            (answer(400, "", "invalid_payload"), broken("webhook: status 400 invalid_payload")),
            (answer(403, "", "<html>"), broken("webhook: status 403")),
            (answer(302, "location: http://127.0.0.1:1/\r\n", ""), broken("webhook: status 302")),
        ] {
            let server = ScriptedServer::start([answer]).await;
            assert_eq!(post(&server.address).await, Err(error));
            assert_eq!(server.requests().await.len(), 1);
        }
    }

    #[tokio::test]
    async fn a_chat_that_is_away_is_unavailable() {
        assert_eq!(post("http://127.0.0.1:1").await, Err(AdapterError::Unavailable("webhook: no connection".into())));
    }

    #[test]
    fn a_secret_that_is_no_address_is_refused_and_not_shown() {
        let error = HttpWebhook::new("hush").map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "the webhook's secret is not an http or https address");
    }
}
