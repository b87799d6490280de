//! The subset of HTTP/1.1 of the runtime API and the fake AWS: kept connections, bodies of a known length or in chunks.
//!
//! A server of our own, since what is measured are milliseconds: an answer leaves at once and in one piece (Nagle's
//! algorithm and delayed acknowledgements would add 40 ms), from a thread that does nothing else. It leaves out TLS,
//! pipelining and trailers.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// The most bytes of a request: what no function here sends.
const CAP: u64 = 16 * 1024 * 1024;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// The headers, with lower-case names.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers; the body's length is added.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's first value; the name is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(there, _)| there == name).map(|(_, value)| value.as_str())
    }
}

/// A server on a free port of 127.0.0.1, until it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    has_ended: Arc<AtomicBool>,
}

impl Server {
    /// Answers each request with what `answer` makes of it; without an answer the connection is closed.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(answer: impl Fn(Request) -> Option<Answer> + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let server = Self { address: listener.local_addr()?, has_ended: Arc::default() };
        let (has_ended, answer) = (Arc::clone(&server.has_ended), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if has_ended.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(stream), answer) = (stream, Arc::clone(&answer)) else { continue };
                // A client that disconnects has ended.
                thread::spawn(move || serve(&stream, &*answer).ok());
            }
        });
        Ok(server)
    }

    /// `127.0.0.1` and the port.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: &TcpStream, answer: &dyn Fn(Request) -> Option<Answer>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        let closes = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let Some(answer) = answer(request) else { break };
        (&mut &*stream).write_all(&written(&answer))?;
        if closes {
            break;
        }
    }
    Ok(())
}

fn written(answer: &Answer) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status));
    for (name, value) in &answer.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n", answer.body.len()));
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(&answer.body);
    bytes
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        400 => "Bad Request",
        404 => "Not Found",
        _ => "Other",
    }
}

/// Reads one request; none when the client has closed the connection before it.
fn read(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Request>> {
    let first = line(reader)?;
    if first.is_empty() {
        return Ok(None);
    }
    let mut words = first.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Err(broken("request line")) };
    let (method, target) = (method.to_owned(), target.to_owned());
    let mut headers = Vec::new();
    loop {
        let line = line(reader)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| broken("header"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { method, target, headers, body: Vec::new() };
    if request.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
        (&mut &**reader.get_ref()).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let is_chunked = request.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    request.body = if is_chunked {
        chunks(reader)?
    } else {
        let length = request.header("content-length").map_or(Ok(0), |length| length.parse::<u64>());
        exactly(reader, length.map_err(|_| broken("content-length"))?)?
    };
    Ok(Some(request))
}

fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut text = String::new();
    reader.take(64 * 1024).read_line(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(reader)?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| broken("chunk"))?;
        body.extend(exactly(reader, size)?);
        line(reader)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn exactly(reader: &mut impl BufRead, length: u64) -> io::Result<Vec<u8>> {
    if length > CAP {
        return Err(broken("length"));
    }
    let mut body = Vec::new();
    let count = reader.take(length).read_to_end(&mut body)?;
    if u64::try_from(count).is_ok_and(|count| count == length) {
        Ok(body)
    } else {
        Err(ErrorKind::UnexpectedEof.into())
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("a request with a broken {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo() -> Server {
        Server::start(|request| {
            let told = format!("{} {} {}", request.method, request.target, String::from_utf8_lossy(&request.body));
            Some(Answer { status: 200, headers: vec![("x-told", "1".to_owned())], body: told.into_bytes() })
        })
        .unwrap()
    }

    fn exchange(server: &Server, text: &str) -> String {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn a_connection_is_kept_until_it_is_asked_to_close() {
        let server = echo();
        let answer = exchange(
            &server,
            "POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nhiGET /b HTTP/1.1\r\nconnection: close\r\n\r\n",
        );
        assert!(
            answer.contains("\r\nx-told: 1\r\ncontent-length: 10\r\n\r\nPOST /a hiHTTP/1.1 200 OK\r\n"),
            "{answer}"
        );
        assert!(answer.ends_with("GET /b "), "{answer}");
    }

    #[test]
    fn a_body_in_chunks_is_put_together() {
        let request =
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n";
        assert!(exchange(&echo(), request).ends_with("POST / hi!"));
    }

    #[test]
    fn what_is_no_request_closes_the_connection() {
        assert_eq!(exchange(&echo(), "hello\r\n\r\n"), "");
    }
}
