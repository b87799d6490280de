//! Slack's incoming webhook over HTTP.
//!
//! A post is retried within the invocation's deadline only when the message surely did not arrive (throttled, no
//! connection). Lambda retries any other transient error, minutes later.

use std::time::Duration;

use hyper::{
    Method,
    body::Bytes,
    header::{CONTENT_TYPE, HeaderValue},
};

use crate::{
    deadline::{Backoff, Deadline},
    environment::is_http_url,
    error::AdapterError,
    http::{HttpClient, HttpError, HttpRequest, HttpResponse},
    webhook::Webhook,
};

const ATTEMPTS: u32 = 3;
const ATTEMPT: Duration = Duration::from_secs(5);
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(4));
/// Slack's error bodies are one word, such as `invalid_payload`.
const MAX_RESPONSE_BYTES: usize = 40;

/// A webhook. Its URL is a secret.
pub struct SlackWebhook {
    client: HttpClient,
    url: String,
}

impl SlackWebhook {
    /// Creates a client for the webhook at this URL; surrounding white space is ignored.
    ///
    /// ```
    /// use gridbid_adapters::slack::SlackWebhook;
    ///
    /// assert!(SlackWebhook::new("https://hooks.slack.com/services/T/B/x\n").is_ok());
    /// assert!(SlackWebhook::new("hooks.slack.com").is_err());
    /// ```
    ///
    /// # Errors
    /// `Broken` if it is not an http or https URL.
    pub fn new(url: &str) -> Result<Self, AdapterError> {
        let url = url.trim().to_owned();
        if !is_http_url(&url) {
            return Err(AdapterError::Broken("the webhook's secret is not an http or https URL".to_owned()));
        }
        Ok(Self { client: HttpClient::new(), url })
    }
}

impl Webhook for SlackWebhook {
    async fn post(&self, json: String, deadline: &Deadline) -> Result<(), AdapterError> {
        let body = Bytes::from(json);
        let mut attempt = 1;
        loop {
            let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
            let request = HttpRequest { method: Method::POST, url: &self.url, headers, body: body.clone() };
            let timeout = ATTEMPT.min(deadline.remaining());
            let (reason, retry_after) = match self.client.send(request, MAX_RESPONSE_BYTES, timeout).await {
                Ok(HttpResponse { status: 200..=299, .. }) => return Ok(()),
                Ok(HttpResponse { status: 429, retry_after, .. }) => ("webhook: status 429", retry_after),
                Ok(response) => return Err(refusal(&response)),
                Err(HttpError::Connect) => ("webhook: no connection", None),
                Err(error @ (HttpError::InvalidUrl | HttpError::Tls(_))) => {
                    return Err(AdapterError::Broken(format!("webhook: {error}")));
                }
                Err(error) => return Err(AdapterError::Unavailable(format!("webhook: {error}"))),
            };
            let delay = retry_after.unwrap_or_else(|| BACKOFF.delay(attempt));
            if attempt == ATTEMPTS || !deadline.try_sleep(delay).await {
                return Err(AdapterError::Unavailable(reason.to_owned()));
            }
            attempt += 1;
        }
    }
}

/// Classifies a status other than 2xx and 429. Slack refuses a message or a URL with a status from 400 to 499.
fn refusal(response: &HttpResponse) -> AdapterError {
    let mut reason = format!("webhook: status {}", response.status);
    // Only Slack's own words are logged, never a proxy's page.
    if let Ok(word) = std::str::from_utf8(&response.body)
        && !word.is_empty()
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    {
        reason = format!("{reason} {word}");
    }
    if response.status >= 500 || response.status == 408 {
        AdapterError::Unavailable(reason)
    } else {
        AdapterError::Broken(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted_server::{HANG_UP, ScriptedServer, response};

    async fn post(url: &str) -> Result<(), AdapterError> {
        let webhook = SlackWebhook::new(url).unwrap();
        webhook.post(r#"{"text":"hello"}"#.to_owned(), &Deadline::after(Duration::from_secs(8))).await
    }

    #[tokio::test]
    async fn message_is_posted_as_json() {
        let server = ScriptedServer::start([response(200, "", "ok")]).await;
        // A secret written by hand often ends with a line break.
        assert_eq!(post(&format!("{}/services/T/B/x\n", server.address)).await, Ok(()));
        let request = server.requests().await.remove(0);
        assert!(request.starts_with("POST /services/T/B/x HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("content-type: application/json\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\n{\"text\":\"hello\"}"), "{request}");
    }

    #[tokio::test]
    async fn throttle_is_retried_within_the_deadline() {
        let throttle = |seconds: u32| response(429, &format!("retry-after: {seconds}\r\n"), "");
        let server = ScriptedServer::start([throttle(1), response(200, "", "ok")]).await;
        let began = tokio::time::Instant::now();
        assert_eq!(post(&server.address).await, Ok(()));
        assert!(began.elapsed() >= Duration::from_secs(1));
        assert_eq!(server.requests().await.len(), 2);

        let server = ScriptedServer::start([throttle(30)]).await;
        assert_eq!(post(&server.address).await, Err(AdapterError::Unavailable("webhook: status 429".into())));
        assert_eq!(server.requests().await.len(), 1);
    }

    #[tokio::test]
    async fn refusals_are_broken_outages_unavailable_and_neither_is_retried() {
        let unavailable = |why: &str| AdapterError::Unavailable(why.to_owned());
        let broken = |why: &str| AdapterError::Broken(why.to_owned());
        for (scripted, error) in [
            (response(500, "", "<html>"), unavailable("webhook: status 500")),
            (HANG_UP.to_owned(), unavailable("webhook: the connection broke")),
            (response(404, "", "no_service"), broken("webhook: status 404 no_service")),
            (response(400, "", "invalid_payload"), broken("webhook: status 400 invalid_payload")),
            (response(403, "", "<html>"), broken("webhook: status 403")),
            (response(302, "location: http://127.0.0.1:1/\r\n", ""), broken("webhook: status 302")),
        ] {
            let server = ScriptedServer::start([scripted]).await;
            assert_eq!(post(&server.address).await, Err(error));
            assert_eq!(server.requests().await.len(), 1);
        }
    }

    #[tokio::test]
    async fn unreachable_webhook_is_unavailable() {
        assert_eq!(post("http://127.0.0.1:1").await, Err(AdapterError::Unavailable("webhook: no connection".into())));
    }

    #[test]
    fn invalid_url_is_refused_and_not_shown() {
        let error = SlackWebhook::new("hush").map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "the webhook's secret is not an http or https URL");
    }
}
