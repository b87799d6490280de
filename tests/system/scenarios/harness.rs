//! The running system of a scenario: idle at first, with unused slots and ids.
//!
//! Expected events are awaited with a time limit. The absence of an event is checked after a time that is long compared with the
//! delays of the local cloud.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use gridbid_devkit::clock;
use gridbid_local_cloud::client::{Cloud, Item};
use gridbid_local_cloud::names::Names;
use gridbid_local_cloud::record::Record;
use gridbid_local_cloud::results_run::{self, FinishedRun};
use gridbid_local_cloud::scenario::SITE_VARIABLE;
use gridbid_local_cloud::simulators::{AuctionResponse, S3Fault, Simulators, SlackPost};
use gridbid_local_cloud::slot::Slot;

/// Time limit of a run.
const RUN_LIMIT: Duration = Duration::from_secs(180);
/// Time limit of a submission with some retries, the first of them after some seconds.
const SUBMISSION_LIMIT: Duration = Duration::from_secs(90);
/// Time limit for an expected message.
const MESSAGE_LIMIT: Duration = Duration::from_secs(30);
/// Time without a message after which none is expected: the local cloud delivers within a few milliseconds.
const SILENCE: Duration = Duration::from_secs(2);

/// The system.
pub struct System {
    pub cloud: Cloud,
    pub simulators: Simulators,
    pub names: Names,
}

impl System {
    /// The system that `cargo xtask test` has started, without running executions, messages and faults.
    pub fn idle() -> Self {
        let site =
            std::env::var_os(SITE_VARIABLE).expect("these tests need a local cloud: run `cargo xtask test system`");
        let folder = PathBuf::from(site).join("local");
        let record = Record::read(&folder).unwrap().expect("a local cloud was started");
        let system = Self {
            cloud: Cloud::new(&record.ports),
            simulators: Simulators::new(&record.ports, &folder),
            names: Names::read(&folder).unwrap(),
        };
        for arn in system.cloud.executions(&system.names.state_machine_arn, "RUNNING").unwrap() {
            system.cloud.stop_execution(&arn).unwrap();
        }
        system.simulators.set_slack_status(200).unwrap();
        system.simulators.set_s3_fault(&S3Fault::default()).unwrap();
        system.simulators.set_auction_rules(&[]).unwrap();
        system.simulators.set_auction_faults(&[]).unwrap();
        for queue in system.failed_queues() {
            while !system.cloud.take_messages(queue).unwrap().is_empty() {}
        }
        let pipe = &system.names.submission_pipe_name;
        if system.cloud.pipe_state(pipe).unwrap() != "RUNNING" {
            system.cloud.start_pipe(pipe).unwrap();
        }
        system
    }

