//! `gridbid` releases, deploys, checks and rolls back Gridbid. The library does the work.

use std::process::ExitCode;

fn main() -> ExitCode {
    gridbid_delivery::main()
}
