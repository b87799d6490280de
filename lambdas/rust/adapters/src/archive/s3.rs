//! The archive of results in a bucket of Amazon S3.
//!
//! "Unless the key is taken" is S3's `If-None-Match: *`: 412 says that it is taken, 409 that somebody is writing it right
//! now. Bodies are signed, so S3 checks them against the signature's SHA-256; a second checksum is not asked for.

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Region, RequestChecksumCalculation},
    operation::put_object::{PutObjectError, builders::PutObjectFluentBuilder},
    primitives::ByteStream,
};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};

use super::{Filed, ResultArchive};
use crate::{account::Account, deadline::Deadline, error::AdapterError, sdk};

/// A bucket.
#[derive(Clone, Debug)]
pub struct S3Archive {
    client: Client,
    bucket: String,
}

impl S3Archive {
    /// The bucket of this name.
    #[must_use]
    pub fn new(account: &Account, bucket: String) -> Self {
        let mut config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(sdk::http_client(account))
            .region(Region::new(account.region.clone()))
            .credentials_provider(account.credentials())
            .retry_config(sdk::retries())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            // Another address has no name for each bucket.
            .force_path_style(account.endpoint.is_some());
        config.set_endpoint_url(account.endpoint.clone());
        Self { client: Client::from_conf(config.build()), bucket }
    }

    fn request(&self, key: &str, json: &str) -> PutObjectFluentBuilder {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type("application/json")
            .body(ByteStream::from(json.as_bytes().to_vec()))
    }
}

/// Sends within the time that is left.
async fn send(
    request: PutObjectFluentBuilder,
    deadline: &Deadline,
) -> Result<Result<(), SdkError<PutObjectError, HttpResponse>>, AdapterError> {
    let bounds = aws_sdk_s3::config::Builder::new().timeout_config(sdk::timeouts(deadline)?);
    Ok(request.customize().config_override(bounds).send().await.map(drop))
}

impl ResultArchive for S3Archive {
    async fn put_new(&self, key: &str, json: &str, deadline: &Deadline) -> Result<Filed, AdapterError> {
        match send(self.request(key, json).if_none_match("*"), deadline).await? {
            Ok(()) => Ok(Filed::New),
            Err(error) if error.raw_response().is_some_and(|answer| answer.status().as_u16() == 412) => {
                Ok(Filed::AlreadyThere)
            }
            Err(error) => Err(sdk::failure("S3 PutObject", &error)),
        }
    }

    async fn put(&self, key: &str, json: &str, deadline: &Deadline) -> Result<(), AdapterError> {
        send(self.request(key, json), deadline).await?.map_err(|error| sdk::failure("S3 PutObject", &error))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scripted_server::{HANG_UP, ScriptedServer, answer};

    async fn put_new(server: &ScriptedServer) -> Result<Filed, AdapterError> {
        let archive = S3Archive::new(&Account::at(&server.address), "order-results".into());
        archive.put_new("results/a.json", "{}", &Deadline::after(Duration::from_secs(5))).await
    }

    fn refusal(status: u16, code: &str) -> String {
        answer(status, "", &format!("<Error><Code>{code}</Code></Error>"))
    }

    #[tokio::test]
    async fn a_file_is_put_only_where_none_is() {
        let server = ScriptedServer::start([answer(200, "", "")]).await;
        assert_eq!(put_new(&server).await, Ok(Filed::New));
        let asked = server.requests().await.remove(0);
        assert!(asked.starts_with("PUT /order-results/results/a.json?x-id=PutObject HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("\r\nif-none-match: *\r\n"), "{asked}");
        assert!(asked.contains("\r\ncontent-type: application/json\r\n"), "{asked}");
        assert!(asked.ends_with("\r\n\r\n{}"), "{asked}");
    }

    #[tokio::test]
    async fn what_is_there_already_is_fine() {
        let server = ScriptedServer::start([refusal(412, "PreconditionFailed")]).await;
        assert_eq!(put_new(&server).await, Ok(Filed::AlreadyThere));
        // The first attempt has arrived, its answer has not.
        let server = ScriptedServer::start([HANG_UP.to_owned(), refusal(412, "PreconditionFailed")]).await;
        assert_eq!(put_new(&server).await, Ok(Filed::AlreadyThere));
    }

    #[tokio::test]
    async fn a_writer_at_the_same_key_passes_and_a_refusal_does_not() {
        let server = ScriptedServer::start([refusal(409, "ConditionalRequestConflict")]).await;
        let why = "S3 PutObject: ConditionalRequestConflict (409)";
        assert_eq!(put_new(&server).await, Err(AdapterError::Unavailable(why.into())));
        let server = ScriptedServer::start([refusal(403, "AccessDenied")]).await;
        assert_eq!(put_new(&server).await, Err(AdapterError::Broken("S3 PutObject: AccessDenied (403)".into())));
        let server = ScriptedServer::start(vec![refusal(503, "SlowDown"); 4]).await;
        assert_eq!(put_new(&server).await, Err(AdapterError::Unavailable("S3 PutObject: SlowDown (503)".into())));
    }

    #[tokio::test]
    async fn a_summary_is_put_over_what_was_there() {
        let server = ScriptedServer::start([answer(200, "", "")]).await;
        let archive = S3Archive::new(&Account::at(&server.address), "order-results".into());
        assert_eq!(archive.put("summaries/a.json", "{}", &Deadline::after(Duration::from_secs(5))).await, Ok(()));
        assert!(!server.requests().await[0].contains("if-none-match"));
    }
}
