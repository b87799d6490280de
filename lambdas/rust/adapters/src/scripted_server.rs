//! A server for tests that sends scripted responses and records the requests.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// The server, on a free local port.
pub(crate) struct ScriptedServer {
    pub(crate) address: String,
    served: JoinHandle<Vec<String>>,
}

/// The response that closes the connection without sending anything.
pub(crate) const HANG_UP: &str = "";

/// A response with this status, these additional header lines and this body.
pub(crate) fn response(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

impl ScriptedServer {
    /// Sends each response on a new connection.
    pub(crate) async fn start<R: Into<String>>(responses: impl IntoIterator<Item = R>) -> Self {
        Self::serve(responses, false).await
    }

    /// Sends all responses on the first connection and accepts no other.
    #[cfg(feature = "dynamodb")]
    pub(crate) async fn on_one_connection<R: Into<String>>(responses: impl IntoIterator<Item = R>) -> Self {
        Self::serve(responses, true).await
    }

    async fn serve<R: Into<String>>(responses: impl IntoIterator<Item = R>, is_kept: bool) -> Self {
        let responses: Vec<String> = responses.into_iter().map(Into::into).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let served = tokio::spawn(async move {
            let mut requests = Vec::new();
            let mut kept = None;
            for response in responses {
                let mut stream = match kept.take() {
                    Some(stream) => stream,
                    None => listener.accept().await.unwrap().0,
                };
                requests.push(read_request(&mut stream).await);
                stream.write_all(response.as_bytes()).await.unwrap();
                kept = is_kept.then_some(stream);
            }
            requests
        });
        Self { address, served }
    }

    /// Returns the requests after all responses have been sent.
    pub(crate) async fn requests(self) -> Vec<String> {
        self.served.await.unwrap()
    }
}

/// Reads one request with its whole body.
async fn read_request(stream: &mut TcpStream) -> String {
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
