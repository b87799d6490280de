//! The commands of `cargo xtask`, one file each. Called by `main`.

pub mod down;
pub mod logs;
pub mod post;
pub mod run;
pub mod status;
pub mod test;
pub mod up;
pub mod watch;

use crate::cloud::client::Cloud;
use crate::cloud::names::Names;
use crate::cloud::record::Record;
use crate::failure::Failure;
use crate::layout::Layout;

/// The local cloud that runs, and what its resources are called.
struct Running {
    record: Record,
    names: Names,
    cloud: Cloud,
}

/// Finds the local cloud that runs.
fn running(layout: &Layout) -> Result<Running, Failure> {
    let not_running = || Failure::new("the local cloud does not run").with_todo("start it with `cargo xtask up`");
    let record = Record::read(&layout.cloud())?.filter(Record::is_running).ok_or_else(not_running)?;
    let cloud = Cloud::new(&record.ports);
    Ok(Running { names: Names::read(&layout.cloud())?, cloud, record })
}
