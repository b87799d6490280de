//! Terraform as a deployment needs it: initialise, plan, apply the saved plan, import existing resources, read the outputs. In
//! one run, it plans and applies without a saved plan.
//!
//! It inherits the environment of `gridbid`, and so its credentials, endpoint and provider mirror. Its messages are printed
//! as they arrive.

mod existing;

use std::collections::BTreeSet;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use gridbid_release_format::Change;
use rustix::process::{Pid, Signal, kill_process};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;

pub(crate) use self::existing::Origin;
use self::existing::{PlanDocument, Refusals};
use crate::failure::Failure;
use crate::interruption::Interruption;
use crate::progress::log_detail;

/// The result of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The changes of resources.
    pub(crate) changes: Vec<Change>,
    /// Whether there is nothing to apply: an output may change without a change of a resource.
    pub(crate) is_empty: bool,
}

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It will be applied.
    Apply,
    /// It is only shown: the state is not locked.
    Show,
}

/// Why an apply failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApplyFailure {
    /// The failure itself.
    pub(crate) failure: Failure,
    /// The addresses of the resources that could not be created because they exist, although Terraform's state does not
    /// contain them; empty when the apply failed for any other reason.
    pub(crate) existing: BTreeSet<String>,
}

impl From<Failure> for ApplyFailure {
    fn from(failure: Failure) -> Self {
        Self { failure, existing: BTreeSet::new() }
    }
}

/// The result of a plan and its apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// The changes of resources.
    pub(crate) changes: Vec<Change>,
    /// The outputs by name.
    pub(crate) outputs: Value,
}

/// What a deployment needs from Terraform. An error of any method ends the deployment before an alias is shifted; only an apply
/// that names existing resources may be repeated after their import.
pub(crate) trait Infrastructure {
    /// Plans the configuration with a release's manifest.
    fn plan(&self, manifest: &Path, purpose: Purpose) -> impl Future<Output = Result<Plan, Failure>>;
    /// Applies the last plan.
    fn apply(&self) -> impl Future<Output = Result<(), ApplyFailure>>;
    /// Imports existing resources of the last plan into Terraform's state. Fails before the first import if the import id
    /// of any of them does not follow from the plan.
    fn import(&self, manifest: &Path, addresses: &BTreeSet<String>) -> impl Future<Output = Result<(), Failure>>;
    /// Plans, applies and reads the outputs in one run of Terraform, without a saved plan.
    fn plan_and_apply(&self, manifest: &Path) -> impl Future<Output = Result<Applied, ApplyFailure>>;
    /// The outputs by name.
    fn outputs(&self) -> impl Future<Output = Result<Value, Failure>>;
}

/// Terraform in one of its root modules.
#[derive(Debug)]
pub(crate) struct Terraform {
    /// The program.
    pub(crate) program: PathBuf,
    /// The root module's folder.
    pub(crate) folder: PathBuf,
    /// Variables, `name=value`.
    pub(crate) variables: Vec<String>,
    /// Arguments of `terraform init`; `None` skips it.
    pub(crate) init: Option<Vec<String>>,
    /// The folder for the plan.
    pub(crate) scratch: PathBuf,
    /// The cloud that existing resources are imported from.
    pub(crate) origin: Origin,
    /// Stops it early.
    pub(crate) interruption: Interruption,
}

