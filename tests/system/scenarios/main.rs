//! Scenarios on a running local cloud: real zips, real Terraform, the real state machine.
//!
//! `cargo xtask test` starts the cloud and runs them one after the other; `cargo xtask test system NAME` runs only those
//! with that name. Each scenario leaves a slot or ids of its own behind and checks objects, messages and the run's end
//! exactly. What a single function answers to a throttle or a lost answer is tested beside the function.

#[cfg(test)]
mod delivery;
#[cfg(test)]
mod expiry;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod notifications;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod paths;
#[cfg(test)]
mod results;
