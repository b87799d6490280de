//! Lambda's runtime API for one execution environment: what a function asks for its events and hands its answers to.
//!
//! As AWS documents it (version 2018-06-01): `next` waits for an event and tells its id, deadline, ARN and trace in headers;
//! `response` and `error` must name the id of the event that is out, once; `init/error` ends the start. One event is out at
//! a time. Response streaming, extensions and SnapStart's `restore` are left out: no function here asks for them.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::http1::{Answer, Request, Server};

const PREFIX: &str = "/2018-06-01/runtime/";
const ARN: &str = "arn:aws:lambda:eu-west-1:000000000000:function:measured";

/// The runtime API of one execution environment.
#[derive(Debug)]
pub struct RuntimeApi {
    server: Server,
    shared: Arc<Shared>,
}

/// One event's way through the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// When the event left for the function.
    pub sent: Instant,
    /// When the answer had come in whole.
    pub answered: Instant,
    /// What the function answered.
    pub result: Result<Vec<u8>, String>,
}

/// Why an event has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The function said that it cannot start.
    #[error("the function did not start: {0}")]
    NotStarted(String),
    /// The time was over.
    #[error("no answer came in time")]
    Late,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The first time that the function asked for an event: its start is over.
    ready: Option<Instant>,
    waiting: VecDeque<Vec<u8>>,
    timeout: Duration,
    out: Option<(String, Instant)>,
    done: Option<Invocation>,
    not_started: Option<String>,
    count: u64,
    has_ended: bool,
}

impl RuntimeApi {
    /// A runtime API without events.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let answering = Arc::clone(&shared);
        Ok(Self { server: Server::start(move |request| answering.answer(&request))?, shared })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn address(&self) -> String {
        self.server.address()
    }

    /// Has an event ready for the function, which may take so long for it.
    pub fn send(&self, event: &[u8], timeout: Duration) {
        let mut state = self.shared.lock();
        state.timeout = timeout;
        state.waiting.push_back(event.to_vec());
        self.shared.changed.notify_all();
    }

