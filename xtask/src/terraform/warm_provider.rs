//! Terraform's AWS provider as a process that stays, for many runs of Terraform in a row.
//!
//! Starting it and describing its 1,500 kinds of resources takes most of a small change's time. A provider that is started
//! with `-debug` prints how to reach it, and Terraform then uses it instead of starting one (`TF_REATTACH_PROVIDERS`:
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

use super::Root;
use super::environment::on_local_cloud;
use crate::cloud::record::Ports;
use crate::failure::Failure;
use crate::layout::Layout;
use crate::progress::Step;

/// A provider that has not said how to reach it by then does not start.
const LIMIT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(100);
const VARIABLE: &str = "TF_REATTACH_PROVIDERS";

/// A running provider, which ends when this is dropped.
#[derive(Debug)]
pub struct WarmProvider {
    process: Child,
    address: OsString,
}

impl WarmProvider {
    /// Starts the provider of an initialised local cloud's Terraform.
    ///
    /// # Errors
    /// When it is not there or does not start.
    pub fn start(layout: &Layout, ports: &Ports, step: &Step) -> Result<Self, Failure> {
        let data = Root::of_local_cloud(layout).data;
        let program = find(&data.join("providers"))
            .ok_or_else(|| Failure::new(format!("no AWS provider is in `{}`", data.join("providers").display())))?;
        let mut command = Command::new(&program);
        command.arg("-debug").process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        for (name, value) in on_local_cloud(layout, ports) {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let cannot = |why: &str| Failure::new(format!("cannot start `{}`: {why}", program.display()));
        let mut process = command.spawn().map_err(|error| cannot(&error.to_string()))?;
        let (found, address) = mpsc::channel();
        if let Some(stdout) = process.stdout.take() {
            // It is read to its end, since a full pipe would stop the provider.
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if let Some(address) = address_in(&line) {
                        // Nobody waits for a second one.
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
                Err(RecvTimeoutError::Disconnected) => return Err(cannot("it ended at once")),
                Err(RecvTimeoutError::Timeout) if waited > LIMIT => {
                    return Err(cannot("it does not say how to reach it"));
                }
                Err(RecvTimeoutError::Timeout) => {
                    waited += POLL_INTERVAL;
                    step.check()?;
                }
            }
        }
    }

    /// What makes Terraform use it, and believe its state: nothing else changes the cloud between two runs in a row.
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

/// The provider's program below a folder; Terraform links to it where it comes from a mirror or a cache.
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
    fn the_address_is_read_from_what_the_provider_prints() {
        let line = "\tTF_REATTACH_PROVIDERS='{\"registry.terraform.io/hashicorp/aws\":{\"Protocol\":\"grpc\"}}'";
        let address = address_in(line).unwrap();
        assert_eq!(address, "{\"registry.terraform.io/hashicorp/aws\":{\"Protocol\":\"grpc\"}}");
        assert_eq!(address_in("Provider started."), None);
    }
}
