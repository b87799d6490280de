//! Messages that Slack refuses, and probes.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{System, fresh_slot, ready, wait_until};

#[test]
fn event_goes_to_the_queue_when_slack_responds_500() {
    let (system, slot) = (System::idle(), fresh_slot());
    let failed_queue = &system.names.notify_slack_failed_queue_url;
    system.simulators.set_slack_status(500).unwrap();

    let ended = system.run_with(&slot, &[ready(&json!([{"order": "rejected"}]))]);

    // The run has succeeded: it does not depend on notifications.
    assert_eq!(ended.status(), Some("done"));
    assert!(system.is_done(&slot));
    wait_until(Duration::from_secs(60), "the event in the queue", || {
        system.cloud.message_count(failed_queue).unwrap() > 0
    });
    let posts = system.simulators.slack_posts().unwrap();
    let statuses: Vec<u16> =
        posts.iter().filter(|post| post.message.to_string().contains(&ended.arn)).map(|post| post.status).collect();
    assert!(statuses.len() >= 3, "Lambda tries three times: {statuses:?}");
    assert!(statuses.iter().all(|status| *status == 500), "{statuses:?}");
    let messages = system.cloud.take_messages(failed_queue).unwrap();
    assert_eq!(messages.len(), 1);
    let kept: Value = serde_json::from_str(&messages[0].body).unwrap();
    assert_eq!(kept["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(kept["responsePayload"]["errorType"], "Unavailable");
    let notification = kept["requestPayload"]["Records"][0]["Sns"]["Message"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(notification).unwrap()["run"], json!(ended.arn));
    assert_eq!(system.cloud.message_count(&system.names.undeliverable_queue_url).unwrap(), 0);

    // The message in the queue is sufficient to send the notification again.
    system.simulators.set_slack_status(200).unwrap();
    let function = &system.names.function("notify-slack").unwrap().function_name;
    let invoked = system.cloud.invoke(function, &kept["requestPayload"]).unwrap();
    assert!(!invoked.failed, "{:?}", invoked.response);
    let taken = system.posts_about(&ended.arn, statuses.len() + 1);
    assert_eq!(taken.last().unwrap().status, 200);
}

#[test]
fn every_function_responds_to_a_probe_without_effects() {
    let system = System::idle();
    let posts = system.simulators.slack_posts().unwrap().len();
    for (name, names) in &system.names.functions {
        let invoked = system.cloud.invoke(&names.function_name, &json!({"probe": "gridbid"})).unwrap();
        assert!(!invoked.failed, "{name}: {:?}", invoked.response);
        assert_eq!((&invoked.response["probe"], &invoked.response["function"]), (&json!("gridbid"), &json!(name)));
        assert!(invoked.response["version"].is_string(), "{name}: {:?}", invoked.response);
    }
    assert_eq!(system.simulators.slack_posts().unwrap().len(), posts);
}
