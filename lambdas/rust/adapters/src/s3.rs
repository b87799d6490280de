//! The archive of results in an Amazon S3 bucket.
//!
//! Put-if-absent is S3's `If-None-Match: *`: status 412 means that the key exists, 409 that another writer is creating it.
//! Each put sends the SHA-256 of its body, which S3 verifies and keeps with the object; Object Lock requires one for an object with a
//! retention. Reading a key that does not exist needs the permission `s3:ListBucket`: without it, S3 answers 403 instead of 404.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Region, RequestChecksumCalculation, ResponseChecksumValidation},
    operation::{
        get_object::GetObjectError,
        put_object::{PutObjectError, builders::PutObjectFluentBuilder},
    },
    primitives::{ByteStream, DateTime},
    types::ObjectLockMode,
};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::{base64, timeout::TimeoutConfig};
use sha2::{Digest as _, Sha256};

use crate::{
    account::Account,
    archive::{PutOutcome, ResultArchive},
    deadline::Deadline,
    error::AdapterError,
    sdk,
};

/// Attempts to read an object, the first included; each has the SDK's own attempts.
const READS: u32 = 3;
const DAY: Duration = Duration::from_secs(86_400);

/// A bucket.
#[derive(Clone, Debug)]
pub struct S3Archive {
    client: Client,
    bucket: String,
    retention: Option<Duration>,
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
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            // A custom endpoint has no host name per bucket.
            .force_path_style(account.endpoint.is_some());
        config.set_endpoint_url(account.endpoint.clone());
        Self { client: Client::from_conf(config.build()), bucket, retention: None }
    }

    /// Retains every object it puts for this number of days, under Object Lock in governance mode. The bucket must have Object Lock.
    #[must_use]
    pub fn retaining(mut self, days: Option<u16>) -> Self {
        self.retention = days.map(|days| DAY * u32::from(days));
        self
    }

    fn request(&self, key: &str, content: &str) -> PutObjectFluentBuilder {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(if key.ends_with(".jsonl") { "application/jsonl" } else { "application/json" })
            .checksum_sha256(base64::encode(Sha256::digest(content)))
            .set_object_lock_mode(self.retention.map(|_| ObjectLockMode::Governance))
            .set_object_lock_retain_until_date(self.retention.map(|term| DateTime::from(SystemTime::now() + term)))
            .body(ByteStream::from(content.as_bytes().to_vec()))
    }

    async fn read(&self, key: &str, deadline: &Deadline) -> Result<Option<Vec<u8>>, AdapterError> {
        let config = aws_sdk_s3::config::Builder::new().timeout_config(sdk::timeouts(deadline)?);
        let request = self.client.get_object().bucket(&self.bucket).key(key);
        let body = match request.customize().config_override(config).send().await {
            Ok(output) => output.body,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            Err(error) => return Err(sdk::classify("S3 GetObject", &error)),
        };
        // The SDK's timeouts and retries end with the head of the response.
        match tokio::time::timeout(deadline.remaining(), body.collect()).await {
            Ok(Ok(bytes)) => Ok(Some(bytes.to_vec())),
            Ok(Err(_)) => Err(AdapterError::Unavailable("S3 GetObject: the connection broke".to_owned())),
            Err(_) => Err(AdapterError::Unavailable("S3 GetObject: no response in time".to_owned())),
        }
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
    async fn put_if_absent(&self, key: &str, content: &str, deadline: &Deadline) -> Result<PutOutcome, AdapterError> {
        match send(self.request(key, content).if_none_match("*"), sdk::timeouts(deadline)?).await {
            Ok(()) => Ok(PutOutcome::Created),
            Err(error) if error.raw_response().is_some_and(|response| response.status().as_u16() == 412) => {
                Ok(PutOutcome::AlreadyExists)
            }
            Err(error) => Err(sdk::classify("S3 PutObject", &error)),
        }
    }

    async fn put(&self, key: &str, content: &str, deadline: &Deadline) -> Result<(), AdapterError> {
        let sent = send(self.request(key, content), sdk::timeouts(deadline)?).await;
        sent.map_err(|error| sdk::classify("S3 PutObject", &error))
    }

    async fn get(&self, key: &str, deadline: &Deadline) -> Result<Option<Vec<u8>>, AdapterError> {
        let mut attempt = 1;
        loop {
            match self.read(key, deadline).await {
                Err(AdapterError::Unavailable(_)) if attempt < READS && !deadline.remaining().is_zero() => attempt += 1,
                result => return result,
            }
        }
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
    async fn object_is_created_only_if_its_key_is_absent() {
        let server = ScriptedServer::start([response(200, "", "")]).await;
        assert_eq!(put_if_absent(&server).await, Ok(PutOutcome::Created));
        let request = server.requests().await.remove(0);
        assert!(request.starts_with("PUT /order-results/results/a.json?x-id=PutObject HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nif-none-match: *\r\n"), "{request}");
        assert!(request.contains("\r\ncontent-type: application/json\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\n{}"), "{request}");
    }

    /// The value of a header of a request.
    fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
        request.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    // Object Lock refuses a retained object without a checksum.
    #[tokio::test]
    async fn put_sends_its_checksum_and_its_retention() {
        let server = ScriptedServer::start([response(200, "", ""), response(200, "", "")]).await;
        let archive = S3Archive::new(&Account::for_test(&server.address), "order-results".into());
        let deadline = Deadline::after(Duration::from_secs(5));
        archive.put("summaries/a.json", "{}", &deadline).await.unwrap();
        let earliest = SystemTime::now() + DAY * 30;
        archive.retaining(Some(30)).put_if_absent("results/a.json", "{}", &deadline).await.unwrap();
        let requests = server.requests().await;
        for request in &requests {
            // printf '{}' | openssl dgst -sha256 -binary | base64
            let checksum = header(request, "x-amz-checksum-sha256");
            assert_eq!(checksum, Some("RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="), "{request}");
        }
        assert_eq!(header(&requests[0], "x-amz-object-lock-mode"), None, "{}", requests[0]);
        assert_eq!(header(&requests[1], "x-amz-object-lock-mode"), Some("GOVERNANCE"), "{}", requests[1]);
        let until = header(&requests[1], "x-amz-object-lock-retain-until-date").unwrap();
        let until = DateTime::from_str(until, aws_sdk_s3::primitives::DateTimeFormat::DateTime).unwrap();
        let late = DateTime::from(earliest + Duration::from_secs(60));
        assert!((DateTime::from_secs(DateTime::from(earliest).secs())..late).contains(&until), "{until}");
    }

    #[tokio::test]
    async fn existing_object_is_success() {
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

    async fn get(server: &ScriptedServer) -> Result<Option<Vec<u8>>, AdapterError> {
        let archive = S3Archive::new(&Account::for_test(&server.address), "order-results".into());
        archive.get("answers/a.jsonl", &Deadline::after(Duration::from_secs(5))).await
    }

    #[tokio::test]
    async fn object_is_read() {
        let server = ScriptedServer::start([response(200, "", "{}\n")]).await;
        assert_eq!(get(&server).await, Ok(Some(b"{}\n".to_vec())));
        let request = server.requests().await.remove(0);
        assert!(request.starts_with("GET /order-results/answers/a.jsonl?x-id=GetObject HTTP/1.1\r\n"), "{request}");
    }

    #[tokio::test]
    async fn missing_object_is_none_and_a_refusal_broken() {
        let server = ScriptedServer::start([refusal(404, "NoSuchKey")]).await;
        assert_eq!(get(&server).await, Ok(None));
        for (status, code) in [(403, "AccessDenied"), (404, "NoSuchBucket")] {
            let server = ScriptedServer::start([refusal(status, code)]).await;
            let why = format!("S3 GetObject: {code} ({status})");
            assert_eq!(get(&server).await, Err(AdapterError::Broken(why)));
        }
    }

    #[tokio::test]
    async fn body_that_breaks_off_is_read_again() {
        let broken = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\nhalf".to_owned();
        let server = ScriptedServer::start([broken.clone(), response(200, "", "whole")]).await;
        assert_eq!(get(&server).await, Ok(Some(b"whole".to_vec())));
        let server = ScriptedServer::start(vec![broken; 3]).await;
        let why = "S3 GetObject: the connection broke";
        assert_eq!(get(&server).await, Err(AdapterError::Unavailable(why.into())));
    }

    #[tokio::test]
    async fn put_replaces_an_existing_object() {
        let server = ScriptedServer::start([response(200, "", "")]).await;
        let archive = S3Archive::new(&Account::for_test(&server.address), "order-results".into());
        assert_eq!(archive.put("summaries/a.json", "{}", &Deadline::after(Duration::from_secs(5))).await, Ok(()));
        assert!(!server.requests().await[0].contains("if-none-match"));
    }
}
