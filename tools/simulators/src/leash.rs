//! Ends the process when its local cloud is removed or started again.

use std::fs;
use std::path::Path;
use std::time::Duration;

use gridbid_simulator_protocol::INSTANCE_FILE;
use tokio::time;

/// Interval between two reads of the instance file.
const INTERVAL: Duration = Duration::from_millis(500);

/// Returns when the instance file in the folder is gone or has another content.
pub(crate) async fn until_replaced(folder: &Path, instance: &str) {
    let file = folder.join(INSTANCE_FILE);
    while fs::read_to_string(&file).is_ok_and(|content| content == instance) {
        time::sleep(INTERVAL).await;
    }
}
