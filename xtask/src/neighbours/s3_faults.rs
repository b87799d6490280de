//! S3 on the way to the local cloud: passes every request on, but fails the writes that it was told to.
//!
//! An SDK repeats a failed request by itself. All attempts of one call carry one `amz-sdk-invocation-id`; a fault that is
//! ordered for one call therefore fails all of its attempts, and the function has to give up. Called by `neighbours`.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tiny_http::{Header, Method, Request, Response};

use crate::http;

/// Which writes are to fail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Only paths with this text in them.
    pub puts_containing: String,
    /// So many calls fail, with all their attempts.
    pub calls: usize,
    /// The HTTP status that they fail with.
    pub status: u16,
}

pub(super) struct S3Faults {
    cloud: String,
    ordered: Mutex<Ordered>,
}

#[derive(Default)]
struct Ordered {
    fault: Fault,
    failed_calls: Vec<String>,
}

impl Ordered {
    /// The status to fail with, if this attempt is to fail.
    fn status(&mut self, path: &str, call: &str) -> Option<u16> {
        if !path.contains(&self.fault.puts_containing) {
            return None;
        }
        if !self.failed_calls.iter().any(|failed| failed == call) {
            if self.failed_calls.len() >= self.fault.calls {
                return None;
            }
            self.failed_calls.push(call.to_owned());
        }
        Some(self.fault.status)
    }
}

impl S3Faults {
    pub(super) fn new(cloud_port: u16) -> Self {
        Self { cloud: format!("127.0.0.1:{cloud_port}"), ordered: Mutex::default() }
    }

    pub(super) fn order(&self, body: &[u8]) -> Result<(), serde_json::Error> {
        let fault = serde_json::from_slice(body)?;
        *self.ordered.lock().unwrap_or_else(PoisonError::into_inner) = Ordered { fault, failed_calls: Vec::new() };
        Ok(())
    }

    pub(super) fn pass_on(&self, mut request: Request) {
        let mut body = Vec::new();
        // A body that breaks off is shorter than it says, and S3 refuses it.
        let _ = request.as_reader().read_to_end(&mut body);
        let url = request.url().to_owned();
        if *request.method() == Method::Put {
            let call = header(&request, "amz-sdk-invocation-id").unwrap_or_else(|| url.clone());
            let status = self.ordered.lock().unwrap_or_else(PoisonError::into_inner).status(&url, &call);
            if let Some(status) = status {
                let error = "<Error><Code>ServiceUnavailable</Code><Message>as ordered</Message></Error>";
                let _ = request.respond(Response::from_string(error).with_status_code(status));
                return;
            }
        }
        self.forward(request, &url, &body);
    }

    fn forward(&self, request: Request, url: &str, body: &[u8]) {
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|header| (header.field.as_str().as_str().to_ascii_lowercase(), header.value.as_str().to_owned()))
            .filter(|(name, _)| !belongs_to_one_connection(name) && name != "host")
            .collect();
        let mut all = vec![("host", self.cloud.as_str())];
        all.extend(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let answer = http::call(&request.method().to_string(), &format!("http://{}{url}", self.cloud), &all, body);
        let Ok(answer) = answer else {
            let _ = request.respond(Response::empty(502));
            return;
        };
        let mut response = Response::from_data(answer.body).with_status_code(answer.status);
        for (name, value) in &answer.headers {
            if !belongs_to_one_connection(name)
                && let Ok(header) = Header::from_bytes(name.as_bytes(), value.as_bytes())
            {
                response.add_header(header);
            }
        }
        let _ = request.respond(response);
    }
}

fn header(request: &Request, name: &'static str) -> Option<String> {
    let found = request.headers().iter().find(|header| header.field.equiv(name));
    found.map(|header| header.value.as_str().to_owned())
}

fn belongs_to_one_connection(name: &str) -> bool {
    ["connection", "keep-alive", "transfer-encoding", "content-length", "expect", "upgrade", "date", "server"]
        .contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_attempts_of_as_many_calls_fail_as_were_ordered() {
        let fault = Fault { puts_containing: "/0001-".to_owned(), calls: 2, status: 503 };
        let mut ordered = Ordered { fault, failed_calls: Vec::new() };
        let path = "/order-results/results/x/0001-ab.json";
        assert_eq!(ordered.status("/order-results/results/x/0000-ab.json", "a"), None);
        let statuses: Vec<_> = ["a", "a", "b", "c", "a"].iter().map(|call| ordered.status(path, call)).collect();
        assert_eq!(statuses, [Some(503), Some(503), Some(503), None, Some(503)]);
    }

    #[test]
    fn without_an_order_nothing_fails() {
        assert_eq!(Ordered::default().status("/any", "a"), None);
    }
}
