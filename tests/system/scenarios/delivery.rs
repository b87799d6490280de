//! Releases and deployments to a running local cloud: what is uploaded, published and shifted, and the state after a failure.
//! Every scenario restores the zips and the configuration that it found.
//!
//! What the local cloud lacks (canaries, alarms that stop them) is tested in memory, in `delivery`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use gridbid_devkit::digest::sha256_hex;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::{Progress, Step};
use gridbid_devkit::subprocess::Subprocess;
use gridbid_devkit::terraform;
use gridbid_local_cloud::client::Live;
use gridbid_local_cloud::delivery::{self, BUCKET, Delivery};
use gridbid_local_cloud::deployer;
use gridbid_local_cloud::record::Record;
use gridbid_local_cloud::scenario::{self, FUNCTIONS_VARIABLE, GRIDBID_VARIABLE, SITE_VARIABLE};
use gridbid_local_cloud::simulators::S3Fault;
use gridbid_release_format::{DeployReport, Sha256};

use crate::harness::{System, fresh_prefix, fresh_slot, ready, wait_until};

/// The changed function: its response to a probe shows which version is running.
const CHANGED: &str = "preview-orders";

/// A bucket of a console, which the deploy role may write.
const CONSOLE_BUCKET: &str = "gridbid-local-console-000000000000";

/// Responds to a probe with another version.
const OTHER_VERSION: &str = "
import { handler as before } from './before.mjs';
export const handler = async (event, context) => {
  const answer = await before(event, context);
  return event?.probe ? { ...answer, version: 'other' } : answer;
};
";

/// Responds to a probe, and fails otherwise.
const BROKEN: &str = "
import { handler as before } from './before.mjs';
export const handler = async (event, context) => {
  if (event?.probe) return before(event, context);
  throw new Error('broken on purpose');
};
";

/// A replacement of a function's zip.
type Change = dyn Fn(&[u8]) -> Vec<u8>;

/// The running system, and the means to deploy to it.
struct Deliveries {
    system: System,
    layout: Layout,
    record: Record,
    gridbid: PathBuf,
    /// A folder for other zips.
    folder: PathBuf,
    /// The targets of all aliases before the scenario.
    found: BTreeMap<String, Live>,
    /// Whether the scenario has deployed something.
    touched: AtomicBool,
}

impl Deliveries {
    fn new(name: &str) -> Self {
        let system = System::idle();
        let variable = |name| PathBuf::from(std::env::var_os(name).unwrap());
        let site = variable(SITE_VARIABLE);
        let cloud = site.file_name().unwrap().to_string_lossy();
        let layout = Layout::of_repository().with_site(&cloud).with_functions(variable(FUNCTIONS_VARIABLE));
        assert_eq!(layout.site(), site);
        let record = Record::read(&layout.cloud()).unwrap().unwrap();
        let folder = layout.site().join("other-functions").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        let (found, touched) = (live(&system), AtomicBool::new(false));
        Self { system, layout, record, gridbid: variable(GRIDBID_VARIABLE), folder, found, touched }
    }

