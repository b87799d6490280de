//! Reads a secret from AWS Secrets Manager at a function's start.
//!
//! This is one signed request (signed by AWS's own crate), which saves the function an SDK. A changed secret takes effect
//! with the next execution environment, like every other configuration.

use std::{fmt, time::Duration};

use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_runtime_api::client::identity::Identity;
use hyper::{
    Method,
    body::Bytes,
    header::{HeaderName, HeaderValue},
};

use crate::{
    account::Account,
    deadline::{Backoff, Deadline},
    error::AdapterError,
    http::{HttpClient, HttpRequest},
};

const ATTEMPTS: u32 = 3;
const ATTEMPT: Duration = Duration::from_secs(3);
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
/// Lambda limits an initialization to 10 seconds.
const TIMEOUT: Duration = Duration::from_secs(8);
/// A secret has at most 65,536 bytes; JSON may escape each as six.
const MAX_RESPONSE_BYTES: usize = 400_000;
const HEADERS: [(&str, &str); 2] =
    [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "secretsmanager.GetSecretValue")];

/// A secret's text, hidden from `Debug`.
pub struct Secret(String);

impl Secret {
    /// Returns the text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret")
    }
}

/// Reads the current text of a secret, given its name or ARN.
///
/// # Errors
/// `Unavailable` when Secrets Manager throttles, is unreachable or does not respond in time; `Broken` when it refuses, or
/// the secret is binary.
pub async fn read(account: &Account, secret_id: &str) -> Result<Secret, AdapterError> {
    let url = match &account.endpoint {
        Some(endpoint) => format!("{}/", endpoint.trim_end_matches('/')),
        None => format!("https://secretsmanager.{}.amazonaws.com/", account.region),
    };
    let body = serde_json::json!({ "SecretId": secret_id }).to_string();
    let deadline = Deadline::after(TIMEOUT);
    let client = HttpClient::new();
    let mut attempt = 1;
    loop {
        // Signed for each attempt: a signature contains the time.
        let headers = sign_headers(account, &url, &body)?;
        let request = HttpRequest { method: Method::POST, url: &url, headers, body: Bytes::from(body.clone()) };
        let reason = match client.send(request, MAX_RESPONSE_BYTES, ATTEMPT.min(deadline.remaining())).await {
            Ok(response) if response.status == 200 => return parse_secret(&response.body),
            Ok(response) => {
                let code = error_code(&response.body);
                let reason = format!("Secrets Manager: {code} ({})", response.status);
                let is_transient = response.status >= 500 || response.status == 429 || code.contains("Throttl");
                if !is_transient {
                    return Err(AdapterError::Broken(reason));
                }
                reason
            }
            Err(error) => format!("Secrets Manager: {error}"),
        };
        if attempt == ATTEMPTS || !deadline.try_sleep(BACKOFF.delay(attempt)).await {
            return Err(AdapterError::Unavailable(reason));
        }
        attempt += 1;
    }
}

fn sign_headers(account: &Account, url: &str, body: &str) -> Result<Vec<(HeaderName, HeaderValue)>, AdapterError> {
    let identity = Identity::from(account.credentials());
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&account.region)
        .name("secretsmanager")
        .time(std::time::SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(signing_error)?
        .into();
    let request = SignableRequest::new("POST", url, HEADERS.into_iter(), SignableBody::Bytes(body.as_bytes()))
        .map_err(signing_error)?;
    let (instructions, _signature) = sign(request, &parameters).map_err(signing_error)?.into_parts();
    let mut headers =
        Vec::from(HEADERS.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))));
    let (signed, _query) = instructions.into_parts();
    for header in signed {
        let mut value = HeaderValue::from_str(header.value()).map_err(signing_error)?;
        value.set_sensitive(header.sensitive());
        headers.push((HeaderName::from_static(header.name()), value));
    }
    Ok(headers)
}

fn signing_error(error: impl fmt::Display) -> AdapterError {
    AdapterError::Broken(format!("Secrets Manager: cannot sign the request: {error}"))
}

