//! The rules of the policy checks, each over one plan.
//!
//! A rule returns the resources that violate it, and how. Rules about what the local cloud lacks do not apply to its plan.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::planned::{LOCAL, PROD, Planned};
use super::policies::{statements, texts, too_wide_for_a_resource};

/// The suffix of the policies that bound roles and grant nothing.
const BOUNDARY: &str = "-boundary";
/// Roles of the account that create no role and belong to no environment.
const UNBOUNDED: [&str; 3] =
    ["gridbid-delivery-release", "gridbid-delivery-pipeline-release", "gridbid-delivery-pipeline"];
/// The suffixes of the alarm names of each function.
pub(super) const FUNCTION_ALARMS: [&str; 3] = ["faults", "throttles", "p99"];
const DEPLOYS: &str = "codedeploy:CreateDeployment";

type Rule = fn(&[Planned]) -> Vec<String>;

/// The rules of every plan.
const EVERYWHERE: [Rule; 7] = [
    policies_name_principals,
    logs_expire,
    tables_expire,
    runs_start_on_the_clock,
    alarms_notify,
    no_alarm_counts_rejections,
    callers_of_functions_are_bound,
];

/// The rules of every plan except the laptop's.
const ON_AWS: [Rule; 12] = [
    roles_are_bounded,
    buckets_are_private,
    buckets_are_read_by_one_distribution,
    routes_are_authorized,
    resources_are_encrypted_with_a_key,
    queues_alarm,
    functions_alarm,
    canaries_roll_back,
    one_deployer,
    keys_belong_to_the_account,
    undelivered_events_are_kept,
    artifacts_are_written_once,
];

/// The additional rules of production.
const IN_PROD: [Rule; 2] = [orders_are_recoverable, results_can_be_retained];

/// The violations in the plan of a run.
pub(super) fn violations(run: &str, plan: &[Planned]) -> Vec<String> {
    let on_aws = ON_AWS.iter().filter(|_| run != LOCAL);
    let in_prod = IN_PROD.iter().filter(|_| run == PROD);
    let violations = EVERYWHERE.iter().chain(on_aws).chain(in_prod).flat_map(|rule| rule(plan));
    violations.map(|violation| format!("{run}: {violation}")).collect()
}

fn of_kind<'a>(plan: &'a [Planned], kind: &'a str) -> impl Iterator<Item = &'a Planned> {
    plan.iter().filter(move |planned| planned.kind == kind)
}

fn violation(planned: &Planned, what: impl std::fmt::Display) -> String {
    format!("{}: {what}", planned.address)
}

fn policies_name_principals(plan: &[Planned]) -> Vec<String> {
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
        // A queue without a policy admits only its account.
        .filter(|(planned, name)| planned.kind != "aws_sqs_queue" || planned.has(name));
    let broken = policies.flat_map(|(planned, name)| {
        let statements = statements(planned.text(name));
        let unread = statements.is_empty().then(|| violation(planned, "its policy cannot be read"));
        let wide = statements.iter().filter_map(too_wide_for_a_resource).map(|what| violation(planned, what));
        unread.into_iter().chain(wide).collect::<Vec<_>>()
    });
    let open = of_kind(plan, "aws_lambda_function_url")
        .map(|url| violation(url, "a function must be called through the API, not by a URL"));
    broken.chain(open).collect()
}

fn logs_expire(plan: &[Planned]) -> Vec<String> {
    let endless = of_kind(plan, "aws_cloudwatch_log_group").filter(|group| !group.has("retention_in_days"));
    endless.map(|group| violation(group, "a log group needs a retention")).collect()
}

fn tables_expire(plan: &[Planned]) -> Vec<String> {
    let expires = |table: &&Planned| {
        table.after.pointer("/ttl/0/enabled") == Some(&json!(true))
            && table.after.pointer("/ttl/0/attribute_name") == Some(&json!("expires_at"))
    };
    let lasting = of_kind(plan, "aws_dynamodb_table").filter(|table| !expires(table));
    lasting.map(|table| violation(table, "items must expire by `expires_at`")).collect()
}

