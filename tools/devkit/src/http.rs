//! HTTP calls to 127.0.0.1, with a time limit and without a proxy.
//!
//! There is no TLS, no redirect and no retry: every server runs on this machine.

use std::sync::OnceLock;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Request;

/// Time limit of a call: longer than the slowest function may take (30 s).
const LIMIT: Duration = Duration::from_secs(40);

/// A response of any status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers, with lower-case names.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl Response {
    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(there, _)| there == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A call without a response.
#[derive(Debug, thiserror::Error)]
#[error("{method} {url} was not answered: {cause}")]
pub struct NoResponse {
    method: String,
    url: String,
    cause: String,
}

/// Sends a request and returns its response, whatever the status.
///
/// # Errors
/// When there is no response within the time limit.
pub fn call(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Response, NoResponse> {
    let no_response = |cause: String| NoResponse { method: method.to_owned(), url: url.to_owned(), cause };
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body).map_err(|error| no_response(error.to_string()))?;
    let mut response = agent().run(request).map_err(|error| no_response(error.to_string()))?;
    let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let status = response.status().as_u16();
    let read = response.body_mut().with_config().limit(256 * 1024 * 1024).read_to_vec();
    Ok(Response { status, headers, body: read.map_err(|error| no_response(error.to_string()))? })
}

/// Whether the response to a GET has a status of 2xx.
#[must_use]
pub fn responds(url: &str) -> bool {
    call("GET", url, &[], &[]).is_ok_and(|response| response.is_success())
}

fn agent() -> &'static Agent {
    static AGENT: OnceLock<Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .max_idle_connections(0)
            .timeout_global(Some(LIMIT));
        config.build().into()
    })
}
