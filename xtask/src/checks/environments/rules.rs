//! The rules of the contract, each over one plan.
//!
//! A rule says which resource breaks it and how. What the local cloud does not have is not asked of the laptop's plan.
//! Called by `environments`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::policies::{statements, texts, too_wide_for_a_resource, too_wide_for_a_role};
use super::{LOCAL, PROD, Planned};

/// The one policy that names services and not actions: a boundary grants nothing.
const BOUNDARY: &str = "gridbid-boundary";
/// The alarms of each function, by the ends of their names.
pub(super) const FUNCTION_ALARMS: [&str; 3] = ["faults", "throttles", "p99"];
const DEPLOYS: &str = "codedeploy:CreateDeployment";

type Rule = fn(&[Planned]) -> Vec<String>;

/// What every plan keeps.
const EVERYWHERE: [Rule; 8] = [
    roles_are_narrow,
    nobody_is_let_in_by_a_policy,
    logs_end,
    tables_expire,
    runs_start_on_the_clock,
    alarms_tell_somebody,
    no_alarm_counts_rejections,
    callers_of_functions_are_bound,
];

/// What every plan but the laptop's keeps.
const ON_AWS: [Rule; 8] = [
    roles_are_bounded,
    buckets_are_private,
    routes_are_authorized,
    all_is_encrypted_with_a_key,
    queues_alarm,
    functions_alarm,
    canaries_go_back,
    one_deploys,
];

/// What production's plan keeps beside all that.
const IN_PROD: [Rule; 1] = [tables_of_orders_can_be_had_back];

/// What the plan of a run breaks, one sentence each.
pub(super) fn broken(run: &str, plan: &[Planned]) -> Vec<String> {
    let on_aws = ON_AWS.iter().filter(|_| run != LOCAL);
    let in_prod = IN_PROD.iter().filter(|_| run == PROD);
    let broken = EVERYWHERE.iter().chain(on_aws).chain(in_prod).flat_map(|rule| rule(plan));
    broken.map(|sentence| format!("{run}: {sentence}")).collect()
}

fn of_kind<'a>(plan: &'a [Planned], kind: &'a str) -> impl Iterator<Item = &'a Planned> {
    plan.iter().filter(move |planned| planned.kind == kind)
}

fn told(planned: &Planned, what: impl std::fmt::Display) -> String {
    format!("{}: {what}", planned.address)
}

fn roles_are_narrow(plan: &[Planned]) -> Vec<String> {
    let kinds = ["aws_iam_role_policy", "aws_iam_policy"];
    let policies =
        kinds.into_iter().flat_map(|kind| of_kind(plan, kind)).filter(|policy| policy.text("name") != BOUNDARY);
    let broken = policies.flat_map(|policy| {
        let statements = statements(policy.text("policy"));
        let unread = statements.is_empty().then(|| told(policy, "its policy cannot be read"));
        let wide = statements.iter().filter_map(too_wide_for_a_role).map(|what| told(policy, what));
        unread.into_iter().chain(wide).collect::<Vec<_>>()
    });
    broken.collect()
}

fn nobody_is_let_in_by_a_policy(plan: &[Planned]) -> Vec<String> {
    let with_policy = [
        ("aws_s3_bucket_policy", "policy"),
        ("aws_sns_topic_policy", "policy"),
        ("aws_sqs_queue", "policy"),
        ("aws_sqs_queue_policy", "policy"),
        ("aws_kms_key", "policy"),
        ("aws_iam_role", "assume_role_policy"),
    ];
    let policies = with_policy
        .into_iter()
        .flat_map(|(kind, name)| of_kind(plan, kind).map(move |planned| (planned, name)))
        // A queue without a policy lets in its own account alone.
        .filter(|(planned, name)| planned.kind != "aws_sqs_queue" || planned.has(name));
    let broken = policies.flat_map(|(planned, name)| {
        let statements = statements(planned.text(name));
        let unread = statements.is_empty().then(|| told(planned, "its policy cannot be read"));
        let wide = statements.iter().filter_map(too_wide_for_a_resource).map(|what| told(planned, what));
        unread.into_iter().chain(wide).collect::<Vec<_>>()
    });
    let open = of_kind(plan, "aws_lambda_function_url")
        .map(|url| told(url, "a function is called through the API, not by an address"));
    broken.chain(open).collect()
}

fn logs_end(plan: &[Planned]) -> Vec<String> {
    let endless = of_kind(plan, "aws_cloudwatch_log_group").filter(|group| !group.has("retention_in_days"));
    endless.map(|group| told(group, "a log group needs a retention")).collect()
}

