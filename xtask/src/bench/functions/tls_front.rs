//! TLS before the stand-in, in a process of its own (`xtask/bench-peers/tls-front`), since xtask itself links no TLS.
//!
//! It ends when it is dropped. Called by `functions`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::measure::Endpoint;
use crate::failure::{Failure, OnFile};

/// The running process.
#[derive(Debug)]
pub struct TlsFront {
    process: Child,
    port: u16,
    authorities: PathBuf,
}

impl TlsFront {
    /// Starts it; the authority to trust is written to `authorities`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(executable: &Path, upstream: &str, authorities: PathBuf) -> Result<Self, Failure> {
        let mut process = Command::new(executable)
            .arg(upstream)
            .arg(&authorities)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .on_file("start", executable)?;
        let mut line = String::new();
        if let Some(out) = process.stdout.take() {
            BufReader::new(out).read_line(&mut line).on_file("start", executable)?;
        }
        let front = Self { process, port: line.trim().parse().unwrap_or_default(), authorities };
        if front.port == 0 { Err(Failure::new("tls-front told no port")) } else { Ok(front) }
    }

    /// Where functions find it.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            url: format!("https://127.0.0.1:{}", self.port),
            authorities: Some(self.authorities.to_string_lossy().into_owned()),
        }
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
