//! The life of orders and results runs under seeded schedules of faults, in memory and in virtual time.
//!
//! The handlers are the functions' own, over their adapters in memory; the state machine is run as `run.asl.json` says. A
//! seed draws requests, circumstances and faults; the invariants are checked at every change and at the end. A failing
//! schedule is shrunk and printed in words.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod auction;
mod clients;
mod coverage;
mod dice;
mod end;
mod functions;
mod jsonata;
mod machine;
mod mutation;
mod observations;
mod ports;
mod queue;
mod run;
mod runs_table;
mod schedule;
mod seeds;
mod simulation;
mod terraform;
mod watch;
mod world;
