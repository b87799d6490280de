//! Each role needs its grants: a call is denied without one of them, and succeeds once it is restored.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use gridbid_devkit::clock;
use gridbid_local_cloud::client::Denial;
use gridbid_local_cloud::deployer;
use serde_json::{Value, json};

use crate::harness::{System, fresh_prefix, fresh_slot, ready};

/// Time limit of a call: the local cloud polls streams, queues and schedules every second.
const LIMIT: Duration = Duration::from_secs(30);
/// Time after which the local cloud has evaluated no more calls with the policy before.
const SETTLED: Duration = Duration::from_millis(100);

/// A grant that is taken away.
struct Case {
    /// The role, without `gridbid-local-`.
    role: &'static str,
    action: &'static str,
    /// What the refusal contains. The functions log the operation and the name of the error.
    refusal: &'static str,
    /// Makes the call; returns how it was refused.
    call: fn(&System) -> Result<(), String>,
}

const CASES: [Case; 13] = [
    Case {
        role: "orders-api",
        action: "dynamodb:PutItem",
        refusal: "DynamoDB TransactWriteItems: AccessDeniedException",
        call: store_order,
    },
    Case {
        role: "preview-orders",
        action: "logs:PutLogEvents",
        refusal: "gridbid-local-preview-orders is denied logs:PutLogEvents",
        call: preview_order,
    },
    Case { role: "report-results", action: "s3:ListBucket", refusal: "AccessDenied", call: report_day },
    Case { role: "collect-results", action: "s3:PutObject", refusal: "S3 PutObject: AccessDenied", call: collect },
    Case { role: "store-result", action: "s3:PutObject", refusal: "S3 PutObject: AccessDenied", call: store_result },
    Case { role: "close-run", action: "sns:Publish", refusal: "SNS Publish: AuthorizationError", call: close_run },
    Case {
        role: "notify-slack",
        action: "sqs:SendMessage",
        refusal: "gridbid-local-notify-slack is denied sqs:SendMessage",
        call: keep_notification,
    },
    Case {
        role: "results-run",
        action: "dynamodb:UpdateItem",
        refusal: "is not authorized to perform: dynamodb:UpdateItem on resource",
        call: claim_slot,
    },
    Case {
        role: "results-run",
        action: "lambda:InvokeFunction",
        refusal: "gridbid-local-results-run is denied lambda:InvokeFunction",
        call: run_slot,
    },
    Case {
        role: "results-run-scheduler",
        action: "states:StartExecution",
        refusal: "gridbid-local-results-run-scheduler is denied states:StartExecution",
        call: start_scheduled_run,
    },
    Case {
        role: "submission-pipe",
        action: "sqs:SendMessage",
        refusal: "gridbid-local-submission-pipe is denied sqs:SendMessage",
        call: submit_order,
    },
    Case {
        role: "submit-orders",
        action: "sqs:ReceiveMessage",
        refusal: "gridbid-local-submit-orders is denied sqs:ReceiveMessage",
        call: submit_order,
    },
    Case {
        role: "submit-orders",
        action: "dynamodb:UpdateItem",
        refusal: "gridbid-local-submit-orders is denied dynamodb:UpdateItem",
        call: submit_order,
    },
];

#[test]
fn call_is_denied_without_its_grant_in_each_role() {
    let system = System::idle();
    let roles = system.cloud.permissions().unwrap().grants.into_iter().map(|each| each.role);
    // The deploy role has its own scenario.
    let roles: BTreeSet<String> = roles.filter(|role| role != deployer::ROLE).collect();
    let covered: BTreeSet<String> = CASES.iter().map(|case| role_name(case.role)).collect();
    assert_eq!(covered, roles, "each role has a case");

    for Case { role, action, refusal, call } in CASES {
        let (role, taken) = (role_name(role), TakenGrant::take(&system, &role_name(role), action));
        let Err(refused) = call(&system) else { panic!("{role} needs no {action}") };
        assert!(refused.contains(refusal), "{role} without {action}: {refused}");
        let denials = system.cloud.permissions().unwrap().denials;
        let is_expected = |denial: &Denial| denial.principal == role && denial.action == action;
        assert!(!denials.is_empty() && denials.iter().all(is_expected), "{role} without {action}: {denials:?}");
        drop(taken);
        if let Err(refused) = call(&system) {
            panic!("{role} with {action}: {refused}");
        }
    }
    assert_eq!(system.cloud.permissions().unwrap().denials, []);
}

