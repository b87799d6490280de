//! Terraform as a deployment needs it: initialise, plan, apply exactly that plan, read the outputs.
//!
//! It is called with the environment that `gridbid` has, so credentials, endpoint and where providers come from are those of
//! the caller. Its messages are printed while it works. Called by `deploy`; the tests put something in memory in its place.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;

use crate::failure::Failure;
use crate::interruption::Interruption;
use crate::progress::say;

/// A change that a plan holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// The resource's address.
    pub(crate) address: String,
    /// `create`, `update`, `delete`, `replace`, …
    pub(crate) action: String,
}

/// What a plan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Resources that are missing or different.
    pub(crate) changes: Vec<Change>,
    /// Whether there is nothing to do at all: outputs may be new without a change of a resource.
    pub(crate) is_empty: bool,
}

/// Whether a plan is made to be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It is.
    ToApply,
    /// It is only looked at: no lock is taken.
    ToLook,
}

/// What a deployment needs of Terraform.
pub(crate) trait Infrastructure {
    /// Compares what is there with what should be, given the release's manifest.
    fn plan(&self, manifest: &Path, purpose: Purpose) -> impl Future<Output = Result<Plan, Failure>>;
    /// Makes what the plan found to be missing or different.
    fn apply(&self) -> impl Future<Output = Result<(), Failure>>;
    /// The outputs by name.
    fn outputs(&self) -> impl Future<Output = Result<Value, Failure>>;
}

/// Terraform in one of its root folders.
#[derive(Debug)]
pub(crate) struct Terraform {
    /// The program.
    pub(crate) program: PathBuf,
    /// The root folder.
    pub(crate) folder: PathBuf,
    /// Variables, `name=value`.
    pub(crate) variables: Vec<String>,
    /// Arguments of `terraform init`; none when that was done already.
    pub(crate) init: Option<Vec<String>>,
    /// A folder for the plan.
    pub(crate) scratch: PathBuf,
    /// What stops it early.
    pub(crate) interruption: Interruption,
}

impl Terraform {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        command.env("TF_IN_AUTOMATION", "1").env("TF_INPUT", "0").env("CHECKPOINT_DISABLE", "1");
        // In a group of its own: a second Ctrl-C would make it drop its state, so it gets exactly the one from here.
        command.process_group(0);
        command
    }

    fn plan_file(&self) -> PathBuf {
        self.scratch.join("plan")
    }

    /// Runs it, hands each line of its stdout on, and hands back how it ended. When an interruption comes it is asked to
    /// end, finishes what it is about, and keeps its state.
    async fn run(&self, mut command: Command, mut take: impl FnMut(&str)) -> Result<ExitStatus, Failure> {
        self.interruption.check()?;
        let mut child = command.spawn().map_err(|error| {
            Failure::new(format!("cannot start `terraform`: {error}"))
                .with_todo("install Terraform 1.11 or newer, or enter `nix develop`")
        })?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let working = async {
            if let Some(stdout) = child.stdout.take() {
                read_lines(stdout, &mut take).await;
            }
            child.wait().await
        };
        tokio::pin!(working);
        let ended = tokio::select! {
            ended = &mut working => ended,
            () = self.interruption.come() => {
                // It may have ended by itself in between.
                let _ = pid.map(|pid| kill_process(pid, Signal::INT));
                working.await
            }
        };
        ended.map_err(|error| Failure::new(format!("lost sight of `terraform`: {error}")))
    }

    async fn initialise(&self) -> Result<(), Failure> {
        let Some(arguments) = &self.init else { return Ok(()) };
        let mut command = self.command(&["init", "-input=false", "-no-color"]);
        command.args(arguments);
        let status = self.run(command, |line| say(&format!("  {line}"))).await?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("`terraform init` failed ({status})"))) }
    }

    /// Runs a command that writes JSON messages: prints what they say, and gathers the changes.
    async fn run_json(&self, command: Command) -> Result<(ExitStatus, Vec<Change>), Failure> {
        let mut changes = Vec::new();
        let status = self
            .run(command, |line| match serde_json::from_str::<Value>(line) {
                Ok(message) => {
                    changes.extend(planned(&message));
                    if is_news(&message) {
                        told(&message).lines().for_each(|line| say(&format!("  {line}")));
                    }
                }
                Err(_) => say(&format!("  {line}")),
            })
            .await?;
        Ok((status, changes))
    }
}

impl Infrastructure for Terraform {
    async fn plan(&self, manifest: &Path, purpose: Purpose) -> Result<Plan, Failure> {
        self.initialise().await?;
        let mut command = self.command(&["plan", "-input=false", "-detailed-exitcode", "-json"]);
        command.arg(format!("-out={}", self.plan_file().display()));
        if purpose == Purpose::ToLook {
            command.arg("-lock=false");
        }
        command.arg(format!("-var=functions_manifest={}", manifest.display()));
        command.args(self.variables.iter().map(|variable| format!("-var={variable}")));
        let (status, changes) = self.run_json(command).await?;
        match status.code() {
            Some(code @ (0 | 2)) => Ok(Plan { changes, is_empty: code == 0 }),
            _ => Err(failed("plan", status)),
        }
    }

