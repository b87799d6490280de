//! Slack, S3, the refused requests of web pages, and the end of the process.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use gridbid_devkit::http;
use gridbid_simulator_protocol::{INSTANCE_FILE, SLACK_FILE};

use crate::harness::Simulators;

#[test]
fn requests_of_web_pages_are_refused() {
    let simulators = Simulators::start("guard", 1);
    let own = format!("http://127.0.0.1:{}", simulators.port);
    for (header, value, status) in [
        ("host", "evil.example", 403),
        ("origin", "http://evil.example", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("origin", own.as_str(), 200),
        ("sec-fetch-site", "none", 200),
    ] {
        assert_eq!(simulators.status(&[(header, value)]), Some(status), "{header}: {value}");
    }
}

#[test]
fn slack_records_posts_with_the_status_that_was_set() {
    let simulators = Simulators::start("slack", 1);
    assert_eq!(simulators.call("POST", "/slack/gridbid", r#"{"text":"one"}"#).text(), "ok");
    assert_eq!(simulators.call("PUT", "/control/slack", r#"{"status": 500}"#).status, 200);
    assert_eq!(simulators.call("POST", "/slack/gridbid", "two").status, 500);
    let posts = fs::read_to_string(simulators.folder.join(SLACK_FILE)).unwrap();
    let posts: Vec<&str> = posts.lines().collect();
    assert!(posts[0].contains(r#""message":{"text":"one"},"path":"/slack/gridbid","status":200"#), "{posts:?}");
    assert!(posts[1].contains(r#""message":"two","path":"/slack/gridbid","status":500"#), "{posts:?}");
}

#[test]
fn s3_forwards_requests_and_fails_writes_on_request() {
    let cloud = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let cloud_port = cloud.local_addr().unwrap().port();
    let simulators = Simulators::start("s3", cloud_port);
    let server = thread::spawn(move || {
        let (mut stream, _) = cloud.accept().unwrap();
        let mut request = [0; 4096];
        let mut length = 0;
        while !request[..length].ends_with(b"\r\n\r\nbody") {
            length += stream.read(&mut request[length..]).unwrap();
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\netag: \"1\"\r\ncontent-length: 4\r\n\r\nkept").unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let put = |path: &str| {
        let headers = [("amz-sdk-invocation-id", path), ("content-type", "text/plain")];
        http::call("PUT", &format!("http://127.0.0.1:{}{path}", simulators.s3_port), &headers, b"body").unwrap()
    };
    let fault = r#"{"puts_containing": "/0001-", "calls": 1, "status": 503}"#;
    assert_eq!(simulators.call("PUT", "/control/s3", fault).status, 200);
    assert_eq!(put("/bucket/0001-a?x-id=PutObject").status, 503);
    let response = put("/bucket/0002-a?x-id=PutObject");
    assert_eq!((response.status, response.text().as_str(), response.header("etag")), (200, "kept", Some("\"1\"")));
    let request = server.join().unwrap();
    assert!(request.starts_with("PUT /bucket/0002-a?x-id=PutObject HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("host: 127.0.0.1:{cloud_port}\r\n")), "{request}");
}

#[test]
fn process_ends_when_its_folder_is_removed() {
    let mut simulators = Simulators::start("removed", 1);
    fs::remove_dir_all(&simulators.folder).unwrap();
    simulators.assert_ends();
}

#[test]
fn process_ends_when_a_successor_was_started() {
    let mut simulators = Simulators::start("successor", 1);
    fs::write(simulators.folder.join(INSTANCE_FILE), "another").unwrap();
    simulators.assert_ends();
}
