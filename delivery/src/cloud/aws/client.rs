//! The clients, and the meaning of a failed call.

use std::error::Error;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use gridbid_release_format::Timestamp;

use crate::cloud::aws::account::Account;
use crate::cloud::call_error::CallError;
use crate::cloud::services::Cloud;
use crate::failure::error_chain;

/// AWS with one artifacts bucket.
pub(crate) struct Aws {
    pub(super) bucket: String,
    pub(super) codedeploy: aws_sdk_codedeploy::Client,
    pub(super) dynamodb: aws_sdk_dynamodb::Client,
    pub(super) lambda: aws_sdk_lambda::Client,
    pub(super) s3: aws_sdk_s3::Client,
    pub(super) sfn: aws_sdk_sfn::Client,
    pub(super) sns: aws_sdk_sns::Client,
    pub(super) sqs: aws_sdk_sqs::Client,
}

impl Aws {
    /// Clients for an account and its artifacts bucket.
    pub(crate) fn new(account: &Account, bucket: &str) -> Self {
        let config = account.config();
        // An endpoint other than AWS's has no host name for each bucket.
        let s3 = aws_sdk_s3::config::Builder::from(config).force_path_style(account.endpoint_of("S3").is_some());
        Self {
            bucket: bucket.to_owned(),
            codedeploy: aws_sdk_codedeploy::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            sfn: aws_sdk_sfn::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
        }
    }
}

impl Cloud for Aws {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Classifies the error of a call.
pub(super) fn call_error<E>(call: &str, error: &SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let SdkError::ServiceError(response) = error else {
        return CallError::Failed(format!("{call}: {}", error_chain(error)));
    };
    let (status, error) = (response.raw().status().as_u16(), response.err());
    match (status, error.code()) {
        (412, _) | (_, Some("PreconditionFailed" | "PreconditionFailedException" | "ConditionalRequestConflict")) => {
            CallError::Changed(call.to_owned())
        }
        (404, _) | (_, Some("NoSuchKey" | "NotFound" | "ResourceNotFoundException")) => {
            CallError::Missing(call.to_owned())
        }
        (_, code) => {
            let message = error.message().map(|message| format!(": {message}")).unwrap_or_default();
            CallError::Failed(format!("{call}: {} ({status}){message}", code.unwrap_or("no error code")))
        }
    }
}
