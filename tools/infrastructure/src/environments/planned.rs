//! A resource of a plan.

use serde_json::Value;

/// The run that plans the laptop, which has no alarms, deployers and locks of production.
pub(super) const LOCAL: &str = "local";
/// The run that plans production.
pub(super) const PROD: &str = "prod";

/// A resource that a plan creates.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) address: String,
    pub(super) kind: String,
    pub(super) after: Value,
}

impl Planned {
    /// The text of an attribute, or an empty text.
    pub(super) fn text(&self, name: &str) -> &str {
        self.after.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether an attribute is neither missing, null, false, empty nor zero.
    pub(super) fn has(&self, name: &str) -> bool {
        match self.after.get(name) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(value)) => *value,
            Some(Value::Number(value)) => value.as_f64() != Some(0.0),
            Some(Value::String(value)) => !value.is_empty(),
            Some(Value::Array(values)) => !values.is_empty(),
            Some(Value::Object(values)) => !values.is_empty(),
        }
    }
}

#[cfg(test)]
pub(super) fn planned(kind: &str, after: Value) -> Planned {
    Planned { address: format!("{kind}.x"), kind: kind.to_owned(), after }
}