fn tables_expire(plan: &[Planned]) -> Vec<String> {
    let expires = |table: &&Planned| {
        table.after.pointer("/ttl/0/enabled") == Some(&json!(true))
            && table.after.pointer("/ttl/0/attribute_name") == Some(&json!("expires_at"))
    };
    let lasting = of_kind(plan, "aws_dynamodb_table").filter(|table| !expires(table));
    lasting.map(|table| told(table, "items must expire by `expires_at`")).collect()
}

fn runs_start_on_the_clock(plan: &[Planned]) -> Vec<String> {
    let starts = |schedule: &&Planned| {
        schedule.text("schedule_expression") == "cron(0/5 * * * ? *)"
            && schedule.text("schedule_expression_timezone") == "UTC"
    };
    let drifting = of_kind(plan, "aws_scheduler_schedule").filter(|schedule| !starts(schedule));
    drifting.map(|schedule| told(schedule, "a run starts at each five minutes of the clock, in UTC")).collect()
}

fn tables_of_orders_can_be_had_back(plan: &[Planned]) -> Vec<String> {
    let orders = of_kind(plan, "aws_dynamodb_table").filter(|table| table.text("name").ends_with("-orders"));
    let is_safe = |table: &&Planned| {
        table.has("deletion_protection_enabled")
            && table.after.pointer("/point_in_time_recovery/0/enabled") == Some(&json!(true))
            && table.after.pointer("/point_in_time_recovery/0/recovery_period_in_days") == Some(&json!(1))
    };
    let unsafe_ones = orders.filter(|table| !is_safe(table));
    unsafe_ones.map(|table| told(table, "orders can be had back for one day, and not be deleted as a whole")).collect()
}

fn alarms_tell_somebody(plan: &[Planned]) -> Vec<String> {
    let mute = of_kind(plan, "aws_cloudwatch_metric_alarm").filter(|alarm| !alarm.has("alarm_actions"));
    mute.map(|alarm| told(alarm, "an alarm needs somebody to tell")).collect()
}

fn no_alarm_counts_rejections(plan: &[Planned]) -> Vec<String> {
    let counts = |alarm: &&Planned| alarm.text("namespace") == "AWS/Lambda" && alarm.text("metric_name") == "Errors";
    let wrong = of_kind(plan, "aws_cloudwatch_metric_alarm").filter(counts);
    let rejections =
        of_kind(plan, "aws_cloudwatch_log_metric_filter").filter(|filter| filter.text("pattern").contains("rejected"));
    wrong.chain(rejections).map(|planned| told(planned, "a rejection is business and trips no alarm")).collect()
}

fn callers_of_functions_are_bound(plan: &[Planned]) -> Vec<String> {
    let wide = of_kind(plan, "aws_lambda_permission").filter(|permission| {
        !permission.text("principal").ends_with(".amazonaws.com") || !permission.has("source_arn")
    });
    wide.map(|permission| told(permission, "who calls a function is a service, bound by the ARN that it calls for"))
        .collect()
}

fn roles_are_bounded(plan: &[Planned]) -> Vec<String> {
    let free = of_kind(plan, "aws_iam_role")
        .filter(|role| !role.text("permissions_boundary").ends_with(&format!(":policy/{BOUNDARY}")));
    free.map(|role| told(role, "a role must be under the boundary")).collect()
}

fn buckets_are_private(plan: &[Planned]) -> Vec<String> {
    let blocks = ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"];
    let beside = |bucket: &Planned, kind: &str| {
        let address = bucket.address.replace("aws_s3_bucket.", &format!("{kind}."));
        plan.iter().find(|planned| planned.address == address).cloned()
    };
    let open = of_kind(plan, "aws_s3_bucket").filter(|bucket| {
        let blocked = beside(bucket, "aws_s3_bucket_public_access_block")
            .is_some_and(|block| blocks.iter().all(|name| block.has(name)));
        let asks_for_tls = beside(bucket, "aws_s3_bucket_policy")
            .is_some_and(|policy| statements(policy.text("policy")).iter().any(denies_without_tls));
        !blocked || !asks_for_tls
    });
    open.map(|bucket| told(bucket, "a bucket must block public access and deny what comes without TLS")).collect()
}

fn denies_without_tls(statement: &Value) -> bool {
    statement.get("Effect") == Some(&json!("Deny"))
        && statement.get("Action") == Some(&json!("s3:*"))
        && statement.pointer("/Condition/Bool/aws:SecureTransport") == Some(&json!("false"))
}

