//! Terraform as a deployment needs it: initialise, plan, apply exactly that plan, import what exists, read the outputs.
//!
//! It is called with the environment that `gridbid` has, so credentials, endpoint and where providers come from are those of
//! the caller. Its messages are printed while it works.

mod existing;

use std::collections::BTreeSet;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;

pub(crate) use self::existing::Origin;
use self::existing::{PlanDocument, Refusals};
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

/// Why an apply failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApplyFailure {
    /// The failure itself.
    pub(crate) failure: Failure,
    /// The addresses of the resources whose create was refused because they exist already, although Terraform's state does
    /// not know them; empty when the apply failed for any other reason.
    pub(crate) existing: BTreeSet<String>,
}

impl From<Failure> for ApplyFailure {
    fn from(failure: Failure) -> Self {
        Self { failure, existing: BTreeSet::new() }
    }
}

/// What one run of Terraform did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Converged {
    /// What it changed.
    pub(crate) changes: Vec<Change>,
    /// The outputs by name.
    pub(crate) outputs: Value,
}

/// What a deployment needs of Terraform.
pub(crate) trait Infrastructure {
    /// Compares what is there with what should be, given the release's manifest.
    fn plan(&self, manifest: &Path, purpose: Purpose) -> impl Future<Output = Result<Plan, Failure>>;
    /// Makes what the plan found to be missing or different.
    fn apply(&self) -> impl Future<Output = Result<(), ApplyFailure>>;
    /// Imports resources of the last plan that exist already into Terraform's state. Fails before the first import when an
    /// import id does not follow from the plan.
    fn import(&self, manifest: &Path, addresses: &BTreeSet<String>) -> impl Future<Output = Result<(), Failure>>;
    /// Plans, applies and reads the outputs in one run of Terraform, without a plan that could be looked at first.
    fn converge(&self, manifest: &Path) -> impl Future<Output = Result<Converged, ApplyFailure>>;
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
    /// The cloud that existing resources are imported from.
    pub(crate) origin: Origin,
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

    /// A command that holds the state's lock, and waits for whoever holds it: a Terraform that outlived its killed `gridbid`
    /// releases it when it ends.
    fn locking_command(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command.arg("-lock-timeout=60s");
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

    /// The variables, as arguments of every command that reads the configuration.
    fn variable_arguments(&self, manifest: &Path) -> Vec<String> {
        let own = self.variables.iter().map(|variable| format!("-var={variable}"));
        [format!("-var=functions_manifest={}", manifest.display())].into_iter().chain(own).collect()
    }

    /// Runs a command that writes JSON messages: prints what they say, and hands each of them on.
    async fn run_json(&self, command: Command, mut take: impl FnMut(&Value)) -> Result<ExitStatus, Failure> {
        self.run(command, |line| match serde_json::from_str::<Value>(line) {
            Ok(message) => {
                take(&message);
                if is_news(&message) {
                    told(&message).lines().for_each(|line| say(&format!("  {line}")));
                }
            }
            Err(_) => say(&format!("  {line}")),
        })
        .await
    }

    /// Runs a command that writes one JSON document, and parses it.
    async fn read_document<T: DeserializeOwned>(&self, name: &str, command: Command) -> Result<T, Failure> {
        let mut json = String::new();
        let status = self
            .run(command, |line| {
                json.push_str(line);
                json.push('\n');
            })
            .await?;
        if !status.success() {
            return Err(failed(name, status));
        }
        serde_json::from_str(&json)
            .map_err(|error| Failure::new(format!("the output of `terraform {name}` cannot be read: {error}")))
    }
}

impl Infrastructure for Terraform {
    async fn plan(&self, manifest: &Path, purpose: Purpose) -> Result<Plan, Failure> {
        self.initialise().await?;
        let plan = ["plan", "-input=false", "-detailed-exitcode", "-json"];
        let mut command = match purpose {
            Purpose::ToApply => self.locking_command(&plan),
            Purpose::ToLook => self.command(&[&plan[..], &["-lock=false"]].concat()),
        };
        command.arg(format!("-out={}", self.plan_file().display()));
        command.args(self.variable_arguments(manifest));
        let mut changes = Vec::new();
        let status = self.run_json(command, |message| changes.extend(planned(message))).await?;
        match status.code() {
            Some(code @ (0 | 2)) => Ok(Plan { changes, is_empty: code == 0 }),
            _ => Err(failed("plan", status)),
        }
    }

    async fn apply(&self) -> Result<(), ApplyFailure> {
        let mut command = self.locking_command(&["apply", "-input=false", "-json"]);
        command.arg(self.plan_file());
        let mut refusals = Refusals::default();
        let status = self.run_json(command, |message| refusals.read(message)).await?;
        if status.success() {
            return Ok(());
        }
        Err(ApplyFailure { failure: failed("apply", status), existing: refusals.existing() })
    }

