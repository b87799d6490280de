//! Lambda's runtime API (version 2018-06-01) for one execution environment: a function fetches its events from it and
//! posts its responses to it.
//!
//! `next` waits for an event and returns its id, deadline, ARN and trace in headers. `response` and `error` must name the id
//! of the event in progress, once; `init/error` reports a failed start. One event is in progress at a time. Response
//! streaming, extensions and SnapStart's `restore` are missing: no function here uses them.

use std::io;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::server::Server;

const ARN: &str = "arn:aws:lambda:eu-west-1:000000000000:function:measured";
const JSON: (header::HeaderName, &str) = (header::CONTENT_TYPE, "application/json");

/// The runtime API of one execution environment.
#[derive(Debug)]
pub struct RuntimeApi {
    server: Server,
    shared: Arc<Shared>,
    events: UnboundedSender<Bytes>,
    outcomes: mpsc::Receiver<Result<Invocation, NoResponse>>,
}

/// One event and its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// When the event was sent to the function.
    pub sent: Instant,
    /// When the whole response had been received.
    pub received: Instant,
    /// The function's response, or the type and the text of its error.
    pub result: Result<Bytes, String>,
}

/// Why an event has no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoResponse {
    /// The function reported that it cannot start.
    #[error("the function did not start: {0}")]
    NotStarted(String),
    /// The time limit was exceeded.
    #[error("no response within the time limit")]
    TimedOut,
}

/// State of the handlers.
#[derive(Debug)]
struct Shared {
    /// Time limit of an event.
    timeout: Duration,
    /// When the function first asked for an event, which ends its initialization.
    ready: OnceLock<Instant>,
    waiting: tokio::sync::Mutex<UnboundedReceiver<Bytes>>,
    current: Mutex<Current>,
    outcomes: mpsc::Sender<Result<Invocation, NoResponse>>,
}

/// The event in progress.
#[derive(Debug, Default)]
struct Current {
    /// Number of events so far, from which the id is made.
    count: u64,
    /// When it was sent; none when its response has arrived.
    sent: Option<Instant>,
}

impl Current {
    fn id(&self) -> String {
        format!("8476a536-e9f4-11e8-9739-{:012x}", self.count)
    }
}

impl RuntimeApi {
    /// Starts a runtime API without events, whose events have this time limit.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start(timeout: Duration) -> io::Result<Self> {
        let (events, waiting) = unbounded_channel();
        let (sender, outcomes) = mpsc::channel();
        let shared = Arc::new(Shared {
            timeout,
            ready: OnceLock::new(),
            waiting: waiting.into(),
            current: Mutex::default(),
            outcomes: sender,
        });
        let runtime = Router::new()
            .route("/invocation/next", get(next))
            .route("/invocation/{id}/response", post(response))
            .route("/invocation/{id}/error", post(error))
            .route("/init/error", post(init_error))
            .with_state(Arc::clone(&shared));
        let server = Server::start(Router::new().nest("/2018-06-01/runtime", runtime), None)?;
        Ok(Self { server, shared, events, outcomes })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn address(&self) -> String {
        self.server.address()
    }

    /// Queues an event for the function.
    pub fn send(&self, event: &[u8]) {
        // The receiver lives as long as `shared`.
        let _ = self.events.send(Bytes::copy_from_slice(event));
    }

    /// Waits for the response to the oldest event without one.
    ///
    /// # Errors
    /// When the function reports that it cannot start, or does not respond within the time limit.
    pub fn wait(&self) -> Result<Invocation, NoResponse> {
        self.outcomes.recv_timeout(self.shared.timeout).unwrap_or(Err(NoResponse::TimedOut))
    }

    /// When the function first asked for an event.
    #[must_use]
    pub fn ready(&self) -> Option<Instant> {
        self.shared.ready.get().copied()
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    shared.ready.get_or_init(Instant::now);
    let Some(event) = shared.waiting.lock().await.recv().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + shared.timeout;
    let mut current = shared.current.lock().unwrap_or_else(PoisonError::into_inner);
    current.count += 1;
    current.sent = Some(Instant::now());
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", current.id()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", ARN.to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0".to_owned()),
    ];
    (headers, event).into_response()
}

