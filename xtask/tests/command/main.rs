//! `cargo xtask` on machines that lack something: one clear message, exit code 1, nothing left running.
//!
//! Each test runs the real command in a temporary folder, with a PATH that has only the test's tools. Small shell scripts are
//! fakes of tools that would take minutes or need a network.

#[cfg(test)]
mod checkouts;
#[cfg(test)]
mod failing_step;
#[cfg(test)]
mod machine;
#[cfg(test)]
mod missing_tool;
#[cfg(test)]
mod packages;
