//! Refuses requests that a web page could have sent: pages must not reach what listens on a laptop.
//!
//! Foreign hosts (DNS rebinding), foreign origins and cross-site requests get 403. Functions, curl and xtask send neither
//! `Origin` nor `Sec-Fetch-Site`.

use tiny_http::Request;

/// Why a request to this port is refused; none for one that is welcome.
pub(super) fn refusal(request: &Request, port: u16) -> Option<String> {
    let header = |name: &'static str| {
        let found = request.headers().iter().find(|header| header.field.equiv(name));
        found.map(|header| header.value.as_str())
    };
    refusal_of(header("host"), header("origin"), header("sec-fetch-site"), port)
}

fn refusal_of(host: Option<&str>, origin: Option<&str>, site: Option<&str>, port: u16) -> Option<String> {
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

/// Whether a host, with or without a port, names this machine in a way that no DNS server decides.
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
        let refused = |host, origin, site| refusal_of(host, origin, site, 20001).is_some();
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
