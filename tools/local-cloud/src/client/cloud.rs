//! The local cloud at one port, and calls of any service.

use gridbid_devkit::http::{self, Response};
use gridbid_devkit::terraform::REGION;
use serde_json::Value;

use super::error::CallError;
use crate::record::Ports;

/// The local cloud at one port.
#[derive(Clone, Copy, Debug)]
pub struct Cloud {
    port: u16,
}

impl Cloud {
    /// The local cloud at these ports.
    #[must_use]
    pub fn new(ports: &Ports) -> Self {
        Self { port: ports.cloud }
    }

    /// The address of every service.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Calls the HTTP API as an external client does.
    ///
    /// # Errors
    /// When there is no response; a response of any status is a success.
    pub fn http_api(
        &self,
        api_id: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response, CallError> {
        let host = format!("{api_id}.execute-api.localhost:{}", self.port);
        let mut all = vec![("host", host.as_str())];
        all.extend(headers);
        Ok(http::call(method, &format!("{}{path}", self.endpoint()), &all, body)?)
    }

    /// Posts orders to the HTTP API.
    ///
    /// # Errors
    /// As [`Cloud::http_api`].
    pub fn post_orders(&self, api_id: &str, path: &str, body: &[u8]) -> Result<Response, CallError> {
        self.http_api(api_id, "POST", path, &[("content-type", "application/json")], body)
    }

    /// Calls a JSON service, whose operation is in a header.
    pub(super) fn json(&self, service: &str, target: &str, version: &str, body: &Value) -> Result<Value, CallError> {
        let content_type = format!("application/x-amz-json-{version}");
        let headers = [("x-amz-target", target), ("content-type", content_type.as_str())];
        parse(target, &self.call(service, "POST", "/", &headers, body.to_string().as_bytes())?)
    }

    /// Calls a service by method and path; any status except 2xx is an error.
    pub(super) fn call(
        &self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response, CallError> {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let mut all = vec![("authorization", scope.as_str())];
        all.extend(headers);
        let response = http::call(method, &format!("{}{path}", self.endpoint()), &all, body)?;
        if response.is_success() {
            return Ok(response);
        }
        let call = format!("{service} {method} {path}");
        Err(CallError::Refused { call, status: response.status, text: response.text() })
    }
}

/// Parses the body of a response; an empty one is null.
pub(super) fn parse(call: &str, response: &Response) -> Result<Value, CallError> {
    if response.body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&response.body).map_err(|_| CallError::unexpected(call, response.text()))
}