fn role_name(name: &str) -> String {
    format!("gridbid-local-{name}")
}

/// A grant that a role lacks until this value is dropped. Denials are forgotten before and after.
struct TakenGrant<'a> {
    system: &'a System,
    role: String,
    /// The policies as they were, by name.
    policies: Vec<(String, Value)>,
}

impl<'a> TakenGrant<'a> {
    fn take(system: &'a System, role: &str, action: &str) -> Self {
        let grants = system.cloud.permissions().unwrap().grants;
        let own = grants.into_iter().filter(|grant| grant.role == role && grant.action == action);
        let names: BTreeSet<String> = own.map(|grant| grant.policy).collect();
        assert!(!names.is_empty(), "{role} has no grant of {action}");
        let policy = |name: String| (name.clone(), system.cloud.role_policy(role, &name).unwrap());
        let taken = Self { system, role: role.to_owned(), policies: names.into_iter().map(policy).collect() };
        for (name, document) in &taken.policies {
            let mut document = document.clone();
            for statement in document["Statement"].as_array_mut().unwrap() {
                for granted in statement["Action"].as_array_mut().unwrap() {
                    if granted == action {
                        // A policy needs a statement, and a statement an action: AWS always allows this one.
                        *granted = json!("sts:GetCallerIdentity");
                    }
                }
            }
            system.cloud.put_role_policy(role, name, &document).unwrap();
        }
        system.settle();
        taken
    }
}

impl Drop for TakenGrant<'_> {
    fn drop(&mut self) {
        for (name, document) in &self.policies {
            self.system.cloud.put_role_policy(&self.role, name, document).unwrap();
        }
        self.system.settle();
    }
}

impl System {
    /// Forgets the denials by the policies before.
    fn settle(&self) {
        thread::sleep(SETTLED);
        self.cloud.forget_denials().unwrap();
    }

