//! One secret of AWS Secrets Manager, read at a function's start.
//!
//! It is one signed request, so the functions that need a secret do without an SDK. Signing is AWS's own crate. A secret
//! that changes is seen by the next execution environment, as with everything that a function is configured with.

use std::{fmt, time::Duration};

use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_runtime_api::client::identity::Identity;
use hyper::{
    Method,
    body::Bytes,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};

use crate::{
    account::Account,
    deadline::{Backoff, Deadline},
    error::AdapterError,
    http::{HttpAnswer, HttpClient, HttpRequest},
};

const ATTEMPTS: u32 = 3;
const ATTEMPT: Duration = Duration::from_secs(3);
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
/// Lambda gives an initialisation 10 seconds.
const LIMIT: Duration = Duration::from_secs(8);
/// A secret has at most 65 536 bytes; JSON may write each as six.
const ANSWER_BYTES: usize = 400_000;

/// A secret's text, which no log can show.
pub struct Secret(String);

impl Secret {
    /// The text.
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
/// `Unavailable` when Secrets Manager throttles, is away or does not answer in time; `Broken` when it refuses, or the
/// secret is not a text.
pub async fn read(account: &Account, secret_id: &str) -> Result<Secret, AdapterError> {
    let deadline = Deadline::after(LIMIT);
    let client = HttpClient::new();
    let mut attempt = 1;
    loop {
        let why = match ask(&client, account, secret_id, ATTEMPT.min(deadline.remaining())).await? {
            Ok(HttpAnswer { status: 200, body, .. }) => return text(&body),
            Ok(answer) => {
                let code = code(&answer.body);
                let why = format!("Secrets Manager: {code} ({})", answer.status);
                let is_transient = answer.status >= 500 || answer.status == 429 || code.contains("Throttl");
                if !is_transient {
                    return Err(AdapterError::Broken(why));
                }
                why
            }
            Err(why) => why,
        };
        if attempt == ATTEMPTS || !deadline.allows_waiting(BACKOFF.wait(attempt)).await {
            return Err(AdapterError::Unavailable(why));
        }
        attempt += 1;
    }
}

/// One request; the inner error is one that may pass.
async fn ask(
    client: &HttpClient,
    account: &Account,
    secret_id: &str,
    limit: Duration,
) -> Result<Result<HttpAnswer, String>, AdapterError> {
    let address = match &account.endpoint {
        Some(endpoint) => format!("{}/", endpoint.trim_end_matches('/')),
        None => format!("https://secretsmanager.{}.amazonaws.com/", account.region),
    };
    let body = serde_json::json!({ "SecretId": secret_id }).to_string();
    let headers = signed_headers(account, &address, &body)
        .ok_or_else(|| AdapterError::Broken("Secrets Manager: the request cannot be signed".to_owned()))?;
    let request = HttpRequest { method: Method::POST, address: &address, headers, body: Bytes::from(body) };
    Ok(client.send(request, ANSWER_BYTES, limit).await.map_err(|error| format!("Secrets Manager: {error}")))
}

fn signed_headers(account: &Account, address: &str, body: &str) -> Option<Vec<(HeaderName, HeaderValue)>> {
    const GIVEN: [(&str, &str); 2] =
        [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "secretsmanager.GetSecretValue")];
    let identity = Identity::from(account.credentials());
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&account.region)
        .name("secretsmanager")
        .time(std::time::SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .ok()?
        .into();
    let request =
        SignableRequest::new("POST", address, GIVEN.into_iter(), SignableBody::Bytes(body.as_bytes())).ok()?;
    let (instructions, _signature) = sign(request, &parameters).ok()?.into_parts();
    let mut headers = vec![
        (CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1")),
        (HeaderName::from_static("x-amz-target"), HeaderValue::from_static("secretsmanager.GetSecretValue")),
    ];
    let (signed, _query) = instructions.into_parts();
    for header in signed {
        let mut value = HeaderValue::from_str(header.value()).ok()?;
        value.set_sensitive(header.sensitive());
        headers.push((HeaderName::from_static(header.name()), value));
    }
    Some(headers)
}

fn text(body: &[u8]) -> Result<Secret, AdapterError> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        secret_string: Option<String>,
    }
    match serde_json::from_slice(body) {
        Ok(Answer { secret_string: Some(text) }) => Ok(Secret(text)),
        Ok(_) => Err(AdapterError::Broken("Secrets Manager: the secret is not a text".to_owned())),
        Err(_) => Err(AdapterError::Broken("Secrets Manager: an answer that cannot be read".to_owned())),
    }
}

