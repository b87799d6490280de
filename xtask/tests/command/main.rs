//! `cargo xtask` on machines that lack something: one clear sentence, exit code 1, nothing left running.
//!
//! Each test runs the real command in a folder of its own, with a PATH that holds only what the test put there. Tools are
//! played by small shell scripts where the real one would take minutes or need a network.

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
#[cfg(test)]
mod simulators;