    /// Waits for the answer to the event that was sent.
    ///
    /// # Errors
    /// When the function says that it cannot start, or does not answer in time.
    pub fn wait(&self) -> Result<Invocation, NoAnswer> {
        let mut state = self.shared.lock();
        let deadline = Instant::now() + state.timeout;
        loop {
            if let Some(done) = state.done.take() {
                return Ok(done);
            }
            if let Some(why) = &state.not_started {
                return Err(NoAnswer::NotStarted(why.clone()));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(NoAnswer::Late);
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// When the function first asked for an event.
    #[must_use]
    pub fn ready(&self) -> Option<Instant> {
        self.shared.lock().ready
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.shared.lock().has_ended = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &Request) -> Option<Answer> {
        let now = Instant::now();
        let Some(path) = request.target.strip_prefix(PREFIX) else { return Some(refusal(404, "UnknownPath")) };
        let told = || String::from_utf8_lossy(&request.body).into_owned();
        match (request.method.as_str(), path.strip_prefix("invocation/").and_then(|rest| rest.split_once('/'))) {
            ("GET", _) if path == "invocation/next" => self.next(now),
            ("POST", _) if path == "init/error" => {
                self.lock().not_started = Some(told());
                self.changed.notify_all();
                Some(accepted())
            }
            ("POST", Some((id, "response"))) => Some(self.finish(id, now, Ok(request.body.clone()))),
            ("POST", Some((id, "error"))) => {
                let kind = request.header("lambda-runtime-function-error-type").unwrap_or("no error type");
                Some(self.finish(id, now, Err(format!("{kind}: {}", told()))))
            }
            _ => Some(refusal(404, "UnknownPath")),
        }
    }

    fn next(&self, now: Instant) -> Option<Answer> {
        let mut state = self.lock();
        state.ready.get_or_insert(now);
        loop {
            if state.has_ended {
                return None;
            }
            if let Some(event) = state.waiting.pop_front() {
                state.count += 1;
                let id = format!("8476a536-e9f4-11e8-9739-{:012x}", state.count);
                let deadline = SystemTime::now() + state.timeout;
                let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
                state.out = Some((id.clone(), Instant::now()));
                return Some(Answer {
                    status: 200,
                    headers: vec![
                        ("Content-Type", "application/json".to_owned()),
                        ("Lambda-Runtime-Aws-Request-Id", id),
                        ("Lambda-Runtime-Deadline-Ms", deadline.to_string()),
                        ("Lambda-Runtime-Invoked-Function-Arn", ARN.to_owned()),
                        ("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0".to_owned()),
                    ],
                    body: event,
                });
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn finish(&self, id: &str, answered: Instant, result: Result<Vec<u8>, String>) -> Answer {
        let mut state = self.lock();
        match state.out.take_if(|(out, _)| out == id) {
            Some((_, sent)) => {
                state.done = Some(Invocation { sent, answered, result });
                self.changed.notify_all();
                accepted()
            }
            None => refusal(400, "InvalidRequestID"),
        }
    }
}

fn accepted() -> Answer {
    json(202, r#"{"status":"OK"}"#.to_owned())
}

fn refusal(status: u16, kind: &str) -> Answer {
    json(status, format!(r#"{{"errorMessage":"{kind}","errorType":"{kind}"}}"#))
}

fn json(status: u16, text: String) -> Answer {
    Answer { status, headers: vec![("Content-Type", "application/json".to_owned())], body: text.into_bytes() }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use gridbid_devkit::http;

    const SOON: Duration = Duration::from_secs(10);

    fn answered(api: &RuntimeApi, timeout: Duration) -> Result<Invocation, NoAnswer> {
        api.send(b"event", timeout);
        api.wait()
    }

    fn post(address: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> http::Response {
        http::call("POST", &format!("http://{address}{PREFIX}{path}"), headers, body).unwrap()
    }

    #[test]
    fn an_event_is_answered_once_and_under_its_id() {
        let api = RuntimeApi::start().unwrap();
        let address = api.address();
        let function = thread::spawn(move || {
            let next = http::call("GET", &format!("http://{address}{PREFIX}invocation/next"), &[], &[]).unwrap();
            let id = next.header("lambda-runtime-aws-request-id").unwrap().to_owned();
            let deadline: u128 = next.header("lambda-runtime-deadline-ms").unwrap().parse().unwrap();
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
            assert!(deadline > now && deadline <= now + SOON.as_millis());
            let statuses = ["invocation/other/response", &format!("invocation/{id}/response")]
                .map(|path| post(&address, path, &[], &next.body).status);
            (statuses, post(&address, &format!("invocation/{id}/response"), &[], b"late").status)
        });
        let invocation = answered(&api, SOON).unwrap();
        assert_eq!(invocation.result, Ok(b"event".to_vec()));
        assert!(api.ready().unwrap() <= invocation.sent && invocation.sent <= invocation.answered);
        assert_eq!(function.join().unwrap(), ([400, 202], 400));
    }

    #[test]
    fn errors_are_told_with_their_type() {
        let api = RuntimeApi::start().unwrap();
        let address = api.address();
        let function = thread::spawn(move || {
            let next = http::call("GET", &format!("http://{address}{PREFIX}invocation/next"), &[], &[]).unwrap();
            let path = format!("invocation/{}/error", next.header("lambda-runtime-aws-request-id").unwrap());
            post(&address, &path, &[("lambda-runtime-function-error-type", "OrderRejected")], b"why");
        });
        assert_eq!(answered(&api, SOON).unwrap().result, Err("OrderRejected: why".to_owned()));
        function.join().unwrap();
    }

    #[test]
    fn a_function_that_cannot_start_says_so() {
        let api = RuntimeApi::start().unwrap();
        assert_eq!(post(&api.address(), "init/error", &[], b"no table").status, 202);
        assert_eq!(answered(&api, SOON), Err(NoAnswer::NotStarted("no table".to_owned())));
        assert_eq!(answered(&api, Duration::ZERO), Err(NoAnswer::NotStarted("no table".to_owned())));
    }

    #[test]
    fn a_function_that_never_asks_is_late() {
        let api = RuntimeApi::start().unwrap();
        assert_eq!(answered(&api, Duration::from_millis(50)), Err(NoAnswer::Late));
    }
}
