//! Terraform's AWS provider as a process that serves many runs of Terraform.
//!
//! Starting the provider and reading its 1,500 resource schemas takes most of the time of a small change. A provider started
//! with `-debug` prints its address, and Terraform connects to it instead of starting one (`TF_REATTACH_PROVIDERS`, see
//! <https://developer.hashicorp.com/terraform/plugin/debugging>).

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::environment::on_local_cloud;
use super::root::Root;
use crate::failure::Failure;
use crate::layout::Layout;
use crate::progress::Step;

/// Time within which the provider must print its address.
const LIMIT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(100);
const VARIABLE: &str = "TF_REATTACH_PROVIDERS";

/// A running provider, stopped on drop.
#[derive(Debug)]
pub struct WarmProvider {
    process: Child,
    address: OsString,
}

impl WarmProvider {
    /// Starts the provider that Terraform's root of the local cloud was initialised with; `port` is the local cloud's.
    ///
    /// # Errors
    /// When it is missing or does not start.
    pub fn start(layout: &Layout, port: u16, step: &Step) -> Result<Self, Failure> {
        let data = Root::of_local_cloud(layout).data;
        let program = find(&data.join("providers"))
            .ok_or_else(|| Failure::new(format!("no AWS provider is in `{}`", data.join("providers").display())))?;
        let mut command = Command::new(&program);
        command.arg("-debug").process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        for (name, value) in on_local_cloud(layout, port) {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let cannot = |why: &str| Failure::new(format!("cannot start `{}`: {why}", program.display()));
        let mut process = command.spawn().map_err(|error| cannot(&error.to_string()))?;
        let (found, address) = mpsc::channel();
        if let Some(stdout) = process.stdout.take() {
            // Read to its end, because a full pipe would block the provider.
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if let Some(address) = address_in(&line) {
                        // Only the first one is awaited.
                        let _ = found.send(address);
                    }
                }
            });
        }
        let mut provider = Self { process, address: OsString::new() };
        let mut waited = Duration::ZERO;
        loop {
            match address.recv_timeout(POLL_INTERVAL) {
                Ok(address) => {
                    provider.address = address.into();
                    return Ok(provider);
                }
                Err(RecvTimeoutError::Disconnected) => return Err(cannot("it ended")),
                Err(RecvTimeoutError::Timeout) if waited > LIMIT => {
                    return Err(cannot("it does not print its address"));
                }
                Err(RecvTimeoutError::Timeout) => {
                    waited += POLL_INTERVAL;
                    step.check()?;
                }
            }
        }
    }

    /// The variables that make Terraform use this provider without refreshing its state, which nothing else changes in between.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, Option<OsString>); 2] {
        [(VARIABLE, Some(self.address.clone())), ("TF_CLI_ARGS_apply", Some("-refresh=false".into()))]
    }
}

impl Drop for WarmProvider {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The executable of the provider below a folder; a link when it comes from a mirror or a cache.
fn find(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path()).find_map(|path| {
        if path.is_dir() {
            return find(&path);
        }
        let name = path.file_name()?.to_string_lossy().into_owned();
        name.starts_with("terraform-provider-aws").then_some(path)
    })
}

/// The value in a line such as `TF_REATTACH_PROVIDERS='{…}'`.
fn address_in(line: &str) -> Option<String> {
    let value = line.trim().strip_prefix(VARIABLE)?.strip_prefix("='")?.strip_suffix('\'')?;
    Some(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_read_from_the_output_of_the_provider() {
        let line = "\tTF_REATTACH_PROVIDERS='{\"registry.terraform.io/hashicorp/aws\":{\"Protocol\":\"grpc\"}}'";
        let address = address_in(line).unwrap();
        assert_eq!(address, "{\"registry.terraform.io/hashicorp/aws\":{\"Protocol\":\"grpc\"}}");
        assert_eq!(address_in("Provider started."), None);
    }
}
