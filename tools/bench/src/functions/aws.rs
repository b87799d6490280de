//! What functions call at AWS, played with a set latency: DynamoDB's transactions, S3's puts and
//! listings, SNS's publications, and one secret.
//!
//! Each answer is that of success, as short as the service's own, and comes after the same time, so that a function is
//! measured and not an emulator. Nothing is stored and no signature is checked. Plain HTTP: `tls_front` puts TLS before it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::http1::{Answer, Request, Server};

/// The services, at one address.
#[derive(Debug)]
pub struct FakeAws {
    server: Server,
    calls: Arc<AtomicU64>,
}

impl FakeAws {
    /// Services that answer after this time.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(latency: Duration) -> io::Result<Self> {
        let calls = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&calls);
        let server = Server::start(move |request| {
            let due = Instant::now() + latency;
            let answer = answer(&request);
            if answer.status == 200 && !is_hello(&request) {
                counted.fetch_add(1, Ordering::Relaxed);
            }
            thread::sleep(due.saturating_duration_since(Instant::now()));
            Some(answer)
        })?;
        Ok(Self { server, calls })
    }

    /// `127.0.0.1` and the port.
    #[must_use]
    pub fn address(&self) -> String {
        self.server.address()
    }

    /// How many calls of operations were answered so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

/// Whether it is the question that every endpoint of DynamoDB answers without a signature, its health.
fn is_hello(request: &Request) -> bool {
    request.method == "GET" && request.target == "/"
}

fn answer(request: &Request) -> Answer {
    let target = request.header("x-amz-target").unwrap_or_default();
    match (request.method.as_str(), target) {
        _ if is_hello(request) => text(200, "text/plain", "healthy: fake\n"),
        ("POST", "DynamoDB_20120810.TransactWriteItems") => {
            let mut answer = text(200, "application/x-amz-json-1.0", "{}");
            // The CRC-32 of `{}`, which SDKs check.
            answer.headers.push(("x-amz-crc32", "2745614147".to_owned()));
            answer
        }
        ("POST", "secretsmanager.GetSecretValue") => {
            text(200, "application/x-amz-json-1.1", r#"{"SecretString":"http://127.0.0.1:9/webhook"}"#)
        }
        ("POST", "DynamoDB_20120810.BatchGetItem") => {
            text(200, "application/x-amz-json-1.0", r#"{"Responses":{},"UnprocessedKeys":{}}"#)
        }
        ("POST", "DynamoDB_20120810.Query") => text(200, "application/x-amz-json-1.0", r#"{"Count":0,"Items":[]}"#),
        ("GET", _) if request.target.contains("list-type=2") => text(200, "application/xml", LISTED),
        ("GET", _) => text(404, "application/xml", "<Error><Code>NoSuchKey</Code></Error>"),
        ("PUT", _) => {
            let mut answer = text(200, "application/xml", "");
            answer.headers.push(("etag", "\"d41d8cd98f00b204e9800998ecf8427e\"".to_owned()));
            answer
        }
        ("POST", "") => text(200, "text/xml", PUBLISHED),
        _ => text(
            400,
            "application/x-amz-json-1.0",
            r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#,
        ),
    }
}

/// A bucket without the objects that are asked for.
const LISTED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult \
    xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>order-results</Name><Prefix></Prefix><KeyCount>0</KeyCount>\
    <MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>";

const PUBLISHED: &str = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
    <MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId></PublishResult><ResponseMetadata>\
    <RequestId>d74b8436-ae13-5ab4-a9ff-ce54dfea72a0</RequestId></ResponseMetadata></PublishResponse>";

fn text(status: u16, content_type: &str, body: &str) -> Answer {
    let headers = vec![
        ("content-type", content_type.to_owned()),
        ("x-amzn-requestid", "VO9V4FLKTB5VRJ00H2CJ3D5E4NVV4KQNSO5AEMVJF66Q9ASUAAJG".to_owned()),
    ];
    Answer { status, headers, body: body.as_bytes().to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridbid_devkit::http;

    #[test]
    fn operations_succeed_after_the_set_time_and_are_counted() {
        let aws = FakeAws::start(Duration::from_millis(30)).unwrap();
        let began = Instant::now();
        let url = format!("http://{}/", aws.address());
        let headers = [("x-amz-target", "DynamoDB_20120810.TransactWriteItems")];
        assert_eq!(http::call("POST", &url, &headers, b"{}").unwrap().text(), "{}");
        assert!(began.elapsed() >= Duration::from_millis(30));
        assert!(http::call("POST", &url, &[], b"Action=Publish").unwrap().text().contains("<MessageId>"));
        assert_eq!(http::call("PUT", &format!("{url}bucket/key"), &[], b"{}").unwrap().status, 200);
        assert!(
            http::call("GET", &format!("{url}bucket?list-type=2"), &[], &[]).unwrap().text().contains("<KeyCount>0<")
        );
        assert_eq!(http::call("GET", &url, &[], &[]).unwrap().status, 200);
        assert_eq!(http::call("POST", &url, &[("x-amz-target", "DynamoDB_20120810.Scan")], b"{}").unwrap().status, 400);
        assert_eq!(aws.calls(), 4);
    }
}
