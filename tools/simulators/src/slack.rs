//! Slack's webhook: it appends every post to a file and responds with the status that was set.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::routing::{get, post};
use axum::{Json, Router};
use gridbid_release_format::Timestamp;
use gridbid_simulator_protocol::{SLACK_FILE, SlackBehaviour, SlackPost};
use serde_json::{Value, json};

/// The webhook at every path below `/slack/`, and its control.
pub(crate) fn routes(folder: &Path) -> Router {
    let slack = Slack { file: folder.join(SLACK_FILE), behaviour: Mutex::new(SlackBehaviour { status: 200 }) };
    Router::new()
        .route("/slack/{*path}", post(receive))
        .route("/control/slack", get(behaviour).put(set_behaviour))
        .with_state(Arc::new(slack))
}

struct Slack {
    file: PathBuf,
    behaviour: Mutex<SlackBehaviour>,
}

impl Slack {
    /// Appends a post to the file and returns the status of the response.
    fn receive(&self, path: &str, body: &[u8]) -> u16 {
        // Locked until the line is written, so that lines stay whole and in order.
        let behaviour = self.behaviour.lock().unwrap_or_else(PoisonError::into_inner);
        let post = SlackPost {
            at: Timestamp::now().to_string(),
            path: path.to_owned(),
            status: behaviour.status,
            message: serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into()),
        };
        let file = OpenOptions::new().create(true).append(true).open(&self.file);
        match file.and_then(|mut file| writeln!(file, "{}", json!(post))) {
            Ok(()) => behaviour.status,
            // A post that was not recorded must not look delivered.
            Err(_) => 500,
        }
    }
}

async fn receive(State(slack): State<Arc<Slack>>, uri: Uri, body: Bytes) -> (StatusCode, &'static str) {
    let status = slack.receive(uri.path(), &body);
    let text = if status == 200 { "ok" } else { "server_error" };
    (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), text)
}

async fn behaviour(State(slack): State<Arc<Slack>>) -> Json<SlackBehaviour> {
    Json(*slack.behaviour.lock().unwrap_or_else(PoisonError::into_inner))
}

async fn set_behaviour(State(slack): State<Arc<Slack>>, Json(behaviour): Json<SlackBehaviour>) -> Json<Value> {
    *slack.behaviour.lock().unwrap_or_else(PoisonError::into_inner) = behaviour;
    Json(json!({}))
}