async fn response(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> Response {
    shared.finish(&id, Ok(body))
}

async fn error(State(shared): State<Arc<Shared>>, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let kind = headers.get("lambda-runtime-function-error-type").and_then(|value| value.to_str().ok());
    let message = String::from_utf8_lossy(&body);
    shared.finish(&id, Err(format!("{}: {message}", kind.unwrap_or("no error type"))))
}

async fn init_error(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    shared.report(Err(NoResponse::NotStarted(String::from_utf8_lossy(&body).into_owned())))
}

impl Shared {
    fn finish(&self, id: &str, result: Result<Bytes, String>) -> Response {
        let received = Instant::now();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.id() == id
            && let Some(sent) = current.sent.take()
        {
            return self.report(Ok(Invocation { sent, received, result }));
        }
        let refusal = r#"{"errorMessage":"InvalidRequestID","errorType":"InvalidRequestID"}"#;
        (StatusCode::BAD_REQUEST, [JSON], refusal).into_response()
    }

    fn report(&self, outcome: Result<Invocation, NoResponse>) -> Response {
        // The receiver is gone when the benchmark has ended.
        let _ = self.outcomes.send(outcome);
        (StatusCode::ACCEPTED, [JSON], r#"{"status":"OK"}"#).into_response()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use gridbid_devkit::http;

    const PREFIX: &str = "/2018-06-01/runtime/";
    const SOON: Duration = Duration::from_secs(10);

    fn get_next(address: &str) -> http::Response {
        http::call("GET", &format!("http://{address}{PREFIX}invocation/next"), &[], &[]).unwrap()
    }

    fn post(address: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> http::Response {
        http::call("POST", &format!("http://{address}{PREFIX}{path}"), headers, body).unwrap()
    }

    #[test]
    fn response_is_accepted_once_and_under_the_id_of_its_event() {
        let api = RuntimeApi::start(SOON).unwrap();
        let address = api.address();
        api.send(b"event");
        let function = thread::spawn(move || {
            let next = get_next(&address);
            let id = next.header("lambda-runtime-aws-request-id").unwrap().to_owned();
            let deadline: u128 = next.header("lambda-runtime-deadline-ms").unwrap().parse().unwrap();
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
            assert!(deadline > now && deadline <= now + SOON.as_millis());
            let own = format!("invocation/{id}/response");
            ["invocation/other/response", &own, &own].map(|path| post(&address, path, &[], &next.body).status)
        });
        let invocation = api.wait().unwrap();
        assert_eq!(invocation.result, Ok(Bytes::from_static(b"event")));
        assert!(api.ready().unwrap() <= invocation.sent && invocation.sent <= invocation.received);
        assert_eq!(function.join().unwrap(), [400, 202, 400]);
    }

    #[test]
    fn error_is_reported_with_its_type() {
        let api = RuntimeApi::start(SOON).unwrap();
        let address = api.address();
        api.send(b"event");
        let function = thread::spawn(move || {
            let path =
                format!("invocation/{}/error", get_next(&address).header("lambda-runtime-aws-request-id").unwrap());
            post(&address, &path, &[("lambda-runtime-function-error-type", "OrderRejected")], b"why");
        });
        assert_eq!(api.wait().unwrap().result, Err("OrderRejected: why".to_owned()));
        function.join().unwrap();
    }

    #[test]
    fn failed_start_is_reported() {
        let api = RuntimeApi::start(SOON).unwrap();
        assert_eq!(post(&api.address(), "init/error", &[], b"no table").status, 202);
        assert_eq!(api.wait(), Err(NoResponse::NotStarted("no table".to_owned())));
    }

    #[test]
    fn function_that_never_asks_for_an_event_times_out() {
        let api = RuntimeApi::start(Duration::from_millis(50)).unwrap();
        api.send(b"event");
        assert_eq!(api.wait(), Err(NoResponse::TimedOut));
    }
}
