//! The Lambda function close-run.

use std::process::ExitCode;

use gridbid_adapters::{archive::S3Archive, notices::SnsNotices};
use gridbid_close_run::CloseRun;

fn main() -> ExitCode {
    gridbid_adapters::serve::<CloseRun<S3Archive, SnsNotices>>()
}