fn runs_start_on_the_clock(plan: &[Planned]) -> Vec<String> {
    let starts = |schedule: &&Planned| {
        schedule.text("schedule_expression") == "cron(0/5 * * * ? *)"
            && schedule.text("schedule_expression_timezone") == "UTC"
    };
    let drifting = of_kind(plan, "aws_scheduler_schedule").filter(|schedule| !starts(schedule));
    drifting.map(|schedule| violation(schedule, "a run must start every five minutes of the clock, in UTC")).collect()
}

fn orders_are_recoverable(plan: &[Planned]) -> Vec<String> {
    let orders = of_kind(plan, "aws_dynamodb_table").filter(|table| table.text("name").ends_with("-orders"));
    let is_safe = |table: &&Planned| {
        table.has("deletion_protection_enabled")
            && table.after.pointer("/point_in_time_recovery/0/enabled") == Some(&json!(true))
            && table.after.pointer("/point_in_time_recovery/0/recovery_period_in_days") == Some(&json!(1))
    };
    let unsafe_ones = orders.filter(|table| !is_safe(table));
    unsafe_ones
        .map(|table| {
            violation(table, "orders must be recoverable for one day, and their table protected from deletion")
        })
        .collect()
}

/// Objects can only be retained in a bucket that was created with Object Lock.
fn results_can_be_retained(plan: &[Planned]) -> Vec<String> {
    let results = of_kind(plan, "aws_s3_bucket")
        .filter(|bucket| bucket.text("bucket").contains("-order-results") && !bucket.address.contains("access_log"));
    let unlocked = results.filter(|bucket| !bucket.has("object_lock_enabled"));
    unlocked.map(|bucket| violation(bucket, "the bucket of results needs Object Lock")).collect()
}

fn alarms_notify(plan: &[Planned]) -> Vec<String> {
    let mute = of_kind(plan, "aws_cloudwatch_metric_alarm").filter(|alarm| !alarm.has("alarm_actions"));
    mute.map(|alarm| violation(alarm, "an alarm needs an action")).collect()
}

fn no_alarm_counts_rejections(plan: &[Planned]) -> Vec<String> {
    let counts = |alarm: &&Planned| alarm.text("namespace") == "AWS/Lambda" && alarm.text("metric_name") == "Errors";
    let wrong = of_kind(plan, "aws_cloudwatch_metric_alarm").filter(counts);
    let rejections =
        of_kind(plan, "aws_cloudwatch_log_metric_filter").filter(|filter| filter.text("pattern").contains("rejected"));
    wrong
        .chain(rejections)
        .map(|planned| violation(planned, "a rejection is not a fault and must not raise an alarm"))
        .collect()
}

fn callers_of_functions_are_bound(plan: &[Planned]) -> Vec<String> {
    let wide = of_kind(plan, "aws_lambda_permission").filter(|permission| {
        !permission.text("principal").ends_with(".amazonaws.com") || !permission.has("source_arn")
    });
    wide.map(|permission| violation(permission, "the caller of a function must be a service, bound by its source ARN"))
        .collect()
}

fn roles_are_bounded(plan: &[Planned]) -> Vec<String> {
    let free = of_kind(plan, "aws_iam_role").filter(|role| {
        !role.text("permissions_boundary").ends_with(BOUNDARY) && !UNBOUNDED.contains(&role.text("name"))
    });
    free.map(|role| violation(role, "a role must have the boundary")).collect()
}

fn buckets_are_private(plan: &[Planned]) -> Vec<String> {
    let blocks = ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"];
    let companion = |bucket: &Planned, kind: &str| {
        let address = bucket.address.replace("aws_s3_bucket.", &format!("{kind}."));
        plan.iter().find(|planned| planned.address == address).cloned()
    };
    let open = of_kind(plan, "aws_s3_bucket").filter(|bucket| {
        let blocked = companion(bucket, "aws_s3_bucket_public_access_block")
            .is_some_and(|block| blocks.iter().all(|name| block.has(name)));
        let asks_for_tls = companion(bucket, "aws_s3_bucket_policy")
            .is_some_and(|policy| statements(policy.text("policy")).iter().any(denies_without_tls));
        !blocked || !asks_for_tls
    });
    open.map(|bucket| violation(bucket, "a bucket must block public access and deny requests without TLS")).collect()
}

