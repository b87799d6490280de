//! `gridbid-simulators`: the auction platform, Slack's webhook, an S3 that fails on request, and the console, on 127.0.0.1.
//!
//! One process serves one local cloud and is controlled through `/control/…`. It stores the auction's orders and the posts to
//! Slack in the local cloud's folder, and ends when that folder is removed or belongs to another start.

mod api;
mod auction;
mod console;
mod forward;
mod guard;
mod leash;
mod s3;
mod server;
mod slack;

use std::io;
use std::path::PathBuf;

use clap::Parser;

use auction::Odds;

/// Simulates the auction platform, Slack and an S3 with faults, and serves the console
#[derive(Parser)]
#[command(name = "gridbid-simulators")]
struct Settings {
    /// The folder of the local cloud
    #[arg(long)]
    folder: PathBuf,
    /// The content of the file `instance` in that folder for as long as this process may run
    #[arg(long)]
    instance: String,
    /// The port of the console, the auction platform, Slack and the control API
    #[arg(long)]
    port: u16,
    /// The port of the S3 with faults
    #[arg(long)]
    s3_port: u16,
    /// The port of the local cloud
    #[arg(long)]
    cloud_port: u16,
    /// The folder of the built console
    #[arg(long)]
    console: Option<PathBuf>,
    /// The bearer token that the auction platform requires
    #[arg(long)]
    token: Option<String>,
    /// The seed of the auction's random draws
    #[arg(long, default_value_t = auction::SEED)]
    seed: u64,
    /// The probability that a slot's results are ready at a poll, in percent
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=100))]
    ready_percent: u8,
    /// The probability that the auction accepts an order, in percent
    #[arg(long, default_value_t = 70, value_parser = clap::value_parser!(u8).range(0..=100))]
    accepted_percent: u8,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let settings = Settings::parse();
    let Settings { folder, instance, port, s3_port, cloud_port, console, token, .. } = settings;
    let odds = Odds {
        seed: settings.seed,
        ready_percent: settings.ready_percent,
        accepted_percent: settings.accepted_percent,
    };
    let faults = s3::Faults::default();
    let simulators = axum::Router::new()
        .merge(auction::routes(&folder, odds, token)?)
        .merge(slack::routes(&folder))
        .merge(s3::control(&faults))
        .merge(api::routes(&folder, cloud_port))
        .merge(console::routes(console));
    tokio::select! {
        result = server::serve(port, simulators) => result,
        result = server::serve(s3_port, s3::proxy(&faults, cloud_port)) => result,
        () = leash::until_replaced(&folder, &instance) => Ok(()),
    }
}
