//! Forwards requests to the local cloud.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Headers that belong to one connection and are not forwarded, besides those that `Connection` names.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    header::EXPECT,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// A client of the local cloud at one port.
#[derive(Clone, Debug)]
pub(crate) struct Cloud {
    port: u16,
    client: Client<HttpConnector, Body>,
}

impl Cloud {
    pub(crate) fn new(port: u16) -> Self {
        // A pooled connection may be closed by the local cloud while a request is on its way.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        Self { port, client }
    }

    /// The host of every service.
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The host of an HTTP API.
    pub(crate) fn api_host(&self, api_id: &str) -> String {
        format!("{api_id}.execute-api.localhost:{}", self.port)
    }

    /// Sends a request to this path and query under a host name, and returns the response. Both bodies are streamed.
    ///
    /// # Errors
    /// A description, when the local cloud cannot be reached or a header is invalid.
    pub(crate) async fn forward(
        &self,
        mut request: Request<Body>,
        path: &str,
        host: &str,
    ) -> Result<Response<Body>, String> {
        *request.uri_mut() =
            format!("http://{}{path}", self.host()).parse::<Uri>().map_err(|error| error.to_string())?;
        remove_hop_by_hop(request.headers_mut());
        // The client computes it from the body: a request with a transfer encoding may name another length.
        request.headers_mut().remove(header::CONTENT_LENGTH);
        let host = HeaderValue::from_str(host).map_err(|error| error.to_string())?;
        request.headers_mut().insert(header::HOST, host);
        let mut response = self.client.request(request).await.map_err(|error| error.to_string())?.map(Body::new);
        remove_hop_by_hop(response.headers_mut());
        Ok(response)
    }
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP).chain([&KEEP_ALIVE]) {
        headers.remove(name);
    }
}
