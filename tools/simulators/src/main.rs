//! `gridbid-simulators`: the auction platform, Slack's webhook, and an S3 that fails on request, on 127.0.0.1.
//!
//! One process serves one local cloud and is controlled through `/control/…`. It stores nothing except the posts to Slack, in
//! the local cloud's folder, and ends when that folder is removed or belongs to another start.

mod auction;
mod guard;
mod leash;
mod s3;
mod server;
mod slack;

use std::io;
use std::path::PathBuf;

use axum::http::{StatusCode, Uri};
use clap::Parser;

/// Simulates the auction platform, Slack and an S3 with faults
#[derive(Parser)]
#[command(name = "gridbid-simulators")]
struct Settings {
    /// The folder of the local cloud
    #[arg(long)]
    folder: PathBuf,
    /// The content of the file `instance` in that folder for as long as this process may run
    #[arg(long)]
    instance: String,
    /// The port of the auction platform, Slack and the control API
    #[arg(long)]
    port: u16,
    /// The port of the S3 with faults
    #[arg(long)]
    s3_port: u16,
    /// The port of the local cloud
    #[arg(long)]
    cloud_port: u16,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let Settings { folder, instance, port, s3_port, cloud_port } = Settings::parse();
    let faults = s3::Faults::default();
    let simulators = axum::Router::new()
        .merge(auction::routes())
        .merge(slack::routes(&folder))
        .merge(s3::control(&faults))
        .fallback(no_simulator);
    tokio::select! {
        result = server::serve(port, simulators) => result,
        result = server::serve(s3_port, s3::proxy(&faults, cloud_port)) => result,
        () = leash::until_replaced(&folder, &instance) => Ok(()),
    }
}

async fn no_simulator(uri: Uri) -> (StatusCode, String) {
    (StatusCode::NOT_FOUND, format!("there is no simulator at {}\n", uri.path()))
}