    fn delivery(&self) -> Delivery<'_> {
        Delivery::new(&self.layout, self.record.ports, self.gridbid.clone())
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        scenario::variables()
    }

    /// The release deployed before the scenario.
    fn release_found(&self) -> String {
        delivery::release_name(&self.layout.functions()).unwrap()
    }

    fn release(&self, functions: &Path) -> String {
        in_step(|step| self.delivery().release(functions, step)).unwrap().0
    }

    /// Releases the deployed build with a console of these assets, whose page contains only its name.
    fn release_console(&self, name: &str, assets: &[&str]) -> String {
        let folder = self.folder.join(name);
        fs::create_dir_all(folder.join("assets")).unwrap();
        fs::write(folder.join("index.html"), name).unwrap();
        for asset in assets {
            fs::write(folder.join(asset), asset).unwrap();
        }
        let release = sha256_hex(name.as_bytes())[..40].to_owned();
        let command = self.delivery().release_command("gridbid-console", &release, &self.layout.functions());
        let (succeeded, log) = self.run("gridbid-console", command.args(["--console".as_ref(), folder.as_os_str()]));
        assert!(succeeded, "{log}");
        release
    }

    fn deploy(&self, release: &str, variables: &[(&str, String)]) -> Result<DeployReport, Failure> {
        self.touched.store(true, Ordering::Relaxed);
        in_step(|step| self.delivery().deploy(release, variables, step))
    }

    /// Deploys a release that must be refused; returns the log.
    fn refused(&self, release: &str) -> String {
        let command = self.delivery().deploy_command("gridbid-refused", release, &self.variables()).unwrap();
        let (succeeded, log) = self.run("gridbid-refused", command);
        assert!(!succeeded, "{log}");
        log
    }

    /// Removes a resource from Terraform's state, but not from the cloud.
    fn forget(&self, address: &str) {
        let tool = Subprocess::new("terraform", self.layout.log("terraform-forget"), Duration::from_secs(60));
        let command = tool
            .inside(&self.layout.terraform_local())
            .env(terraform::on_local_cloud(&self.layout, self.record.ports.cloud))
            // Without it the copy lies in the root module, as a file that was not there before.
            .args(["state", "rm", &format!("-backup={}", self.folder.join("state.backup").display()), address]);
        let (succeeded, log) = self.run("terraform-forget", command);
        assert!(succeeded, "{log}");
    }

    /// Runs a command of gridbid; returns whether it succeeded, and its log.
    fn gridbid(&self, arguments: &[&str]) -> (bool, String) {
        self.run("gridbid-scenario", self.delivery().gridbid("gridbid-scenario").unwrap().args(arguments))
    }

    fn run(&self, name: &str, command: Subprocess) -> (bool, String) {
        let status = in_step(|step| command.status(step)).unwrap();
        (status.success(), fs::read_to_string(self.layout.log(name)).unwrap())
    }

    /// The deployed build with changed zips of some functions.
    fn build(&self, changes: &[(&str, &Change)]) -> PathBuf {
        let from = self.layout.functions();
        let text = fs::read(from.join("functions.json")).unwrap();
        let mut manifest: Value = serde_json::from_slice(&text).unwrap();
        for (name, function) in manifest["functions"].as_object_mut().unwrap() {
            let file = function["zip"].as_str().unwrap().to_owned();
            let mut zip = fs::read(from.join(&file)).unwrap();
            if let Some((_, change)) = changes.iter().find(|(changed, _)| changed == name) {
                zip = change(&zip);
                let digest = Sha256::of(&zip);
                function["bytes"] = json!(zip.len());
                function["sha256"] = json!(digest);
                function["sha256_base64"] = json!(digest.to_base64());
            }
            fs::write(self.folder.join(file), zip).unwrap();
        }
        fs::write(self.folder.join("functions.json"), manifest.to_string()).unwrap();
        self.folder.clone()
    }

    /// The keys of the artifacts bucket.
    fn keys(&self, prefix: &str) -> Vec<String> {
        let objects = self.system.cloud.objects(BUCKET, prefix).unwrap();
        objects.into_iter().map(|object| object.key).collect()
    }

    /// The version in the changed function's response to a probe.
    fn probed_version(&self) -> String {
        let function = &self.system.names.function(CHANGED).unwrap().function_name;
        let invoked = self.system.cloud.invoke(function, &json!({"probe": "gridbid"})).unwrap();
        assert!(!invoked.failed, "{:?}", invoked.response);
        invoked.response["version"].as_str().unwrap().to_owned()
    }

    /// The functions whose aliases have moved since the start of the scenario.
    fn moved(&self) -> Vec<String> {
        let now = live(&self.system);
        self.found.iter().filter(|(name, found)| now[*name] != **found).map(|(name, _)| name.clone()).collect()
    }
}

impl Drop for Deliveries {
    fn drop(&mut self) {
        if !self.touched.load(Ordering::Relaxed) {
            return;
        }
        // The other scenarios need the original zips and configuration, and fail when this has failed.
        let _ = self.deploy(&self.release_found(), &self.variables());
    }
}

fn live(system: &System) -> BTreeMap<String, Live> {
    let functions = system.names.functions.iter();
    functions.map(|(name, names)| (name.clone(), system.cloud.live(&names.function_name).unwrap())).collect()
}

fn in_step<T>(work: impl FnOnce(&Step) -> Result<T, Failure>) -> Result<T, Failure> {
    Progress::new().step("delivery", |step| Ok((work(step)?, String::new())))
}

