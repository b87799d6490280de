//! The running local cloud, which most commands need.

use gridbid_devkit::failure::Failure;
use gridbid_devkit::layout::Layout;
use gridbid_local_cloud::client::Cloud;
use gridbid_local_cloud::names::Names;
use gridbid_local_cloud::record::Record;

/// The running local cloud, and the names of its resources.
pub(super) struct Running {
    pub(super) record: Record,
    pub(super) names: Names,
    pub(super) cloud: Cloud,
}

/// Finds the running local cloud.
pub(super) fn running(layout: &Layout) -> Result<Running, Failure> {
    let not_running = || Failure::new("the local cloud is not running").with_hint("start it with `cargo xtask up`");
    let record = Record::read(&layout.cloud())?.filter(Record::is_running).ok_or_else(not_running)?;
    let cloud = Cloud::new(&record.ports);
    Ok(Running { names: Names::read(&layout.cloud())?, cloud, record })
}
