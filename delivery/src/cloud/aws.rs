//! The real AWS: one client a service, with credentials and region from the environment.
//!
//! `AWS_ENDPOINT_URL`, or that of one service such as `AWS_ENDPOINT_URL_S3`, puts another address in AWS's place. Profiles,
//! single sign-on and metadata services are left out on purpose: a pipeline has its role's keys in its environment, and
//! `aws configure export-credentials --format env` puts anybody's there. TLS is rustls with ring.

mod codedeploy;
mod lambda;
mod s3;
mod sns;
mod sqs;

use std::env;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{http::SharedHttpClient, orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::{error::metadata::ProvideErrorMetadata, retry::RetryConfig, timeout::TimeoutConfig};

use super::{CallError, Cloud};
use crate::failure::Failure;
use crate::moment::Moment;

/// The longest that one attempt may take: a zip of 50 MB on a slow line, or a function's whole answer.
const ATTEMPT: Duration = Duration::from_secs(120);
const CONNECT: Duration = Duration::from_secs(10);
/// Calls that are made for one request, the first included.
const ATTEMPTS: u32 = 5;

/// Region, credentials, and other addresses than AWS's.
#[derive(Clone)]
pub(crate) struct Account {
    /// The region.
    pub(crate) region: String,
    /// The credentials.
    pub(crate) credentials: Credentials,
    /// The address of everything, when it is not AWS's.
    pub(crate) endpoint: Option<String>,
}

impl Account {
    /// Reads the environment.
    ///
    /// # Errors
    /// The first variable that is missing, and how to set it.
    pub(crate) fn of_environment() -> Result<Self, Failure> {
        let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        let missing = |name: &str, todo: &str| Failure::new(format!("{name} is not set")).with_todo(todo);
        let export = "put your credentials into the environment: \
                      eval \"$(aws configure export-credentials --profile PROFILE --format env)\"";
        let key = variable("AWS_ACCESS_KEY_ID").ok_or_else(|| missing("AWS_ACCESS_KEY_ID", export))?;
        let secret = variable("AWS_SECRET_ACCESS_KEY").ok_or_else(|| missing("AWS_SECRET_ACCESS_KEY", export))?;
        Ok(Self {
            region: region.ok_or_else(|| missing("AWS_REGION", "name the region: export AWS_REGION=eu-west-1"))?,
            credentials: Credentials::new(key, secret, variable("AWS_SESSION_TOKEN"), None, "environment"),
            endpoint: variable("AWS_ENDPOINT_URL"),
        })
    }

    /// The address of one service, when it is not AWS's.
    pub(crate) fn endpoint_of(&self, service: &str) -> Option<String> {
        variable(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| self.endpoint.clone())
    }

    /// Whether everything that is called listens on this machine.
    pub(crate) fn is_local(&self) -> bool {
        let host = self.endpoint.as_deref().and_then(|address| address.strip_prefix("http://"));
        let host = host.and_then(|rest| rest.split(['/', ':']).next());
        matches!(host, Some("127.0.0.1" | "localhost"))
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The clients.
pub(crate) struct Aws {
    bucket: String,
    codedeploy: aws_sdk_codedeploy::Client,
    lambda: aws_sdk_lambda::Client,
    s3: aws_sdk_s3::Client,
    sns: aws_sdk_sns::Client,
    sqs: aws_sdk_sqs::Client,
}

/// Builds a service's client: each SDK has a type of its own for the same settings.
macro_rules! client {
    ($sdk:ident, $service:literal, $account:expr, $http:expr $(, $more:ident)*) => {{
        let account: &Account = $account;
        let mut config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new(account.region.clone()))
            .credentials_provider(account.credentials.clone())
            .http_client($http.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(
                TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build(),
            );
        if let Some(endpoint) = account.endpoint_of($service) {
            config = config.endpoint_url(endpoint)$(.$more(true))*;
        }
        $sdk::Client::from_conf(config.build())
    }};
}

impl Aws {
    /// Clients for an account and its artifacts bucket.
    pub(crate) fn new(account: &Account, bucket: &str) -> Self {
        let http = http_client();
        Self {
            bucket: bucket.to_owned(),
            codedeploy: client!(aws_sdk_codedeploy, "CODEDEPLOY", account, http),
            lambda: client!(aws_sdk_lambda, "LAMBDA", account, http),
            // Another endpoint has no host name for each bucket.
            s3: client!(aws_sdk_s3, "S3", account, http, force_path_style),
            sns: client!(aws_sdk_sns, "SNS", account, http),
            sqs: client!(aws_sdk_sqs, "SQS", account, http),
        }
    }
}

impl Cloud for Aws {
    fn now(&self) -> Moment {
        Moment::now()
    }
}

fn http_client() -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

/// What the failure of a call means.
fn failure<E: ProvideErrorMetadata>(call: &str, error: &SdkError<E, HttpResponse>) -> CallError {
    match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let code = answer.err().code().unwrap_or("no code");
            match (status, code) {
                (412, _) | (_, "PreconditionFailed" | "PreconditionFailedException" | "ConditionalRequestConflict") => {
                    CallError::Changed(call.to_owned())
                }
                (404, _) | (_, "NoSuchKey" | "NotFound" | "ResourceNotFoundException") => {
                    CallError::Missing(call.to_owned())
                }
                _ => {
                    let told = answer.err().message().map(|message| format!(": {message}")).unwrap_or_default();
                    CallError::Failed(format!("{call}: {code} ({status}){told}"))
                }
            }
        }
        SdkError::TimeoutError(_) => CallError::Failed(format!("{call}: no answer in time")),
        SdkError::DispatchFailure(_) => CallError::Failed(format!("{call}: no connection, or it broke")),
        SdkError::ResponseError(_) => CallError::Failed(format!("{call}: an answer that cannot be read")),
        _ => CallError::Failed(format!("{call}: the request cannot be made")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(endpoint: Option<&str>) -> Account {
        Account {
            region: "eu-west-1".to_owned(),
            credentials: Credentials::new("test", "test", None, None, "tests"),
            endpoint: endpoint.map(str::to_owned),
        }
    }

    #[test]
    fn only_a_loopback_endpoint_is_local() {
        assert!(account(Some("http://127.0.0.1:4566")).is_local());
        assert!(account(Some("http://localhost/")).is_local());
        for other in ["https://127.0.0.1.example.com", "http://127.0.0.1.example.com:80", "http://10.0.0.1", ""] {
            assert!(!account(Some(other)).is_local(), "{other}");
        }
        assert!(!account(None).is_local());
    }
}
