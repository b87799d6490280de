//! The archive of results in an Amazon S3 bucket.
//!
//! Put-if-absent is S3's `If-None-Match: *`: status 412 means that the key exists, 409 that another writer is creating it.
//! Bodies are signed, so S3 verifies them against the signature's SHA-256; no second checksum is sent.

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Region, RequestChecksumCalculation},
    operation::put_object::{PutObjectError, builders::PutObjectFluentBuilder},
    primitives::ByteStream,
};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::timeout::TimeoutConfig;

use crate::{
    account::Account,
    archive::{PutOutcome, ResultArchive},
    deadline::Deadline,
    error::AdapterError,
    sdk,
};

/// A bucket.
#[derive(Clone, Debug)]
pub struct S3Archive {
    client: Client,
    bucket: String,
}

impl S3Archive {
    /// Creates a client for this bucket. Nothing is sent.
    ///
    /// ```no_run
    /// use gridbid_adapters::{account::{Account, Service}, environment::Environment, s3::S3Archive};
    ///
    /// let mut environment = Environment::from_process();
    /// let account = Account::from_environment(&mut environment, Service::S3);
    /// let bucket = environment.required("RESULTS_BUCKET");
    /// let archive = environment.finish(S3Archive::new(&account, bucket));
    /// ```
    #[must_use]
    pub fn new(account: &Account, bucket: String) -> Self {
        let mut config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(sdk::http_client(account))
            .region(Region::new(account.region.clone()))
            .credentials_provider(account.credentials())
            .retry_config(sdk::retries())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            // A custom endpoint has no host name per bucket.
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

async fn send(
    request: PutObjectFluentBuilder,
    timeouts: TimeoutConfig,
) -> Result<(), SdkError<PutObjectError, HttpResponse>> {
    let config = aws_sdk_s3::config::Builder::new().timeout_config(timeouts);
    request.customize().config_override(config).send().await.map(drop)
}

impl ResultArchive for S3Archive {
    async fn put_if_absent(&self, key: &str, json: &str, deadline: &Deadline) -> Result<PutOutcome, AdapterError> {
        match send(self.request(key, json).if_none_match("*"), sdk::timeouts(deadline)?).await {
            Ok(()) => Ok(PutOutcome::Created),
            Err(error) if error.raw_response().is_some_and(|response| response.status().as_u16() == 412) => {
                Ok(PutOutcome::AlreadyExists)
            }
            Err(error) => Err(sdk::classify("S3 PutObject", &error)),
        }
    }

    async fn put(&self, key: &str, json: &str, deadline: &Deadline) -> Result<(), AdapterError> {
        let sent = send(self.request(key, json), sdk::timeouts(deadline)?).await;
        sent.map_err(|error| sdk::classify("S3 PutObject", &error))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scripted_server::{HANG_UP, ScriptedServer, response};

    async fn put_if_absent(server: &ScriptedServer) -> Result<PutOutcome, AdapterError> {
        let archive = S3Archive::new(&Account::for_test(&server.address), "order-results".into());
        archive.put_if_absent("results/a.json", "{}", &Deadline::after(Duration::from_secs(5))).await
    }

    fn refusal(status: u16, code: &str) -> String {
        response(status, "", &format!("<Error><Code>{code}</Code></Error>"))
    }

    #[tokio::test]
    async fn an_object_is_created_only_if_its_key_is_absent() {
        let server = ScriptedServer::start([response(200, "", "")]).await;
        assert_eq!(put_if_absent(&server).await, Ok(PutOutcome::Created));
        let request = server.requests().await.remove(0);
        assert!(request.starts_with("PUT /order-results/results/a.json?x-id=PutObject HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nif-none-match: *\r\n"), "{request}");
        assert!(request.contains("\r\ncontent-type: application/json\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\n{}"), "{request}");
    }

    #[tokio::test]
    async fn an_existing_object_is_success() {
        let server = ScriptedServer::start([refusal(412, "PreconditionFailed")]).await;
        assert_eq!(put_if_absent(&server).await, Ok(PutOutcome::AlreadyExists));
        // The first attempt succeeded, but its response was lost.
        let server = ScriptedServer::start([HANG_UP.to_owned(), refusal(412, "PreconditionFailed")]).await;
        assert_eq!(put_if_absent(&server).await, Ok(PutOutcome::AlreadyExists));
    }

    #[tokio::test]
    async fn conflicts_and_throttles_are_unavailable_and_refusals_broken() {
        let server = ScriptedServer::start([refusal(409, "ConditionalRequestConflict")]).await;
        let why = "S3 PutObject: ConditionalRequestConflict (409)";
        assert_eq!(put_if_absent(&server).await, Err(AdapterError::Unavailable(why.into())));
        let server = ScriptedServer::start([refusal(403, "AccessDenied")]).await;
        assert_eq!(put_if_absent(&server).await, Err(AdapterError::Broken("S3 PutObject: AccessDenied (403)".into())));
        let server = ScriptedServer::start(vec![refusal(503, "SlowDown"); 4]).await;
        assert_eq!(put_if_absent(&server).await, Err(AdapterError::Unavailable("S3 PutObject: SlowDown (503)".into())));
    }

    #[tokio::test]
    async fn put_replaces_an_existing_object() {
        let server = ScriptedServer::start([response(200, "", "")]).await;
        let archive = S3Archive::new(&Account::for_test(&server.address), "order-results".into());
        assert_eq!(archive.put("summaries/a.json", "{}", &Deadline::after(Duration::from_secs(5))).await, Ok(()));
        assert!(!server.requests().await[0].contains("if-none-match"));
    }
}