fn routes_are_authorized(plan: &[Planned]) -> Vec<String> {
    let open = of_kind(plan, "aws_apigatewayv2_route")
        .filter(|route| !["AWS_IAM", "JWT"].contains(&route.text("authorization_type")));
    open.map(|route| told(route, "a route asks who calls")).collect()
}

fn all_is_encrypted_with_a_key(plan: &[Planned]) -> Vec<String> {
    let attributes = [
        ("aws_cloudwatch_log_group", "/kms_key_id"),
        ("aws_sns_topic", "/kms_master_key_id"),
        ("aws_sqs_queue", "/kms_master_key_id"),
        ("aws_secretsmanager_secret", "/kms_key_id"),
        ("aws_dynamodb_table", "/server_side_encryption/0/kms_key_arn"),
    ];
    let planned =
        attributes.into_iter().flat_map(|(kind, pointer)| of_kind(plan, kind).map(move |planned| (planned, pointer)));
    let plain = planned.filter(|(planned, pointer)| {
        !planned.after.pointer(pointer).and_then(Value::as_str).is_some_and(|arn| arn.starts_with("arn:aws:kms:"))
    });
    plain.map(|(planned, _)| told(planned, "it must be encrypted with the environment's key")).collect()
}

/// A queue with a dead-letter queue holds work, whose age counts; in any other queue, each message is a failure.
fn queues_alarm(plan: &[Planned]) -> Vec<String> {
    let watched: BTreeSet<(&str, &str)> = of_kind(plan, "aws_cloudwatch_metric_alarm")
        .filter_map(|alarm| {
            Some((alarm.text("metric_name"), alarm.after.pointer("/dimensions/QueueName")?.as_str()?))
        })
        .collect();
    let unwatched = of_kind(plan, "aws_sqs_queue").filter_map(|queue| {
        let (metric, what) = if queue.has("redrive_policy") {
            ("ApproximateAgeOfOldestMessage", "a queue of work needs an alarm for the age of its oldest message")
        } else {
            ("ApproximateNumberOfMessagesVisible", "a queue needs an alarm for the first message in it")
        };
        (!watched.contains(&(metric, queue.text("name")))).then(|| told(queue, what))
    });
    unwatched.collect()
}

fn functions_alarm(plan: &[Planned]) -> Vec<String> {
    let alarms: BTreeSet<&str> =
        of_kind(plan, "aws_cloudwatch_metric_alarm").map(|alarm| alarm.text("alarm_name")).collect();
    let functions = of_kind(plan, "aws_lambda_function");
    let missing = functions.flat_map(|function| {
        let kinds = FUNCTION_ALARMS.into_iter();
        let missing =
            kinds.filter(|kind| !alarms.contains(format!("{}-{kind}", function.text("function_name")).as_str()));
        missing.map(|kind| told(function, format_args!("it has no alarm on {kind}"))).collect::<Vec<_>>()
    });
    missing.collect()
}

fn canaries_go_back(plan: &[Planned]) -> Vec<String> {
    let alarms: BTreeSet<&str> =
        of_kind(plan, "aws_cloudwatch_metric_alarm").map(|alarm| alarm.text("alarm_name")).collect();
    let groups = of_kind(plan, "aws_codedeploy_deployment_group");
    let blind = groups.filter(|group| {
        let named = texts(group.after.pointer("/alarm_configuration/0/alarms"));
        let goes_back = group.after.pointer("/auto_rollback_configuration/0/enabled") == Some(&json!(true));
        !goes_back || named.len() < 3 || named.iter().any(|name| !alarms.contains(name))
    });
    blind.map(|group| told(group, "a canary goes back by itself, on three alarms that there are")).collect()
}

