//! The function against a webhook in memory: how each kind of notice reads, and what becomes of one that is refused.

use std::time::Duration;

use gridbid_adapters::{deadline::Deadline, telemetry::MemoryLog, webhook::MemoryWebhook};
use gridbid_core::expiry::Instant;
use serde_json::{Value, json};

use super::*;

fn call() -> Call {
    Call::new(Deadline::after(Duration::from_secs(5)), Instant::from_unix_seconds(0))
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

/// What is posted of one message.
async fn posted(subject: Option<&str>, message: impl ToString) -> Value {
    let function = NotifySlack::new(MemoryWebhook::default());
    let answer = function.answer(&event(&[(subject, message.to_string())]), &mut call()).await.unwrap();
    assert_eq!(answer, r#"{"posted":1}"#);
    serde_json::from_str(&function.webhook().posted()[0]).unwrap()
}

/// The texts of a message, title first: what people read.
async fn read(subject: Option<&str>, message: impl ToString) -> Vec<String> {
    let posted = posted(subject, message).await;
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
async fn a_runs_summary_is_posted_to_the_letter() {
    let title = "Results run 2026-11-22T07:05:00Z (local): 1 accepted, 22 rejected, 1 failed";
    let section = |text: &str| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
    assert_eq!(
        posted(None, summary()).await,
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
async fn a_run_of_one_poll_asked_once() {
    let mut summary = summary();
    summary["polls"] = json!(1);
    assert!(read(None, summary).await[1].ends_with("*Platform asked* once"));
}

#[tokio::test]
async fn a_summary_of_an_unknown_form_is_shown_as_it_came() {
    let texts = read(None, json!({"kind": "run_summary", "slot": 5})).await;
    assert_eq!(texts[0], "A run's summary of an unknown form");
    assert!(texts[1].contains("\"slot\": 5"), "{texts:?}");
}

#[tokio::test]
async fn a_run_that_ended_badly_says_why() {
    let notice = json!({
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
        read(None, notice).await,
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
async fn an_aborted_run_without_a_cause_is_short() {
    let notice = json!({
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"stateMachineArn": "a:b:run", "name": "x", "status": "ABORTED", "error": null, "cause": null},
    });
    assert_eq!(read(None, notice).await, ["run aborted", "run `x`"]);
}

#[tokio::test]
async fn alarms_read_the_same_whoever_tells_them() {
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
    let told = ["Alarm: orders-api faults", "orders cannot be stored", "*Why* 1 datapoint &gt; 0", "*Before* OK"];
    let texts = read(Some("ALARM: \"orders-api faults\" in EU (Ireland)"), of_topic).await;
    assert_eq!(texts[..4], told);
    assert_eq!(texts[4], "EU (Ireland) · 123456789012 · 2026-11-22T07:05:00.000+0000");
    let texts = read(None, of_event).await;
    assert_eq!(texts[..4], told);
    assert_eq!(texts[4], "aws.cloudwatch");
}

#[tokio::test]
async fn an_alarm_that_is_over_says_so() {
    for (state, title) in [("OK", "Alarm over: a"), ("INSUFFICIENT_DATA", "Alarm without data: a")] {
        assert_eq!(read(None, json!({"AlarmName": "a", "NewStateValue": state})).await, [title]);
    }
}

#[tokio::test]
async fn pipelines_builds_and_deployments_are_known() {
    let pipeline = json!({
        "detail-type": "CodePipeline Action Execution State Change", "source": "aws.codepipeline",
        "detail": {
            "pipeline": "gridbid-dev", "stage": "Deploy", "action": "Apply", "state": "FAILED", "execution-id": "e-1",
            "execution-result": {"error-code": "JobFailed", "external-execution-summary": "terraform apply: exit 1"},
        },
    });
    assert_eq!(
        read(None, pipeline).await,
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
        read(None, build).await,
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
        read(None, deployment).await,
        ["Deployment of orders-api failure", "*Group* live", "deployment `d-1`", "aws.codedeploy"]
    );
}

#[tokio::test]
async fn a_budgets_text_is_shown_below_its_first_line() {
    let text =
        "AWS Budget Notification November 22, 2026\nAWS Account 123456789012\n\nDear AWS Customer,\n\nActual > $10.";
    assert_eq!(
        read(Some("AWS Budgets: gridbid-dev has exceeded your alert threshold"), text).await,
        [
            "AWS Budget Notification November 22, 2026",
            "AWS Account 123456789012\n\nDear AWS Customer,\n\nActual &gt; $10.",
        ]
    );
}

#[tokio::test]
async fn whatever_else_arrives_is_shown_as_it_came() {
    assert_eq!(read(Some("Hello"), "some <text>").await, ["Hello", "some &lt;text&gt;"]);
    assert_eq!(read(None, "one line").await, ["one line"]);
    assert_eq!(read(None, "").await, ["A notice without text"]);
    assert_eq!(read(Some("Hello"), json!({"a": 1})).await, ["Hello", "```{\n  \"a\": 1\n}```"]);
    assert_eq!(read(None, "[1]").await, ["A notice", "```[\n  1\n]```"]);
    let event = json!({"detail-type": "Something New", "source": "aws.new", "detail": {"x": "```"}});
    assert_eq!(read(None, event).await, ["Something New", "```{\n  \"x\": \"'''\"\n}```", "aws.new"]);
}

#[tokio::test]
async fn a_message_that_is_refused_does_not_keep_back_the_others() {
    let messages = [(None, "one".to_owned()), (None, "two".to_owned()), (None, "three".to_owned())];
    for (answers, name) in [
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
        let refusals = answers.len();
        let function = NotifySlack::new(MemoryWebhook::new(answers));
        let mut call = call();
        let error = function.answer(&event(&messages), &mut call).await.unwrap_err();
        assert_eq!(error.name(), name);
        assert_eq!(function.webhook().posted().len(), 3 - refusals);
        assert_eq!(call.notes.posted, Some(3 - refusals as u64));
    }
}

#[tokio::test]
async fn the_log_holds_nothing_of_a_message() {
    const MARKER: &str = "MARKER";
    let mut quoting = summary();
    quoting["rejections"] = json!([{"position": 1, "why": "the auction rejected `MARKER`"}]);
    quoting["failures"] = json!([{"position": 2, "error": MARKER, "why": MARKER}]);
    let messages = [
        quoting.to_string(),
        json!({"kind": "run_summary", "slot": MARKER}).to_string(),
        json!({"AlarmName": MARKER, "NewStateValue": MARKER}).to_string(),
        json!({"detail-type": MARKER, "source": MARKER, "detail": {MARKER: MARKER}}).to_string(),
        MARKER.to_owned(),
    ];
    let refusals = vec![Ok(()), Err(AdapterError::Unavailable("webhook: status 500".into()))];
    for message in messages {
        for answers in [vec![], refusals.clone()] {
            let record = (Some(MARKER), message.clone());
            let line = logged(&event(&[record.clone(), record]), answers.clone()).await;
            assert!(!line.to_string().contains(MARKER), "{message}: {line}");
            assert_eq!(line["outcome"], if answers.is_empty() { "ok" } else { "fault" }, "{line}");
            assert_eq!(line["posted"], if answers.is_empty() { 2 } else { 1 }, "{line}");
        }
    }
    for event in [json!({"Records": [{"Sns": {"Message": [MARKER]}}]}), json!({MARKER: MARKER}), json!(MARKER)] {
        let line = logged(&event.to_string(), vec![]).await;
        assert!(!line.to_string().contains(MARKER), "{event}: {line}");
        assert_eq!(line["error"], "ContractBroken", "{event}: {line}");
    }
}

/// The line that one invocation logs, when the webhook gives these answers.
async fn logged(event: &str, answers: Vec<Result<(), AdapterError>>) -> Value {
    let (log, function) = (MemoryLog::default(), NotifySlack::new(MemoryWebhook::new(answers)));
    let _output = log.invoke(event, async |event, call| function.answer(event, call).await).await;
    serde_json::from_str(&log.text()).unwrap()
}

#[tokio::test]
async fn an_event_of_somebody_else_is_a_broken_contract() {
    for event in [json!({}), json!({"Records": [{"s3": {}}]}), json!([])] {
        let function = NotifySlack::new(MemoryWebhook::default());
        assert_eq!(function.answer(&event.to_string(), &mut call()).await.unwrap_err().name(), "ContractBroken");
    }
}

#[tokio::test]
async fn the_secret_has_to_be_named() {
    let mut environment =
        Environment::of(&[("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "key")]);
    let error = NotifySlack::start(&mut environment).await.map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "the environment is not complete: SLACK_WEBHOOK_SECRET is missing");
}
