//! The console's files, and the HTTP API on their origin.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::thread;

use gridbid_simulator_protocol::NAMES_FILE;
use serde_json::{Value, json};

use crate::harness::Simulators;

/// A built console in a temporary folder.
struct Build(PathBuf);

impl Build {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("gridbid-console-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("assets")).unwrap();
        let files =
            [("index.html", "<p>"), ("assets/main-ABC.js", "1"), ("assets/core-1.wasm", "w"), (".env", "secret")];
        for (file, text) in files {
            fs::write(folder.join(file), text).unwrap();
        }
        std::os::unix::fs::symlink(std::env::temp_dir(), folder.join("outside")).unwrap();
        Self(folder)
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_have_the_headers_of_every_deployment() {
    let build = Build::new("files");
    let simulators = Simulators::start_with("files", 1, &["--console", build.0.to_str().unwrap()]);
    for (path, media_type, caching, body) in [
        ("/", "text/html; charset=utf-8", "no-cache", "<p>"),
        ("/index.html?day=1", "text/html; charset=utf-8", "no-cache", "<p>"),
        ("/assets/main-ABC.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", "1"),
        ("/assets/core-1.wasm", "application/wasm", "public, max-age=31536000, immutable", "w"),
    ] {
        let response = simulators.call("GET", path, "");
        assert_eq!((response.status, response.text().as_str()), (200, body), "{path}");
        assert_eq!(response.header("content-type"), Some(media_type), "{path}");
        assert_eq!(response.header("cache-control"), Some(caching), "{path}");
        let policy = response.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'self'; script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    }
    for path in ["/nowhere", "/.env", "/outside/x", "/assets", "/assets/../.env", "/%2e%2e/x", "/control/nothing"] {
        assert_eq!(simulators.call("GET", path, "").status, 404, "{path}");
    }
    assert_eq!(simulators.call("POST", "/index.html", "").status, 404);
}

#[test]
fn missing_build_is_explained() {
    for (name, options) in [("unset", &[][..]), ("absent", &["--console", "/nonexistent"])] {
        let simulators = Simulators::start_with(name, 1, options);
        let response = simulators.call("GET", "/", "");
        assert_eq!(response.status, 404);
        assert!(response.text().starts_with("the console is not built: "), "{}", response.text());
    }
}

#[test]
fn api_is_called_on_the_same_origin() {
    let cloud = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let cloud_port = cloud.local_addr().unwrap().port();
    let simulators = Simulators::start("api", cloud_port);
    let send = |headers: &[(&str, &str)]| simulators.send("POST", "/api/orders/a:b?x=%2F&y", headers, "body").unwrap();
    let before = send(&[]);
    assert_eq!(before.status, 503);
    let problem: Value = serde_json::from_slice(&before.body).unwrap();
    assert_eq!(problem["detail"], "nothing is deployed to the local cloud yet: `cargo xtask up` deploys it");
    assert_eq!(before.header("content-type"), Some("application/problem+json"));

    fs::write(simulators.folder.join(NAMES_FILE), json!({"api_id": "abc123", "other": 1}).to_string()).unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = cloud.accept().unwrap();
        let mut request = [0; 4096];
        let mut length = 0;
        while !request[..length].ends_with(b"\r\n\r\nbody") {
            length += stream.read(&mut request[length..]).unwrap();
        }
        let response = "HTTP/1.1 201 Created\r\nkeep-alive: timeout=5\r\nretry-after: 1\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(response.as_bytes()).unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let origin = format!("http://127.0.0.1:{}", simulators.port);
    let response = send(&[
        ("origin", origin.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("cookie", "other=1"),
        ("x-forwarded-host", "evil.example"),
        ("connection", "content-type"),
        ("authorization", "Bearer t"),
        ("content-type", "application/json"),
    ]);
    assert_eq!((response.status, response.text().as_str()), (201, "{}"));
    assert_eq!((response.header("retry-after"), response.header("keep-alive")), (Some("1"), None));
    let request = server.join().unwrap().to_ascii_lowercase();
    assert!(request.starts_with("post /orders/a:b?x=%2f&y http/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("\r\nhost: abc123.execute-api.localhost:{cloud_port}\r\n")), "{request}");
    assert!(request.contains("\r\nauthorization: bearer t\r\n"), "{request}");
    for absent in ["origin", "sec-fetch", "cookie", "x-forwarded", "connection"] {
        assert!(!request.contains(&format!("\r\n{absent}")), "{absent}: {request}");
    }

    // The server has ended.
    assert_eq!(send(&[]).status, 502);
    assert_eq!(send(&[("origin", "http://evil.example")]).status, 403);
}
