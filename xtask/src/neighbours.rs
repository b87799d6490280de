//! What Gridbid talks to outside of AWS, played on 127.0.0.1: Slack's webhook and the auction platform; and S3 with faults.
//!
//! One background process for each local cloud. Whoever tests tells it through `/control/…` how to behave; `client` has
//! the words for that. It keeps nothing but the posts that it received, in `slack.jsonl`. Started by `cloud`.

pub mod auction;
pub mod client;
mod guard;
mod s3_faults;
pub mod slack;

use std::fs;
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tiny_http::{Header, Method, Request, Response, Server};

use crate::cloud::INSTANCE_FILE;
use crate::failure::Failure;
use auction::Auction;
use s3_faults::S3Faults;
use slack::Slack;

/// So many requests are answered at once, on each port.
const THREADS: usize = 8;

/// Where the neighbours listen and what they know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The port of Slack, the auction platform and the controls.
    pub port: u16,
    /// The port of S3 with faults.
    pub s3_port: u16,
    /// The port of the local cloud.
    pub cloud_port: u16,
    /// The local cloud's folder, which posts to Slack are kept in.
    pub folder: PathBuf,
    /// The content of the folder's file `instance` for as long as this process may run.
    pub instance: String,
}

struct Neighbours {
    slack: Slack,
    auction: Auction,
    s3: S3Faults,
}

/// Interval between two checks that the local cloud's folder is still this process's.
const LEASH_INTERVAL: Duration = Duration::from_millis(500);

/// Runs the simulators until the process is stopped, or its local cloud's folder is removed or started anew.
///
/// # Errors
/// When a port is taken.
pub fn serve(settings: &Settings) -> Result<(), Failure> {
    let (leash, instance) = (settings.folder.join(INSTANCE_FILE), settings.instance.clone());
    thread::spawn(move || {
        while fs::read_to_string(&leash).is_ok_and(|there| there == instance) {
            thread::sleep(LEASH_INTERVAL);
        }
        process::exit(0)
    });
    let neighbours = Arc::new(Neighbours {
        slack: Slack::new(settings.folder.join(slack::FILE_NAME)),
        auction: Auction::default(),
        s3: S3Faults::new(settings.cloud_port),
    });
    let s3 = listen(settings.s3_port, &neighbours, |neighbours, request| neighbours.s3.pass_on(request))?;
    let others = listen(settings.port, &neighbours, |neighbours, request| neighbours.answer(request))?;
    for thread in s3.into_iter().chain(others) {
        // A thread ends only by a panic: the others go on.
        let _ = thread.join();
    }
    Ok(())
}

fn listen(
    port: u16,
    neighbours: &Arc<Neighbours>,
    answer: fn(&Neighbours, Request),
) -> Result<Vec<thread::JoinHandle<()>>, Failure> {
    let server = Server::http(("127.0.0.1", port))
        .map_err(|error| Failure::new(format!("the neighbours cannot listen on port {port}: {error}")))?;
    let server = Arc::new(server);
    let threads = (0..THREADS).map(|_| {
        let (server, neighbours) = (Arc::clone(&server), Arc::clone(neighbours));
        thread::spawn(move || {
            while let Ok(request) = server.recv() {
                match guard::refusal(&request, port) {
                    Some(why) => respond(request, 403, format!("refused: {why}\n"), "text/plain"),
                    None => answer(&neighbours, request),
                }
            }
        })
    });
    Ok(threads.collect())
}

impl Neighbours {
    fn answer(&self, mut request: Request) {
        let mut body = Vec::new();
        // A body that breaks off is no JSON, and refused as such.
        let _ = request.as_reader().read_to_end(&mut body);
        let url = request.url().to_owned();
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        let slot = parameter(query, "slot").unwrap_or_default();
        match (request.method(), path) {
            (Method::Post, path) if path.starts_with("/slack/") => {
                let status = self.slack.receive(path, &body);
                let text = if status == 200 { "ok" } else { "server_error" };
                respond(request, status, text.to_owned(), "text/plain");
            }
            (Method::Get, "/auction") => {
                let (status, text) = self.auction.answer(&slot);
                respond(request, status, text, "application/json");
            }
            (Method::Get, "/control/slack") => told(request, &self.slack.told()),
            (Method::Get, "/control/auction") => told(request, &self.auction.told(&slot)),
            (Method::Put, "/control/slack") => ordered(request, self.slack.order(&body)),
            (Method::Put, "/control/auction") => ordered(request, self.auction.order(&body)),
            (Method::Put, "/control/s3") => ordered(request, self.s3.order(&body)),
            _ => respond(request, 404, format!("no neighbour is at {path}\n"), "text/plain"),
        }
    }
}

fn told(request: Request, value: &Value) {
    respond(request, 200, value.to_string(), "application/json");
}

fn ordered(request: Request, result: Result<(), serde_json::Error>) {
    match result {
        Ok(()) => told(request, &json!({})),
        Err(error) => respond(request, 400, format!("{error}\n"), "text/plain"),
    }
}

fn respond(request: Request, status: u16, text: String, content_type: &str) {
    let mut response = Response::from_string(text).with_status_code(status);
    if let Ok(header) = Header::from_bytes("content-type", content_type) {
        response.add_header(header);
    }
    // Whoever asked may have gone away.
    let _ = request.respond(response);
}

/// A parameter of a query, decoded.
fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        let decoded = match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        };
        bytes.push(decoded);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_decoded_from_the_query() {
        let slot = Some("2026-11-22T07:05:00Z".to_owned());
        assert_eq!(parameter("slot=2026-11-22T07%3A05%3A00Z", "slot"), slot);
        assert_eq!(parameter("a=b&slot=2026-11-22T07:05:00Z", "slot"), slot);
        assert_eq!(parameter("slots=1", "slot"), None);
        assert_eq!(parameter("slot=%4", "slot"), None);
    }
}
