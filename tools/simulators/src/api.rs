//! The HTTP API of the local cloud at `/api`, on the console's origin.
//!
//! Only the headers that the API reads are forwarded, so that cookies of other local servers and `Origin`, which the local
//! cloud refuses for another port, stay here.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use gridbid_simulator_protocol::NAMES_FILE;
use serde::Deserialize;
use serde_json::json;
use tokio::time;

use crate::forward::Cloud;

/// The path of the API on the console's origin.
const PATH: &str = "/api";
/// Longer than API Gateway waits for a function (30 s).
const LIMIT: Duration = Duration::from_secs(35);
const REQUEST_HEADERS: [HeaderName; 4] =
    [header::ACCEPT, header::AUTHORIZATION, header::CONTENT_TYPE, header::USER_AGENT];

/// The proxy to the HTTP API that was deployed last: its id is in a file of the local cloud's folder.
pub(crate) fn routes(folder: &Path, cloud_port: u16) -> Router {
    let api = Api { names: folder.join(NAMES_FILE), cloud: Cloud::new(cloud_port) };
    Router::new().route("/api/{*path}", any(forward)).with_state(Arc::new(api))
}

struct Api {
    names: PathBuf,
    cloud: Cloud,
}

#[derive(Deserialize)]
struct Names {
    api_id: String,
}

impl Api {
    /// The id of the API; none before the first deployment.
    fn id(&self) -> Option<String> {
        let names: Names = serde_json::from_slice(&fs::read(&self.names).ok()?).ok()?;
        let is_id = !names.api_id.is_empty() && names.api_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_id.then_some(names.api_id)
    }
}

async fn forward(State(api): State<Arc<Api>>, mut request: Request) -> Response {
    let Some(id) = api.id() else {
        let detail = "nothing is deployed to the local cloud yet: `cargo xtask up` deploys it";
        return problem(StatusCode::SERVICE_UNAVAILABLE, detail);
    };
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    let path = path.strip_prefix(PATH).unwrap_or(path).to_owned();
    let headers = request.headers();
    let forwarded: HeaderMap =
        REQUEST_HEADERS.iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect();
    *request.headers_mut() = forwarded;
    match time::timeout(LIMIT, api.cloud.forward(request, &path, &api.cloud.api_host(&id))).await {
        Ok(Ok(mut response)) => {
            response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            response
        }
        Ok(Err(error)) => problem(StatusCode::BAD_GATEWAY, &format!("the local cloud does not respond: {error}")),
        Err(_) => {
            let detail = format!("the local cloud did not respond within {} s", LIMIT.as_secs());
            problem(StatusCode::GATEWAY_TIMEOUT, &detail)
        }
    }
}

fn problem(status: StatusCode, detail: &str) -> Response {
    let body = json!({"title": "The API cannot be reached", "status": status.as_u16(), "detail": detail});
    (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
}