    async fn converge(&self, manifest: &Path) -> Result<Converged, ApplyFailure> {
        self.initialise().await?;
        let mut command = self.locking_command(&["apply", "-auto-approve", "-input=false", "-json"]);
        command.args(self.variable_arguments(manifest));
        let (mut converged, mut refusals) = (Converged::default(), Refusals::default());
        let status = self
            .run_json(command, |message| {
                converged.changes.extend(planned(message));
                refusals.read(message);
                // The plan's message about outputs has no values yet; the last one has.
                if message.get("type").is_some_and(|kind| kind == "outputs")
                    && let Some(outputs) = message.get("outputs")
                {
                    converged.outputs = values(outputs);
                }
            })
            .await?;
        if status.success() {
            return Ok(converged);
        }
        Err(ApplyFailure { failure: failed("apply", status), existing: refusals.existing() })
    }

    async fn import(&self, manifest: &Path, addresses: &BTreeSet<String>) -> Result<(), Failure> {
        let mut show = self.command(&["show", "-json"]);
        show.arg(self.plan_file());
        let plan: PlanDocument = self.read_document("show", show).await?;
        let mut imports = Vec::new();
        for address in addresses {
            let id = plan.import_id(address, &self.origin).ok_or_else(|| {
                let message = format!("`{address}` exists already, and its import id does not follow from the plan");
                Failure::new(message)
                    .with_todo("import it with `terraform import`, or delete it, and run the deployment again")
            })?;
            imports.push((address, id));
        }
        for (address, id) in imports {
            let mut command = self.locking_command(&["import", "-input=false", "-no-color"]);
            command.args(self.variable_arguments(manifest)).args([address, &id]);
            // Its errors are on stderr; its stdout lists what it reads on the way.
            let status = self.run(command, |_| ()).await?;
            if !status.success() {
                let message = format!("`{address}` exists already, and importing `{id}` failed ({status})");
                return Err(Failure::new(message)
                    .with_todo("the lines above say why; run the deployment again when it is put right"));
            }
            say(&format!("  adopted {address}, which existed already"));
        }
        Ok(())
    }

