//! `gridbid`: releases, deploys, checks and rolls back Gridbid. All of it is the library's.

use std::process::ExitCode;

fn main() -> ExitCode {
    gridbid_delivery::main()
}