/// CloudFront reads a bucket only for the distribution that the policy names, and no list of permissions opens it besides.
fn buckets_are_read_by_one_distribution(plan: &[Planned]) -> Vec<String> {
    let policies = of_kind(plan, "aws_s3_bucket_policy");
    let unbound = policies.filter(|policy| {
        statements(policy.text("policy")).iter().any(|statement| {
            let principals = texts(statement.pointer("/Principal/Service"));
            let sources = texts(statement.pointer("/Condition/StringEquals/aws:SourceArn"));
            let is_bound = sources.len() == 1 && sources.iter().all(|arn| arn.contains(":distribution/"));
            principals.contains(&"cloudfront.amazonaws.com") && !is_bound
        })
    });
    let unbound = unbound.map(|policy| violation(policy, "CloudFront must be bound to one distribution"));
    let lists = ["aws_s3_bucket_acl", "aws_s3_object"].into_iter().flat_map(|kind| of_kind(plan, kind));
    let open = lists.filter(|planned| planned.text("acl").starts_with("public"));
    let sites = of_kind(plan, "aws_s3_bucket_website_configuration");
    unbound.chain(open.chain(sites).map(|planned| violation(planned, "a bucket must not be public"))).collect()
}

fn denies_without_tls(statement: &Value) -> bool {
    statement.get("Effect") == Some(&json!("Deny"))
        && statement.get("Action") == Some(&json!("s3:*"))
        && statement.pointer("/Condition/Bool/aws:SecureTransport") == Some(&json!("false"))
}

fn artifacts_are_written_once(plan: &[Planned]) -> Vec<String> {
    let policies = of_kind(plan, "aws_s3_bucket_policy").filter(|policy| policy.address.contains("module.artifacts"));
    let mutable = policies.filter(|policy| {
        let statements = statements(policy.text("policy"));
        let denies = |action: &str, condition: &Value| {
            statements.iter().any(|statement| {
                statement.get("Effect") == Some(&json!("Deny"))
                    && texts(statement.pointer("/Principal/AWS")).contains(&"*")
                    && texts(statement.get("Action")).contains(&action)
                    && texts(statement.get("Resource")).iter().any(|resource| resource.ends_with("/releases/*"))
                    && statement.get("Condition") == Some(condition)
            })
        };
        let first_write =
            json!({"Null": {"s3:if-none-match": ["true"]}, "Bool": {"s3:ObjectCreationOperation": ["true"]}});
        !denies("s3:PutObject", &first_write) || !denies("s3:DeleteObject", &json!({}))
    });
    mutable.map(|policy| violation(policy, "an artifact must be written once and never deleted")).collect()
}

fn routes_are_authorized(plan: &[Planned]) -> Vec<String> {
    let open = of_kind(plan, "aws_apigatewayv2_route")
        .filter(|route| !["AWS_IAM", "JWT"].contains(&route.text("authorization_type")));
    open.map(|route| violation(route, "a route must authorize its caller")).collect()
}

fn resources_are_encrypted_with_a_key(plan: &[Planned]) -> Vec<String> {
    let attributes = [
        ("aws_cloudwatch_log_group", "/kms_key_id"),
        ("aws_sns_topic", "/kms_master_key_id"),
        ("aws_sqs_queue", "/kms_master_key_id"),
        ("aws_secretsmanager_secret", "/kms_key_id"),
        ("aws_dynamodb_table", "/server_side_encryption/0/kms_key_arn"),
        ("aws_sfn_state_machine", "/encryption_configuration/0/kms_key_id"),
    ];
    let planned =
        attributes.into_iter().flat_map(|(kind, pointer)| of_kind(plan, kind).map(move |planned| (planned, pointer)));
    let plain = planned.filter(|(planned, pointer)| {
        !planned.after.pointer(pointer).and_then(Value::as_str).is_some_and(|arn| arn.starts_with("arn:aws:kms:"))
    });
    plain.map(|(planned, _)| violation(planned, "it must be encrypted with the key of the environment")).collect()
}

