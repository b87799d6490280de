//! Scenarios on a running local cloud: real zips, real Terraform, the real state machine.
//!
//! `cargo xtask test` starts the cloud and runs them one after the other; `cargo xtask test system NAME` runs those whose names
//! contain NAME. Each scenario uses unused slots and ids, and checks objects, messages and the output of runs exactly. The
//! functions' tests cover throttling and lost responses.

#[cfg(test)]
mod delivery;
#[cfg(test)]
mod expiry;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod many_slots;
#[cfg(test)]
mod notifications;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod paths;
#[cfg(test)]
mod permissions;
#[cfg(test)]
mod results;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod submission;
