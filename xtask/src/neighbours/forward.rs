//! Passes a request on to the local cloud.

use tiny_http::{Header, Request, Response};

use crate::http;

/// Sends a request to the cloud at this port, without headers of these names (in lower case), and its response back.
pub fn forward(request: Request, cloud_port: u16, without: &[&str], body: &[u8]) {
    let cloud = format!("127.0.0.1:{cloud_port}");
    let headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .map(|header| (header.field.as_str().as_str().to_ascii_lowercase(), header.value.as_str().to_owned()))
        .filter(|(name, _)| !belongs_to_one_connection(name) && !without.contains(&name.as_str()))
        .collect();
    let has_own_host = |(name, value): &(String, String)| name == "host" && value.contains(".execute-api.");
    let host = headers.iter().find(|header| has_own_host(header)).map_or(cloud.as_str(), |(_, value)| value);
    let mut all = vec![("host", host)];
    all.extend(headers.iter().filter(|(name, _)| name != "host").map(|(name, value)| (name.as_str(), value.as_str())));
    let url = format!("http://{cloud}{}", request.url());
    let Ok(answer) = http::call(&request.method().to_string(), &url, &all, body) else {
        let _ = request.respond(Response::empty(502));
        return;
    };
    let mut response = Response::from_data(answer.body).with_status_code(answer.status);
    for (name, value) in &answer.headers {
        if !belongs_to_one_connection(name)
            && let Ok(header) = Header::from_bytes(name.as_bytes(), value.as_bytes())
        {
            response.add_header(header);
        }
    }
    // The client may have gone away.
    let _ = request.respond(response);
}

fn belongs_to_one_connection(name: &str) -> bool {
    ["connection", "keep-alive", "transfer-encoding", "content-length", "expect", "upgrade", "date", "server"]
        .contains(&name)
}
