//! Region, credentials and endpoints, from the sources that every AWS tool reads.
//!
//! `aws-config` resolves them from the environment, the profile that `AWS_PROFILE` names (keys, single sign-on, assumed
//! roles, credential processes), a web identity token, or the metadata service of ECS or EC2. `AWS_ENDPOINT_URL`, that of
//! one service such as `AWS_ENDPOINT_URL_S3`, or a profile's `endpoint_url` replaces AWS's addresses. `HTTPS_PROXY` and
//! `NO_PROXY` name a proxy.

use std::env;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_types::service_config::ServiceConfigKey;

use crate::failure::Failure;

/// Time limit of one attempt: enough for a zip of 50 MB on a slow line, or for a function's result.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Attempts for one call, the first included, unless `AWS_MAX_ATTEMPTS` says otherwise.
const ATTEMPTS: u32 = 5;
/// The services that `gridbid` calls, by their ids in environment variables.
const SERVICES: [&str; 7] = ["CodeDeploy", "DynamoDB", "Lambda", "S3", "SFN", "SNS", "SQS"];

/// The account that is deployed to.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    config: SdkConfig,
    region: String,
    credentials: SharedCredentialsProvider,
}

/// HTTPS with a time limit for a connection (that of the SDK's settings does not apply to it), with certificates of the system, through the proxy that the environment names.
fn http_client() -> SharedHttpClient {
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build();
    let connector = Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .proxy_config(ProxyConfig::from_env())
        .connector_settings(settings)
        .sleep_impl(TokioSleep::new())
        .build();
    let connector = SharedHttpConnector::new(connector);
    http_client_fn(move |_, _| connector.clone())
}

impl Account {
    /// Resolves the account from the environment and its profile.
    ///
    /// # Errors
    /// When there is no region, or no source has valid credentials.
    pub(crate) async fn load() -> Result<Self, Failure> {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT);
        let mut loader =
            aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).timeout_config(timeouts.build());
        if env::var_os("AWS_MAX_ATTEMPTS").is_none() {
            loader = loader.retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        }
        let account = Self::from_config(loader.load().await)?;
        // Checked before the first call, which would report a missing key as its own failure.
        account.credentials().await?;
        Ok(account)
    }

    /// The account of a resolved configuration.
    ///
    /// # Errors
    /// When it has no region or no source of credentials.
    pub(crate) fn from_config(config: SdkConfig) -> Result<Self, Failure> {
        let region = config.region().map(ToString::to_string).ok_or_else(|| {
            Failure::new("no AWS region is configured")
                .with_hint("set AWS_REGION, or `region` in the profile that AWS_PROFILE names")
        })?;
        let credentials =
            config.credentials_provider().ok_or_else(|| Failure::new("no AWS credentials are configured"))?;
        Ok(Self { config, region, credentials })
    }

    /// The configuration of the SDK's clients.
    pub(super) fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The region.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// Valid credentials. Those of single sign-on or a role expire, so they are resolved for each use.
    ///
    /// # Errors
    /// When no source has any.
    pub(crate) async fn credentials(&self) -> Result<Credentials, Failure> {
        self.credentials.provide_credentials().await.map_err(|error| {
            // The error is that of the last source in the chain, and may not name the profile.
            let profile = env::var("AWS_PROFILE").map(|name| format!(" in the profile `{name}`")).unwrap_or_default();
            Failure::from_error(format!("no AWS credentials{profile}"), &error).with_hint(
                "name a profile in AWS_PROFILE (after `aws sso login` if it uses single sign-on), or set \
                 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            )
        })
    }

    /// The endpoint that replaces AWS's.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.config.endpoint_url()
    }

    /// The endpoint that replaces AWS's for one service.
    pub(crate) fn endpoint_of(&self, service_id: &str) -> Option<String> {
        let key = ServiceConfigKey::builder().service_id(service_id).env("AWS_ENDPOINT_URL").profile("endpoint_url");
        let own = self.config.service_config().zip(key.build().ok()).and_then(|(config, key)| config.load_config(key));
        own.or_else(|| self.endpoint().map(str::to_owned))
    }

    /// Whether every service that is called listens on this machine.
    pub(crate) fn is_local(&self) -> bool {
        let services = SERVICES.map(|service| self.endpoint_of(service));
        self.endpoint().is_some_and(is_loopback) && services.iter().flatten().all(|endpoint| is_loopback(endpoint))
    }
}

fn is_loopback(endpoint: &str) -> bool {
    let host = endpoint.strip_prefix("http://").and_then(|rest| rest.split(['/', ':']).next());
    matches!(host, Some("127.0.0.1" | "localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::account;

    #[test]
    fn account_is_local_only_with_a_loopback_endpoint() {
        assert!(account(Some("http://127.0.0.1:4566")).is_local());
        assert!(account(Some("http://localhost/")).is_local());
        for other in ["https://127.0.0.1.example.com", "http://127.0.0.1.example.com:80", "http://10.0.0.1", ""] {
            assert!(!account(Some(other)).is_local(), "{other}");
        }
        assert!(!account(None).is_local());
    }

    #[test]
    fn configuration_without_a_region_is_rejected() {
        let failure = Account::from_config(SdkConfig::builder().build()).unwrap_err();
        assert!(failure.report().contains("set AWS_REGION"), "{failure}");
    }
}
