//! Refuses requests that a web page may have sent: pages must not reach servers on a laptop.
//!
//! Foreign hosts (DNS rebinding), foreign origins and cross-site requests get 403. Functions, curl and xtask send neither
//! `Origin` nor `Sec-Fetch-Site`.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// A middleware that refuses requests from web pages to this port.
pub(crate) async fn refuse_web_pages(State(port): State<u16>, request: Request, next: Next) -> Response {
    match refusal_of(request.headers(), port) {
        Some(cause) => (StatusCode::FORBIDDEN, format!("refused: {cause}\n")).into_response(),
        None => next.run(request).await,
    }
}

fn refusal_of(headers: &HeaderMap, port: u16) -> Option<String> {
    let header = |name| headers.get(name).map(|value| value.to_str().unwrap_or("not ASCII"));
    refusal(header("host"), header("origin"), header("sec-fetch-site"), port)
}

/// Why a request with these headers is refused; none when it is accepted.
fn refusal(host: Option<&str>, origin: Option<&str>, site: Option<&str>, port: u16) -> Option<String> {
    if !host.is_some_and(is_own_host) {
        return Some(format!("host `{}` is not this machine's", host.unwrap_or_default()));
    }
    if let Some(origin) = origin
        && !is_own_origin(origin, port)
    {
        return Some(format!("origin `{origin}` is foreign"));
    }
    match site {
        None | Some("none" | "same-origin") => None,
        Some(site) => Some(format!("a {site} request")),
    }
}

/// Whether a host, with or without a port, is this machine without asking a DNS server.
fn is_own_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => return rest.split(']').next() == Some("::1"),
        None => host.split(':').next().unwrap_or_default().to_ascii_lowercase(),
    };
    name == "127.0.0.1" || name == "localhost" || name.ends_with(".localhost")
}

fn is_own_origin(origin: &str, port: u16) -> bool {
    let Some(host) = origin.strip_prefix("http://") else { return false };
    is_own_host(host) && host.ends_with(&format!(":{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_hosts_origins_and_sites_are_refused() {
        let refused = |host, origin, site| refusal(host, origin, site, 20001).is_some();
        let own = Some("127.0.0.1:20001");
        assert!(!refused(own, None, None));
        assert!(!refused(Some("localhost"), None, None));
        assert!(!refused(Some("[::1]:20001"), None, None));
        assert!(!refused(own, Some("http://127.0.0.1:20001"), Some("same-origin")));
        assert!(refused(None, None, None));
        assert!(refused(Some("evil.example:20001"), None, None));
        assert!(refused(Some("127.0.0.1.evil.example"), None, None));
        assert!(refused(own, Some("http://evil.example"), None));
        assert!(refused(own, Some("http://127.0.0.1:3000"), None));
        assert!(refused(own, Some("null"), None));
        assert!(refused(own, None, Some("cross-site")));
        assert!(refused(own, None, Some("same-site")));
    }
}