/// A deployment cannot create its key: for minutes, AWS does not know the tag that its other calls would be bound to.
fn keys_belong_to_the_account(plan: &[Planned]) -> Vec<String> {
    let deploys_functions = of_kind(plan, "aws_lambda_function").next().is_some();
    let keys = of_kind(plan, "aws_kms_key").filter(|_| deploys_functions);
    keys.map(|key| violation(key, "the environment's key must be created by terraform/bootstrap")).collect()
}

fn undelivered_events_are_kept(plan: &[Planned]) -> Vec<String> {
    let sources = [
        ("aws_cloudwatch_event_target", "/dead_letter_config/0"),
        ("aws_scheduler_schedule", "/target/0/dead_letter_config/0"),
    ];
    let lossy = sources
        .into_iter()
        .flat_map(|(kind, pointer)| of_kind(plan, kind).filter(move |source| source.after.pointer(pointer).is_none()));
    lossy.map(|source| violation(source, "events that it cannot deliver need a dead-letter queue")).collect()
}

/// A queue that keeps its messages for 14 days, SQS's maximum, holds failures, each of which counts; any other holds work, whose
/// age counts. (Whether a queue has a dead-letter queue is unknown in a plan.)
fn queues_alarm(plan: &[Planned]) -> Vec<String> {
    let watched: BTreeSet<(&str, &str)> = of_kind(plan, "aws_cloudwatch_metric_alarm")
        .filter_map(|alarm| Some((alarm.text("metric_name"), alarm.after.pointer("/dimensions/QueueName")?.as_str()?)))
        .collect();
    let unwatched = of_kind(plan, "aws_sqs_queue").filter_map(|queue| {
        let (metric, what) = if queue.after.pointer("/message_retention_seconds") != Some(&json!(14 * 86_400)) {
            ("ApproximateAgeOfOldestMessage", "a queue of work needs an alarm for the age of its oldest message")
        } else {
            ("ApproximateNumberOfMessagesVisible", "a queue needs an alarm for the first message in it")
        };
        (!watched.contains(&(metric, queue.text("name")))).then(|| violation(queue, what))
    });
    unwatched.collect()
}

fn alarm_names(plan: &[Planned]) -> BTreeSet<&str> {
    of_kind(plan, "aws_cloudwatch_metric_alarm").map(|alarm| alarm.text("alarm_name")).collect()
}

fn functions_alarm(plan: &[Planned]) -> Vec<String> {
    let alarms = alarm_names(plan);
    let functions = of_kind(plan, "aws_lambda_function");
    let missing = functions.flat_map(|function| {
        let kinds = FUNCTION_ALARMS.into_iter();
        let missing =
            kinds.filter(|kind| !alarms.contains(format!("{}-{kind}", function.text("function_name")).as_str()));
        missing.map(|kind| violation(function, format_args!("it has no alarm on {kind}"))).collect::<Vec<_>>()
    });
    missing.collect()
}

fn canaries_roll_back(plan: &[Planned]) -> Vec<String> {
    let alarms = alarm_names(plan);
    let groups = of_kind(plan, "aws_codedeploy_deployment_group");
    let blind = groups.filter(|group| {
        let named = texts(group.after.pointer("/alarm_configuration/0/alarms"));
        let goes_back = group.after.pointer("/auto_rollback_configuration/0/enabled") == Some(&json!(true));
        !goes_back || named.len() < 3 || named.iter().any(|name| !alarms.contains(name))
    });
    blind.map(|group| violation(group, "a canary must roll back automatically, on three existing alarms")).collect()
}

