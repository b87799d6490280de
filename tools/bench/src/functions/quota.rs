//! Limits a measured function to one processor, the share of a Lambda function with 1,769 MB.
//!
//! Uses a control group (version 2, otherwise 1) if this user may create one. Otherwise pins the function to one core, which
//! it shares with other processes. The report names the method.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};

const GROUPS: &str = "/sys/fs/cgroup";
/// Period and quota of the control group in microseconds. Equal values limit it to one processor.
const PERIOD: u32 = 100_000;

/// Limits processes to one processor. A control group is removed when it is dropped.
#[derive(Debug)]
pub enum Quota {
    /// The folder of a control group and its version.
    Group(PathBuf, &'static str),
    /// Index of the last core.
    Core(usize),
}

impl Quota {
    /// The most precise method that this machine permits.
    #[must_use]
    pub fn one_processor() -> Self {
        let name = format!("gridbid-bench-{}", std::process::id());
        // The largest weight: other processes must not slow the function down.
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

    /// Names the method, for the report.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Group(_, version) => format!("limited to one processor by a control group (version {version})"),
            Self::Core(core) => format!("pinned to core {core} (control groups are not permitted)"),
        }
    }

    /// Limits a process.
    ///
    /// # Errors
    /// When the process has ended, or the operating system refuses.
    pub fn limit(&self, pid: u32) -> io::Result<()> {
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
            // Fails while a process is in the group. The remaining group has no effect.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// This process's control group, version 2.
fn own_group() -> Option<PathBuf> {
    let text = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = text.lines().find_map(|line| line.strip_prefix("0::"))?;
    Some(Path::new(GROUPS).join(path.trim_start_matches('/')))
}

/// Creates a group with these settings. After an error there is no group.
fn group(folder: &Path, settings: &[(&str, String)]) -> io::Result<PathBuf> {
    fs::create_dir(folder)?;
    let set = settings.iter().try_for_each(|(name, value)| {
        // Outside the control group file system, writing would create the file.
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
    fn folder_outside_the_control_groups_is_refused_and_removed() {
        let folder = std::env::temp_dir().join(format!("gridbid-quota-{}", std::process::id()));
        assert!(group(&folder, &[("cpu.max", "1 1".to_owned())]).is_err());
        assert!(!folder.exists());
    }
}