/// The zip with another module in front of its entry point.
fn with_module(module: &'static str) -> impl Fn(&[u8]) -> Vec<u8> {
    move |zip| {
        let mut files = files(zip);
        let entry = files.iter_mut().find(|(name, _)| name == "index.mjs").unwrap();
        entry.0 = "before.mjs".to_owned();
        files.push(("index.mjs".to_owned(), module.as_bytes().to_vec()));
        zip_of(&files)
    }
}

/// The zip with one more file.
fn with_file(name: &'static str) -> impl Fn(&[u8]) -> Vec<u8> {
    move |zip| {
        let mut files = files(zip);
        files.push((name.to_owned(), b"more".to_vec()));
        zip_of(&files)
    }
}

fn files(zip: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        files.push((file.name().unwrap().to_string(), bytes));
    }
    files
}

fn zip_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn only_a_changed_function_is_deployed_and_a_rollback_restores_it() {
    let deliveries = Deliveries::new("changed");
    let (keys, version) = (deliveries.keys("functions/"), deliveries.probed_version());
    let functions = deliveries.build(&[(CHANGED, &with_module(OTHER_VERSION))]);

    let release = deliveries.release(&functions);
    let new: Vec<String> = deliveries.keys("functions/").into_iter().filter(|key| !keys.contains(key)).collect();
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(new[0].starts_with("functions/preview-orders/"), "{new:?}");
    let all = deliveries.keys("");
    deliveries.release(&functions);
    assert_eq!(deliveries.keys(""), all, "a second time changes nothing");

    let outcome = deliveries.deploy(&release, &deliveries.variables()).unwrap();
    assert_eq!(outcome.shifted, [CHANGED]);
    assert_eq!(deliveries.moved(), [CHANGED]);
    assert_eq!(deliveries.probed_version(), "other");

    let (succeeded, log) = deliveries.gridbid(&["smoke", "--env", delivery::ENVIRONMENT]);
    assert!(succeeded && log.contains("smoke test: order gridbid-smoke-"), "{log}");

    let (succeeded, log) = deliveries.gridbid(&["rollback", "--env", delivery::ENVIRONMENT]);
    assert!(succeeded, "{log}");
    assert!(log.contains(&format!("rolling back to release {}", deliveries.release_found())), "{log}");
    assert!(deliveries.moved().is_empty());
    assert_eq!(deliveries.probed_version(), version);

    let undo = ["rollback", "--env", delivery::ENVIRONMENT, "--to", &release];
    assert!(log.contains(&format!("gridbid {}", undo.join(" "))), "{log}");
    assert!(deliveries.gridbid(&undo).0);
    assert_eq!(deliveries.probed_version(), "other");
}

#[test]
fn changed_console_is_switched_alone_and_a_rollback_restores_its_page() {
    let deliveries = Deliveries::new("console");
    let cloud = &deliveries.system.cloud;
    cloud.make_bucket(CONSOLE_BUCKET).unwrap();
    let page = || String::from_utf8(cloud.object(CONSOLE_BUCKET, "index.html").unwrap()).unwrap();
    let first = deliveries.release_console("one", &["assets/base-1.css", "assets/main-1.js"]);
    let second = deliveries.release_console("two", &["assets/base-1.css", "assets/main-2.js"]);
    let mut variables = deliveries.variables();
    variables.push(("console_bucket", CONSOLE_BUCKET.to_owned()));

    for (release, name, uploaded) in [(&first, "one", 2), (&second, "two", 1)] {
        assert!(deliveries.deploy(release, &variables).unwrap().shifted.is_empty());
        assert_eq!(page(), name);
        let log = fs::read_to_string(deliveries.layout.log("gridbid-deploy")).unwrap();
        assert!(log.contains(&format!("console: {uploaded} of 2 assets uploaded")), "{log}");
    }
    let (succeeded, log) = deliveries.gridbid(&["rollback", "--env", delivery::ENVIRONMENT]);

    assert!(succeeded && log.contains(&format!("rolling back to release {first}")), "{log}");
    assert_eq!(page(), "one");
    assert!(deliveries.moved().is_empty());
    let mut keys: Vec<String> = cloud.objects(CONSOLE_BUCKET, "").unwrap().into_iter().map(|each| each.key).collect();
    keys.sort();
    assert_eq!(keys, ["assets/base-1.css", "assets/main-1.js", "assets/main-2.js", "index.html"], "tabs stay usable");
}

