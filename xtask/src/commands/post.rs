//! `cargo xtask post FILE`: stores orders as a client does.

use std::fs;
use std::path::Path;

use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::print;

use super::running::running;

/// Posts a file unchanged, and prints the status and the body of the response.
///
/// # Errors
/// When there is no response, or its status is not 2xx.
pub fn post(layout: &Layout, file: &Path) -> Result<(), Failure> {
    let body = fs::read(file).on_file("read", file)?;
    let running = running(layout)?;
    let response = running.cloud.post_orders(&running.names.api_id, "/orders", &body)?;
    print(&format!("{} {}", response.status, response.text().trim_end()));
    if response.is_success() { Ok(()) } else { Err(Failure::new("the orders were not stored")) }
}