    /// Posts orders; returns the status and the body.
    pub fn post(&self, body: &[u8]) -> (u16, Value) {
        let headers = [("content-type", "application/json")];
        let answer = self.cloud.http_api(&self.names.api_id, "POST", "/orders", &headers, body).unwrap();
        let media_type = answer.header("content-type").unwrap_or_default().to_owned();
        let expected = if answer.is_success() { "application/json" } else { "application/problem+json" };
        assert_eq!(media_type, expected, "{}", answer.text());
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    /// Posts an order that must be stored.
    pub fn store(&self, record_id: &str) {
        let order = json!([{"record_id": record_id, "parameter_1": "text", "parameter_2": 2.1}]);
        let (status, response) = self.post(order.to_string().as_bytes());
        assert_eq!(status, 201, "{response}");
    }

    /// Waits until an order's submission has this status; returns the submission.
    pub fn submission(&self, record_id: &str, status: &str) -> Value {
        let submission = || self.get(record_id).1["submission"].clone();
        wait_until(SUBMISSION_LIMIT, status, || submission()["status"] == status);
        submission()
    }

    /// Reads an order; returns the status and the body.
    pub fn get(&self, record_id: &str) -> (u16, Value) {
        let answer = self.cloud.http_api(&self.names.api_id, "GET", &format!("/orders/{record_id}"), &[], &[]).unwrap();
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    /// The items of the orders table whose ids have this prefix, by id.
    pub fn stored(&self, prefix: &str) -> BTreeMap<String, Item> {
        let items = self.cloud.items(&self.names.orders_table).unwrap();
        let with_id = items.into_iter().map(|item| (item["record_id"].1.clone(), item));
        with_id.filter(|(id, _)| id.starts_with(prefix)).collect()
    }

    /// Scripts the auction platform for a slot, then runs the slot to its end.
    pub fn run_with(&self, slot: &str, bodies: &[Value]) -> FinishedRun {
        self.simulators.set_auction_bodies(slot, bodies).unwrap();
        self.run(slot)
    }

    /// Runs a slot to its end.
    pub fn run(&self, slot: &str) -> FinishedRun {
        let arn = self.start(slot);
        self.follow(&arn)
    }

    /// Runs a slot's next attempt to its end.
    pub fn run_again(&self, slot: &str) -> FinishedRun {
        let arn = results_run::start_again(&self.cloud, &self.names.state_machine_arn, slot).unwrap();
        self.follow(&arn)
    }

    /// Runs a slot with this number of generated orders to its end.
    pub fn run_synthetic(&self, slot: &str, orders: u32) -> FinishedRun {
        self.simulators.set_auction_responses(slot, vec![AuctionResponse::Synthetic { orders }]).unwrap();
        self.run(slot)
    }

    /// Starts a run.
    pub fn start(&self, slot: &str) -> String {
        results_run::start(&self.cloud, &self.names.state_machine_arn, slot).unwrap()
    }

    /// Follows a run to its end.
    pub fn follow(&self, arn: &str) -> FinishedRun {
        results_run::follow(&self.cloud, arn, RUN_LIMIT, |_| ()).unwrap()
    }

    /// The stored results of a slot, of all attempts: their contents by key.
    pub fn filed(&self, slot: &str) -> BTreeMap<String, String> {
        self.objects("results", slot)
    }

    /// The objects of a slot below a folder of the bucket: their contents by key.
    pub fn objects(&self, folder: &str, slot: &str) -> BTreeMap<String, String> {
        let prefix = format!("{folder}/{}/", path(slot));
        let objects = self.cloud.objects(&self.names.results_bucket, &prefix).unwrap();
        objects.into_iter().map(|object| (object.key.clone(), self.object(&object.key))).collect()
    }

    /// The summary of a slot, if any.
    pub fn summary(&self, slot: &str) -> Option<Value> {
        let key = format!("summaries/{}.json", path(slot));
        let objects = self.cloud.objects(&self.names.results_bucket, &key).unwrap();
        objects.first().map(|object| serde_json::from_str(&self.object(&object.key)).unwrap())
    }

    fn object(&self, key: &str) -> String {
        String::from_utf8(self.cloud.object(&self.names.results_bucket, key).unwrap()).unwrap()
    }

    /// Waits for this number of posts about a run in Slack, and then checks that no other one comes.
    pub fn posts_about(&self, arn: &str, count: usize) -> Vec<SlackPost> {
        let about = || {
            let posts = self.simulators.slack_posts().unwrap();
            posts.into_iter().filter(|post| post.message.to_string().contains(arn)).collect::<Vec<_>>()
        };
        wait_until(MESSAGE_LIMIT, "posts to Slack", || about().len() >= count);
        thread::sleep(SILENCE);
        let posts = about();
        assert_eq!(posts.len(), count, "{posts:?}");
        posts
    }

    /// The only message about a run, accepted by Slack.
    pub fn only_post_about(&self, arn: &str) -> String {
        let posts = self.posts_about(arn, 1);
        assert_eq!(posts[0].status, 200);
        posts[0].message["text"].as_str().unwrap().to_owned()
    }

    /// The queues of messages that could not be processed.
    fn failed_queues(&self) -> [&String; 3] {
        let names = &self.names;
        [&names.notify_slack_failed_queue_url, &names.undeliverable_queue_url, &names.submission_dead_letter_queue_url]
    }

    /// Checks that the queues of messages that could not be processed are empty.
    pub fn assert_nothing_undelivered(&self) {
        for queue in self.failed_queues() {
            assert_eq!(self.cloud.message_count(queue).unwrap(), 0, "{queue}");
        }
    }

    /// The item of a slot in the runs table, if any.
    pub fn slot_item(&self, slot: &str) -> Option<Item> {
        results_run::slot_item(&self.cloud, &self.names.runs_table, slot).unwrap()
    }

    /// Checks that this run had the slot and has released it.
    pub fn assert_released_by(&self, slot: &str, arn: &str) {
        let item = self.slot_item(slot).unwrap();
        assert_eq!((item["owner"].1.as_str(), item["lease_until"].1.as_str()), (arn, "0"));
    }

    /// Whether the slot is marked as done, and only then not open.
    pub fn is_done(&self, slot: &str) -> bool {
        let Some(item) = self.slot_item(slot) else { return false };
        assert_ne!(item.contains_key("done_at"), item.contains_key("open"), "{item:?}");
        item.contains_key("done_at")
    }
}

/// An unused slot.
pub fn fresh_slot() -> String {
    // Within one year, far from the slots of real runs.
    clock::rfc3339(1_900_000_000 + unique() % 31_000_000)
}

/// An unused prefix of ids.
pub fn fresh_prefix() -> String {
    format!("s{:x}-", unique())
}

fn unique() -> u64 {
    let age = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(age.as_micros()).unwrap() * 7919
}

/// A response of the auction platform with results.
pub fn ready(orders: &Value) -> Value {
    json!({"results": true, "orders": orders})
}

/// A response of the auction platform without results.
pub fn not_ready() -> Value {
    json!({"results": false})
}

/// A slot's spelling in keys and paths.
pub fn path(slot: &str) -> String {
    slot.parse::<Slot>().unwrap().path()
}

/// The key of a stored result: its position and a prefix of its SHA-256.
pub fn result_key(slot: &str, attempt: u32, position: usize, content: &str) -> String {
    let digest = gridbid_devkit::digest::sha256_hex(content.as_bytes());
    format!("results/{}/{attempt}/{position:04}-{}.json", path(slot), &digest[..16])
}

/// The expected objects of the first attempt: these contents at these positions.
pub fn expected_files(slot: &str, contents: &[(usize, &str)]) -> BTreeMap<String, String> {
    expected_files_of(slot, 1, contents)
}

/// The expected objects of an attempt: these contents at these positions.
pub fn expected_files_of(slot: &str, attempt: u32, contents: &[(usize, &str)]) -> BTreeMap<String, String> {
    let files = contents
        .iter()
        .map(|(position, content)| (result_key(slot, attempt, *position, content), (*content).to_owned()));
    files.collect()
}

/// Waits until a condition holds.
pub fn wait_until(limit: Duration, what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + limit;
    while !holds() {
        assert!(Instant::now() < deadline, "waited {} s for {what}", limit.as_secs());
        thread::sleep(Duration::from_millis(100));
    }
}
