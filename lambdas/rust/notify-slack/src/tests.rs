//! Tests of the function on a webhook in memory: every kind of notification, and failed posts.

use std::time::Duration;

use gridbid_adapters::{
    deadline::Deadline,
    memory::{MemoryLog, MemoryWebhook},
};
use gridbid_core::expiry::Timestamp;
use serde_json::{Value, json};

use super::*;

fn invocation() -> Invocation {
    Invocation::new(Deadline::after(Duration::from_secs(5)), Timestamp::from_unix_seconds(0))
}

fn event(messages: &[(Option<&str>, String)]) -> String {
    let records: Vec<Value> = messages
        .iter()
        .map(|(subject, message)| {
            json!({"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {
                "Type": "Notification", "MessageId": "id", "Subject": subject, "Message": message,
            }})
        })
        .collect();
    json!({ "Records": records }).to_string()
}

/// The posted form of one message.
async fn post(subject: Option<&str>, message: impl ToString) -> Value {
    let function = NotifySlack::new(MemoryWebhook::default());
    let output = function.post_all(&event(&[(subject, message.to_string())]), &mut invocation()).await.unwrap();
    assert_eq!(output, r#"{"posted":1}"#);
    serde_json::from_str(&function.webhook().messages()[0]).unwrap()
}

/// The visible texts of a message, title first.
async fn post_texts(subject: Option<&str>, message: impl ToString) -> Vec<String> {
    let posted = post(subject, message).await;
    let text = |block: &Value| {
        let text = block.pointer("/text/text").or_else(|| block.pointer("/elements/0/text"));
        text.and_then(Value::as_str).unwrap().to_owned()
    };
    posted["blocks"].as_array().unwrap().iter().map(text).collect()
}

fn summary() -> Value {
    json!({
        "kind": "run_summary", "environment": "local", "run": "arn:aws:states:run", "slot": "2026-11-22T07:05:00Z",
        "polls": 3, "accepted": 1, "rejected": 22, "failed": 1, "total_power": "2.1",
        "rejections": [{"position": 1, "why": "the auction rejected `<a>&b`"}],
        "failures": [{"position": 2, "error": "Unavailable", "why": "S3 PutObject: SlowDown (503)"}],
        "more_rejections": 21, "more_failures": 0,
    })
}

#[tokio::test]
async fn run_summary_is_posted_byte_for_byte() {
    let title = "Results run 2026-11-22T07:05:00Z (local): 1 accepted, 22 rejected, 1 failed";
    let section = |text: &str| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
    assert_eq!(
        post(None, summary()).await,
        json!({
            "text": title,
            "blocks": [
                {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": false}},
                section("*Power accepted* 2.1\n*Platform asked* 3 times"),
                section("*Failed*\n• order 2: `Unavailable` S3 PutObject: SlowDown (503)"),
                section("*Rejected*\n• order 1: the auction rejected `&lt;a&gt;&amp;b`\nand 21 more"),
                {"type": "context", "elements": [{"type": "mrkdwn", "text": "run `arn:aws:states:run`"}]},
            ],
        })
    );
}

#[tokio::test]
async fn single_poll_reads_once() {
    let mut summary = summary();
    summary["polls"] = json!(1);
    assert!(post_texts(None, summary).await[1].ends_with("*Platform asked* once"));
}

#[tokio::test]
async fn unknown_summary_is_shown_verbatim() {
    let texts = post_texts(None, json!({"kind": "run_summary", "slot": 5})).await;
    assert_eq!(texts[0], "A run's summary of an unknown form");
    assert!(texts[1].contains("\"slot\": 5"), "{texts:?}");
}

#[tokio::test]
async fn refused_orders_are_listed_with_their_reasons() {
    let refused = json!({
        "kind": "orders_refused", "environment": "dev", "total": 3,
        "orders": [{"record_id": "a", "reason": "gate <closed>"}, {"record_id": "b", "reason": "limit"}],
    });
    assert_eq!(
        post_texts(None, refused).await,
        [
            "3 orders refused by the auction platform (dev)",
            "*Refused*\n• `a` gate &lt;closed&gt;\n• `b` limit\nand 1 more",
        ]
    );
}

#[tokio::test]
async fn expired_orders_are_listed_with_their_acceptance() {
    let expired = json!({
        "kind": "orders_expired", "environment": "dev", "total": 1,
        "orders": [{"record_id": "a", "accepted_at": "2026-11-22T07:01:02Z"}],
    });
    assert_eq!(
        post_texts(None, expired).await,
        [
            "1 order expired without a response of the auction platform (dev)",
            "*Ask the platform whether it has them*\n• `a` accepted at 2026-11-22T07:01:02Z"
        ]
    );
}

#[tokio::test]
async fn unknown_lists_of_orders_are_shown_verbatim() {
    for (kind, title) in [
        ("orders_refused", "A list of refused orders of an unknown form"),
        ("orders_expired", "A list of expired orders of an unknown form"),
    ] {
        assert_eq!(post_texts(None, json!({"kind": kind, "orders": [1]})).await[0], title);
    }
}

#[tokio::test]
async fn failed_run_shows_its_cause() {
    let event = json!({
        "version": "0", "detail-type": "Step Functions Execution Status Change", "source": "aws.states",
        "account": "123456789012", "time": "2026-11-22T07:06:00Z", "region": "eu-west-1",
        "detail": {
            "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:gridbid-dev-results-run:x",
            "stateMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:gridbid-dev-results-run",
            "name": "x", "status": "TIMED_OUT", "startDate": 1, "stopDate": 2,
            "input": "{\"slot\":\"2026-11-22T07:05:00Z\"}",
            "error": "DeadlinePassed", "cause": "not ready after 3 polls",
        },
    });
    assert_eq!(
        post_texts(None, event).await,
        [
            "gridbid-dev-results-run timed out",
            "*Error* `DeadlinePassed`",
            "```not ready after 3 polls```",
            "```{\"slot\":\"2026-11-22T07:05:00Z\"}```",
            "run `arn:aws:states:eu-west-1:123456789012:execution:gridbid-dev-results-run:x`",
            "aws.states · eu-west-1 · 123456789012 · 2026-11-22T07:06:00Z",
        ]
    );
}

#[tokio::test]
async fn aborted_run_without_cause_is_short() {
    let event = json!({
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"stateMachineArn": "a:b:run", "name": "x", "status": "ABORTED", "error": null, "cause": null},
    });
    assert_eq!(post_texts(None, event).await, ["run aborted", "run `x`"]);
}

#[tokio::test]
async fn alarms_read_alike_from_action_and_event() {
    let of_topic = json!({
        "AlarmName": "orders-api faults", "AlarmDescription": "orders cannot be stored", "AWSAccountId": "123456789012",
        "NewStateValue": "ALARM", "NewStateReason": "1 datapoint > 0", "StateChangeTime": "2026-11-22T07:05:00.000+0000",
        "Region": "EU (Ireland)", "OldStateValue": "OK", "Trigger": {"MetricName": "Faults"},
    });
    let of_event = json!({
        "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
        "detail": {
            "alarmName": "orders-api faults", "configuration": {"description": "orders cannot be stored"},
            "previousState": {"value": "OK"}, "state": {"value": "ALARM", "reason": "1 datapoint > 0"},
        },
    });
    let expected = ["Alarm: orders-api faults", "orders cannot be stored", "*Why* 1 datapoint &gt; 0", "*Before* OK"];
    let texts = post_texts(Some("ALARM: \"orders-api faults\" in EU (Ireland)"), of_topic).await;
    assert_eq!(texts[..4], expected);
    assert_eq!(texts[4], "EU (Ireland) · 123456789012 · 2026-11-22T07:05:00.000+0000");
    let texts = post_texts(None, of_event).await;
    assert_eq!(texts[..4], expected);
    assert_eq!(texts[4], "aws.cloudwatch");
}

#[tokio::test]
async fn other_alarm_states_have_their_own_titles() {
    for (state, title) in [("OK", "Alarm over: a"), ("INSUFFICIENT_DATA", "Alarm without data: a")] {
        assert_eq!(post_texts(None, json!({"AlarmName": "a", "NewStateValue": state})).await, [title]);
    }
}

#[tokio::test]
async fn pipelines_builds_and_deployments_are_rendered() {
    let pipeline = json!({
        "detail-type": "CodePipeline Action Execution State Change", "source": "aws.codepipeline",
        "detail": {
            "pipeline": "gridbid-dev", "stage": "Deploy", "action": "Apply", "state": "FAILED", "execution-id": "e-1",
            "execution-result": {"error-code": "JobFailed", "external-execution-summary": "terraform apply: exit 1"},
        },
    });
    assert_eq!(
        post_texts(None, pipeline).await,
        [
            "Pipeline gridbid-dev / Deploy / Apply failed",
            "*Error* JobFailed",
            "```terraform apply: exit 1```",
            "execution `e-1`",
            "aws.codepipeline",
        ]
    );
    let build = json!({
        "detail-type": "CodeBuild Build State Change", "source": "aws.codebuild",
        "detail": {
            "build-status": "FAILED", "project-name": "gridbid-dev-build", "build-id": "arn:build",
            "additional-information": {"logs": {"deep-link": "https://console.aws.amazon.com/x?a=1&b=2"}},
        },
    });
    assert_eq!(
        post_texts(None, build).await,
        [
            "Build of gridbid-dev-build failed",
            "*Log* https://console.aws.amazon.com/x?a=1&amp;b=2",
            "build `arn:build`",
            "aws.codebuild",
        ]
    );
    let deployment = json!({
        "detail-type": "CodeDeploy Deployment State-change Notification", "source": "aws.codedeploy",
        "detail": {"application": "orders-api", "deploymentGroup": "live", "deploymentId": "d-1", "state": "FAILURE"},
    });
    assert_eq!(
        post_texts(None, deployment).await,
        ["Deployment of orders-api failure", "*Group* live", "deployment `d-1`", "aws.codedeploy"]
    );
}

#[tokio::test]
async fn budget_has_its_first_line_as_title() {
    let text =
        "AWS Budget Notification November 22, 2026\nAWS Account 123456789012\n\nDear AWS Customer,\n\nActual > $10.";
    assert_eq!(
        post_texts(Some("AWS Budgets: gridbid-dev has exceeded your alert threshold"), text).await,
        [
            "AWS Budget Notification November 22, 2026",
            "AWS Account 123456789012\n\nDear AWS Customer,\n\nActual &gt; $10.",
        ]
    );
}

#[tokio::test]
async fn unknown_notifications_are_shown_verbatim() {
    assert_eq!(post_texts(Some("Hello"), "some <text>").await, ["Hello", "some &lt;text&gt;"]);
    assert_eq!(post_texts(None, "one line").await, ["one line"]);
    assert_eq!(post_texts(None, "").await, ["A notice without text"]);
    assert_eq!(post_texts(Some("Hello"), json!({"a": 1})).await, ["Hello", "```{\n  \"a\": 1\n}```"]);
    assert_eq!(post_texts(None, "[1]").await, ["A notice", "```[\n  1\n]```"]);
    let event = json!({"detail-type": "Something New", "source": "aws.new", "detail": {"x": "```"}});
    assert_eq!(post_texts(None, event).await, ["Something New", "```{\n  \"x\": \"'''\"\n}```", "aws.new"]);
}

#[tokio::test]
async fn failed_post_does_not_stop_the_others() {
    let messages = [(None, "one".to_owned()), (None, "two".to_owned()), (None, "three".to_owned())];
    for (results, name) in [
        (vec![Err(AdapterError::Unavailable("status 500".into()))], "Unavailable"),
        (vec![Err(AdapterError::Broken("status 404 no_service".into()))], "ContractBroken"),
        (
            vec![Err(AdapterError::Unavailable("status 500".into())), Err(AdapterError::Broken("status 400".into()))],
            "Unavailable",
        ),
        (
            vec![Err(AdapterError::Broken("status 400".into())), Err(AdapterError::Unavailable("status 500".into()))],
            "Unavailable",
        ),
    ] {
        let failed = results.len();
        let function = NotifySlack::new(MemoryWebhook::new(results));
        let mut invocation = invocation();
        let error = function.post_all(&event(&messages), &mut invocation).await.unwrap_err();
        assert_eq!(error.name(), name);
        assert_eq!(function.webhook().messages().len(), 3 - failed);
        assert_eq!(invocation.log.published, Some(3 - failed as u32));
    }
}

#[tokio::test]
async fn log_lines_hold_no_content_of_a_message() {
    const MARKER: &str = "MARKER";
    let mut quoting = summary();
    quoting["rejections"] = json!([{"position": 1, "why": "the auction rejected `MARKER`"}]);
    quoting["failures"] = json!([{"position": 2, "error": MARKER, "why": MARKER}]);
    let messages = [
        quoting.to_string(),
        json!({"kind": "run_summary", "slot": MARKER}).to_string(),
        json!({
            "kind": "orders_refused", "environment": MARKER, "total": 1,
            "orders": [{"record_id": MARKER, "reason": MARKER}],
        })
        .to_string(),
        json!({"AlarmName": MARKER, "NewStateValue": MARKER}).to_string(),
        json!({"detail-type": MARKER, "source": MARKER, "detail": {MARKER: MARKER}}).to_string(),
        MARKER.to_owned(),
    ];
    let refusals = vec![Ok(()), Err(AdapterError::Unavailable("webhook: status 500".into()))];
    for message in messages {
        for results in [vec![], refusals.clone()] {
            let record = (Some(MARKER), message.clone());
            let line = log_line(&event(&[record.clone(), record]), results.clone()).await;
            assert!(!line.to_string().contains(MARKER), "{message}: {line}");
            assert_eq!(line["outcome"], if results.is_empty() { "ok" } else { "fault" }, "{line}");
            assert_eq!(line["published"], if results.is_empty() { 2 } else { 1 }, "{line}");
        }
    }
    for event in [json!({"Records": [{"Sns": {"Message": [MARKER]}}]}), json!({MARKER: MARKER}), json!(MARKER)] {
        let line = log_line(&event.to_string(), vec![]).await;
        assert!(!line.to_string().contains(MARKER), "{event}: {line}");
        assert_eq!(line["error"], "ContractBroken", "{event}: {line}");
    }
}

/// The log line of one invocation on a webhook that returns these results.
async fn log_line(event: &str, results: Vec<Result<(), AdapterError>>) -> Value {
    let (log, function) = (MemoryLog::default(), NotifySlack::new(MemoryWebhook::new(results)));
    let _output = log.invoke(event, async |event, invocation| function.post_all(event, invocation).await).await;
    serde_json::from_str(&log.text()).unwrap()
}

#[tokio::test]
async fn other_events_break_the_contract() {
    for event in [json!({}), json!({"Records": [{"s3": {}}]}), json!([])] {
        let function = NotifySlack::new(MemoryWebhook::default());
        assert_eq!(
            function.post_all(&event.to_string(), &mut invocation()).await.unwrap_err().name(),
            "ContractBroken"
        );
    }
}

#[tokio::test]
async fn secret_is_required() {
    let mut environment = Environment::from_pairs(&[
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "key"),
    ]);
    let error = NotifySlack::start(&mut environment).await.map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "the environment is not complete: SLACK_WEBHOOK_SECRET is missing");
}
