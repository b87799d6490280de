//! Resources that exist although Terraform's state does not contain them: which ones an apply names, and their import ids.
//!
//! A create whose response was lost leaves such a resource. For most types, every later create of it is refused; for some
//! (`aws_iam_role_policy`, `aws_cloudwatch_event_rule`) it overwrites the resource instead. The import ids follow from the
//! plan, in the formats documented for version 5.100 of the AWS provider, except for types with generated ids
//! (`aws_apigatewayv2_route`).

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

/// Parts of the error codes (`EntityAlreadyExists`, `BucketAlreadyOwnedByYou`) and messages (`Table already exists`,
/// `Function already exist`) with which AWS refuses to create an existing resource, in lower case.
const ALREADY_EXISTS: [&str; 3] = ["alreadyexists", "alreadyownedbyyou", "already exist"];

/// The refused creates in an apply's JSON messages.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// The resources whose create failed.
    failed_creates: BTreeSet<String>,
    /// One entry for each error: the existing resource, or `None` for an error of any other kind.
    errors: Vec<Option<String>>,
}

impl Refusals {
    /// Records one message.
    pub(super) fn record(&mut self, message: &Value) {
        let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str);
        match text("/type") {
            Some("apply_errored") if text("/hook/action") == Some("create") => {
                self.failed_creates.extend(text("/hook/resource/addr").map(str::to_owned));
            }
            Some("diagnostic") if text("/diagnostic/severity") == Some("error") => {
                let summary = text("/diagnostic/summary").map(str::to_lowercase);
                let exists = summary.is_some_and(|summary| ALREADY_EXISTS.iter().any(|part| summary.contains(part)));
                self.errors.push(text("/diagnostic/address").filter(|_| exists).map(str::to_owned));
            }
            _ => {}
        }
    }

    /// The addresses of the existing resources; empty when the apply also failed for any other reason.
    pub(super) fn existing(self) -> BTreeSet<String> {
        let existing: Option<BTreeSet<String>> = self.errors.into_iter().collect();
        existing.filter(|existing| existing.is_subset(&self.failed_creates)).unwrap_or_default()
    }
}

/// The parts of import ids that name the cloud.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The region.
    pub(crate) region: String,
    /// The endpoint that replaces SQS's and begins a queue's URL.
    pub(crate) queue_endpoint: Option<String>,
}

