//! `cargo xtask simulate`: runs seeded schedules of faults against the functions and the state machine, in memory.

use std::process::Command;

use gridbid_devkit::cargo::{PROFILE, WORKSPACE};
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::requirements::CARGO;
use gridbid_devkit::subprocess::remove_cargo_variables;

/// Seeds of a run that names none.
const SEEDS: u64 = 2_000;

/// Runs this many seeds from the first one on, or a single one; with a mutation, without the protection of this name.
///
/// # Errors
/// When a seed violates an invariant; it is printed in words, without the events that it does not take.
pub fn simulate(
    context: &Context,
    first: Option<u64>,
    count: Option<u64>,
    mutation: Option<String>,
) -> Result<(), Failure> {
    let count = count.unwrap_or(if first.is_some() { 1 } else { SEEDS });
    let first = first.unwrap_or(0);
    let mut command = Command::new(CARGO.find()?.path);
    remove_cargo_variables(&mut command);
    command
        .args(["test", "--quiet", "--locked", "--profile", PROFILE])
        .args(WORKSPACE)
        .args(["--test", "simulation", "--", "--exact", "--nocapture", "seeds::every_seed_keeps_the_invariants"])
        .envs([("GRIDBID_SIMULATION_SEED", first.to_string()), ("GRIDBID_SIMULATION_SEEDS", count.to_string())])
        .envs(mutation.map(|name| ("GRIDBID_SIMULATION_MUTATION", name)))
        .env("RUST_BACKTRACE", "0")
        .envs(context.layout.target_folder().map(|folder| ("CARGO_TARGET_DIR", folder)))
        .current_dir(context.layout.root());
    let status = command.status().map_err(|error| Failure::new(format!("cannot start cargo: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("the simulation failed ({status})"))) }
}
