//! TLS in front of the fake AWS, in its own process (`tools/bench/peers/tls-front`).
//!
//! Its authority joins those that the system trusts, so that a function reads as many certificates at its start as it
//! would in the cloud. It ends when it is dropped.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::measure::{Authorities, Endpoint};
use gridbid_devkit::failure::{Failure, OnFile};

/// Where systems keep the certificates that they trust, in one file.
const SYSTEM: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The running process.
#[derive(Debug)]
pub struct TlsFront {
    process: Child,
    port: u16,
    authority: PathBuf,
    all: PathBuf,
}

impl TlsFront {
    /// Starts it; the files of whom to trust are written into `folder`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(executable: &Path, upstream: &str, folder: &Path) -> Result<Self, Failure> {
        let (authority, all) = (folder.join("authority.pem"), folder.join("authorities.pem"));
        let mut process = Command::new(executable)
            .arg(upstream)
            .arg(&authority)
            // It ends when this end is closed, even if nobody is left to drop it.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .on_file("start", executable)?;
        let mut line = String::new();
        if let Some(out) = process.stdout.take() {
            BufReader::new(out).read_line(&mut line).on_file("start", executable)?;
        }
        let front = Self { process, port: line.trim().parse().unwrap_or_default(), authority, all };
        if front.port == 0 {
            return Err(Failure::new("tls-front printed no port"));
        }
        let mut trusted = SYSTEM.iter().find_map(|file| fs::read(file).ok()).unwrap_or_default();
        trusted.extend(fs::read(&front.authority).on_file("read", &front.authority)?);
        fs::write(&front.all, trusted).on_file("write", &front.all)?;
        Ok(front)
    }

    /// Where functions find it.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            url: format!("https://127.0.0.1:{}", self.port),
            authorities: Some(Authorities { own: self.authority.clone(), all: self.all.clone() }),
        }
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