    async fn apply(&self) -> Result<(), Failure> {
        let mut command = self.command(&["apply", "-input=false", "-json"]);
        command.arg(self.plan_file());
        let (status, _) = self.run_json(command).await?;
        if status.success() { Ok(()) } else { Err(failed("apply", status)) }
    }

    async fn outputs(&self) -> Result<Value, Failure> {
        let mut json = String::new();
        let status = self
            .run(self.command(&["output", "-json"]), |line| {
                json.push_str(line);
                json.push('\n');
            })
            .await?;
        if !status.success() {
            return Err(failed("output", status));
        }
        let outputs: Value = serde_json::from_str(&json)
            .map_err(|error| Failure::new(format!("Terraform's outputs cannot be read: {error}")))?;
        let members = outputs.as_object().into_iter().flatten();
        let value = |(name, output): (&String, &Value)| Some((name.clone(), output.get("value")?.clone()));
        Ok(members.filter_map(value).collect())
    }
}

fn failed(command: &str, status: ExitStatus) -> Failure {
    Failure::new(format!("`terraform {command}` failed ({status})"))
        .with_todo("the lines above name the resource; run the deployment again when it is put right")
}

async fn read_lines(stream: impl AsyncRead + Unpin, take: &mut impl FnMut(&str)) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        take(&line);
    }
}

fn planned(message: &Value) -> Option<Change> {
    if message.get("type")?.as_str()? != "planned_change" {
        return None;
    }
    let change = message.get("change")?;
    let address = change.pointer("/resource/addr")?.as_str()?.to_owned();
    let action = change.get("action")?.as_str()?.to_owned();
    (action != "noop" && action != "read").then_some(Change { address, action })
}

/// Whether a message is worth a line: what is only read, or was always there, is not.
fn is_news(message: &Value) -> bool {
    let kind = message.get("type").and_then(Value::as_str).unwrap_or_default();
    let is_read = message.pointer("/hook/action").is_some_and(|action| action == "read");
    !is_read && !matches!(kind, "version" | "outputs" | "refresh_start" | "refresh_complete" | "resource_drift")
}

/// What a message says, with the detail and the place of an error.
fn told(message: &Value) -> String {
    let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let mut told = text("/@message").to_owned();
    for pointer in ["/diagnostic/address", "/diagnostic/detail"] {
        if !text(pointer).is_empty() {
            told.push_str(&format!("\n  {}", text(pointer).replace('\n', "\n  ")));
        }
    }
    if let Some(line) = message.pointer("/diagnostic/range/start/line") {
        told.push_str(&format!("\n  {}:{line}", text("/diagnostic/range/filename")));
    }
    told
}

