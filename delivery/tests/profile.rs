//! `gridbid` with the sources of credentials that AWS's tools read: profiles with their region and endpoint, single sign-on, a web
//! identity token, a container's endpoint.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread::{self, JoinHandle};
use std::{fs, process};

/// S3 with an empty bucket, and the services that issue credentials; it answers a number of requests and returns their heads.
fn service(requests: usize) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = move || listener.incoming().take(requests).map(|client| answer(client.unwrap())).collect();
    (port, thread::spawn(serve))
}

fn answer(mut client: TcpStream) -> String {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let lines = reader.by_ref().lines().map(Result::unwrap);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let length = head.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let (status, body) = if head[0].contains("list-type=2") {
        ("200 OK", "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>")
    } else if String::from_utf8_lossy(&body).contains("Action=AssumeRoleWithWebIdentity") {
        ("200 OK", WEB_IDENTITY)
    } else if head[0].contains("/federation/credentials?") {
        ("200 OK", SINGLE_SIGN_ON)
    } else if head[0].contains("/container/credentials") {
        ("200 OK", CONTAINER)
    } else {
        ("404 Not Found", "<Error><Code>NoSuchKey</Code></Error>")
    };
    let length = body.len();
    write!(client, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").unwrap();
    head.join("\n")
}

/// STS's response to AssumeRoleWithWebIdentity.
const WEB_IDENTITY: &str = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
    <AccessKeyId>AKIDWEB</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken>\
    <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>\
    </AssumeRoleWithWebIdentityResponse>";
/// The response of a container's credentials endpoint.
const CONTAINER: &str = r#"{"AccessKeyId": "AKIDCONTAINER", "SecretAccessKey": "secret", "Token": "session",
    "Expiration": "2099-01-01T00:00:00Z"}"#;
/// The response of the access portal of single sign-on to GetRoleCredentials.
const SINGLE_SIGN_ON: &str = r#"{"roleCredentials": {"accessKeyId": "AKIDSSO", "secretAccessKey": "secret",
    "sessionToken": "session", "expiration": 4070908800000}}"#;

/// A folder with AWS's two files, which is removed when it is dropped.
struct Home(PathBuf);

impl Home {
    fn new(name: &str, config: &str, credentials: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("gridbid-profile-{}-{name}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config"), config).unwrap();
        fs::write(folder.join("credentials"), credentials).unwrap();
        Self(folder)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `gridbid status`, without any other variable of this process.
fn status(home: &Path, variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gridbid"))
        .args(["status", "--env", "dev", "--bucket", "artifacts"])
        .env_clear()
        .env("AWS_CONFIG_FILE", home.join("config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", home.join("credentials"))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

const CREDENTIALS: &str = "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = secret\n\
    [deployer]\naws_access_key_id = AKIDDEPLOYER\naws_secret_access_key = secret\n";

#[test]
fn profile_supplies_keys_region_and_endpoint() {
    let (port, server) = service(2);
    let config = format!("[profile deployer]\nregion = eu-central-1\nendpoint_url = http://127.0.0.1:{port}\n");
    let home = Home::new("all", &config, CREDENTIALS);
    let output = status(&home.0, &[("AWS_PROFILE", "deployer")]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "nothing was deployed to dev yet\n", "{output:?}");
    for request in server.join().unwrap() {
        assert!(request.contains("Credential=AKIDDEPLOYER/") && request.contains("/eu-central-1/s3/"), "{request}");
        assert!(request.contains(" /artifacts"), "the endpoint has no host name for the bucket: {request}");
    }
}

#[test]
fn variables_take_precedence_over_the_profile() {
    let (port, server) = service(2);
    let home = Home::new("variables", "[default]\nregion = eu-central-1\n", CREDENTIALS);
    let endpoint = format!("http://127.0.0.1:{port}");
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDVARIABLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let output =
        status(&home.0, &[&keys[..], &[("AWS_REGION", "eu-west-1"), ("AWS_ENDPOINT_URL", &endpoint)]].concat());
    assert!(output.status.success(), "{output:?}");
    for request in server.join().unwrap() {
        assert!(request.contains("Credential=AKIDVARIABLE/") && request.contains("/eu-west-1/s3/"), "{request}");
    }
}

#[test]
fn web_identity_token_is_exchanged_for_credentials() {
    // Two for credentials: `gridbid` checks them before its first call.
    let (port, server) = service(4);
    let home = Home::new("web-identity", "", "");
    fs::write(home.0.join("token"), "a token").unwrap();
    let (token, endpoint) = (home.0.join("token").display().to_string(), format!("http://127.0.0.1:{port}"));
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/gridbid-delivery-dev"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", &endpoint),
    ];
    let output = status(&home.0, &variables);
    assert!(output.status.success(), "{output:?}");
    let requests = server.join().unwrap();
    assert!(requests[2..].iter().all(|request| request.contains("Credential=AKIDWEB/")), "{requests:?}");
}

#[test]
fn container_credentials_are_fetched() {
    // Two for credentials: `gridbid` checks them before its first call.
    let (port, server) = service(4);
    let home = Home::new("container", "", "");
    let endpoint = format!("http://127.0.0.1:{port}");
    // CodeBuild and ECS set a path on their own host instead.
    let credentials = format!("{endpoint}/container/credentials");
    let variables = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", credentials.as_str()),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", &endpoint),
    ];
    let output = status(&home.0, &variables);
    assert!(output.status.success(), "{output:?}");
    let requests = server.join().unwrap();
    assert!(requests[2..].iter().all(|request| request.contains("Credential=AKIDCONTAINER/")), "{requests:?}");
}