    async fn outputs(&self) -> Result<Value, Failure> {
        let outputs: Value = self.read_document("output", self.command(&["output", "-json"])).await?;
        Ok(values(&outputs))
    }
}

/// The values of outputs by their names.
fn values(outputs: &Value) -> Value {
    let members = outputs.as_object().into_iter().flatten();
    members.filter_map(|(name, output)| Some((name.clone(), output.get("value")?.clone()))).collect()
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
            origin: Origin { region: "eu-west-1".to_owned(), queue_endpoint: None },
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
                "plan -input=false -detailed-exitcode -json -lock-timeout=60s -out={plan} -var=functions_manifest=/m/functions.json \
                 -var=artifacts_bucket=b"
            ),
            format!("apply -input=false -json -lock-timeout=60s {plan}"),
            "output -json".to_owned(),
        ];
        assert_eq!(calls.lines().collect::<Vec<_>>(), expected);
    }

    #[tokio::test]
    async fn one_run_plans_applies_and_reads_the_outputs() {
        let script = r#"
            echo "$*" >> calls
            echo '{"type":"planned_change","change":{"resource":{"addr":"a"},"action":"create"}}'
            echo '{"type":"outputs","outputs":{"api_id":{"sensitive":false,"action":"create"}}}'
            echo '{"type":"outputs","outputs":{"api_id":{"sensitive":false,"type":"string","value":"abc"}}}'"#;
        let (folder, _sender, terraform) = played("converge", script);
        let terraform = Terraform { init: None, ..terraform };
        let converged = terraform.converge(Path::new("/m/functions.json")).await.unwrap();
        assert_eq!((converged.changes.len(), converged.outputs), (1, serde_json::json!({"api_id": "abc"})));
        let calls = std::fs::read_to_string(folder.0.join("calls")).unwrap();
        let expected = "apply -auto-approve -input=false -json -lock-timeout=60s -var=functions_manifest=/m/functions.json \
                        -var=artifacts_bucket=b\n";
        assert_eq!(calls, expected);
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
        assert!(applied.unwrap_err().failure.to_string().starts_with("`terraform apply` failed"));
        assert_eq!(std::fs::read_to_string(folder.0.join("calls")).unwrap(), "asked\n");
        assert_eq!(terraform.apply().await.unwrap_err().failure.to_string(), "interrupted");
    }

    #[tokio::test]
    async fn a_closed_terminal_asks_terraform_once_to_end_and_waits_for_it() {
        let script = "trap 'echo asked >> calls; exit 1' INT; trap 'echo hung up >> calls' HUP; echo $$ > pid; \
                      touch started; while :; do sleep 0.05; done";
        let (folder, _sender, terraform) = played("hangup", script);
        let terraform = Terraform { interruption: Interruption::listen().unwrap(), ..terraform };
        let hanging_up = async {
            while !folder.0.join("started").exists() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            // A terminal that is closed tells the whole group of gridbid.
            let pid = std::fs::read_to_string(folder.0.join("pid")).unwrap().trim().parse().unwrap();
            let pid = Pid::from_raw(pid).unwrap();
            assert_eq!(rustix::process::getpgid(Some(pid)).unwrap(), pid, "Terraform leads a group of its own");
            kill_process(rustix::process::getpid(), Signal::HUP).unwrap();
        };
        let (applied, ()) = tokio::join!(terraform.apply(), hanging_up);
        assert!(applied.unwrap_err().failure.to_string().starts_with("`terraform apply` failed"));
        assert_eq!(std::fs::read_to_string(folder.0.join("calls")).unwrap(), "asked\n");
    }

    #[tokio::test]
    async fn a_terraform_that_is_not_there_is_told() {
        let (_folder, _sender, terraform) = played("missing", "");
        let terraform = Terraform { program: "no-such-terraform".into(), ..terraform };
        let failure = terraform.apply().await.unwrap_err().failure.report().to_string();
        assert!(failure.contains("cannot start `terraform`") && failure.contains("nix develop"), "{failure}");
    }

    /// A terraform whose apply is refused two resources that exist already: a role in a module, and a route.
    fn refused(name: &str) -> (Folder, watch::Sender<bool>, Terraform) {
        let script = r#"
            echo "$*" >> calls
            case "$1" in
              apply)
                for address in 'module.a[\"b\"].aws_iam_role.this' 'aws_apigatewayv2_route.r'; do
                  echo '{"type":"apply_errored","hook":{"resource":{"addr":"'"$address"'"},"action":"create"}}'
                  echo '{"type":"diagnostic","diagnostic":{"severity":"error","address":"'"$address"'","summary":"it already exists"}}'
                done
                exit 1 ;;
              show)
                echo '{"prior_state":{"values":{"root_module":{}}},"planned_values":{"root_module":{"child_modules":[{'
                echo '"resources":[{"address":"module.a[\"b\"].aws_iam_role.this","type":"aws_iam_role","values":{"name":"role-b"}},'
                echo '{"address":"aws_iam_role.other","type":"aws_iam_role","values":{"name":"other"}},'
                echo '{"address":"aws_apigatewayv2_route.r","type":"aws_apigatewayv2_route","values":{}}]}]}}}' ;;
              import) test ! -e broken ;;
            esac"#;
        played(name, script)
    }

    const ROLE: &str = r#"module.a["b"].aws_iam_role.this"#;
    const ROUTE: &str = "aws_apigatewayv2_route.r";

    fn calls(folder: &Folder, command: &str) -> Vec<String> {
        let calls = std::fs::read_to_string(folder.0.join("calls")).unwrap();
        calls.lines().filter(|line| line.starts_with(command)).map(str::to_owned).collect()
    }

    fn addresses(addresses: &[&str]) -> BTreeSet<String> {
        addresses.iter().map(|address| (*address).to_owned()).collect()
    }

    #[tokio::test]
    async fn refused_creates_are_named_and_exactly_the_named_resource_is_imported() {
        let (folder, _sender, terraform) = refused("refused");
        let refused = terraform.apply().await.unwrap_err();
        assert_eq!(refused.existing, addresses(&[ROLE, ROUTE]));
        assert!(refused.failure.to_string().starts_with("`terraform apply` failed"), "{}", refused.failure);
        terraform.import(Path::new("/m/functions.json"), &addresses(&[ROLE])).await.unwrap();
        let import = format!(
            "import -input=false -no-color -lock-timeout=60s -var=functions_manifest=/m/functions.json -var=artifacts_bucket=b {ROLE} role-b"
        );
        assert_eq!(calls(&folder, "import"), [import]);
        assert_eq!(calls(&folder, "show"), [format!("show -json {}", folder.0.join("plan").display())]);
    }

    #[tokio::test]
    async fn resource_without_an_import_id_is_named_before_anything_is_imported() {
        let (folder, _sender, terraform) = refused("unknown");
        let failure = terraform.import(Path::new("m"), &addresses(&[ROLE, ROUTE])).await.unwrap_err().to_string();
        assert_eq!(failure, format!("`{ROUTE}` exists already, and its import id does not follow from the plan"));
        assert!(calls(&folder, "import").is_empty());
    }

    #[tokio::test]
    async fn import_that_fails_names_the_resource_and_its_id() {
        let (folder, _sender, terraform) = refused("import");
        std::fs::write(folder.0.join("broken"), "").unwrap();
        let failure = terraform.import(Path::new("m"), &addresses(&[ROLE])).await.unwrap_err().to_string();
        assert!(failure.starts_with(&format!("`{ROLE}` exists already, and importing `role-b` failed")), "{failure}");
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
