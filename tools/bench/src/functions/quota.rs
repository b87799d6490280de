//! How much of the processor a measured function gets: one, as a Lambda function of 1,769 MB does.
//!
//! By a control group (version 2, else 1) where this user may make one; else by letting the function have a single core,
//! which it then shares with whatever else runs there. The report names which.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};

const GROUPS: &str = "/sys/fs/cgroup";
/// Out of each 100 ms, in microseconds: one processor.
const PERIOD: u32 = 100_000;

/// A way to hold processes to one processor. A control group goes with it.
#[derive(Debug)]
pub enum Quota {
    /// A control group, and which version it is of.
    Group(PathBuf, &'static str),
    /// The last core.
    Core(usize),
}

impl Quota {
    /// The best way that there is on this machine.
    #[must_use]
    pub fn of_one_processor() -> Self {
        let name = format!("gridbid-bench-{}", std::process::id());
        // What else runs on the machine comes after the function: its share is as large as can be.
        let second = || {
            let settings = [("cpu.max", format!("{PERIOD} {PERIOD}")), ("cpu.weight", "10000".to_owned())];
            group(&own_group()?.join(&name), &settings).ok()
        };
        let first = || {
            let settings = [
                ("cpu.cfs_period_us", PERIOD.to_string()),
                ("cpu.cfs_quota_us", PERIOD.to_string()),
                ("cpu.shares", "262144".to_owned()),
            ];
            group(&Path::new(GROUPS).join("cpu").join(&name), &settings).ok()
        };
        if let Some(folder) = second() {
            return Self::Group(folder, "2");
        }
        if let Some(folder) = first() {
            return Self::Group(folder, "1");
        }
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::Core(cores.saturating_sub(1))
    }

    /// What it is, for the report.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Group(_, version) => format!("one processor by a control group (version {version})"),
            Self::Core(core) => format!("core {core} alone (no control group can be made here)"),
        }
    }

    /// Holds a process to it.
    ///
    /// # Errors
    /// When the process has ended, or the operating system refuses.
    pub fn hold(&self, pid: u32) -> io::Result<()> {
        match self {
            Self::Group(folder, _) => fs::write(folder.join("cgroup.procs"), pid.to_string()),
            Self::Core(core) => {
                let mut cores = CpuSet::new();
                cores.set(*core);
                let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
                Ok(sched_setaffinity(pid.map(Some).ok_or(io::ErrorKind::NotFound)?, &cores)?)
            }
        }
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        if let Self::Group(folder, _) = self {
            // What still runs in it keeps it; it is empty then, and harmless.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// This process's group of version 2.
fn own_group() -> Option<PathBuf> {
    let text = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = text.lines().find_map(|line| line.strip_prefix("0::"))?;
    Some(Path::new(GROUPS).join(path.trim_start_matches('/')))
}

/// Makes a group with these settings, or none.
fn group(folder: &Path, settings: &[(&str, String)]) -> io::Result<PathBuf> {
    fs::create_dir(folder)?;
    let set = settings.iter().try_for_each(|(name, value)| {
        // Any other folder would accept any file.
        if folder.join(name).is_file() {
            fs::write(folder.join(name), value)
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    });
    if let Err(error) = set {
        fs::remove_dir(folder)?;
        return Err(error);
    }
    Ok(folder.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_no_group_is_not_taken_for_one_and_not_left_behind() {
        let folder = std::env::temp_dir().join(format!("gridbid-quota-{}", std::process::id()));
        assert!(group(&folder, &[("cpu.max", "1 1".to_owned())]).is_err());
        assert!(!folder.exists());
    }
}