/// A plan, as `terraform show -json` prints it; empty members are omitted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PlanDocument {
    planned_values: Values,
    prior_state: State,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State {
    values: Values,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Values {
    root_module: Module,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Module {
    resources: Vec<Resource>,
    child_modules: Vec<Module>,
}

#[derive(Debug, Deserialize)]
struct Resource {
    address: String,
    #[serde(rename = "type")]
    kind: String,
    /// The attributes that are known when planning.
    #[serde(default)]
    values: Value,
}

impl PlanDocument {
    /// A resource's import id; `None` when it does not follow from the plan.
    pub(super) fn import_id(&self, address: &str, origin: &Origin) -> Option<String> {
        let resource = self.planned_values.root_module.find(&|resource| resource.address == address)?;
        let text = |attribute: &str| resource.text(attribute);
        let region = &origin.region;
        match resource.kind.as_str() {
            "aws_cloudwatch_log_group"
            | "aws_dynamodb_table"
            | "aws_iam_role"
            | "aws_pipes_pipe"
            | "aws_scheduler_schedule_group"
            // The documented id, the ARN, ends in random characters; DescribeSecret also accepts the name.
            | "aws_secretsmanager_secret" => text("name").map(str::to_owned),
            "aws_lambda_alias" => Some(format!("{}/{}", text("function_name")?, text("name")?)),
            "aws_lambda_function" => text("function_name").map(str::to_owned),
            "aws_lambda_permission" => {
                let qualifier = text("qualifier").map(|qualifier| format!(":{qualifier}")).unwrap_or_default();
                Some(format!("{}{qualifier}/{}", text("function_name")?, text("statement_id")?))
            }
            "aws_iam_policy" => Some(format!("arn:aws:iam::{}:policy{}{}", self.account()?, text("path")?, text("name")?)),
            "aws_s3_bucket" => text("bucket").map(str::to_owned),
            "aws_scheduler_schedule" => Some(format!("{}/{}", text("group_name")?, text("name")?)),
            "aws_sfn_state_machine" => {
                Some(format!("arn:aws:states:{region}:{}:stateMachine:{}", self.account()?, text("name")?))
            }
            "aws_sns_topic" => Some(format!("arn:aws:sns:{region}:{}:{}", self.account()?, text("name")?)),
            "aws_sqs_queue" => {
                let endpoint = origin.queue_endpoint.as_deref()?.trim_end_matches('/');
                Some(format!("{endpoint}/{}/{}", self.account()?, text("name")?))
            }
            _ => None,
        }
    }

    /// The account id, from a data source of the plan.
    fn account(&self) -> Option<&str> {
        let identity = self.prior_state.values.root_module.find(&|resource| resource.kind == "aws_caller_identity")?;
        identity.text("account_id")
    }
}

impl Module {
    /// The first matching resource of this module and the modules below.
    fn find(&self, is_match: &impl Fn(&Resource) -> bool) -> Option<&Resource> {
        let here = self.resources.iter().find(|resource| is_match(resource));
        here.or_else(|| self.child_modules.iter().find_map(|module| module.find(is_match)))
    }
}

impl Resource {
    /// An attribute, if it is a known string.
    fn text(&self, attribute: &str) -> Option<&str> {
        self.values.get(attribute)?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ROLE: &str = "module.stack.module.results_run.aws_iam_role.scheduler";

    fn errored(address: &str, action: &str) -> Value {
        json!({"type": "apply_errored", "hook": {"resource": {"addr": address}, "action": action}})
    }

    fn error(address: &str, summary: &str) -> Value {
        json!({"type": "diagnostic", "diagnostic": {"severity": "error", "address": address, "summary": summary}})
    }

    fn existing(messages: &[Value]) -> Vec<String> {
        let mut refusals = Refusals::default();
        messages.iter().for_each(|message| refusals.record(message));
        refusals.existing().into_iter().collect()
    }

    #[test]
    fn refused_create_is_recognised_by_the_error_of_each_service() {
        for summary in [
            "creating IAM Role (a): operation error IAM: CreateRole, https response error StatusCode: 409, RequestID: 1, \
             EntityAlreadyExists: Role with name a already exists.",
            "creating AWS DynamoDB Table (a): operation error DynamoDB: CreateTable, ResourceInUseException: Table already \
             exists: a",
            "creating S3 Bucket (a): operation error S3: CreateBucket, BucketAlreadyOwnedByYou: ",
            "creating Lambda Function (a): operation error Lambda: CreateFunction, ResourceConflictException: Function \
             already exist: a",
            "adding Lambda Permission (a/b): ResourceConflictException: The statement id (b) provided already exists.",
            "creating CloudWatch Logs Log DeploymentGroup (a): ResourceAlreadyExistsException: The specified log group already exists",
            "creating Secrets Manager Secret (a): ResourceExistsException: The operation failed because the secret a \
             already exists.",
            "creating Schedule (a): ConflictException: Schedule a already exists in group a.",
            "creating Step Functions State Machine (a): StateMachineAlreadyExists: State Machine Already Exists",
            "creating EventBridge Pipes Pipe (a): ConflictException: Pipe a already exists.",
            "creating SQS Queue (a): QueueAlreadyExists: A queue already exists with the same name",
            "creating SNS Topic (a): InvalidParameter: Topic already exists with different attributes",
        ] {
            assert_eq!(existing(&[errored(ROLE, "create"), error(ROLE, summary)]), [ROLE], "{summary}");
        }
        for summary in ["creating IAM Role (a): AccessDenied", "ResourceConflictException: an update is in progress"] {
            assert!(existing(&[errored(ROLE, "create"), error(ROLE, summary)]).is_empty(), "{summary}");
        }
    }

    #[test]
    fn apply_that_also_fails_for_another_reason_names_no_existing_resource() {
        let exists = [errored(ROLE, "create"), error(ROLE, "EntityAlreadyExists: a")];
        let warning = json!({"type": "diagnostic", "diagnostic": {"severity": "warning", "summary": "deprecated"}});
        assert_eq!(existing(&[&exists[..], &[warning]].concat()), [ROLE]);
        assert!(existing(&[&exists[..], &[errored("b", "create"), error("b", "AccessDenied")]].concat()).is_empty());
        let nowhere = json!({"type": "diagnostic", "diagnostic": {"severity": "error", "summary": "already exists"}});
        assert!(existing(&[&exists[..], &[nowhere]].concat()).is_empty());
        assert!(existing(&[errored(ROLE, "update"), error(ROLE, "ResourceInUseException: already exists")]).is_empty());
        assert!(existing(&[]).is_empty());
    }

    fn origin() -> Origin {
        Origin { region: "eu-west-1".to_owned(), queue_endpoint: Some("http://127.0.0.1:4566/".to_owned()) }
    }

    /// A plan for one resource, in a module of a module.
    fn plan(kind: &str, values: Value) -> PlanDocument {
        let identity = json!({"address": "data.aws_caller_identity.current", "mode": "data", "type": "aws_caller_identity",
            "values": {"account_id": "000000000000"}});
        let other = json!({"address": "aws_iam_role.other", "mode": "managed", "type": "aws_iam_role",
            "values": {"name": "other"}});
        let resource = json!({"address": "a", "mode": "managed", "type": kind, "values": values});
        let module = json!({"child_modules": [{"resources": [resource]}]});
        serde_json::from_value(json!({
            "planned_values": {"root_module": {"resources": [other], "child_modules": [module]}},
            "prior_state": {"values": {"root_module": {"child_modules": [{"resources": [identity]}]}}},
        }))
        .unwrap()
    }

    #[test]
    fn import_ids_have_the_formats_of_the_provider() {
        for (kind, values, id) in [
            ("aws_cloudwatch_log_group", json!({"name": "/aws/lambda/a"}), "/aws/lambda/a"),
            ("aws_dynamodb_table", json!({"name": "orders"}), "orders"),
            ("aws_iam_policy", json!({"path": "/", "name": "p"}), "arn:aws:iam::000000000000:policy/p"),
            ("aws_iam_role", json!({"name": "role", "path": "/"}), "role"),
            ("aws_pipes_pipe", json!({"name": "pipe"}), "pipe"),
            ("aws_lambda_alias", json!({"function_name": "f", "name": "live"}), "f/live"),
            ("aws_lambda_function", json!({"function_name": "f"}), "f"),
            ("aws_lambda_permission", json!({"function_name": "f", "statement_id": "s"}), "f/s"),
            (
                "aws_lambda_permission",
                json!({"function_name": "f", "qualifier": "live", "statement_id": "s"}),
                "f:live/s",
            ),
            ("aws_s3_bucket", json!({"bucket": "b"}), "b"),
            ("aws_scheduler_schedule", json!({"group_name": "g", "name": "s"}), "g/s"),
            ("aws_scheduler_schedule_group", json!({"name": "g"}), "g"),
            ("aws_secretsmanager_secret", json!({"name": "gridbid/local/a"}), "gridbid/local/a"),
            ("aws_sfn_state_machine", json!({"name": "m"}), "arn:aws:states:eu-west-1:000000000000:stateMachine:m"),
            ("aws_sns_topic", json!({"name": "t"}), "arn:aws:sns:eu-west-1:000000000000:t"),
            ("aws_sqs_queue", json!({"name": "q"}), "http://127.0.0.1:4566/000000000000/q"),
        ] {
            assert_eq!(plan(kind, values).import_id("a", &origin()).as_deref(), Some(id), "{kind}");
        }
    }

    #[test]
    fn import_id_that_does_not_follow_from_the_plan_is_none() {
        let route = json!({"api_id": "x", "route_key": "GET /"});
        assert_eq!(plan("aws_apigatewayv2_route", route).import_id("a", &origin()), None);
        assert_eq!(plan("aws_lambda_alias", json!({"name": "live"})).import_id("a", &origin()), None);
        assert_eq!(plan("aws_iam_role", json!({"name": "role"})).import_id("b", &origin()), None);
        // Terraform omits the values of a resource of which nothing is known, and a state without resources.
        let route = json!({"address": "a", "type": "aws_apigatewayv2_route"});
        let topic = json!({"address": "b", "type": "aws_sns_topic", "values": {"name": "t"}});
        let plan_without_state = json!({"planned_values": {"root_module": {"resources": [route, topic]}}});
        let plan_without_state: PlanDocument = serde_json::from_value(plan_without_state).unwrap();
        assert_eq!(["a", "b"].map(|address| plan_without_state.import_id(address, &origin())), [None, None]);
        let nowhere = Origin { queue_endpoint: None, ..origin() };
        assert_eq!(plan("aws_sqs_queue", json!({"name": "q"})).import_id("a", &nowhere), None);
    }
}
