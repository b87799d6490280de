//! The journal of the auction: every event that must survive a restart, one line of JSON each.
//!
//! An event is written before it takes effect. The bytes are in the operating system's cache when a write returns, so they
//! survive a kill of the process. A kill during a write leaves an incomplete last line, which the next start removes.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use gridbid_simulator_protocol::AuctionScript;
use serde::{Deserialize, Serialize};

/// An event of the auction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// An order has arrived under a new idempotency key.
    Arrived {
        key: String,
        record_id: String,
        parameter_1: String,
        /// The amount, in the digits of the request.
        parameter_2: String,
        decision: Decision,
    },
    /// The order has arrived again.
    Repeated { key: String },
    /// A slot has been polled: no further order takes part in it.
    Closed { slot: String },
    /// The results of a slot are ready.
    Ready { slot: String },
    /// The responses for a slot are scripted.
    Scripted(AuctionScript),
}

/// The platform's decision on an order, made when it arrives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    /// It takes part in the auction of `slot`; the auction rejects it if there is a rejection.
    Received { slot: String, rejection: Option<String> },
    /// It takes part in no auction.
    Refused { reason: String },
}

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    /// The length of the complete lines.
    bytes: u64,
}

impl Journal {
    /// Opens a journal and reads its events.
    ///
    /// # Errors
    /// When the file cannot be read or written, or a complete line is not an event.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<Event>)> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let complete = text.rfind('\n').map_or("", |end| text.get(..=end).unwrap_or_default());
        let events = complete.lines().zip(1..).map(|(line, number)| {
            serde_json::from_str(line).map_err(|error| {
                let message = format!("line {number} of `{}` is not an event: {error}", path.display());
                io::Error::new(io::ErrorKind::InvalidData, message)
            })
        });
        let events = events.collect::<io::Result<_>>()?;
        let bytes = complete.len() as u64;
        file.set_len(bytes)?;
        file.seek(SeekFrom::End(0))?;
        Ok((Self { file, bytes }, events))
    }

    /// Appends an event.
    ///
    /// # Errors
    /// When it cannot be written; the journal is then as before.
    pub(crate) fn append(&mut self, event: &Event) -> io::Result<()> {
        let line = format!("{}\n", serde_json::to_string(event)?);
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            self.file.set_len(self.bytes)?;
            return Err(error);
        }
        self.bytes += line.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn events_are_read_back_and_an_incomplete_line_is_removed() {
        let path = std::env::temp_dir().join(format!("gridbid-journal-{}.jsonl", std::process::id()));
        let event = |slot: &str| Event::Closed { slot: slot.to_owned() };
        let (mut journal, events) = Journal::open(&path).unwrap();
        assert_eq!(events, []);
        journal.append(&event("a")).unwrap();
        drop(journal);
        fs::write(&path, fs::read_to_string(&path).unwrap() + "{\"asked\":{\"sl").unwrap();

        let (mut journal, events) = Journal::open(&path).unwrap();
        assert_eq!(events, [event("a")]);
        journal.append(&event("b")).unwrap();
        assert_eq!(Journal::open(&path).unwrap().1, [event("a"), event("b")]);

        fs::write(&path, "{}\n").unwrap();
        let error = Journal::open(&path).unwrap_err().to_string();
        assert!(error.starts_with("line 1 of `"), "{error}");
        fs::remove_file(path).unwrap();
    }
}
