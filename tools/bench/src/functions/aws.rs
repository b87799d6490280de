//! A fake AWS with a fixed latency. It responds to the calls that the measured functions make: DynamoDB transactions, updates
//! and reads, S3 puts, listings and reads (nothing is found), SNS publishes, and one secret. Any other operation gets a 400.
//! Paths below `/auction` are those of an auction platform, which receives every order.
//!
//! Every response is as short as the service's own and takes the same time, so that the function is measured and not an emulator.
//! Only the last transaction is kept, whose items can be read. No signature is checked.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::task;
use tokio_rustls::TlsAcceptor;

use super::server::Server;

/// The path of the auction platform.
pub const PLATFORM: &str = "/auction";

/// The services, at one address for HTTP and one for HTTPS.
#[derive(Debug)]
pub struct FakeAws {
    http: Server,
    https: Server,
    calls: Arc<AtomicU64>,
}

impl FakeAws {
    /// Starts services that respond after this time.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start(latency: Duration, tls: TlsAcceptor) -> io::Result<Self> {
        let calls = Arc::new(AtomicU64::new(0));
        let shared = Shared { latency, calls: Arc::clone(&calls), transaction: Arc::default() };
        let router = Router::new().fallback(respond_late).with_state(shared);
        let http = Server::start(router.clone(), None)?;
        Ok(Self { http, https: Server::start(router, Some(tls))?, calls })
    }

    /// The URL without TLS.
    #[must_use]
    pub fn http_url(&self) -> String {
        format!("http://{}", self.http.address())
    }

    /// The URL with TLS.
    #[must_use]
    pub fn https_url(&self) -> String {
        format!("https://{}", self.https.address())
    }

    /// Number of successful calls, health checks excepted.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

#[derive(Clone, Debug)]
struct Shared {
    latency: Duration,
    calls: Arc<AtomicU64>,
    /// The body of the last transaction.
    transaction: Arc<Mutex<Bytes>>,
}

async fn respond_late(
    State(Shared { latency, calls, transaction }): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let due = Instant::now() + latency;
    let is_health_check = method == Method::GET && uri == "/";
    let response = respond(&method, &uri, &headers, body, &transaction, is_health_check);
    if response.status() == StatusCode::OK && !is_health_check {
        calls.fetch_add(1, Ordering::Relaxed);
    }
    // tokio's timer rounds up to a millisecond.
    let waited = task::spawn_blocking(move || thread::sleep(due.saturating_duration_since(Instant::now()))).await;
    if waited.is_ok() { response } else { StatusCode::INTERNAL_SERVER_ERROR.into_response() }
}

