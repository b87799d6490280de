//! Calls of AWS services that speak the JSON protocol, without an SDK.
//!
//! A call is one request, signed by AWS's own crate and retried on outages and throttles within a deadline. This saves a
//! function the SDK of a service of which it needs one or two actions.

use std::{fmt, time::Duration};

use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_runtime_api::client::identity::Identity;
use hyper::{
    Method,
    body::Bytes,
    header::{HeaderName, HeaderValue},
};

use crate::{
    account::Account,
    deadline::{Backoff, Deadline},
    error::AdapterError,
    http::{HttpClient, HttpRequest},
};

const ATTEMPTS: u32 = 3;
const ATTEMPT: Duration = Duration::from_secs(3);
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));

/// A service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonService {
    /// The name in error messages.
    pub(crate) title: &'static str,
    /// The name in host names and signatures.
    pub(crate) name: &'static str,
    /// The prefix of `X-Amz-Target`.
    pub(crate) target: &'static str,
    /// The version of the protocol, as a media type.
    pub(crate) content_type: &'static str,
}

impl JsonService {
    /// Calls an action and returns the response's body, of which at most `max_bytes` are read.
    ///
    /// # Errors
    /// `Unavailable` when the service throttles, is unreachable or does not respond in time; `Broken` when it refuses.
    pub(crate) async fn call(
        self,
        account: &Account,
        action: &str,
        body: String,
        max_bytes: usize,
        deadline: &Deadline,
    ) -> Result<Vec<u8>, AdapterError> {
        let url = match &account.endpoint {
            Some(endpoint) => format!("{}/", endpoint.trim_end_matches('/')),
            None => format!("https://{}.{}.amazonaws.com/", self.name, account.region),
        };
        let client = HttpClient::new();
        let mut attempt = 1;
        loop {
            // Signed for each attempt: a signature contains the time.
            let headers = self.sign(account, &url, action, &body).map_err(|error| self.signing_error(error))?;
            let request = HttpRequest { method: Method::POST, url: &url, headers, body: Bytes::from(body.clone()) };
            let reason = match client.send(request, max_bytes, ATTEMPT.min(deadline.remaining())).await {
                Ok(response) if response.status == 200 => return Ok(response.body),
                Ok(response) => {
                    let code = error_code(&response.body);
                    let reason = format!("{}: {code} ({})", self.title, response.status);
                    let is_transient = response.status >= 500 || response.status == 429 || code.contains("Throttl");
                    if !is_transient {
                        return Err(AdapterError::Broken(reason));
                    }
                    reason
                }
                Err(error) => format!("{}: {error}", self.title),
            };
            if attempt == ATTEMPTS || !deadline.try_sleep(BACKOFF.delay(attempt)).await {
                return Err(AdapterError::Unavailable(reason));
            }
            attempt += 1;
        }
    }

    fn sign(
        self,
        account: &Account,
        url: &str,
        action: &str,
        body: &str,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, SigningError> {
        let target = format!("{}.{action}", self.target);
        let unsigned = [("content-type", self.content_type), ("x-amz-target", target.as_str())];
        let identity = Identity::from(account.credentials());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&account.region)
            .name(self.name)
            .time(std::time::SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let request = SignableRequest::new("POST", url, unsigned.into_iter(), SignableBody::Bytes(body.as_bytes()))?;
        let (instructions, _signature) = sign(request, &parameters)?.into_parts();
        let (signed, _query) = instructions.into_parts();
        let mut headers = Vec::new();
        for (name, value) in unsigned {
            headers.push((HeaderName::from_static(name), HeaderValue::from_str(value)?));
        }
        for header in signed {
            let mut value = HeaderValue::from_str(header.value())?;
            value.set_sensitive(header.sensitive());
            headers.push((HeaderName::from_static(header.name()), value));
        }
        Ok(headers)
    }

    fn signing_error(self, error: impl fmt::Display) -> AdapterError {
        AdapterError::Broken(format!("{}: cannot sign the request: {error}", self.title))
    }
}

type SigningError = Box<dyn std::error::Error>;

/// The code of an error, `__type`, without its optional namespace.
fn error_code(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Error {
        __type: String,
    }
    match serde_json::from_slice(body) {
        Ok(Error { __type }) => __type.rsplit_once('#').map_or(__type.as_str(), |(_, code)| code).to_owned(),
        // Another format, such as a proxy's error page: the status decides.
        Err(_) => "no code".to_owned(),
    }
}
