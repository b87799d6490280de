//! The record of a local cloud between two commands: its ports, its processes and how it was started.
//!
//! Ports are kept as long as the cloud's data, because queue addresses and the webhook's secret contain them. The record
//! names its folder: a record copied with a checkout is refused, so that no command stops or reads another checkout's
//! cloud. It is written twice, and read from the second file when the first is damaged.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::files::write_atomically;
use gridbid_devkit::process::Process;
use serde::{Deserialize, Serialize};

/// A local cloud's ports and processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The local cloud's folder.
    pub folder: PathBuf,
    /// The random id of this start. The processes end when the file `instance` in the folder has another one.
    pub instance: String,
    /// The ports on 127.0.0.1.
    pub ports: Ports,
    /// MiniStack, when it was started.
    pub cloud: Option<Process>,
    /// The simulators, when they were started.
    pub simulators: Option<Process>,
    /// A digest of everything that the processes were started with: when it changes, they are restarted.
    pub started_with: String,
}

/// The ports of one local cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    /// Every AWS service.
    pub cloud: u16,
    /// Slack, the auction platform, and the control of all simulators.
    pub simulators: u16,
    /// S3 with faults.
    pub s3: u16,
}

impl Ports {
    /// Three ports that are free now.
    ///
    /// They are below the range of outgoing connections (from 32768 on): a connection could otherwise occupy a port while the
    /// cloud is down.
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
        Ok(Self { cloud: port()?, simulators: port()?, s3: port()? })
    }

    /// The first port on which another program listens.
    #[must_use]
    pub fn taken(&self) -> Option<u16> {
        [self.cloud, self.simulators, self.s3].into_iter().find(|port| listen(*port).is_err())
    }
}

fn listen(port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind(("127.0.0.1", port)).map_err(|error| Failure::new(format!("cannot listen on {port}: {error}")))
}

impl Record {
    /// The log of MiniStack.
    #[must_use]
    pub fn cloud_log(&self) -> PathBuf {
        self.folder.join("logs").join("ministack.log")
    }

    /// Whether both processes run.
    #[must_use]
    pub fn is_running(&self) -> bool {
        [&self.cloud, &self.simulators].into_iter().all(|process| process.as_ref().is_some_and(Process::is_running))
    }

    /// Whether any of the processes runs.
    #[must_use]
    pub fn is_partly_running(&self) -> bool {
        [&self.cloud, &self.simulators].into_iter().flatten().any(Process::is_running)
    }

    /// Reads the record of a local cloud; none when it was never started.
    ///
    /// # Errors
    /// When both files are damaged, or the record belongs to another folder.
    pub fn read(cloud_folder: &Path) -> Result<Option<Self>, Failure> {
        let [first, second] = files(cloud_folder);
        let record = match parse(&first) {
            Ok(None) => parse(&second).unwrap_or_default(),
            Ok(record) => record,
            Err(failure) => match parse(&second) {
                Ok(Some(record)) => Some(record),
                _ => return Err(failure.with_hint("begin again with `cargo xtask down --wipe`")),
            },
        };
        let Some(record) = record else { return Ok(None) };
        let here = canonical(cloud_folder);
        if record.folder == here {
            return Ok(Some(record));
        }
        let original = parse(&files(&record.folder)[0]).ok().flatten();
        if original.is_some_and(|original| original.folder == record.folder) {
            let message = format!(
                "`{}` is a copy of the local cloud in `{}`, whose processes it names",
                cloud_folder.display(),
                record.folder.display()
            );
            let hint = "`cargo xtask down --wipe` removes the copy and leaves the original alone";
            return Err(Failure::new(message).with_hint(hint));
        }
        // The folder was moved: its processes have ended because they missed it.
        Ok(Some(Self { folder: here, cloud: None, simulators: None, ..record }))
    }

    /// Writes the record atomically.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn write(&self) -> Result<(), Failure> {
        fs::create_dir_all(&self.folder).on_file("make", &self.folder)?;
        for file in files(&self.folder) {
            let text = serde_json::to_string_pretty(self).on_file("write", &file)?;
            write_atomically(&file, (text + "\n").as_bytes())?;
        }
        Ok(())
    }
}

/// The folder of a local cloud as its record names it.
#[must_use]
pub fn canonical(cloud_folder: &Path) -> PathBuf {
    cloud_folder.canonicalize().unwrap_or_else(|_| cloud_folder.to_path_buf())
}

fn files(cloud_folder: &Path) -> [PathBuf; 2] {
    ["state.json", "state.backup.json"].map(|name| cloud_folder.join(name))
}

fn parse(file: &Path) -> Result<Option<Record>, Failure> {
    let Ok(text) = fs::read(file) else { return Ok(None) };
    serde_json::from_slice(&text).map(Some).on_file("parse", file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_port_is_found() {
        let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = other.local_addr().unwrap().port();
        let ports = Ports { cloud: 0, simulators: port, s3: 0 };
        assert_eq!(ports.taken(), Some(port));
        drop(other);
        assert_eq!(Ports { cloud: 0, simulators: 0, s3: 0 }.taken(), None);
    }

    #[test]
    fn free_ports_differ() {
        let Ports { cloud, simulators, s3 } = Ports::free().unwrap();
        assert!(cloud != simulators && simulators != s3 && cloud != s3);
    }

    fn record(folder: &Path) -> Record {
        fs::create_dir_all(folder).unwrap();
        Record {
            folder: canonical(folder),
            instance: "token".to_owned(),
            ports: Ports { cloud: 1, simulators: 2, s3: 3 },
            cloud: Some(Process { pid: 4, started: "then".to_owned() }),
            simulators: None,
            started_with: "x".to_owned(),
        }
    }

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("gridbid-record-{}-{name}", std::process::id()))
    }

    #[test]
    fn record_is_read_back_as_written() {
        let folder = folder("read");
        assert_eq!(Record::read(&folder).unwrap(), None);
        let record = record(&folder);
        record.write().unwrap();
        assert_eq!(Record::read(&folder).unwrap(), Some(record));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn damaged_record_is_read_from_its_second_file() {
        let folder = folder("damaged");
        let record = record(&folder);
        record.write().unwrap();
        let [first, second] = files(&folder);
        fs::write(first, "{\"ports\": {\"cl").unwrap();
        assert_eq!(Record::read(&folder).unwrap(), Some(record));
        fs::write(second, "").unwrap();
        let report = Record::read(&folder).unwrap_err().report().to_string();
        assert!(report.contains("cannot parse") && report.contains("cargo xtask down --wipe"), "{report}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn copied_record_is_refused_and_moved_one_has_no_processes() {
        let (original, copy) = (folder("original"), folder("copy"));
        record(&original).write().unwrap();
        fs::create_dir_all(&copy).unwrap();
        for (from, to) in files(&original).into_iter().zip(files(&copy)) {
            fs::copy(from, to).unwrap();
        }
        let refused = Record::read(&copy).unwrap_err().to_string();
        assert!(refused.contains("is a copy of the local cloud in"), "{refused}");
        fs::remove_dir_all(&original).unwrap();
        let moved = Record::read(&copy).unwrap().unwrap();
        assert_eq!((moved.folder.as_path(), moved.cloud), (canonical(&copy).as_path(), None));
        fs::remove_dir_all(copy).unwrap();
    }
}
