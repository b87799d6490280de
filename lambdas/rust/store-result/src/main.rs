//! The Lambda function store-result.

use std::process::ExitCode;

use gridbid_adapters::s3::S3Archive;
use gridbid_store_result::StoreResult;

fn main() -> ExitCode {
    gridbid_adapters::serve::<StoreResult<S3Archive>>()
}
