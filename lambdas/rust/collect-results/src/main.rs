//! The Lambda function collect-results.

use std::process::ExitCode;

use gridbid_adapters::s3::S3Archive;
use gridbid_collect_results::{CollectResults, ConfiguredPlatform};

fn main() -> ExitCode {
    gridbid_adapters::serve::<CollectResults<ConfiguredPlatform, S3Archive>>()
}