/// A deployer may start deployments of an environment. An account's plan has one per environment, an environment's has none.
fn one_deployer(plan: &[Planned]) -> Vec<String> {
    let mut deployers: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for policy in of_kind(plan, "aws_iam_policy").filter(|policy| !policy.text("name").ends_with(BOUNDARY)) {
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
    let nobody = (delivers && deployers.is_empty()).then(|| "there is no deployer".to_owned());
    several.chain(nobody).collect()
}

#[cfg(test)]
mod tests {
    use super::super::planned::planned;
    use super::*;

    fn alarm(name: &str) -> Planned {
        planned("aws_cloudwatch_metric_alarm", json!({"alarm_name": name, "alarm_actions": ["t"]}))
    }

    fn policy(name: &str, actions: &[&str], resources: &[&str]) -> Planned {
        let policy = json!({"Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]});
        planned("aws_iam_policy", json!({"name": name, "policy": policy.to_string()}))
    }

    /// A rule accepts the good plan and finds one violation in the bad one.
    fn finds(rule: Rule, good: &[Planned], bad: &[Planned]) {
        assert_eq!(rule(good), Vec::<String>::new());
        assert_eq!(rule(bad).len(), 1, "{:?}", rule(bad));
    }

    #[test]
    fn open_topic_is_found() {
        let topic = |principal: Value| {
            let policy = json!({"Statement": [{"Effect": "Allow", "Principal": principal}]});
            planned("aws_sns_topic_policy", json!({"policy": policy.to_string()}))
        };
        finds(policies_name_principals, &[topic(json!({"Service": "s"}))], &[topic(json!("*"))]);
        finds(policies_name_principals, &[], &[planned("aws_lambda_function_url", json!({}))]);
    }

    #[test]
    fn open_queue_is_found_and_one_without_a_policy_is_accepted() {
        let queue = |principal: Value| {
            let policy = json!({"Statement": [{"Effect": "Allow", "Principal": principal}]});
            planned("aws_sqs_queue", json!({"policy": policy.to_string()}))
        };
        let without_policy = planned("aws_sqs_queue", json!({"policy": ""}));
        let narrow = queue(json!({"Service": "sns.amazonaws.com"}));
        finds(policies_name_principals, &[narrow, without_policy], &[queue(json!("*"))]);
        finds(policies_name_principals, &[], &[planned("aws_sqs_queue", json!({"policy": "unknown"}))]);
    }

    #[test]
    fn endless_log_is_found() {
        let group = |days: Value| planned("aws_cloudwatch_log_group", json!({"retention_in_days": days}));
        finds(logs_expire, &[group(json!(30))], &[group(json!(0))]);
    }

    #[test]
    fn table_without_expiry_is_found() {
        let table =
            |name: &str| planned("aws_dynamodb_table", json!({"ttl": [{"enabled": true, "attribute_name": name}]}));
        finds(tables_expire, &[table("expires_at")], &[table("accepted_at")]);
    }

    #[test]
    fn drifting_schedule_is_found() {
        let schedule = |expression: &str| {
            planned(
                "aws_scheduler_schedule",
                json!({"schedule_expression": expression, "schedule_expression_timezone": "UTC"}),
            )
        };
        finds(runs_start_on_the_clock, &[schedule("cron(0/5 * * * ? *)")], &[schedule("rate(5 minutes)")]);
    }

    #[test]
    fn unrecoverable_orders_are_found_in_production_only() {
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
        finds(orders_are_recoverable, &[table(1)], &[table(35)]);
        assert_eq!(violations("dev", &[table(35)]), Vec::<String>::new());
        assert_eq!(violations(PROD, &[table(35)]).len(), 1);
    }

    #[test]
    fn results_without_object_lock_are_found() {
        let bucket = |locks: bool| {
            planned("aws_s3_bucket", json!({"bucket": "gridbid-prod-order-results-1", "object_lock_enabled": locks}))
        };
        let other = planned("aws_s3_bucket", json!({"bucket": "gridbid-prod-console-1"}));
        finds(results_can_be_retained, &[bucket(true), other], &[bucket(false)]);
    }

    #[test]
    fn key_in_a_deployment_is_found() {
        let key = || planned("aws_kms_key", json!({}));
        finds(keys_belong_to_the_account, &[key()], &[key(), planned("aws_lambda_function", json!({}))]);
    }

    #[test]
    fn event_without_a_dead_letter_queue_is_found() {
        // The ARN may be unknown in a plan.
        let target = |queues: Value| planned("aws_cloudwatch_event_target", json!({"dead_letter_config": queues}));
        let schedule =
            |queues: Value| planned("aws_scheduler_schedule", json!({"target": [{"dead_letter_config": queues}]}));
        finds(undelivered_events_are_kept, &[target(json!([{}])), schedule(json!([{}]))], &[target(json!([]))]);
        finds(undelivered_events_are_kept, &[], &[schedule(json!([]))]);
    }

    #[test]
    fn alarm_without_an_action_is_found() {
        finds(alarms_notify, &[alarm("a")], &[planned("aws_cloudwatch_metric_alarm", json!({"alarm_actions": []}))]);
    }

    #[test]
    fn alarm_on_rejections_is_found() {
        let errors =
            planned("aws_cloudwatch_metric_alarm", json!({"namespace": "AWS/Lambda", "metric_name": "Errors"}));
        finds(no_alarm_counts_rejections, &[alarm("a")], &[errors]);
        let filter = planned("aws_cloudwatch_log_metric_filter", json!({"pattern": "{ $.outcome = \"rejected\" }"}));
        finds(no_alarm_counts_rejections, &[], &[filter]);
    }

    #[test]
    fn unbound_caller_is_found() {
        let permission = |source: Value| {
            planned("aws_lambda_permission", json!({"principal": "sns.amazonaws.com", "source_arn": source}))
        };
        finds(callers_of_functions_are_bound, &[permission(json!("arn"))], &[permission(Value::Null)]);
    }

    #[test]
    fn role_without_the_boundary_is_found() {
        let role = |arn: &str| planned("aws_iam_role", json!({"permissions_boundary": arn}));
        finds(roles_are_bounded, &[role("arn:aws:iam::1:policy/gridbid-dev-boundary")], &[role("")]);
    }

    #[test]
    fn open_bucket_is_found() {
        let bucket = || planned("aws_s3_bucket", json!({}));
        let all = json!({"block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": true});
        let tls = json!({"Statement": [{"Effect": "Deny", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]});
        let policy = || planned("aws_s3_bucket_policy", json!({"policy": tls.to_string()}));
        let block = planned("aws_s3_bucket_public_access_block", all);
        finds(buckets_are_private, &[bucket(), block, policy()], &[bucket(), policy()]);
    }

    #[test]
    fn bucket_that_any_distribution_reads_is_found() {
        let bucket = |sources: Value| {
            let condition = json!({"StringEquals": {"aws:SourceArn": sources}});
            let service = json!({"Service": ["cloudfront.amazonaws.com"]});
            let allow =
                json!({"Effect": "Allow", "Principal": service, "Action": ["s3:GetObject"], "Condition": condition});
            planned("aws_s3_bucket_policy", json!({"policy": json!({"Statement": [allow]}).to_string()}))
        };
        let object = |acl: Value| planned("aws_s3_object", json!({"acl": acl}));
        let bound = bucket(json!(["arn:aws:cloudfront::1:distribution/E1"]));
        finds(buckets_are_read_by_one_distribution, &[bound, object(Value::Null)], &[bucket(json!([]))]);
        finds(buckets_are_read_by_one_distribution, &[], &[object(json!("public-read"))]);
        finds(buckets_are_read_by_one_distribution, &[], &[planned("aws_s3_bucket_website_configuration", json!({}))]);
    }

    #[test]
    fn artifact_that_can_be_replaced_is_found() {
        let policy = |actions: &[&str]| {
            let statements = actions.iter().map(|action| {
                let condition = match *action {
                    "s3:PutObject" => {
                        json!({"Null": {"s3:if-none-match": ["true"]}, "Bool": {"s3:ObjectCreationOperation": ["true"]}})
                    }
                    _ => json!({}),
                };
                json!({"Effect": "Deny", "Principal": {"AWS": ["*"]}, "Action": [action], "Resource": ["arn:aws:s3:::a/releases/*"],
                    "Condition": condition})
            });
            let policy = json!({"Statement": statements.collect::<Vec<_>>()}).to_string();
            let planned = planned("aws_s3_bucket_policy", json!({"policy": policy}));
            Planned { address: "module.artifacts[0].aws_s3_bucket_policy.this".to_owned(), ..planned }
        };
        let (put, delete) = ("s3:PutObject", "s3:DeleteObject");
        finds(artifacts_are_written_once, &[policy(&[put, delete])], &[policy(&[put])]);
        finds(artifacts_are_written_once, &[], &[policy(&[delete])]);
    }

    #[test]
    fn open_route_is_found() {
        let route =
            |authorization: &str| planned("aws_apigatewayv2_route", json!({"authorization_type": authorization}));
        finds(routes_are_authorized, &[route("AWS_IAM"), route("JWT")], &[route("NONE")]);
    }

    #[test]
    fn resource_without_the_key_is_found() {
        let topic = |key: &str| planned("aws_sns_topic", json!({"kms_master_key_id": key}));
        finds(resources_are_encrypted_with_a_key, &[topic("arn:aws:kms:k")], &[topic("alias/aws/sns")]);
    }

    #[test]
    fn queue_without_an_alarm_is_found() {
        let queue =
            |days: u32| planned("aws_sqs_queue", json!({"name": "q", "message_retention_seconds": days * 86_400}));
        let alarm = |metric: &str, queue: &str| {
            planned("aws_cloudwatch_metric_alarm", json!({"metric_name": metric, "dimensions": {"QueueName": queue}}))
        };
        let (count, age) = ("ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage");
        finds(queues_alarm, &[queue(14), alarm(count, "q")], &[queue(14), alarm(count, "p")]);
        finds(queues_alarm, &[queue(4), alarm(age, "q")], &[queue(4), alarm(count, "q")]);
    }

    #[test]
    fn function_without_one_of_its_alarms_is_found() {
        let function = || planned("aws_lambda_function", json!({"function_name": "f"}));
        finds(
            functions_alarm,
            &[function(), alarm("f-faults"), alarm("f-throttles"), alarm("f-p99")],
            &[function(), alarm("f-faults"), alarm("f-throttles")],
        );
    }

    #[test]
    fn canary_without_rollback_is_found() {
        let group = |enabled: bool| {
            let alarms = json!([{"alarms": ["f-faults", "f-throttles", "f-p99"]}]);
            planned(
                "aws_codedeploy_deployment_group",
                json!({"alarm_configuration": alarms, "auto_rollback_configuration": [{"enabled": enabled}]}),
            )
        };
        let alarms = || [alarm("f-faults"), alarm("f-throttles"), alarm("f-p99")].to_vec();
        finds(canaries_roll_back, &[vec![group(true)], alarms()].concat(), &[vec![group(false)], alarms()].concat());
        finds(canaries_roll_back, &[], &[group(true)]);
    }

    #[test]
    fn two_deployers_and_none_are_found() {
        let deployer = |name: &str| policy(name, &[DEPLOYS], &["arn:aws:codedeploy:r:1:application:gridbid-dev-*"]);
        let github = || planned("aws_iam_openid_connect_provider", json!({}));
        finds(one_deployer, &[github(), deployer("a")], &[github(), deployer("a"), deployer("b")]);
        finds(one_deployer, &[], &[github()]);
    }

    #[test]
    fn rules_of_aws_do_not_apply_to_the_laptop() {
        let role = planned(
            "aws_iam_role",
            json!({"assume_role_policy": "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"s\"}}]}"}),
        );
        assert!(violations(LOCAL, std::slice::from_ref(&role)).is_empty());
        assert_eq!(violations("dev", &[role]).len(), 1);
    }
}