#[test]
fn single_sign_on_of_the_profile_supplies_credentials() {
    // Two for credentials: `gridbid` checks them before its first call.
    let (port, server) = service(4);
    let config = format!(
        "[profile sso]\nsso_session = company\nsso_account_id = 123456789012\nsso_role_name = deployer\nregion = eu-west-1\n\
         endpoint_url = http://127.0.0.1:{port}\n[sso-session company]\nsso_region = eu-west-1\n\
         sso_start_url = https://company.example.com/start\n"
    );
    let home = Home::new("sso", &config, "");
    // Written by `aws sso login`; the name is the SHA-1 of `company`.
    let cache = home.0.join(".aws/sso/cache");
    fs::create_dir_all(&cache).unwrap();
    let token = r#"{"accessToken": "a token", "expiresAt": "2099-01-01T00:00:00Z"}"#;
    fs::write(cache.join("71b21161ffa1e6516bcc072aaf5ef38cbe85b511.json"), token).unwrap();
    let output = status(&home.0, &[("AWS_PROFILE", "sso"), ("HOME", home.0.to_str().unwrap())]);
    assert!(output.status.success(), "{output:?}");
    let requests = server.join().unwrap();
    assert!(requests[0].contains("account_id=123456789012"), "{requests:?}");
    assert!(requests[2..].iter().all(|request| request.contains("Credential=AKIDSSO/")), "{requests:?}");
}

#[test]
fn missing_profile_is_reported_with_its_cause_and_without_styles() {
    let home = Home::new("missing", "[profile other]\nregion = eu-west-1\n", CREDENTIALS);
    let output = status(&home.0, &[("AWS_PROFILE", "missing"), ("AWS_REGION", "eu-west-1")]);
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{report}");
    assert!(report.starts_with("error: no AWS credentials in the profile `missing`: "), "{report}");
    assert!(report.contains("\n  hint: name a profile in AWS_PROFILE"), "{report}");
}

#[test]
fn proxy_of_the_environment_is_used() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut first = String::new();
        BufReader::new(client.try_clone().unwrap()).read_line(&mut first).unwrap();
        write!(client, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").unwrap();
        first
    });
    let home = Home::new("proxy", "[default]\nregion = eu-west-1\n", CREDENTIALS);
    let output = status(&home.0, &[("HTTPS_PROXY", &proxy), ("AWS_MAX_ATTEMPTS", "1")]);
    assert!(!output.status.success(), "{output:?}");
    assert_eq!(asked.join().unwrap().trim_end(), "CONNECT artifacts.s3.eu-west-1.amazonaws.com:443 HTTP/1.1");
}

#[test]
fn refused_connection_is_reported_with_the_whole_chain() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let home = Home::new("refused", "[default]\nregion = eu-central-1\n", CREDENTIALS);
    let output = status(&home.0, &[("AWS_ENDPOINT_URL", &endpoint), ("AWS_MAX_ATTEMPTS", "1")]);
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(report.starts_with("error: S3 ListObjectsV2 deployments/dev/: dispatch failure: "), "{report}");
    assert!(report.to_lowercase().contains("connection refused"), "{report}");
}