fn respond(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Bytes,
    transaction: &Mutex<Bytes>,
    is_health_check: bool,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    match (method.as_str(), target) {
        _ if is_health_check => with_body("text/plain", "healthy: fake\n").into_response(),
        ("POST", "DynamoDB_20120810.TransactWriteItems") => {
            *transaction.lock().unwrap_or_else(PoisonError::into_inner) = body;
            written()
        }
        ("POST", "DynamoDB_20120810.UpdateItem") => written(),
        ("POST", "DynamoDB_20120810.GetItem") => {
            let transaction = transaction.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let found =
                item(&transaction, &body).map_or_else(|| "{}".to_owned(), |item| json!({"Item": item}).to_string());
            with_body("application/x-amz-json-1.0", found).into_response()
        }
        ("POST", "secretsmanager.GetSecretValue") => {
            with_body("application/x-amz-json-1.1", r#"{"SecretString":"http://127.0.0.1:9/webhook"}"#).into_response()
        }
        ("POST", "DynamoDB_20120810.BatchGetItem") => {
            with_body("application/x-amz-json-1.0", r#"{"Responses":{},"UnprocessedKeys":{}}"#).into_response()
        }
        ("POST", "DynamoDB_20120810.Query") => {
            with_body("application/x-amz-json-1.0", r#"{"Count":0,"Items":[]}"#).into_response()
        }
        ("GET", _) if uri.query().is_some_and(|query| query.contains("list-type=2")) => {
            with_body("application/xml", LISTED).into_response()
        }
        ("GET", _) => {
            let missing = "<Error><Code>NoSuchKey</Code></Error>";
            (StatusCode::NOT_FOUND, with_body("application/xml", missing)).into_response()
        }
        ("PUT", _) => {
            ([("etag", "\"d41d8cd98f00b204e9800998ecf8427e\"")], with_body("application/xml", "")).into_response()
        }
        ("POST", "") if uri.path().starts_with(PLATFORM) => received(&body),
        ("POST", "") => with_body("text/xml", PUBLISHED).into_response(),
        _ => {
            let unknown = r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#;
            (StatusCode::BAD_REQUEST, with_body("application/x-amz-json-1.0", unknown)).into_response()
        }
    }
}

/// DynamoDB's response to a write.
fn written() -> Response {
    // The CRC-32 of `{}`, which SDKs check.
    ([("x-amz-crc32", "2745614147")], with_body("application/x-amz-json-1.0", "{}")).into_response()
}

/// The platform's response: every order was received.
fn received(orders: &[u8]) -> Response {
    let Ok(orders) = serde_json::from_slice::<Vec<Value>>(orders) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let entry =
        |order: &Value| json!({"record_id": order["record_id"], "status": "received", "slot": "2026-11-24T12:00:00Z"});
    let entries: Vec<Value> = orders.iter().map(entry).collect();
    with_body("application/json", Value::from(entries).to_string()).into_response()
}

/// The item of a transaction that a request of GetItem names.
fn item(transaction: &[u8], request: &[u8]) -> Option<Value> {
    let [transaction, request]: [Value; 2] =
        [serde_json::from_slice(transaction).ok()?, serde_json::from_slice(request).ok()?];
    let id = request.pointer("/Key/record_id")?;
    let mut items = transaction.get("TransactItems")?.as_array()?.iter().filter_map(|write| write.pointer("/Put/Item"));
    items.find(|item| item.get("record_id") == Some(id)).cloned()
}

/// An empty bucket.
const LISTED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult \
    xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>order-results</Name><Prefix></Prefix><KeyCount>0</KeyCount>\
    <MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>";

const PUBLISHED: &str = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
    <MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId></PublishResult><ResponseMetadata>\
    <RequestId>d74b8436-ae13-5ab4-a9ff-ce54dfea72a0</RequestId></ResponseMetadata></PublishResponse>";

fn with_body(content_type: &'static str, body: impl Into<Body>) -> impl IntoResponse {
    let id = "VO9V4FLKTB5VRJ00H2CJ3D5E4NVV4KQNSO5AEMVJF66Q9ASUAAJG";
    ([(header::CONTENT_TYPE.as_str(), content_type), ("x-amzn-requestid", id)], body.into())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use gridbid_devkit::http;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring};

    use super::*;
    use crate::functions::certificate;

    #[test]
    fn operations_succeed_after_the_set_time_and_are_counted() {
        let folder = std::env::temp_dir().join(format!("gridbid-fake-aws-{}", std::process::id()));
        let (tls, authorities) = certificate::generate(&folder).unwrap();
        let aws = FakeAws::start(Duration::from_millis(30), tls).unwrap();
        let (began, url) = (Instant::now(), format!("{}/", aws.http_url()));
        let headers = [("x-amz-target", "DynamoDB_20120810.TransactWriteItems")];
        let items = br#"{"TransactItems": [{"Put": {"Item": {"record_id": {"S": "a"}}}}]}"#;
        assert_eq!(http::call("POST", &url, &headers, items).unwrap().text(), "{}");
        assert!(began.elapsed() >= Duration::from_millis(30));
        let read = |id: &str| {
            let request = format!(r#"{{"Key": {{"record_id": {{"S": "{id}"}}}}}}"#);
            let headers = [("x-amz-target", "DynamoDB_20120810.GetItem")];
            http::call("POST", &url, &headers, request.as_bytes()).unwrap().text()
        };
        assert_eq!([read("a"), read("b")], [r#"{"Item":{"record_id":{"S":"a"}}}"#, "{}"]);
        let order =
            http::call("POST", &format!("{url}auction/orders"), &[], br#"[{"record_id": "a"}]"#).unwrap().text();
        assert_eq!(order, r#"[{"record_id":"a","slot":"2026-11-24T12:00:00Z","status":"received"}]"#);
        assert!(http::call("POST", &url, &[], b"Action=Publish").unwrap().text().contains("<MessageId>"));
        assert_eq!(http::call("PUT", &format!("{url}bucket/key"), &[], b"{}").unwrap().status, 200);
        assert!(
            http::call("GET", &format!("{url}bucket?list-type=2"), &[], &[]).unwrap().text().contains("<KeyCount>0<")
        );
        assert_eq!(http::call("GET", &url, &[], &[]).unwrap().status, 200);
        assert_eq!(http::call("POST", &url, &[("x-amz-target", "DynamoDB_20120810.Scan")], b"{}").unwrap().status, 400);
        assert_eq!(aws.calls(), 7);

        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authorities.own).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = ClientConnection::new(Arc::new(config), "127.0.0.1".try_into().unwrap()).unwrap();
        let address = aws.https_url().replace("https://", "");
        let mut stream = StreamOwned::new(client, TcpStream::connect(address).unwrap());
        stream.write_all(b"GET / HTTP/1.1\r\nhost: fake\r\nconnection: close\r\n\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.ends_with("\r\n\r\nhealthy: fake\n"), "{response}");
        fs::remove_dir_all(folder).unwrap();
    }
}
