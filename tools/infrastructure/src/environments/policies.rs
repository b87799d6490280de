//! The statements of policies, and what is too wide in those of resources. Those of roles are checked by `tools/infrastructure/iam`.

use serde_json::Value;

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