/// Few words for many changes: `3 to create, 1 to update`.
pub(crate) fn counted(changes: &[Change]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for change in changes {
        match counts.iter_mut().find(|(action, _)| *action == change.action) {
            Some((_, count)) => *count += 1,
            None => counts.push((&change.action, 1)),
        }
    }
    let told: Vec<String> = counts.iter().map(|(action, count)| format!("{count} to {action}")).collect();
    if told.is_empty() { "no change".to_owned() } else { told.join(", ") }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use tokio::sync::watch;

    use super::*;
    use crate::manifest::tests::Folder;

    /// A terraform that is played by a script.
    fn played(name: &str, script: &str) -> (Folder, watch::Sender<bool>, Terraform) {
        let folder = Folder::new(&format!("terraform-{name}"));
        let program = folder.0.join("terraform");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let (sender, receiver) = watch::channel(false);
        let terraform = Terraform {
            program,
            folder: folder.0.clone(),
            variables: vec!["artifacts_bucket=b".to_owned()],
            init: Some(vec!["-backend-config=bucket=s".to_owned()]),
            scratch: folder.0.clone(),
            interruption: Interruption::of(receiver),
        };
        (folder, sender, terraform)
    }

    #[tokio::test]
    async fn exactly_the_plan_that_was_made_is_applied() {
        let script = r#"
            echo "$*" >> calls
            case "$1" in
              plan) echo '{"type":"planned_change","change":{"resource":{"addr":"a"},"action":"update"}}'; exit 2 ;;
              output) echo '{"api_id": {"sensitive": false, "value": "abc"}}' ;;
            esac"#;
        let (folder, _sender, terraform) = played("plan", script);
        let plan = terraform.plan(Path::new("/m/functions.json"), Purpose::ToApply).await.unwrap();
        assert_eq!((plan.changes.len(), plan.is_empty), (1, false));
        terraform.apply().await.unwrap();
        assert_eq!(terraform.outputs().await.unwrap(), serde_json::json!({"api_id": "abc"}));
        let calls = std::fs::read_to_string(folder.0.join("calls")).unwrap();
        let plan = folder.0.join("plan").display().to_string();
        let expected = [
            "init -input=false -no-color -backend-config=bucket=s".to_owned(),
            format!(
                "plan -input=false -detailed-exitcode -json -out={plan} -var=functions_manifest=/m/functions.json \
                 -var=artifacts_bucket=b"
            ),
            format!("apply -input=false -json {plan}"),
            "output -json".to_owned(),
        ];
        assert_eq!(calls.lines().collect::<Vec<_>>(), expected);
    }

    #[tokio::test]
    async fn a_plan_that_is_only_looked_at_takes_no_lock() {
        let (folder, _sender, terraform) = played("look", "echo \"$*\" >> calls");
        assert!(terraform.plan(Path::new("m"), Purpose::ToLook).await.unwrap().is_empty);
        assert!(std::fs::read_to_string(folder.0.join("calls")).unwrap().contains(" -lock=false "));
    }

    #[tokio::test]
    async fn an_interruption_asks_terraform_once_to_end_and_waits_for_it() {
        let script = "trap 'echo asked >> calls; exit 1' INT; touch started; while :; do sleep 0.05; done";
        let (folder, sender, terraform) = played("interrupted", script);
        let interrupting = async {
            while !folder.0.join("started").exists() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            sender.send(true).unwrap();
        };
        let (applied, ()) = tokio::join!(terraform.apply(), interrupting);
        assert!(applied.unwrap_err().to_string().starts_with("`terraform apply` failed"));
        assert_eq!(std::fs::read_to_string(folder.0.join("calls")).unwrap(), "asked\n");
        assert_eq!(terraform.apply().await.unwrap_err().to_string(), "interrupted");
    }

    #[tokio::test]
    async fn a_closed_terminal_asks_terraform_once_to_end_and_waits_for_it() {
        let script = "trap 'echo asked >> calls; exit 1' INT; trap 'echo hung up >> calls' HUP; touch started; \
                      while :; do sleep 0.05; done";
        let (folder, _sender, terraform) = played("hangup", script);
        let terraform = Terraform { interruption: Interruption::listen().unwrap(), ..terraform };
        let hanging_up = async {
            while !folder.0.join("started").exists() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            kill_process(rustix::process::getpid(), Signal::HUP).unwrap();
        };
        let (applied, ()) = tokio::join!(terraform.apply(), hanging_up);
        assert!(applied.unwrap_err().to_string().starts_with("`terraform apply` failed"));
        assert_eq!(std::fs::read_to_string(folder.0.join("calls")).unwrap(), "asked\n");
    }

    #[tokio::test]
    async fn a_terraform_that_is_not_there_is_told() {
        let (_folder, _sender, terraform) = played("missing", "");
        let terraform = Terraform { program: "no-such-terraform".into(), ..terraform };
        let failure = terraform.apply().await.unwrap_err().report().to_string();
        assert!(failure.contains("cannot start `terraform`") && failure.contains("nix develop"), "{failure}");
    }

    #[test]
    fn only_real_changes_are_told() {
        let message = |action: &str| {
            let resource = serde_json::json!({"addr": "module.a.aws_sqs_queue.b"});
            serde_json::json!({"type": "planned_change", "change": {"resource": resource, "action": action}})
        };
        let expected = Change { address: "module.a.aws_sqs_queue.b".to_owned(), action: "update".to_owned() };
        assert_eq!(planned(&message("update")), Some(expected));
        assert_eq!(planned(&message("read")), None);
        assert_eq!(planned(&serde_json::json!({"type": "resource_drift"})), None);
    }

    #[test]
    fn what_is_only_read_is_no_news() {
        assert!(!is_news(&serde_json::json!({"type": "refresh_start", "@message": "Refreshing state..."})));
        assert!(!is_news(&serde_json::json!({"type": "apply_start", "hook": {"action": "read"}})));
        assert!(is_news(&serde_json::json!({"type": "apply_complete", "@message": "Creation complete"})));
        assert!(is_news(&serde_json::json!({"@message": "of a kind that is new"})));
    }

    #[test]
    fn changes_are_counted_by_what_is_done() {
        let change = |action: &str| Change { address: "x".to_owned(), action: action.to_owned() };
        assert_eq!(counted(&[]), "no change");
        assert_eq!(counted(&[change("create"), change("update"), change("create")]), "2 to create, 1 to update");
    }

    #[test]
    fn an_error_is_told_with_its_detail_and_place() {
        let message = serde_json::json!({
            "@message": "Error: no such queue",
            "diagnostic": {"detail": "line one\nline two", "range": {"filename": "main.tf", "start": {"line": 7}}},
        });
        assert_eq!(told(&message), "Error: no such queue\n  line one\n  line two\n  main.tf:7");
    }
}
