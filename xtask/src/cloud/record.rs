//! What is remembered about a local cloud between two commands: its ports, its processes and how it was started.
//!
//! Ports stay the same for as long as the cloud's data lives, since queue addresses and the webhook's secret name them.
//! Written by `cloud`, read by every command and by the system tests.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::process::Process;
use crate::failure::{Failure, OnFile};

/// A local cloud's ports and processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The ports on 127.0.0.1.
    pub ports: Ports,
    /// MiniStack, when it was started.
    pub cloud: Option<Process>,
    /// Slack's webhook and the others, when they were started.
    pub neighbours: Option<Process>,
    /// Stands for all that the processes were started with: when it changes, they are started again.
    pub started_with: String,
}

/// The ports of one local cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    /// All of AWS.
    pub cloud: u16,
    /// Slack's webhook, the auction platform, and their controls.
    pub neighbours: u16,
    /// S3 with faults to order.
    pub s3: u16,
}

impl Ports {
    /// Three ports that are free now.
    ///
    /// They are taken from below the range that operating systems give to outgoing connections (from 32768 on): one
    /// of those could sit on a port while the cloud is down.
    ///
    /// # Errors
    /// When there are none.
    pub fn free() -> Result<Self, Failure> {
        let (first, count) = (20_000, 12_000);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let start = now.subsec_micros() ^ std::process::id();
        let mut free = (0..count)
            .filter_map(|step| u16::try_from(first + (start.wrapping_add(step)) % count).ok())
            .filter(|port| listen(*port).is_ok());
        let mut port = || free.next().ok_or_else(|| Failure::new("found no free port from 20000 to 31999"));
        Ok(Self { cloud: port()?, neighbours: port()?, s3: port()? })
    }

    /// The first of the ports that another program listens on.
    #[must_use]
    pub fn taken(&self) -> Option<u16> {
        [self.cloud, self.neighbours, self.s3].into_iter().find(|port| listen(*port).is_err())
    }
}

fn listen(port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind(("127.0.0.1", port)).map_err(|error| Failure::new(format!("cannot listen on {port}: {error}")))
}

impl Record {
    /// Whether both processes run.
    #[must_use]
    pub fn is_running(&self) -> bool {
        [&self.cloud, &self.neighbours].into_iter().all(|process| process.as_ref().is_some_and(Process::is_running))
    }

    /// Whether any of the processes runs.
    #[must_use]
    pub fn is_partly_running(&self) -> bool {
        [&self.cloud, &self.neighbours].into_iter().flatten().any(Process::is_running)
    }

    /// Reads a cloud's record; none when it was never started.
    ///
    /// # Errors
    /// When the file is there and cannot be understood.
    pub fn read(cloud_folder: &Path) -> Result<Option<Self>, Failure> {
        let file = file(cloud_folder);
        let Ok(text) = fs::read_to_string(&file) else { return Ok(None) };
        let record = serde_json::from_str(&text)
            .on_file("understand", &file)
            .map_err(|failure| failure.with_todo("begin again with `cargo xtask down --wipe`"))?;
        Ok(Some(record))
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn write(&self, cloud_folder: &Path) -> Result<(), Failure> {
        fs::create_dir_all(cloud_folder).on_file("make", cloud_folder)?;
        let file = file(cloud_folder);
        let draft = file.with_extension("draft");
        let text = serde_json::to_string_pretty(self).on_file("write", &file)?;
        fs::write(&draft, text + "\n").on_file("write", &draft)?;
        fs::rename(&draft, &file).on_file("write", &file)
    }
}

fn file(cloud_folder: &Path) -> PathBuf {
    cloud_folder.join("state.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_listened_on_is_told() {
        let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = other.local_addr().unwrap().port();
        let ports = Ports { cloud: 0, neighbours: port, s3: 0 };
        assert_eq!(ports.taken(), Some(port));
        drop(other);
        assert_eq!(Ports { cloud: 0, neighbours: 0, s3: 0 }.taken(), None);
    }

    #[test]
    fn free_ports_differ() {
        let Ports { cloud, neighbours, s3 } = Ports::free().unwrap();
        assert!(cloud != neighbours && neighbours != s3 && cloud != s3);
    }

    #[test]
    fn a_record_is_read_back_as_it_was_written() {
        let folder = std::env::temp_dir().join(format!("gridbid-record-{}", std::process::id()));
        assert_eq!(Record::read(&folder).unwrap(), None);
        let record = Record {
            ports: Ports { cloud: 1, neighbours: 2, s3: 3 },
            cloud: Some(Process { pid: 4, started: "then".to_owned() }),
            neighbours: None,
            started_with: "x".to_owned(),
        };
        record.write(&folder).unwrap();
        assert_eq!(Record::read(&folder).unwrap(), Some(record));
        fs::remove_dir_all(folder).unwrap();
    }
}