#[test]
fn status_with_a_profile_shows_the_deployment() {
    let deliveries = Deliveries::new("profile");
    let port = deliveries.record.ports.cloud;
    let config = format!("[profile desk]\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:{port}\n");
    let test_keys = || ["aws_access_key_id", "aws_secret_access_key"].map(|name| format!("{name} = test")).to_vec();
    let keys = deployer::variables(&deliveries.layout).unwrap().map_or_else(test_keys, |variables| {
        let each = |(name, value): (OsString, Option<OsString>)| {
            format!("{} = {}", name.to_string_lossy().to_lowercase(), value.unwrap().to_string_lossy())
        };
        variables.map(each).to_vec()
    });
    let (config_file, credentials_file) = (deliveries.folder.join("config"), deliveries.folder.join("credentials"));
    fs::write(&config_file, config).unwrap();
    fs::write(&credentials_file, format!("[desk]\n{}\n", keys.join("\n"))).unwrap();

    let output = Command::new(&deliveries.gridbid)
        .args(["status", "--env", delivery::ENVIRONMENT, "--bucket", BUCKET])
        .env_clear()
        .env("AWS_PROFILE", "desk")
        .env("AWS_CONFIG_FILE", config_file)
        .env("AWS_SHARED_CREDENTIALS_FILE", credentials_file)
        .output()
        .unwrap();

    let status = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(status.contains(&format!("local has release {}", deliveries.release_found())), "{status}");
    for (name, found) in &deliveries.found {
        assert!(status.contains(&format!("  {name}: version {}\n", found.version)), "{status}");
    }
}

#[test]
fn deployment_is_denied_without_its_grant() {
    let deliveries = Deliveries::new("denied");
    let release = deliveries.release(&deliveries.build(&[(CHANGED, &with_file("denied"))]));
    let cloud = &deliveries.system.cloud;
    let denial = json!({"Effect": "Deny", "Action": ["lambda:UpdateAlias"], "Resource": ["*"]});
    let policy = json!({"Version": "2012-10-17", "Statement": [denial]});

    cloud.put_role_policy(deployer::ROLE, "denied", &policy).unwrap();
    let log = deliveries.refused(&release);
    cloud.delete_role_policy(deployer::ROLE, "denied").unwrap();

    let expected = format!("{}/deploy is not authorized to perform: lambda:UpdateAlias", deployer::ROLE);
    assert!(log.contains(&expected), "{log}");
    assert!(deliveries.moved().is_empty());
    cloud.forget_denials().unwrap();
    assert_eq!(deliveries.deploy(&release, &deliveries.variables()).unwrap().shifted, [CHANGED]);
}

#[test]
fn change_of_configuration_alone_is_published_and_shifted() {
    let deliveries = Deliveries::new("configuration");
    let mut variables = deliveries.variables();
    variables.push(("auction_random_seed", "7".to_owned()));
    let keys = deliveries.keys("functions/");

    let outcome = deliveries.deploy(&deliveries.release_found(), &variables).unwrap();

    assert_eq!(outcome.shifted, ["collect-results"]);
    assert_eq!(deliveries.moved(), ["collect-results"]);
    assert_eq!(
        live(&deliveries.system)["collect-results"].code_sha256,
        deliveries.found["collect-results"].code_sha256
    );
    assert_eq!(deliveries.keys("functions/"), keys);
    let (succeeded, log) = deliveries.gridbid(&["rollback", "--env", delivery::ENVIRONMENT]);
    assert!(succeeded, "{log}");
    assert!(deliveries.moved().is_empty(), "the configuration from before is in force again");
}

#[test]
fn missing_release_is_neither_deployed_nor_rolled_back_to() {
    let deliveries = Deliveries::new("missing");
    let (all, nowhere) = (deliveries.keys(""), "f".repeat(40));

    let log = deliveries.refused(&nowhere);
    assert!(log.contains(&format!("error: there is no release {nowhere} in the artifacts bucket")), "{log}");
    let (succeeded, log) = deliveries.gridbid(&["rollback", "--env", delivery::ENVIRONMENT, "--to", &nowhere]);
    assert!(!succeeded && log.contains(&format!("release {nowhere} was never deployed to local")), "{log}");

    assert!(deliveries.moved().is_empty());
    assert_eq!(deliveries.keys(""), all);
}