fn parse_secret(body: &[u8]) -> Result<Secret, AdapterError> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Response {
        secret_string: Option<String>,
    }
    match serde_json::from_slice(body) {
        Ok(Response { secret_string: Some(text) }) => Ok(Secret(text)),
        Ok(_) => Err(AdapterError::Broken("Secrets Manager: the secret is binary".to_owned())),
        Err(_) => Err(AdapterError::Broken("Secrets Manager: the response cannot be parsed".to_owned())),
    }
}

/// The code of an error, `__type`, without its optional namespace.
fn error_code(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Error {
        __type: String,
    }
    match serde_json::from_slice(body) {
        Ok(Error { __type }) => __type.rsplit_once('#').map_or(__type.as_str(), |(_, code)| code).to_owned(),
        // Another format, such as a proxy's error page: the status decides.
        Err(_) => "no code".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted_server::{HANG_UP, ScriptedServer, response};

    fn found() -> String {
        response(200, "", r#"{"Name":"x","SecretString":"http:\/\/a\u002fb"}"#)
    }

    #[tokio::test]
    async fn the_request_is_signed() {
        let server = ScriptedServer::start([found()]).await;
        let secret = read(&Account::for_test(&server.address), "gridbid/local/slack-webhook").await.unwrap();
        assert_eq!(secret.reveal(), "http://a/b");
        let request = server.requests().await.remove(0);
        assert!(request.starts_with("POST / HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("x-amz-target: secretsmanager.GetSecretValue\r\n"), "{request}");
        assert!(request.contains("x-amz-security-token: token\r\n"), "{request}");
        assert!(request.contains("authorization: AWS4-HMAC-SHA256 Credential=AKID/"), "{request}");
        let scope = "/eu-west-1/secretsmanager/aws4_request, SignedHeaders=content-type;host;x-amz-date;";
        assert!(request.contains(scope), "{request}");
        assert!(request.ends_with("\r\n\r\n{\"SecretId\":\"gridbid/local/slack-webhook\"}"), "{request}");
        assert!(!request.contains("hush"));
    }

    #[tokio::test]
    async fn throttles_and_outages_are_retried() {
        let throttle = response(400, "", r#"{"__type":"ThrottlingException"}"#);
        let server = ScriptedServer::start([throttle, HANG_UP.to_owned(), found()]).await;
        assert_eq!(read(&Account::for_test(&server.address), "x").await.unwrap().reveal(), "http://a/b");
        assert_eq!(server.requests().await.len(), 3);
    }

    #[tokio::test]
    async fn a_long_outage_is_unavailable() {
        let server = ScriptedServer::start(vec![response(500, "", "<html>"); 3]).await;
        let error = read(&Account::for_test(&server.address), "x").await.unwrap_err();
        assert_eq!(error, AdapterError::Unavailable("Secrets Manager: no code (500)".into()));
        assert_eq!(server.requests().await.len(), 3);
    }

    #[tokio::test]
    async fn a_missing_secret_is_broken() {
        let refusal = response(400, "", r#"{"__type":"com.amazonaws.x#ResourceNotFoundException"}"#);
        let server = ScriptedServer::start([refusal]).await;
        let error = read(&Account::for_test(&server.address), "x").await.unwrap_err();
        assert_eq!(error, AdapterError::Broken("Secrets Manager: ResourceNotFoundException (400)".into()));
        assert_eq!(server.requests().await.len(), 1);
    }

    #[test]
    fn a_binary_secret_is_broken() {
        assert!(matches!(parse_secret(br#"{"SecretBinary":"AA=="}"#), Err(AdapterError::Broken(_))));
        assert!(matches!(parse_secret(b"<html>"), Err(AdapterError::Broken(_))));
    }

    #[test]
    fn debug_hides_the_secret() {
        assert_eq!(format!("{:?}", Secret("hush".into())), "Secret");
    }
}
