//! `cargo xtask post FILE`: stores orders as a client does. Called by `main`.

use std::fs;
use std::path::Path;

use super::running;
use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::progress::print;

/// Posts a file as it is and prints the answer's status and body.
///
/// # Errors
/// When the answer is not 2xx, or there is none.
pub fn post(layout: &Layout, file: &Path) -> Result<(), Failure> {
    let body = fs::read(file).on_file("read", file)?;
    let running = running(layout)?;
    let headers = [("content-type", "application/json")];
    let answer = running.cloud.http_api(&running.names.api_id, "POST", "/orders", &headers, &body)?;
    print(&format!("{} {}", answer.status, answer.text().trim_end()));
    if answer.is_success() { Ok(()) } else { Err(Failure::new("the orders were not stored")) }
}