/// A proxy to the cloud that drops the response to the first CreateRole and hides retries from the cloud.
struct CuttingProxy {
    port: u16,
    has_cut: Arc<AtomicBool>,
}

impl CuttingProxy {
    fn start(cloud_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, has_cut) = (listener.local_addr().unwrap().port(), Arc::new(AtomicBool::new(false)));
        let cut = Arc::clone(&has_cut);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let cut = Arc::clone(&cut);
                thread::spawn(move || pass_on(client, cloud_port, &cut));
            }
        });
        Self { port, has_cut }
    }

    fn url(&self) -> OsString {
        format!("http://127.0.0.1:{}", self.port).into()
    }

    fn has_cut(&self) -> bool {
        self.has_cut.load(Ordering::Relaxed)
    }
}

/// Copies the bytes of a connection in both directions, until the response to drop.
fn pass_on(mut client: TcpStream, cloud_port: u16, has_cut: &AtomicBool) {
    let mut cloud = TcpStream::connect(("127.0.0.1", cloud_port)).unwrap();
    let (mut from_cloud, mut to_client) = (cloud.try_clone().unwrap(), client.try_clone().unwrap());
    let is_cut = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut bytes = [0; 65_536];
            while let Ok(count @ 1..) = from_cloud.read(&mut bytes) {
                if is_cut.load(Ordering::Relaxed) || to_client.write_all(&bytes[..count]).is_err() {
                    break;
                }
            }
            let _ = to_client.shutdown(Shutdown::Both);
        });
        let mut bytes = [0; 65_536];
        while let Ok(count @ 1..) = client.read(&mut bytes) {
            let sent = &mut bytes[..count];
            replace(sent, b"Amz-Sdk-Invocation-Id", b"Xmz-Sdk-Invocation-Id");
            if sent.windows(17).any(|window| window == b"Action=CreateRole") && !has_cut.swap(true, Ordering::Relaxed) {
                is_cut.store(true, Ordering::Relaxed);
            }
            if cloud.write_all(sent).is_err() {
                break;
            }
        }
        let _ = cloud.shutdown(Shutdown::Both);
    });
}

/// Replaces a text by another one of the same length.
fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        rest[at..at + to.len()].copy_from_slice(to);
        rest = &mut rest[at + to.len()..];
    }
}

#[test]
fn second_of_two_concurrent_deployments_waits() {
    let deliveries = Deliveries::new("two");
    let (release, variables) = (deliveries.release_found(), deliveries.variables());
    let ended: Vec<(bool, String)> = thread::scope(|scope| {
        let running: Vec<_> = ["gridbid-deploy-one", "gridbid-deploy-two"]
            .map(|log| {
                let (deliveries, release, variables) = (&deliveries, &release, &variables);
                scope.spawn(move || {
                    deliveries.run(log, deliveries.delivery().deploy_command(log, release, variables).unwrap())
                })
            })
            .into();
        running.into_iter().map(|running| running.join().unwrap()).collect()
    });
    assert!(ended.iter().all(|(is_success, _)| *is_success), "{ended:?}");
    let waited = ended.iter().filter(|(_, log)| log.contains("waiting for another deployment to local")).count();
    assert_eq!(waited, 1, "{ended:?}");
    assert!(deliveries.moved().is_empty());
}

/// The only process of a deployment with this variable whose arguments satisfy `is_meant`.
fn process_with(variable: &str, is_meant: impl Fn(&str) -> bool) -> Pid {
    let listed = Command::new("ps").args(["-e", "-ww", "-o", "pid=,args="]).output().unwrap();
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let processes = text.lines().filter_map(|line| line.trim().split_once(' '));
    let found: Vec<i32> = processes
        .filter(|(_, arguments)| arguments.contains(variable) && is_meant(arguments))
        .map(|(pid, _)| pid.parse().unwrap())
        .collect();
    assert_eq!(found.len(), 1, "{text}");
    Pid::from_raw(found[0]).unwrap()
}

