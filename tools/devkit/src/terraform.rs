//! Terraform: its environment, its initialisation, and its provider as a process that stays.
//!
//! The user's AWS profiles and Terraform variables do not reach it. Planning and applying are `gridbid`'s work.

mod environment;
mod initialise;
mod installation;
mod root;
mod warm_provider;

pub use environment::{REGION, offline, on_local_cloud};
pub use initialise::initialise;
pub use root::Root;
pub use warm_provider::WarmProvider;
