//! The Lambda function close-run.

use std::process::ExitCode;

use gridbid_adapters::{s3::S3Archive, sns::SnsNotifier};
use gridbid_close_run::CloseRun;

fn main() -> ExitCode {
    gridbid_adapters::serve::<CloseRun<S3Archive, SnsNotifier>>()
}
