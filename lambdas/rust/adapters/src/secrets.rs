//! Reads a secret from AWS Secrets Manager at a function's start.
//!
//! A changed secret takes effect with the next execution environment, like every other configuration.

use std::{fmt, time::Duration};

use crate::{account::Account, aws_json::JsonService, deadline::Deadline, error::AdapterError};

const SECRETS_MANAGER: JsonService = JsonService {
    title: "Secrets Manager",
    name: "secretsmanager",
    target: "secretsmanager",
    content_type: "application/x-amz-json-1.1",
};
/// Lambda limits an initialization to 10 seconds.
const TIMEOUT: Duration = Duration::from_secs(8);
/// A secret has at most 65,536 bytes; JSON may escape each as six.
const MAX_RESPONSE_BYTES: usize = 400_000;

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
    let body = serde_json::json!({ "SecretId": secret_id }).to_string();
    let deadline = Deadline::after(TIMEOUT);
    parse_secret(&SECRETS_MANAGER.call(account, "GetSecretValue", body, MAX_RESPONSE_BYTES, &deadline).await?)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted_server::{HANG_UP, ScriptedServer, response};

    fn found() -> String {
        response(200, "", r#"{"Name":"x","SecretString":"http:\/\/a\u002fb"}"#)
    }

    #[tokio::test]
    async fn request_is_signed() {
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
    async fn long_outage_is_unavailable() {
        let server = ScriptedServer::start(vec![response(500, "", "<html>"); 3]).await;
        let error = read(&Account::for_test(&server.address), "x").await.unwrap_err();
        assert_eq!(error, AdapterError::Unavailable("Secrets Manager: no code (500)".into()));
        assert_eq!(server.requests().await.len(), 3);
    }

    #[tokio::test]
    async fn missing_secret_is_broken() {
        let refusal = response(400, "", r#"{"__type":"com.amazonaws.x#ResourceNotFoundException"}"#);
        let server = ScriptedServer::start([refusal]).await;
        let error = read(&Account::for_test(&server.address), "x").await.unwrap_err();
        assert_eq!(error, AdapterError::Broken("Secrets Manager: ResourceNotFoundException (400)".into()));
        assert_eq!(server.requests().await.len(), 1);
    }

    #[test]
    fn binary_secret_is_broken() {
        assert!(matches!(parse_secret(br#"{"SecretBinary":"AA=="}"#), Err(AdapterError::Broken(_))));
        assert!(matches!(parse_secret(b"<html>"), Err(AdapterError::Broken(_))));
    }

    #[test]
    fn debug_hides_the_secret() {
        assert_eq!(format!("{:?}", Secret("hush".into())), "Secret");
    }
}
