//! A proxy to the local cloud's S3 that fails writes on request.
//!
//! The AWS SDKs retry failed requests. All attempts of one call have the same `amz-sdk-invocation-id`, so that a fault fails
//! every attempt of a call.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::put;
use axum::{Json, Router};
use gridbid_simulator_protocol::S3Fault;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::forward::Cloud;

/// The current fault, shared by the proxy and its control.
#[derive(Clone, Default)]
pub(crate) struct Faults(Arc<Mutex<Fault>>);

#[derive(Default)]
struct Fault {
    fault: S3Fault,
    failed_calls: Vec<String>,
}

impl Fault {
    /// The status of the response when this attempt fails.
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

/// The control of the faults.
pub(crate) fn control(faults: &Faults) -> Router {
    Router::new().route("/control/s3", put(set_fault)).with_state(faults.clone())
}

async fn set_fault(State(faults): State<Faults>, Json(fault): Json<S3Fault>) -> Json<Value> {
    *faults.0.lock().unwrap_or_else(PoisonError::into_inner) = Fault { fault, failed_calls: Vec::new() };
    Json(json!({}))
}

#[derive(Clone)]
struct Proxy {
    faults: Faults,
    cloud: Cloud,
}

/// The proxy to the local cloud at this port.
pub(crate) fn proxy(faults: &Faults, cloud_port: u16) -> Router {
    let proxy = Proxy { faults: faults.clone(), cloud: Cloud::new(cloud_port) };
    Router::new().fallback(forward_or_fail).with_state(proxy)
}

async fn forward_or_fail(State(proxy): State<Proxy>, request: Request) -> Response {
    if request.method() == Method::PUT {
        let uri = request.uri().to_string();
        let call = request.headers().get("amz-sdk-invocation-id").and_then(|id| id.to_str().ok()).unwrap_or(&uri);
        let status = proxy.faults.0.lock().unwrap_or_else(PoisonError::into_inner).status(&uri, call);
        if let Some(status) = status.and_then(|status| StatusCode::from_u16(status).ok()) {
            let error = "<Error><Code>ServiceUnavailable</Code><Message>as requested</Message></Error>";
            // The whole body is read first: a response before its end would break the connection.
            let _ = request.into_body().collect().await;
            return (status, [(header::CONTENT_TYPE, "application/xml")], error).into_response();
        }
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let response = proxy.cloud.forward(request, &path, &proxy.cloud.host()).await;
    response.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, error).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requested_number_of_calls_fails_with_all_attempts() {
        let fault = S3Fault { puts_containing: "/0001-".to_owned(), calls: 2, status: 503 };
        let mut fault = Fault { fault, failed_calls: Vec::new() };
        let path = "/order-results/results/x/0001-ab.json";
        assert_eq!(fault.status("/order-results/results/x/0000-ab.json", "a"), None);
        let statuses: Vec<_> = ["a", "a", "b", "c", "a"].iter().map(|call| fault.status(path, call)).collect();
        assert_eq!(statuses, [Some(503), Some(503), Some(503), None, Some(503)]);
    }

    #[test]
    fn nothing_fails_by_default() {
        assert_eq!(Fault::default().status("/any", "a"), None);
    }
}