/// The code of a refusal, `__type`, without the name space that may stand before it.
fn code(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Refusal {
        __type: String,
    }
    let given = serde_json::from_slice(body).map(|Refusal { __type }| __type).unwrap_or_default();
    let code = given.rsplit('#').next().unwrap_or_default();
    if code.is_empty() { "no code".to_owned() } else { code.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted_server::{HANG_UP, ScriptedServer, answer};

    fn found() -> String {
        answer(200, "", r#"{"Name":"x","SecretString":"http:\/\/a\u002fb"}"#)
    }

    #[tokio::test]
    async fn a_secret_is_read_with_a_signed_request() {
        let server = ScriptedServer::start([found()]).await;
        let secret = read(&Account::at(&server.address), "gridbid/local/slack-webhook").await.unwrap();
        assert_eq!(secret.reveal(), "http://a/b");
        let asked = server.requests().await.remove(0);
        assert!(asked.starts_with("POST / HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("x-amz-target: secretsmanager.GetSecretValue\r\n"), "{asked}");
        assert!(asked.contains("x-amz-security-token: token\r\n"), "{asked}");
        assert!(asked.contains("authorization: AWS4-HMAC-SHA256 Credential=AKID/"), "{asked}");
        let scope = "/eu-west-1/secretsmanager/aws4_request, SignedHeaders=content-type;host;x-amz-date;";
        assert!(asked.contains(scope), "{asked}");
        assert!(asked.ends_with("\r\n\r\n{\"SecretId\":\"gridbid/local/slack-webhook\"}"), "{asked}");
        assert!(!asked.contains("hush"));
    }

    #[tokio::test]
    async fn a_throttle_and_an_outage_are_waited_out() {
        let throttle = answer(400, "", r#"{"__type":"ThrottlingException"}"#);
        let server = ScriptedServer::start([throttle, HANG_UP.to_owned(), found()]).await;
        assert_eq!(read(&Account::at(&server.address), "x").await.unwrap().reveal(), "http://a/b");
        assert_eq!(server.requests().await.len(), 3);
    }

    #[tokio::test]
    async fn an_outage_that_stays_is_unavailable() {
        let server = ScriptedServer::start(vec![answer(500, "", "<html>"); 3]).await;
        let error = read(&Account::at(&server.address), "x").await.unwrap_err();
        assert_eq!(error, AdapterError::Unavailable("Secrets Manager: no code (500)".into()));
        assert_eq!(server.requests().await.len(), 3);
    }

    #[tokio::test]
    async fn a_secret_that_is_not_there_is_a_broken_contract() {
        let refusal = answer(400, "", r#"{"__type":"com.amazonaws.x#ResourceNotFoundException"}"#);
        let server = ScriptedServer::start([refusal]).await;
        let error = read(&Account::at(&server.address), "x").await.unwrap_err();
        assert_eq!(error, AdapterError::Broken("Secrets Manager: ResourceNotFoundException (400)".into()));
        assert_eq!(server.requests().await.len(), 1);
    }

    #[test]
    fn a_secret_of_bytes_is_a_broken_contract() {
        assert!(matches!(text(br#"{"SecretBinary":"AA=="}"#), Err(AdapterError::Broken(_))));
        assert!(matches!(text(b"<html>"), Err(AdapterError::Broken(_))));
    }

    #[test]
    fn a_secret_is_never_shown() {
        assert_eq!(format!("{:?}", Secret("hush".into())), "Secret");
    }
}
