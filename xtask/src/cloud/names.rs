//! What the local cloud's resources are called: Terraform's outputs, kept beside the cloud's record.
//!
//! Nothing here guesses a name. Written after each apply; read by the commands and the system tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::{Failure, OnFile};

/// The names that are needed to use the system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// The HTTP API's id.
    pub api_id: String,
    /// The results run's state machine.
    pub state_machine_arn: String,
    /// The table of orders.
    pub orders_table: String,
    /// The table of runs.
    pub runs_table: String,
    /// The bucket of results and summaries.
    pub results_bucket: String,
    /// The queue of notifications that could not be handed on.
    pub undeliverable_queue_url: String,
    /// The queue of events that notify-slack could not post.
    pub notify_slack_failed_queue_url: String,
    /// The functions by their own names.
    pub functions: BTreeMap<String, FunctionNames>,
}

/// What one function is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionNames {
    /// Its name in Lambda.
    pub function_name: String,
    /// Its log group.
    pub log_group_name: String,
}

impl Names {
    /// Reads what `terraform output -json` says.
    ///
    /// # Errors
    /// When an output is missing.
    pub fn from_outputs(json: &str) -> Result<Self, Failure> {
        let no_names = |error| Failure::new(format!("Terraform's outputs are not as expected: {error}"));
        let outputs: BTreeMap<String, Value> = serde_json::from_str(json).map_err(no_names)?;
        let values = outputs.into_iter().filter_map(|(name, mut output)| Some((name, output.get_mut("value")?.take())));
        serde_json::from_value(values.collect()).map_err(no_names)
    }

    /// Reads the names of a cloud that Terraform was applied to.
    ///
    /// # Errors
    /// When nothing was applied yet.
    pub fn read(cloud_folder: &Path) -> Result<Self, Failure> {
        let file = file(cloud_folder);
        let text = fs::read_to_string(&file).map_err(|_| {
            Failure::new("nothing is set up on the local cloud yet").with_todo("run `cargo xtask up` first")
        })?;
        serde_json::from_str(&text).on_file("understand", &file)
    }

    /// Keeps the names.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn write(&self, cloud_folder: &Path) -> Result<(), Failure> {
        let file = file(cloud_folder);
        let text = serde_json::to_string_pretty(self).on_file("write", &file)?;
        fs::write(&file, text + "\n").on_file("write", &file)
    }

    /// One function's names, by its own name.
    ///
    /// # Errors
    /// When there is no such function; the sentence lists those that are there.
    pub fn function(&self, name: &str) -> Result<&FunctionNames, Failure> {
        self.functions.get(name).ok_or_else(|| {
            let all = self.functions.keys().cloned().collect::<Vec<_>>().join(", ");
            Failure::new(format!("there is no function `{name}`")).with_todo(format!("name one of {all}"))
        })
    }
}

fn file(cloud_folder: &Path) -> PathBuf {
    cloud_folder.join("names.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_become_names_and_others_are_ignored() {
        let output = |value: &str| format!("{{\"sensitive\": false, \"value\": {value}}}");
        let texts = ["api_id", "state_machine_arn", "orders_table", "runs_table", "results_bucket"];
        let queues = ["undeliverable_queue_url", "notify_slack_failed_queue_url", "something_else"];
        let mut members: Vec<String> = texts
            .iter()
            .chain(&queues)
            .map(|name| format!("\"{name}\": {}", output(&format!("\"the {name}\""))))
            .collect();
        let functions = r#"{"orders-api": {"function_name": "f", "log_group_name": "/l", "version": "3"}}"#;
        members.push(format!("\"functions\": {}", output(functions)));
        let names = Names::from_outputs(&format!("{{{}}}", members.join(","))).unwrap();
        assert_eq!(names.orders_table, "the orders_table");
        assert_eq!(names.function("orders-api").unwrap().log_group_name, "/l");
        assert!(names.function("orders").unwrap_err().report().to_string().contains("name one of orders-api"));
        assert!(Names::from_outputs("{}").is_err());
    }
}
