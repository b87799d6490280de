//! `cargo xtask bench`: builds and runs the benchmarks, a program that otherwise only its tests and the documentation need.

use std::ffi::OsString;
use std::process::Command;

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::requirements::CARGO;
use gridbid_devkit::subprocess::remove_cargo_variables;

/// Runs the benchmarks with these arguments.
///
/// # Errors
/// When they cannot be built, or fail.
pub fn bench(context: &Context, arguments: &[OsString]) -> Result<(), Failure> {
    let mut command = Command::new(CARGO.find()?.path);
    remove_cargo_variables(&mut command);
    // Optimized: measured times include those of the runtime API and the TLS handshakes of the fake AWS.
    command
        .args(["run", "--quiet", "--locked", "--release", "--package", "gridbid-bench", "--"])
        .args(arguments)
        .envs(context.layout.target_folder().map(|folder| ("CARGO_TARGET_DIR", folder)))
        .current_dir(context.layout.root());
    let status = command.status().map_err(|error| Failure::new(format!("cannot start cargo: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("the benchmarks failed ({status})"))) }
}
