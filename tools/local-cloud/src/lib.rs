//! The local cloud: MiniStack and the simulators of everything around Gridbid, as background processes on 127.0.0.1.
//!
//! [`lifecycle`] starts and stops it, [`delivery`] deploys to it, [`client`] calls its AWS APIs, [`simulators`] controls the
//! simulators. Whatever the cloud has acknowledged survives a kill of any of its processes: see the Python package
//! `gridbid_cloud` in this folder.

pub mod behaviour;
pub mod client;
pub mod delivery;
pub mod lifecycle;
pub mod names;
pub mod record;
pub mod recovery;
pub mod results_run;
pub mod scenario;
pub mod simulators;