impl Terraform {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        command.env("TF_IN_AUTOMATION", "1").env("TF_INPUT", "0").env("CHECKPOINT_DISABLE", "1");
        // A second Ctrl-C would make it abandon its state, so it leads its own process group and receives only our signal.
        command.process_group(0);
        command
    }

    /// A command that locks the state. It waits for a Terraform that outlived its killed `gridbid` and still holds the
    /// lock.
    fn locking_command(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command.arg("-lock-timeout=60s");
        command
    }

    fn plan_file(&self) -> PathBuf {
        self.scratch.join("plan")
    }

    /// Runs a command and passes on each line of its stdout. On an interruption, Terraform receives SIGINT, finishes its
    /// current operations and saves its state.
    async fn run(&self, mut command: Command, mut on_line: impl FnMut(&str)) -> Result<ExitStatus, Failure> {
        self.interruption.check()?;
        let mut child = command.spawn().map_err(|error| {
            Failure::from_error("cannot start `terraform`", &error)
                .with_hint("install Terraform 1.11 or newer, or enter `nix develop`")
        })?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let running = async {
            let read = match child.stdout.take() {
                Some(stdout) => read_lines(stdout, &mut on_line).await,
                None => Ok(()),
            };
            let status = child.wait().await?;
            read.map(|()| status)
        };
        tokio::pin!(running);
        let status = tokio::select! {
            status = &mut running => status,
            () = self.interruption.arrival() => {
                // It may have ended in the meantime.
                let _ = pid.map(|pid| kill_process(pid, Signal::INT));
                running.await
            }
        };
        status.map_err(|error| Failure::from_error("cannot wait for `terraform`", &error))
    }

    async fn initialise(&self) -> Result<(), Failure> {
        let Some(arguments) = &self.init else { return Ok(()) };
        let mut command = self.command(&["init", "-input=false", "-no-color"]);
        command.args(arguments);
        let status = self.run(command, log_detail).await?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("`terraform init` failed ({status})"))) }
    }

    /// The arguments of every command that reads the configuration.
    fn variable_arguments(&self, manifest: &Path) -> Vec<String> {
        let own = self.variables.iter().map(|variable| format!("-var={variable}"));
        [format!("-var=functions_manifest={}", manifest.display())].into_iter().chain(own).collect()
    }

    /// Runs a command that writes JSON messages, prints their texts and passes each of them on.
    async fn run_json(&self, command: Command, mut on_message: impl FnMut(&Value)) -> Result<ExitStatus, Failure> {
        self.run(command, |line| match serde_json::from_str::<Value>(line) {
            Ok(message) => {
                on_message(&message);
                if is_progress(&message) {
                    message_text(&message).lines().for_each(log_detail);
                }
            }
            Err(_) => log_detail(line),
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
            .map_err(|error| Failure::from_error(format!("cannot parse the output of `terraform {name}`"), &error))
    }
}

impl Infrastructure for Terraform {
    async fn plan(&self, manifest: &Path, purpose: Purpose) -> Result<Plan, Failure> {
        self.initialise().await?;
        let plan = ["plan", "-input=false", "-detailed-exitcode", "-json"];
        let mut command = match purpose {
            Purpose::Apply => self.locking_command(&plan),
            Purpose::Show => self.command(&[&plan[..], &["-lock=false"]].concat()),
        };
        command.arg(format!("-out={}", self.plan_file().display()));
        command.args(self.variable_arguments(manifest));
        let mut changes = Vec::new();
        let status = self.run_json(command, |message| changes.extend(planned_change(message))).await?;
        match status.code() {
            Some(code @ (0 | 2)) => Ok(Plan { changes, is_empty: code == 0 }),
            _ => Err(failed("plan", status)),
        }
    }

    async fn apply(&self) -> Result<(), ApplyFailure> {
        let mut command = self.locking_command(&["apply", "-input=false", "-json"]);
        command.arg(self.plan_file());
        let mut refusals = Refusals::default();
        let status = self.run_json(command, |message| refusals.record(message)).await?;
        if status.success() {
            return Ok(());
        }
        Err(ApplyFailure { failure: failed("apply", status), existing: refusals.existing() })
    }

    async fn plan_and_apply(&self, manifest: &Path) -> Result<Applied, ApplyFailure> {
        self.initialise().await?;
        let mut command = self.locking_command(&["apply", "-auto-approve", "-input=false", "-json"]);
        command.args(self.variable_arguments(manifest));
        let (mut applied, mut refusals) = (Applied::default(), Refusals::default());
        let status = self
            .run_json(command, |message| {
                applied.changes.extend(planned_change(message));
                refusals.record(message);
                // The message after the plan has no values; the one after the apply has.
                if message.get("type").is_some_and(|kind| kind == "outputs")
                    && let Some(outputs) = message.get("outputs")
                {
                    applied.outputs = values(outputs);
                }
            })
            .await?;
        if status.success() {
            return Ok(applied);
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
                let message = format!("`{address}` already exists, and its import id does not follow from the plan");
                Failure::new(message)
                    .with_hint("import it with `terraform import`, or delete it, and run the deployment again")
            })?;
            imports.push((address, id));
        }
        for (address, id) in imports {
            let mut command = self.locking_command(&["import", "-input=false", "-no-color"]);
            command.args(self.variable_arguments(manifest)).args([address, &id]);
            // Errors are on stderr; stdout lists only what is read meanwhile.
            let status = self.run(command, |_| ()).await?;
            if !status.success() {
                let message = format!("`{address}` already exists, and importing `{id}` failed ({status})");
                return Err(Failure::new(message).with_hint("fix the error above and run the deployment again"));
            }
            log_detail(&format!("adopted {address}, which existed already"));
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
        .with_hint("fix the error above and run the deployment again")
}

async fn read_lines(stream: impl AsyncRead + Unpin, on_line: &mut impl FnMut(&str)) -> io::Result<()> {
    let mut lines = BufReader::new(stream).split(b'\n');
    while let Some(line) = lines.next_segment().await? {
        on_line(&String::from_utf8_lossy(&line));
    }
    Ok(())
}

/// The change that a message announces, unless nothing would change.
fn planned_change(message: &Value) -> Option<Change> {
    if message.get("type")?.as_str()? != "planned_change" {
        return None;
    }
    let change = message.get("change")?;
    let address = change.pointer("/resource/addr")?.as_str()?.to_owned();
    let action = change.get("action")?.as_str()?.to_owned();
    (action != "noop" && action != "read").then_some(Change { address, action })
}

/// Whether a message is printed: reads, refreshes and repeated information are not.
fn is_progress(message: &Value) -> bool {
    let kind = message.get("type").and_then(Value::as_str);
    let is_read = message.pointer("/hook/action").is_some_and(|action| action == "read");
    let is_silent =
        matches!(kind, Some("version" | "outputs" | "refresh_start" | "refresh_complete" | "resource_drift"));
    !is_read && !is_silent
}

/// A message's text, with the detail and the source position of an error.
fn message_text(message: &Value) -> String {
    let member = |pointer: &str| message.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let mut lines: Vec<String> = member("/@message").map(str::to_owned).into_iter().collect();
    for text in ["/diagnostic/address", "/diagnostic/detail"].into_iter().filter_map(member) {
        lines.extend(text.lines().map(|line| format!("  {line}")));
    }
    if let Some((file, line)) =
        member("/diagnostic/range/filename").zip(message.pointer("/diagnostic/range/start/line"))
    {
        lines.push(format!("  {file}:{line}"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use tokio::sync::watch;

    use super::*;
    use crate::testing::Folder;

    /// A shell script in Terraform's place.
    fn fake_terraform(name: &str, script: &str) -> (Folder, watch::Sender<bool>, Terraform) {
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
            interruption: Interruption::from_receiver(receiver),
        };
        (folder, sender, terraform)
    }

    #[tokio::test]
    async fn saved_plan_is_applied() {
        let script = r#"
            echo "$*" >> calls
            case "$1" in
              plan) echo '{"type":"planned_change","change":{"resource":{"addr":"a"},"action":"update"}}'; exit 2 ;;
              output) echo '{"api_id": {"sensitive": false, "value": "abc"}}' ;;
            esac"#;
        let (folder, _sender, terraform) = fake_terraform("plan", script);
        let plan = terraform.plan(Path::new("/m/functions.json"), Purpose::Apply).await.unwrap();
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
    async fn plan_and_apply_reads_the_outputs_of_one_run() {
        let script = r#"
            echo "$*" >> calls
            echo '{"type":"planned_change","change":{"resource":{"addr":"a"},"action":"create"}}'
            echo '{"type":"outputs","outputs":{"api_id":{"sensitive":false,"action":"create"}}}'
            echo '{"type":"outputs","outputs":{"api_id":{"sensitive":false,"type":"string","value":"abc"}}}'"#;
        let (folder, _sender, terraform) = fake_terraform("converge", script);
        let terraform = Terraform { init: None, ..terraform };
        let applied = terraform.plan_and_apply(Path::new("/m/functions.json")).await.unwrap();
        assert_eq!((applied.changes.len(), applied.outputs), (1, serde_json::json!({"api_id": "abc"})));
        let calls = std::fs::read_to_string(folder.0.join("calls")).unwrap();
        let expected = "apply -auto-approve -input=false -json -lock-timeout=60s -var=functions_manifest=/m/functions.json \
                        -var=artifacts_bucket=b\n";
        assert_eq!(calls, expected);
    }

    #[tokio::test]
    async fn shown_plan_does_not_lock_the_state() {
        let (folder, _sender, terraform) = fake_terraform("look", "echo \"$*\" >> calls");
        assert!(terraform.plan(Path::new("m"), Purpose::Show).await.unwrap().is_empty);
        assert!(std::fs::read_to_string(folder.0.join("calls")).unwrap().contains(" -lock=false "));
    }

    #[tokio::test]
    async fn interruption_signals_terraform_once_and_waits_for_it() {
        let script = "trap 'echo asked >> calls; exit 1' INT; touch started; while :; do sleep 0.05; done";
        let (folder, sender, terraform) = fake_terraform("interrupted", script);
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
    async fn closed_terminal_signals_terraform_once_and_waits_for_it() {
        let script = "trap 'echo asked >> calls; exit 1' INT; trap 'echo hung up >> calls' HUP; echo $$ > pid; \
                      touch started; while :; do sleep 0.05; done";
        let (folder, _sender, terraform) = fake_terraform("hangup", script);
        let terraform = Terraform { interruption: Interruption::listen().unwrap(), ..terraform };
        let hanging_up = async {
            while !folder.0.join("started").exists() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            // A closed terminal signals the whole process group of gridbid.
            let pid = std::fs::read_to_string(folder.0.join("pid")).unwrap().trim().parse().unwrap();
            let pid = Pid::from_raw(pid).unwrap();
            assert_eq!(rustix::process::getpgid(Some(pid)).unwrap(), pid, "Terraform leads its own process group");
            kill_process(rustix::process::getpid(), Signal::HUP).unwrap();
        };
        let (applied, ()) = tokio::join!(terraform.apply(), hanging_up);
        assert!(applied.unwrap_err().failure.to_string().starts_with("`terraform apply` failed"));
        assert_eq!(std::fs::read_to_string(folder.0.join("calls")).unwrap(), "asked\n");
    }

    #[tokio::test]
    async fn missing_terraform_is_reported() {
        let (_folder, _sender, terraform) = fake_terraform("missing", "");
        let terraform = Terraform { program: "no-such-terraform".into(), ..terraform };
        let failure = terraform.apply().await.unwrap_err().failure.report();
        assert!(failure.contains("cannot start `terraform`") && failure.contains("nix develop"), "{failure}");
    }

    /// A Terraform whose apply meets two existing resources: a role in a module, and a route.
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
        fake_terraform(name, script)
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
    async fn refused_creates_are_named_and_only_the_given_resource_is_imported() {
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
        assert_eq!(failure, format!("`{ROUTE}` already exists, and its import id does not follow from the plan"));
        assert!(calls(&folder, "import").is_empty());
    }

    #[tokio::test]
    async fn failed_import_names_the_resource_and_its_id() {
        let (folder, _sender, terraform) = refused("import");
        std::fs::write(folder.0.join("broken"), "").unwrap();
        let failure = terraform.import(Path::new("m"), &addresses(&[ROLE])).await.unwrap_err().to_string();
        assert!(failure.starts_with(&format!("`{ROLE}` already exists, and importing `role-b` failed")), "{failure}");
    }

    #[test]
    fn planned_change_excludes_reads() {
        let message = |action: &str| {
            let resource = serde_json::json!({"addr": "module.a.aws_sqs_queue.b"});
            serde_json::json!({"type": "planned_change", "change": {"resource": resource, "action": action}})
        };
        let expected = Change { address: "module.a.aws_sqs_queue.b".to_owned(), action: "update".to_owned() };
        assert_eq!(planned_change(&message("update")), Some(expected));
        assert_eq!(planned_change(&message("read")), None);
        assert_eq!(planned_change(&serde_json::json!({"type": "resource_drift"})), None);
    }

    #[test]
    fn reads_and_refreshes_are_not_progress() {
        assert!(!is_progress(&serde_json::json!({"type": "refresh_start", "@message": "Refreshing state..."})));
        assert!(!is_progress(&serde_json::json!({"type": "apply_start", "hook": {"action": "read"}})));
        assert!(is_progress(&serde_json::json!({"type": "apply_complete", "@message": "Creation complete"})));
        assert!(is_progress(&serde_json::json!({"@message": "of an unknown type"})));
    }

    #[test]
    fn message_text_of_an_error_has_its_detail_and_position() {
        let message = serde_json::json!({
            "@message": "Error: no such queue",
            "diagnostic": {"detail": "line one\nline two", "range": {"filename": "main.tf", "start": {"line": 7}}},
        });
        assert_eq!(message_text(&message), "Error: no such queue\n  line one\n  line two\n  main.tf:7");
    }
}
