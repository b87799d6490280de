//! The faults of the platform's HTTP server, and the requests that it has seen.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use gridbid_simulator_protocol::{AuctionFault, FaultKind, SeenRequest};
use http_body_util::BodyExt as _;
use http_body_util::channel::Channel;
use tokio::time;

use super::refusal;

/// Maximum number of requests that are remembered.
const REMEMBERED: usize = 500;

/// The faults that are left, and the last requests with the texts that faults are matched with.
#[derive(Debug, Default)]
pub(super) struct Faults {
    faults: Vec<AuctionFault>,
    requests: VecDeque<(SeenRequest, String)>,
}

impl Faults {
    pub(super) fn set(&mut self, faults: Vec<AuctionFault>) {
        self.faults = faults;
    }

    /// Takes the fault of a request, if any.
    pub(super) fn take(&mut self, text: &str) -> Option<FaultKind> {
        let is_meant = |fault: &&mut AuctionFault| fault.requests > 0 && text.contains(&fault.containing);
        let fault = self.faults.iter_mut().find(is_meant)?;
        fault.requests -= 1;
        Some(fault.kind.clone())
    }

    pub(super) fn record(&mut self, request: SeenRequest, text: &str) {
        if self.requests.len() == REMEMBERED {
            self.requests.pop_front();
        }
        self.requests.push_back((request, text.to_owned()));
    }

    /// The remembered requests that contain a text, oldest first.
    pub(super) fn requests(&self, containing: &str) -> Vec<SeenRequest> {
        let requests = self.requests.iter().filter(|(_, text)| text.contains(containing));
        requests.map(|(request, _)| request.clone()).collect()
    }
}

/// Processes a request with its fault; returns the response and its status, none for a connection that is closed.
pub(super) async fn apply(fault: Option<FaultKind>, process: impl FnOnce() -> Response) -> (Response, Option<u16>) {
    let response = match fault {
        None => process(),
        Some(FaultKind::Status { status, retry_after }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let retry_after = retry_after.map(|seconds| [(header::RETRY_AFTER, seconds.to_string())]);
            (retry_after, refusal(status, "as requested")).into_response()
        }
        Some(FaultKind::Close) => return (closed(), None),
        Some(FaultKind::LoseResponse) => {
            drop(process());
            return (closed(), None);
        }
        Some(FaultKind::Delay(millis)) => {
            let response = process();
            time::sleep(Duration::from_millis(millis)).await;
            response
        }
        Some(FaultKind::Drip(millis)) => drip(process(), Duration::from_millis(millis)).await,
    };
    let status = response.status().as_u16();
    (response, Some(status))
}

/// A response whose connection is closed before its first byte: the server writes nothing of a response whose body fails at
/// once.
fn closed() -> Response {
    let (sender, body) = Channel::<Bytes, io::Error>::new(1);
    sender.abort(io::Error::other("closed as requested"));
    Response::new(Body::new(body))
}

async fn drip(response: Response, interval: Duration) -> Response {
    let (parts, body) = response.into_parts();
    // The simulator's own bodies do not fail.
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    tokio::spawn(async move {
        for index in 0..bytes.len() {
            time::sleep(interval).await;
            if sender.send_data(bytes.slice(index..=index)).await.is_err() {
                return;
            }
        }
    });
    let mut response = Response::from_parts(parts, Body::new(body));
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response
}