    /// Waits until something holds, or a call is denied.
    fn unless_denied(&self, what: &str, holds: impl Fn() -> bool) -> Result<(), String> {
        let deadline = Instant::now() + LIMIT;
        while !holds() {
            if let Some(Denial { principal, action, resource }) = self.cloud.permissions().unwrap().denials.pop() {
                return Err(format!("{principal} is denied {action} on {resource}"));
            }
            assert!(Instant::now() < deadline, "waited {} s for {what}", LIMIT.as_secs());
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Calls the HTTP API; returns the function's log if it fails.
    fn request(&self, function: &str, method: &str, path: &str, body: &[u8]) -> Result<(), String> {
        let (since, headers) = (clock::unix_seconds() * 1000, [("content-type", "application/json")]);
        let response = self.cloud.http_api(&self.names.api_id, method, path, &headers, body).unwrap();
        if response.is_success() { Ok(()) } else { Err(self.log(function, since).join("\n")) }
    }

    /// Invokes a function; returns its error if it fails.
    fn invoke(&self, function: &str, event: &Value) -> Result<(), String> {
        let invoked = self.cloud.invoke(&self.names.function(function).unwrap().function_name, event).unwrap();
        if invoked.failed { Err(invoked.response.to_string()) } else { Ok(()) }
    }

    fn log(&self, function: &str, since: u64) -> Vec<String> {
        let group = &self.names.function(function).unwrap().log_group_name;
        self.cloud.log_lines(group, since).unwrap().into_iter().map(|line| line.text).collect()
    }

    /// Starts a run on a copy of the state machine that retries nothing; returns its ARN.
    fn start_without_retries(&self, slot: &str) -> String {
        let mut machine = self.cloud.state_machine(&self.names.state_machine_arn).unwrap();
        remove_retries(&mut machine.definition);
        let name = format!("without-retries-{}", slot.replace([':', '-'], ""));
        let copy = self.cloud.create_state_machine(&name, &machine.definition, &machine.role_arn).unwrap();
        self.cloud.start_execution(&copy, &json!({"slot": slot})).unwrap()
    }
}

fn remove_retries(definition: &mut Value) {
    match definition {
        Value::Object(fields) => {
            fields.remove("Retry");
            fields.values_mut().for_each(remove_retries);
        }
        Value::Array(entries) => entries.iter_mut().for_each(remove_retries),
        _ => {}
    }
}

fn order(id: &str) -> String {
    json!([{"record_id": id, "parameter_1": "text", "parameter_2": 2.1}]).to_string()
}

fn store_order(system: &System) -> Result<(), String> {
    system.request("orders-api", "POST", "/orders", order(&fresh_prefix()).as_bytes())
}

fn preview_order(system: &System) -> Result<(), String> {
    let lines = || system.log("preview-orders", 0).len();
    let before = lines();
    system.request("preview-orders", "POST", "/orders/preview", order(&fresh_prefix()).as_bytes())?;
    system.unless_denied("a log line", || lines() > before)
}

fn report_day(system: &System) -> Result<(), String> {
    system.request("report-results", "GET", "/results/2026-11-22", &[])
}

fn collect(system: &System) -> Result<(), String> {
    let slot = fresh_slot();
    system.simulators.set_auction_bodies(&slot, &[ready(&json!([{"order": "accepted"}]))]).unwrap();
    system.invoke("collect-results", &json!({"slot": slot, "attempt": 1, "poll": 1, "run": slot, "open_slots": 0}))
}

fn store_result(system: &System) -> Result<(), String> {
    let item = json!({"position": 0, "order": {"order": "accepted"}});
    let slot = fresh_slot();
    system.invoke("store-result", &json!({"slot": slot, "attempt": 1, "run": slot, "item": item}))
}

fn close_run(system: &System) -> Result<(), String> {
    let (slot, outcomes) = (fresh_slot(), json!([{"position": 0, "outcome": "rejected", "why": "too late"}]));
    system.invoke("close-run", &json!({"slot": slot, "attempt": 1, "run": slot, "polls": 1, "outcomes": outcomes}))
}

/// A notification that Slack refuses is kept in a queue.
fn keep_notification(system: &System) -> Result<(), String> {
    system.simulators.set_slack_status(500).unwrap();
    close_run(system)?;
    let queue = &system.names.notify_slack_failed_queue_url;
    let kept = system.unless_denied("the notification in the queue", || system.cloud.message_count(queue).unwrap() > 0);
    system.simulators.set_slack_status(200).unwrap();
    while !system.cloud.take_messages(queue).unwrap().is_empty() {}
    kept
}

fn claim_slot(system: &System) -> Result<(), String> {
    let slot = fresh_slot();
    system.simulators.set_auction_bodies(&slot, &[ready(&json!([]))]).unwrap();
    let ended = system.follow(&system.start_without_retries(&slot));
    if ended.status() == Some("done") { Ok(()) } else { Err(ended.summary()) }
}

fn run_slot(system: &System) -> Result<(), String> {
    let slot = fresh_slot();
    system.simulators.set_auction_bodies(&slot, &[ready(&json!([]))]).unwrap();
    let arn = system.start_without_retries(&slot);
    let ended = system.unless_denied("the run", || system.is_done(&slot));
    if ended.is_err() {
        // It would poll until its deadline.
        system.cloud.stop_execution(&arn).unwrap();
    }
    ended
}

fn start_scheduled_run(system: &System) -> Result<(), String> {
    let slot = fresh_slot();
    system.simulators.set_auction_bodies(&slot, &[ready(&json!([]))]).unwrap();
    let role_arn = format!("arn:aws:iam::000000000000:role/{}", role_name("results-run-scheduler"));
    let machine = &system.names.state_machine_arn;
    system.cloud.schedule_once(&fresh_prefix(), machine, &role_arn, &json!({"slot": slot})).unwrap();
    system.unless_denied("the run", || system.is_done(&slot))
}

fn submit_order(system: &System) -> Result<(), String> {
    let id = fresh_prefix();
    system.store(&id);
    system.unless_denied("the submission", || system.get(&id).1["submission"]["status"] == "submitted")
}