/// Whoever may start a deployment of an environment is its deployer: none in an environment's own plan, else one for each.
fn one_deploys(plan: &[Planned]) -> Vec<String> {
    let mut deployers: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for policy in of_kind(plan, "aws_iam_policy").filter(|policy| policy.text("name") != BOUNDARY) {
        for statement in statements(policy.text("policy")) {
            let deploys = texts(statement.get("Action")).contains(&DEPLOYS);
            let applications =
                texts(statement.get("Resource")).into_iter().filter(|arn| deploys && arn.contains(":application:"));
            for application in applications {
                deployers.entry(application.to_owned()).or_default().push(&policy.address);
            }
        }
    }
    let several = deployers.iter().filter(|(_, policies)| policies.len() != 1);
    let several = several.map(|(application, policies)| {
        format!("{application} has {} deployers: {}", policies.len(), policies.join(", "))
    });
    let delivers = of_kind(plan, "aws_iam_openid_connect_provider").next().is_some();
    let nobody = (delivers && deployers.is_empty()).then(|| "nobody deploys".to_owned());
    several.chain(nobody).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::planned;
    use super::*;

    fn alarm(name: &str) -> Planned {
        planned("aws_cloudwatch_metric_alarm", json!({"alarm_name": name, "alarm_actions": ["t"]}))
    }

    fn policy(name: &str, actions: &[&str], resources: &[&str]) -> Planned {
        let policy = json!({"Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]});
        planned("aws_iam_policy", json!({"name": name, "policy": policy.to_string()}))
    }

    /// Each rule finds what breaks it, and lets pass what does not.
    fn finds(rule: Rule, good: &[Planned], bad: &[Planned]) {
        assert_eq!(rule(good), Vec::<String>::new());
        assert_eq!(rule(bad).len(), 1, "{:?}", rule(bad));
    }

    #[test]
    fn a_wide_role_is_found_and_the_boundary_is_none() {
        let narrow = policy("own", &["s3:GetObject"], &["arn:aws:s3:::b/*"]);
        finds(roles_are_narrow, &[narrow, policy(BOUNDARY, &["s3:*"], &["*"])], &[policy("own", &["s3:*"], &["*"])]);
        finds(roles_are_narrow, &[], &[planned("aws_iam_policy", json!({"name": "own", "policy": "unknown"}))]);
    }

    #[test]
    fn an_open_topic_is_found() {
        let topic = |principal: Value| {
            let policy = json!({"Statement": [{"Effect": "Allow", "Principal": principal}]});
            planned("aws_sns_topic_policy", json!({"policy": policy.to_string()}))
        };
        finds(nobody_is_let_in_by_a_policy, &[topic(json!({"Service": "s"}))], &[topic(json!("*"))]);
        finds(nobody_is_let_in_by_a_policy, &[], &[planned("aws_lambda_function_url", json!({}))]);
    }

    #[test]
    fn an_open_queue_is_found_and_one_without_a_policy_passes() {
        let queue = |principal: Value| {
            let policy = json!({"Statement": [{"Effect": "Allow", "Principal": principal}]});
            planned("aws_sqs_queue", json!({"policy": policy.to_string()}))
        };
        let without_policy = planned("aws_sqs_queue", json!({"policy": ""}));
        let narrow = queue(json!({"Service": "sns.amazonaws.com"}));
        finds(nobody_is_let_in_by_a_policy, &[narrow, without_policy], &[queue(json!("*"))]);
        finds(nobody_is_let_in_by_a_policy, &[], &[planned("aws_sqs_queue", json!({"policy": "unknown"}))]);
    }

    #[test]
    fn an_endless_log_is_found() {
        let group = |days: Value| planned("aws_cloudwatch_log_group", json!({"retention_in_days": days}));
        finds(logs_end, &[group(json!(30))], &[group(json!(0))]);
    }

    #[test]
    fn a_table_that_keeps_everything_is_found() {
        let table =
            |name: &str| planned("aws_dynamodb_table", json!({"ttl": [{"enabled": true, "attribute_name": name}]}));
        finds(tables_expire, &[table("expires_at")], &[table("accepted_at")]);
    }

    #[test]
    fn a_schedule_off_the_clock_is_found() {
        let schedule = |expression: &str| {
            planned(
                "aws_scheduler_schedule",
                json!({"schedule_expression": expression, "schedule_expression_timezone": "UTC"}),
            )
        };
        finds(runs_start_on_the_clock, &[schedule("cron(0/5 * * * ? *)")], &[schedule("rate(5 minutes)")]);
    }

    #[test]
    fn orders_that_cannot_be_had_back_are_found_in_production_alone() {
        let table = |days: u64| {
            let recovery = json!([{"enabled": true, "recovery_period_in_days": days}]);
            planned(
                "aws_dynamodb_table",
                json!({
                    "name": "gridbid-prod-orders", "deletion_protection_enabled": true, "point_in_time_recovery": recovery,
                    "ttl": [{"enabled": true, "attribute_name": "expires_at"}],
                    "server_side_encryption": [{"kms_key_arn": "arn:aws:kms:k"}],
                }),
            )
        };
        finds(tables_of_orders_can_be_had_back, &[table(1)], &[table(35)]);
        assert_eq!(broken("dev", &[table(35)]), Vec::<String>::new());
        assert_eq!(broken(PROD, &[table(35)]).len(), 1);
    }

    #[test]
    fn an_alarm_that_tells_nobody_is_found() {
        finds(
            alarms_tell_somebody,
            &[alarm("a")],
            &[planned("aws_cloudwatch_metric_alarm", json!({"alarm_actions": []}))],
        );
    }

    #[test]
    fn an_alarm_on_rejections_is_found() {
        let errors =
            planned("aws_cloudwatch_metric_alarm", json!({"namespace": "AWS/Lambda", "metric_name": "Errors"}));
        finds(no_alarm_counts_rejections, &[alarm("a")], &[errors]);
        let filter = planned("aws_cloudwatch_log_metric_filter", json!({"pattern": "{ $.outcome = \"rejected\" }"}));
        finds(no_alarm_counts_rejections, &[], &[filter]);
    }

    #[test]
    fn an_unbound_caller_is_found() {
        let permission = |source: Value| {
            planned("aws_lambda_permission", json!({"principal": "sns.amazonaws.com", "source_arn": source}))
        };
        finds(callers_of_functions_are_bound, &[permission(json!("arn"))], &[permission(Value::Null)]);
    }

    #[test]
    fn a_role_without_the_boundary_is_found() {
        let role = |arn: &str| planned("aws_iam_role", json!({"permissions_boundary": arn}));
        finds(roles_are_bounded, &[role("arn:aws:iam::1:policy/gridbid-boundary")], &[role("")]);
    }

    #[test]
    fn an_open_bucket_is_found() {
        let bucket = || planned("aws_s3_bucket", json!({}));
        let all = json!({"block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": true});
        let tls = json!({"Statement": [{"Effect": "Deny", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]});
        let policy = || planned("aws_s3_bucket_policy", json!({"policy": tls.to_string()}));
        let block = planned("aws_s3_bucket_public_access_block", all);
        finds(buckets_are_private, &[bucket(), block, policy()], &[bucket(), policy()]);
    }

    #[test]
    fn an_open_route_is_found() {
        let route =
            |authorization: &str| planned("aws_apigatewayv2_route", json!({"authorization_type": authorization}));
        finds(routes_are_authorized, &[route("AWS_IAM"), route("JWT")], &[route("NONE")]);
    }

    #[test]
    fn what_is_not_encrypted_with_a_key_is_found() {
        let topic = |key: &str| planned("aws_sns_topic", json!({"kms_master_key_id": key}));
        finds(all_is_encrypted_with_a_key, &[topic("arn:aws:kms:k")], &[topic("alias/aws/sns")]);
    }

    #[test]
    fn a_queue_without_an_alarm_is_found() {
        let queue = || planned("aws_sqs_queue", json!({"name": "q"}));
        let alarm = |queue: &str| {
            planned(
                "aws_cloudwatch_metric_alarm",
                json!({"metric_name": "ApproximateNumberOfMessagesVisible", "dimensions": {"QueueName": queue}}),
            )
        };
        finds(queues_alarm, &[queue(), alarm("q")], &[queue(), alarm("p")]);
    }

    #[test]
    fn a_function_without_one_of_its_alarms_is_found() {
        let function = || planned("aws_lambda_function", json!({"function_name": "f"}));
        finds(
            functions_alarm,
            &[function(), alarm("f-faults"), alarm("f-throttles"), alarm("f-p99")],
            &[function(), alarm("f-faults"), alarm("f-throttles")],
        );
    }

    #[test]
    fn a_canary_that_does_not_go_back_is_found() {
        let group = |enabled: bool| {
            let alarms = json!([{"alarms": ["f-faults", "f-throttles", "f-p99"]}]);
            planned(
                "aws_codedeploy_deployment_group",
                json!({"alarm_configuration": alarms, "auto_rollback_configuration": [{"enabled": enabled}]}),
            )
        };
        let alarms = || [alarm("f-faults"), alarm("f-throttles"), alarm("f-p99")].to_vec();
        finds(canaries_go_back, &[vec![group(true)], alarms()].concat(), &[vec![group(false)], alarms()].concat());
        finds(canaries_go_back, &[], &[group(true)]);
    }

    #[test]
    fn two_deployers_and_none_are_found() {
        let deployer = |name: &str| policy(name, &[DEPLOYS], &["arn:aws:codedeploy:r:1:application:gridbid-dev-*"]);
        let github = || planned("aws_iam_openid_connect_provider", json!({}));
        finds(one_deploys, &[github(), deployer("a")], &[github(), deployer("a"), deployer("b")]);
        finds(one_deploys, &[], &[github()]);
    }

    #[test]
    fn the_laptop_is_not_asked_for_what_it_lacks() {
        let role = planned(
            "aws_iam_role",
            json!({"assume_role_policy": "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"s\"}}]}"}),
        );
        assert!(broken(LOCAL, std::slice::from_ref(&role)).is_empty());
        assert_eq!(broken("dev", &[role]).len(), 1);
    }
}
