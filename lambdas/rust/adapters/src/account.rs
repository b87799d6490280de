//! The AWS account of a function: region, credentials and service endpoints.
//!
//! Read once, at the start: Lambda passes the role's credentials as environment variables, which cannot change while a
//! process runs, and replaces an execution environment before its credentials expire. Profiles, metadata services and
//! single sign-on are not supported: no function uses them.

use std::fmt;

use crate::environment::Environment;

/// A service that functions call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Amazon DynamoDB.
    DynamoDb,
    /// Amazon S3.
    S3,
    /// Amazon SNS.
    Sns,
    /// Amazon SQS.
    Sqs,
    /// AWS Secrets Manager.
    SecretsManager,
}

impl Service {
    /// The variable that overrides the service's endpoint, named as in the AWS SDKs.
    fn endpoint_variable(self) -> &'static str {
        match self {
            Self::DynamoDb => "AWS_ENDPOINT_URL_DYNAMODB",
            Self::S3 => "AWS_ENDPOINT_URL_S3",
            Self::Sns => "AWS_ENDPOINT_URL_SNS",
            Self::Sqs => "AWS_ENDPOINT_URL_SQS",
            Self::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        }
    }
}

/// Region, credentials, and the endpoint of one service.
#[derive(Clone)]
pub struct Account {
    /// The region, such as `eu-west-1`.
    pub region: String,
    /// The URL that replaces the service's own endpoint, such as the local cloud's.
    pub endpoint: Option<String>,
    /// The access key's id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: String,
    /// The session token of the role.
    pub session_token: Option<String>,
}

impl fmt::Debug for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Account")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Account {
    /// Reads the account for one service. Problems are added to the environment.
    pub fn from_environment(environment: &mut Environment, service: Service) -> Self {
        let region = environment.optional("AWS_REGION").or_else(|| environment.optional("AWS_DEFAULT_REGION"));
        Self {
            region: region.unwrap_or_else(|| environment.required("AWS_REGION")),
            endpoint: environment.url(service.endpoint_variable()).or_else(|| environment.url("AWS_ENDPOINT_URL")),
            access_key_id: environment.required("AWS_ACCESS_KEY_ID"),
            secret_access_key: environment.required("AWS_SECRET_ACCESS_KEY"),
            session_token: environment.optional("AWS_SESSION_TOKEN"),
        }
    }

    /// An account with every service at this URL.
    #[cfg(test)]
    #[cfg(any(feature = "sdk", feature = "aws-json"))]
    pub(crate) fn for_test(endpoint: &str) -> Self {
        Self {
            region: "eu-west-1".to_owned(),
            endpoint: Some(endpoint.to_owned()),
            access_key_id: "AKID".to_owned(),
            secret_access_key: "hush".to_owned(),
            session_token: Some("token".to_owned()),
        }
    }

    /// The credentials as AWS's own type.
    #[cfg(any(feature = "sdk", feature = "aws-json"))]
    pub(crate) fn credentials(&self) -> aws_credential_types::Credentials {
        aws_credential_types::Credentials::new(
            self.access_key_id.clone(),
            self.secret_access_key.clone(),
            self.session_token.clone(),
            None,
            "environment",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [(&str, &str); 3] =
        [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "hush")];

    fn endpoint(more: &[(&str, &str)], service: Service) -> Option<String> {
        let mut environment = Environment::from_pairs(&[&KEYS, more].concat());
        let account = Account::from_environment(&mut environment, service);
        environment.finish(account).unwrap().endpoint
    }

    #[test]
    fn service_endpoint_overrides_the_common_one() {
        let both = [("AWS_ENDPOINT_URL", "http://all"), ("AWS_ENDPOINT_URL_S3", "http://s3")];
        assert_eq!(endpoint(&both, Service::S3).as_deref(), Some("http://s3"));
        assert_eq!(endpoint(&both, Service::DynamoDb).as_deref(), Some("http://all"));
        assert_eq!(endpoint(&[], Service::Sns), None);
    }

    #[test]
    fn region_and_keys_are_required() {
        let mut environment = Environment::from_pairs(&[]);
        Account::from_environment(&mut environment, Service::Sns);
        assert_eq!(
            environment.finish(()).unwrap_err().to_string(),
            "the environment is not complete: AWS_REGION is missing, AWS_ACCESS_KEY_ID is missing, \
             AWS_SECRET_ACCESS_KEY is missing"
        );
    }

    #[test]
    fn default_region_is_a_fallback() {
        let mut environment = Environment::from_pairs(&[("AWS_DEFAULT_REGION", "eu-west-1")]);
        assert_eq!(Account::from_environment(&mut environment, Service::Sns).region, "eu-west-1");
    }

    #[test]
    fn debug_hides_the_keys() {
        let account = Account::from_environment(&mut Environment::from_pairs(&KEYS), Service::S3);
        assert!(!format!("{account:?}").contains("hush"));
    }
}
