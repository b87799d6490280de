//! The statements of policies, and what is too wide in them.
//!
//!

use serde_json::Value;

/// Actions whose resources have no ARN: AWS allows them on everything or not at all.
const WITHOUT_RESOURCES: &str = "cloudfront:CreateDistribution cloudfront:CreateFunction cloudfront:CreateOriginAccessControl \
    cloudfront:CreateResponseHeadersPolicy kms:CreateKey kms:ListAliases lambda:CreateEventSourceMapping logs:CreateLogDelivery logs:DeleteLogDelivery logs:DescribeLogGroups \
    logs:DescribeResourcePolicies logs:GetLogDelivery logs:ListLogDeliveries logs:PutResourcePolicy \
    logs:UpdateLogDelivery sns:GetSubscriptionAttributes sns:SetSubscriptionAttributes sns:Unsubscribe \
    states:ValidateStateMachineDefinition xray:GetSamplingRules xray:GetSamplingTargets xray:PutTelemetryRecords \
    xray:PutTraceSegments";

/// The statements of a policy; none if it is invalid.
pub(super) fn statements(policy: &str) -> Vec<Value> {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    policy.get("Statement").and_then(Value::as_array).cloned().unwrap_or_default()
}

/// One text or several.
pub(super) fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// What is too wide in what a role may do.
pub(super) fn too_wide_for_a_role(statement: &Value) -> Option<String> {
    let (actions, resources) = (texts(statement.get("Action")), texts(statement.get("Resource")));
    if actions.is_empty() || resources.is_empty() {
        return Some("a statement names no action or no resource".to_owned());
    }
    if let Some(action) = actions.iter().find(|action| action.contains('*')) {
        return Some(format!("it allows `{action}`: name the actions"));
    }
    let unbound = actions.iter().find(|action| WITHOUT_RESOURCES.split(' ').all(|allowed| allowed != **action));
    match unbound {
        Some(action) if resources.contains(&"*") => {
            Some(format!("it allows `{action}` on everything: name the resources"))
        }
        _ => None,
    }
}

/// Whom a resource's policy allows that it should not.
pub(super) fn too_wide_for_a_resource(statement: &Value) -> Option<String> {
    let is_everyone = match statement.get("Principal") {
        Some(Value::String(principal)) => principal == "*",
        Some(Value::Object(kinds)) => kinds.values().any(|names| texts(Some(names)).contains(&"*")),
        _ => true,
    };
    let allows = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
    (allows && is_everyone).then(|| "it allows everyone".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wildcard_is_found_in_actions_and_in_resources() {
        let wide = |action: &str, resource: &str| {
            too_wide_for_a_role(&json!({"Effect": "Allow", "Action": [action], "Resource": [resource]}))
        };
        assert_eq!(wide("s3:GetObject", "arn:aws:s3:::b/*"), None);
        assert!(wide("s3:*", "arn:aws:s3:::b/*").is_some());
        assert!(wide("s3:GetObject", "*").is_some());
        assert_eq!(wide("xray:PutTraceSegments", "*"), None);
        assert!(too_wide_for_a_role(&json!({"NotAction": ["s3:GetObject"], "Resource": "*"})).is_some());
    }

    #[test]
    fn everyone_is_found_however_it_is_written() {
        let wide = |effect: &str, principal: Value| {
            too_wide_for_a_resource(&json!({"Effect": effect, "Principal": principal, "Action": "sns:Publish"}))
        };
        assert!(wide("Allow", json!("*")).is_some());
        assert!(wide("Allow", json!({"AWS": ["*"]})).is_some());
        assert!(wide("Allow", json!({"AWS": "*"})).is_some());
        assert_eq!(wide("Deny", json!("*")), None);
        assert_eq!(wide("Allow", json!({"Service": "sns.amazonaws.com"})), None);
        assert_eq!(statements("no policy"), Vec::<Value>::new());
    }
}