#[test]
fn deployment_after_a_killed_terraform_or_gridbid_succeeds_and_orders_stay() {
    let deliveries = Deliveries::new("killed");
    let release = deliveries.release_found();
    let id = format!("{}kept", fresh_prefix());
    let order = json!([{"record_id": id, "parameter_1": "kept", "parameter_2": 2.1}]);
    assert_eq!(deliveries.system.post(order.to_string().as_bytes()).0, 201);
    for (victim, seed) in [("terraform apply", "11"), ("deploy --env", "12")] {
        let mut variables = deliveries.variables();
        variables.push(("auction_random_seed", seed.to_owned()));
        let log = format!("gridbid-killed-{seed}");
        let (is_success, output) = thread::scope(|scope| {
            let command = deliveries.delivery().deploy_command(&log, &release, &variables).unwrap();
            let running = scope.spawn(|| deliveries.run(&log, command));
            wait_until(Duration::from_secs(60), "Terraform to change something", || {
                fs::read_to_string(deliveries.layout.log(&log)).is_ok_and(|log| log.contains("Modifying"))
            });
            let pid = process_with(&format!("auction_random_seed={seed}"), |arguments| arguments.contains(victim));
            kill_process(pid, Signal::KILL).unwrap();
            running.join().unwrap()
        });
        assert!(!is_success, "{output}");

        deliveries.deploy(&release, &variables).unwrap();
        assert_eq!(deliveries.moved(), ["collect-results"]);
        assert_eq!(deliveries.system.get(&id).0, 200);
    }
    let again = deliveries.deploy(&release, &deliveries.variables()).unwrap();
    assert_eq!(again.shifted, ["collect-results"]);
}

#[test]
fn deployment_with_a_failed_smoke_test_is_reverted_and_notified() {
    let deliveries = Deliveries::new("broken");
    let posts = deliveries.system.simulators.slack_posts().unwrap().len();
    let release = deliveries.release(&deliveries.build(&[(CHANGED, &with_module(BROKEN))]));

    let failure = deliveries.deploy(&release, &deliveries.variables()).unwrap_err().report().to_string();

    assert!(failure.contains("error: the smoke test failed: POST /orders/preview was answered with 50"), "{failure}");
    assert!(failure.contains("every alias is where it was before"), "{failure}");
    assert!(deliveries.moved().is_empty());
    let about = |text: &str| {
        let posts = deliveries.system.simulators.slack_posts().unwrap().into_iter().skip(posts);
        posts.filter(|post| post.message.to_string().contains(text)).count()
    };
    wait_until(Duration::from_secs(30), "a post to Slack", || about("Deployment to local failed") > 0);
    assert_eq!(about(&release), 1);
    let (_, status) = deliveries.gridbid(&["status", "--env", delivery::ENVIRONMENT]);
    assert!(status.contains(&format!("local has release {}", deliveries.release_found())), "{status}");
    assert!(status.contains(": the smoke test failed: POST /orders/preview"), "{status}");
}

#[test]
fn interrupted_upload_is_not_a_release_and_is_completed_by_the_next_run() {
    let deliveries = Deliveries::new("cut");
    let functions = deliveries.build(&[(CHANGED, &with_file("cut")), ("report-results", &with_file("cut"))]);
    let release = delivery::release_name(&functions).unwrap();
    let keys = deliveries.keys("functions/");
    let fault = S3Fault { puts_containing: "functions/report-results/".to_owned(), calls: 1, status: 503 };
    deliveries.system.simulators.set_s3_fault(&fault).unwrap();

    let release_once = || {
        let faulty: OsString = format!("http://127.0.0.1:{}", deliveries.record.ports.s3).into();
        let command = deliveries.delivery().release_command("gridbid-cut", &release, &functions);
        deliveries.run("gridbid-cut", command.env([("AWS_ENDPOINT_URL_S3", Some(faulty))]))
    };
    let (succeeded, log) = release_once();
    assert!(!succeeded && log.contains("error: S3 PutObject functions/report-results/"), "{log}");
    let new = |prefix: &str| deliveries.keys(prefix).iter().filter(|key| !keys.contains(key)).count();
    assert_eq!((new("functions/"), new(&format!("releases/{release}"))), (1, 0));
    let log = deliveries.refused(&release);
    assert!(log.contains("error: there is no release"), "{log}");

    let (succeeded, log) = release_once();
    assert!(succeeded && log.contains("8 zips, 1 of them new"), "{log}");
    assert_eq!((new("functions/"), new(&format!("releases/{release}"))), (2, 1));
}

