//! A server for tests that gives the answers it was told, one for each connection or all on one, and keeps what it was asked.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// The server, on a free port of this machine.
pub(crate) struct ScriptedServer {
    pub(crate) address: String,
    served: JoinHandle<Vec<String>>,
}

/// What hanging up without an answer is written as.
pub(crate) const HANG_UP: &str = "";

/// An answer of this status, with these further header lines and this body.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

impl ScriptedServer {
    pub(crate) async fn start<A: Into<String>>(answers: impl IntoIterator<Item = A>) -> Self {
        let answers: Vec<String> = answers.into_iter().map(Into::into).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let served = tokio::spawn(async move {
            let mut asked = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                asked.push(request(&mut stream).await);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            asked
        });
        Self { address, served }
    }

    /// All answers on the first connection; there is no second one.
    #[cfg(feature = "dynamodb")]
    pub(crate) async fn on_one_connection<A: Into<String>>(answers: impl IntoIterator<Item = A>) -> Self {
        let answers: Vec<String> = answers.into_iter().map(Into::into).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            drop(listener);
            let mut asked = Vec::new();
            for answer in answers {
                asked.push(request(&mut stream).await);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            asked
        });
        Self { address, served }
    }

    /// What was asked, once every answer has been given.
    pub(crate) async fn requests(self) -> Vec<String> {
        self.served.await.unwrap()
    }
}

/// Reads one request with the whole of its body.
async fn request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    loop {
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes).await.unwrap();
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if count == 0 || body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        assert!(count > 0, "the request ends early: {text}");
    }
}
