//! The local cloud: MiniStack and the simulators of everything around Gridbid, as background processes on 127.0.0.1.
//!
//! [`lifecycle`] starts and stops it, [`delivery`] deploys to it, [`client`] calls its AWS APIs, [`simulators`] controls the
//! simulators. Data that the cloud has acknowledged survives a kill of any of its processes; running executions and the log
//! lines since the start do not. See the Python package `gridbid_cloud` in this folder.

pub mod behaviour;
pub mod client;
pub mod delivery;
pub mod deployer;
pub mod lifecycle;
pub mod names;
pub mod record;
pub mod recovery;
pub mod results_run;
pub mod scenario;
pub mod simulators;
pub mod slot;
pub mod submission;
