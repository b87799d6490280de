//! The AWS account that a function runs in: its region, its credentials, and where each service is called.
//!
//! Read once, at the start: Lambda hands a function its role's credentials as environment variables, nothing outside can
//! change the variables of a running process, and Lambda replaces an execution environment before its credentials run
//! out. So there is nothing newer to be read later. Profiles, metadata services and single sign-on are left out on
//! purpose: no function has them.

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
    /// AWS Secrets Manager.
    SecretsManager,
}

impl Service {
    /// The variable that puts another address in the service's place, as the AWS SDKs name it.
    fn endpoint_variable(self) -> &'static str {
        match self {
            Self::DynamoDb => "AWS_ENDPOINT_URL_DYNAMODB",
            Self::S3 => "AWS_ENDPOINT_URL_S3",
            Self::Sns => "AWS_ENDPOINT_URL_SNS",
            Self::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        }
    }
}

/// Region, credentials, and the address of one service.
#[derive(Clone)]
pub struct Account {
    /// The region, such as `eu-west-1`.
    pub region: String,
    /// The address to call instead of the service's own; on a laptop that of the local cloud.
    pub endpoint: Option<String>,
    /// The access key's id.
    pub access_key_id: String,
    /// The access key.
    pub secret_access_key: String,
    /// The token of the role's session.
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
    /// Reads the account as it is seen by one service; what is missing is noted in the environment.
    pub fn read(environment: &mut Environment, service: Service) -> Self {
        let region = environment.optional("AWS_REGION").or_else(|| environment.optional("AWS_DEFAULT_REGION"));
        Self {
            region: region.unwrap_or_else(|| environment.required("AWS_REGION")),
            endpoint: environment
                .address(service.endpoint_variable())
                .or_else(|| environment.address("AWS_ENDPOINT_URL")),
            access_key_id: environment.required("AWS_ACCESS_KEY_ID"),
            secret_access_key: environment.required("AWS_SECRET_ACCESS_KEY"),
            session_token: environment.optional("AWS_SESSION_TOKEN"),
        }
    }

    /// An account all of whose services are at this address, for tests.
    #[cfg(test)]
    #[cfg(any(feature = "sdk", feature = "secrets"))]
    pub(crate) fn at(address: &str) -> Self {
        Self {
            region: "eu-west-1".to_owned(),
            endpoint: Some(address.to_owned()),
            access_key_id: "AKID".to_owned(),
            secret_access_key: "hush".to_owned(),
            session_token: Some("token".to_owned()),
        }
    }

    /// The credentials as AWS's crates take them.
    #[cfg(any(feature = "sdk", feature = "secrets"))]
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
        let mut environment = Environment::of(&[&KEYS, more].concat());
        let account = Account::read(&mut environment, service);
        environment.finish(account).unwrap().endpoint
    }

    #[test]
    fn a_services_own_address_wins() {
        let both = [("AWS_ENDPOINT_URL", "http://all"), ("AWS_ENDPOINT_URL_S3", "http://s3")];
        assert_eq!(endpoint(&both, Service::S3).as_deref(), Some("http://s3"));
        assert_eq!(endpoint(&both, Service::DynamoDb).as_deref(), Some("http://all"));
        assert_eq!(endpoint(&[], Service::Sns), None);
    }

    #[test]
    fn an_account_needs_region_and_keys() {
        let mut environment = Environment::of(&[]);
        Account::read(&mut environment, Service::Sns);
        assert_eq!(
            environment.finish(()).unwrap_err().to_string(),
            "the environment is not complete: AWS_REGION is missing, AWS_ACCESS_KEY_ID is missing, \
             AWS_SECRET_ACCESS_KEY is missing"
        );
    }

    #[test]
    fn the_older_name_of_the_region_will_do() {
        let mut environment = Environment::of(&[("AWS_DEFAULT_REGION", "eu-west-1")]);
        assert_eq!(Account::read(&mut environment, Service::Sns).region, "eu-west-1");
    }

    #[test]
    fn keys_are_never_shown() {
        let account = Account::read(&mut Environment::of(&KEYS), Service::S3);
        assert!(!format!("{account:?}").contains("hush"));
    }
}
