//! `cargo xtask post FILE`: stores orders as a client does, and follows them to the auction platform.

use std::fs;
use std::path::Path;
use std::time::Duration;

use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::print;
use gridbid_local_cloud::submission;
use serde_json::Value;

use super::running::running;

/// Time limit of the submission.
const LIMIT: Duration = Duration::from_secs(60);

/// Posts a file unchanged, and prints the response and the submission of each order.
///
/// # Errors
/// When there is no response, its status is not 2xx, or an order is not submitted in time.
pub fn post(layout: &Layout, file: &Path) -> Result<(), Failure> {
    let body = fs::read(file).on_file("read", file)?;
    let running = running(layout)?;
    let response = running.cloud.post_orders(&running.names.api_id, "/orders", &body)?;
    print(&format!("{} {}", response.status, response.text().trim_end()));
    if !response.is_success() {
        return Err(Failure::new("the orders were not stored"));
    }
    let orders: Vec<Value> = serde_json::from_slice(&body).on_file("parse", file)?;
    let ids: Vec<&str> = orders.iter().filter_map(|order| order.get("record_id")?.as_str()).collect();
    submission::follow(&running.cloud, &running.names.api_id, &ids, LIMIT, print).map(drop)
}
