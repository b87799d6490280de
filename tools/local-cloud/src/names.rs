//! The names of the local cloud's resources: Terraform's outputs, written to a file after each deployment.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_simulator_protocol::NAMES_FILE;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The names of the system's resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// The id of the HTTP API.
    pub api_id: String,
    /// The state machine of results runs.
    pub state_machine_arn: String,
    /// The table of orders.
    pub orders_table: String,
    /// The table of runs.
    pub runs_table: String,
    /// The bucket of results and summaries.
    pub results_bucket: String,
    /// The queue of undeliverable notifications.
    pub undeliverable_queue_url: String,
    /// The queue of events that notify-slack could not post.
    pub notify_slack_failed_queue_url: String,
    /// The queue of orders to submit.
    pub submission_queue_url: String,
    /// The queue of messages that submit-orders could not process.
    pub submission_dead_letter_queue_url: String,
    /// The pipe from the orders table to the queue of orders to submit.
    pub submission_pipe_name: String,
    /// The functions, by their names in Gridbid.
    pub functions: BTreeMap<String, FunctionNames>,
}

/// The names of one function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionNames {
    /// Its name in Lambda.
    pub function_name: String,
    /// Its log group.
    pub log_group_name: String,
}

impl Names {
    /// Parses Terraform's outputs.
    ///
    /// # Errors
    /// When an output is missing.
    pub fn from_outputs(outputs: Value) -> Result<Self, Failure> {
        serde_json::from_value(outputs)
            .map_err(|error| Failure::new(format!("Terraform's outputs are not as expected: {error}")))
    }

    /// Reads the names of a deployed system.
    ///
    /// # Errors
    /// When nothing was deployed.
    pub fn read(cloud_folder: &Path) -> Result<Self, Failure> {
        let file = file(cloud_folder);
        let text = fs::read_to_string(&file).map_err(|_| {
            Failure::new("nothing is deployed to the local cloud yet").with_hint("run `cargo xtask up` first")
        })?;
        let again = |failure: Failure| failure.with_hint("`cargo xtask up` writes it again");
        serde_json::from_str(&text).on_file("parse", &file).map_err(again)
    }

    /// Writes the names.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn write(&self, cloud_folder: &Path) -> Result<(), Failure> {
        let file = file(cloud_folder);
        let text = serde_json::to_string_pretty(self).on_file("write", &file)?;
        fs::write(&file, text + "\n").on_file("write", &file)
    }

    /// The names of a function.
    ///
    /// # Errors
    /// When there is no such function; the hint lists all functions.
    pub fn function(&self, name: &str) -> Result<&FunctionNames, Failure> {
        self.functions.get(name).ok_or_else(|| {
            let all = self.functions.keys().cloned().collect::<Vec<_>>().join(", ");
            Failure::new(format!("there is no function `{name}`")).with_hint(format!("name one of {all}"))
        })
    }
}

fn file(cloud_folder: &Path) -> PathBuf {
    cloud_folder.join(NAMES_FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_outputs_and_others_are_ignored() {
        let texts = ["api_id", "state_machine_arn", "orders_table", "runs_table", "results_bucket"];
        let queues = ["undeliverable_queue_url", "notify_slack_failed_queue_url", "something_else"];
        let submission = ["submission_queue_url", "submission_dead_letter_queue_url", "submission_pipe_name"];
        let named = texts
            .into_iter()
            .chain(queues)
            .chain(submission)
            .map(|name| (name.to_owned(), format!("the {name}").into()));
        let mut outputs: serde_json::Map<String, Value> = named.collect();
        let function = serde_json::json!({"function_name": "f", "log_group_name": "/l", "version": "3"});
        outputs.insert("functions".to_owned(), serde_json::json!({"orders-api": function}));
        let names = Names::from_outputs(outputs.into()).unwrap();
        assert_eq!(names.orders_table, "the orders_table");
        assert_eq!(names.function("orders-api").unwrap().log_group_name, "/l");
        assert!(names.function("orders").unwrap_err().report().to_string().contains("name one of orders-api"));
        assert!(Names::from_outputs(Value::Null).is_err());
    }
}
