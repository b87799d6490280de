//! What the tests of several files need.

use std::path::PathBuf;
use std::time::Duration;
use std::{fs, process};

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use gridbid_release_format::{ReleaseId, Timestamp};

use crate::cloud::aws::Account;
use crate::history::Addresses;

/// A temporary folder that is removed when it is dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("gridbid-delivery-{}-{name}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An account with static keys, on AWS or at an endpoint.
pub(crate) fn account(endpoint: Option<&str>) -> Account {
    let credentials = Credentials::new("AKID", "secret", Some("session".to_owned()), None, "test");
    let mut config = SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials));
    config.set_endpoint_url(endpoint.map(str::to_owned));
    Account::from_config(config.build()).unwrap()
}

pub(crate) fn addresses() -> Addresses {
    Addresses {
        api_id: "abc".to_owned(),
        api_endpoint: "https://abc.execute-api.eu-west-1.amazonaws.com/".to_owned(),
        topic_arn: "topic".to_owned(),
        undeliverable_queue_url: "undeliverable".to_owned(),
        notify_slack_failed_queue_url: "failed".to_owned(),
        orders_table: None,
        runs_table: None,
        state_machine_arn: None,
        submission_queue_url: None,
        submission_dead_letter_queue_url: None,
        console_bucket: None,
        console_url: None,
    }
}

pub(crate) fn release_id(number: u8) -> ReleaseId {
    format!("{number:040x}").parse().unwrap()
}

/// A timestamp by its seconds since 1970.
pub(crate) fn timestamp(seconds: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH.saturating_add(Duration::from_secs(seconds))
}

/// A zip of one file.
pub(crate) fn zip_of(path: &str, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(path, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap().into_inner()
}