#[test]
fn key_with_other_bytes_is_refused_and_unchanged() {
    let deliveries = Deliveries::new("other-bytes");
    let functions = deliveries.build(&[(CHANGED, &with_file("other-bytes"))]);
    let manifest: Value = serde_json::from_slice(&fs::read(functions.join("functions.json")).unwrap()).unwrap();
    let key = format!("functions/{CHANGED}/{}.zip", manifest["functions"][CHANGED]["sha256"].as_str().unwrap());
    deliveries.system.cloud.put_object(BUCKET, &key, b"other bytes").unwrap();
    let release = delivery::release_name(&functions).unwrap();

    let command = deliveries.delivery().release_command("gridbid-other-bytes", &release, &functions);
    let (succeeded, log) = deliveries.run("gridbid-other-bytes", command);

    assert!(!succeeded && log.contains(&format!("error: `{key}` already exists with different bytes")), "{log}");
    assert_eq!(deliveries.system.cloud.object(BUCKET, &key).unwrap(), b"other bytes");
    assert!(deliveries.keys(&format!("releases/{release}")).is_empty());
    deliveries.system.cloud.delete_object(BUCKET, &key).unwrap();
}

#[test]
fn role_whose_creation_response_was_lost_is_adopted_and_orders_stay() {
    const ROLE: &str = "module.stack.module.function[\"close-run\"].aws_iam_role.this";
    let deliveries = Deliveries::new("adopt");
    let (release, variables) = (deliveries.release_found(), deliveries.variables());
    let id = format!("{}kept", fresh_prefix());
    let order = json!([{"record_id": id, "parameter_1": "kept", "parameter_2": 2.1}]);
    assert_eq!(deliveries.system.post(order.to_string().as_bytes()).0, 201);
    // The role exists but not in Terraform's state, as after a CreateRole whose response was lost.
    deliveries.forget(ROLE);
    let proxy = CuttingProxy::start(deliveries.record.ports.cloud);

    let command = deliveries.delivery().deploy_command("gridbid-adopt", &release, &variables).unwrap();
    let (succeeded, log) = deliveries.run("gridbid-adopt", command.env([("AWS_ENDPOINT_URL", Some(proxy.url()))]));

    assert!(succeeded && log.contains(&format!("adopted {ROLE}, which existed already")), "{log}");
    assert!(proxy.has_cut(), "{log}");
    assert_eq!(deliveries.system.get(&id).0, 200);
    let again = deliveries.deploy(&release, &variables).unwrap();
    assert!(again.changes.is_empty(), "{:?}", again.changes);
}

#[test]
fn undelivered_notifications_are_sent_again() {
    let (deliveries, slot) = (Deliveries::new("redrive"), fresh_slot());
    let system = &deliveries.system;
    let queue = &system.names.notify_slack_failed_queue_url;
    system.simulators.set_slack_status(500).unwrap();
    let ended = system.run_with(&slot, &[ready(&json!([{"order": "rejected"}]))]);
    wait_until(Duration::from_secs(60), "the event in the queue", || system.cloud.message_count(queue).unwrap() > 0);
    let redrive = ["redrive", "--env", delivery::ENVIRONMENT];
    let (_, log) = deliveries.gridbid(&[&redrive[..], &["--dry-run"]].concat());
    assert!(log.contains("events that notify-slack could not post: 1 would be sent again"), "{log}");

    system.simulators.set_slack_status(200).unwrap();
    let (succeeded, log) = deliveries.gridbid(&redrive);

    assert!(succeeded && log.contains("events that notify-slack could not post: 1 sent again, 0 remain"), "{log}");
    let posts = system.simulators.slack_posts().unwrap();
    let taken = posts.iter().filter(|post| post.status == 200 && post.message.to_string().contains(&ended.arn)).count();
    assert_eq!(taken, 1);
    assert_eq!(system.cloud.message_count(queue).unwrap(), 0);
}
