//! The local cloud: MiniStack and the simulators that Gridbid talks to, as background processes on 127.0.0.1.
//!
//! MiniStack gets a clean environment (functions inherit all that it has), a local cloud keeps its ports for as long as its
//! data lives, and a start that fails leaves nothing running. What the cloud has acknowledged survives a kill of any of its
//! processes: see `local-cloud/gridbid_cloud`. What runs on it is Terraform's.

pub mod client;
pub mod names;
pub mod process;
pub mod record;
pub mod recovery;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use crate::clock;
use crate::digest::sha256_hex;
use crate::failure::{Failure, OnFile};
use crate::http;
use crate::layout::Layout;
use crate::progress::{Progress, Step};
use crate::requirements::{NODE, PYTHON};
use crate::venv;
use process::{End, Process};
use record::{Ports, Record, canonical};
use recovery::{Recovery, Stopped};

/// The region of everything.
pub const REGION: &str = "eu-west-1";
/// The file that the processes of a local cloud watch: they end when it is gone or names another start.
pub const INSTANCE_FILE: &str = "instance";
/// How long a process may take to see that.
const LEASH: Duration = Duration::from_millis(1500);
/// A process that was started must answer within this time: a large journal takes a while to replay.
const START_LIMIT: Duration = Duration::from_secs(180);

/// How a local cloud is to behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// Functions reach S3 through the simulator that fails on request.
    pub s3_faults: bool,
    /// A failed asynchronous invocation is repeated after this many milliseconds, and after twice as many.
    pub retry_after_millis: u32,
}

/// The user's cloud: no faults, and the retries' shape on a laptop's scale.
pub const FOR_PEOPLE: Behaviour = Behaviour { s3_faults: false, retry_after_millis: 1000 };
/// The tests' cloud.
pub const FOR_TESTS: Behaviour = Behaviour { s3_faults: true, retry_after_millis: 100 };

/// Starts what does not run yet, and says what was done. Lines about a cloud that had been killed are printed.
///
/// # Errors
/// When a port is taken or a process does not come up; what this call started is stopped again then.
pub fn start(layout: &Layout, behaviour: Behaviour, step: &Step) -> Result<(Record, String), Failure> {
    let started_with = fingerprint(layout, behaviour)?;
    let ports = match Record::read(&layout.cloud())? {
        Some(record) if record.is_running() && record.started_with == started_with && answers(&record.ports) => {
            let told = format!("runs already on port {}", record.ports.cloud);
            return Ok((record, told));
        }
        Some(record) => {
            stop_processes(&record)?;
            record.ports
        }
        None => Ports::free()?,
    };
    not_taken(ports)?;
    let folder = layout.cloud();
    fs::create_dir_all(&folder).on_file("make", &folder)?;
    let instance =
        sha256_hex(format!("{} {:?} {:?}", std::process::id(), Instant::now(), clock::unix_seconds()).as_bytes());
    let mut record =
        Record { folder: canonical(&folder), instance, ports, cloud: None, neighbours: None, started_with };
    match start_processes(layout, behaviour, &mut record, step).and_then(|()| Recovery::read(&record)) {
        Ok(recovery) => {
            for line in recovery.lines() {
                step.say(&format!("    {line}"));
            }
            Ok((record, format!("started on port {}", ports.cloud)))
        }
        Err(failure) => {
            // The failure says more than what the stop of a half-started cloud could add.
            let _ = stop_processes(&record);
            Err(failure)
        }
    }
}

/// A local cloud that does not run must find its ports free.
///
/// # Errors
/// When another program listens on one of them.
pub fn check_ports(layout: &Layout) -> Result<(), Failure> {
    match Record::read(&layout.cloud())? {
        Some(record) if !record.is_partly_running() => not_taken(record.ports),
        _ => Ok(()),
    }
}

fn not_taken(ports: Ports) -> Result<(), Failure> {
    let Some(port) = ports.taken() else { return Ok(()) };
    let sentence = format!("port {port} of this local cloud is taken by another program");
    Err(Failure::new(sentence).with_todo(format!(
        "stop what listens on 127.0.0.1:{port}, or begin again on other ports with `cargo xtask down --wipe`"
    )))
}

/// Stops what runs; its data stays. Says whether anything ran.
///
/// # Errors
/// When a process cannot be stopped, or did not save everything.
pub fn stop(layout: &Layout) -> Result<bool, Failure> {
    let Some(record) = Record::read(&layout.cloud())? else { return Ok(false) };
    let ran = record.is_partly_running();
    stop_processes(&record)?;
    Ok(ran)
}

/// Stops a cloud that a failed command has started; the command's own failure stays the one that is reported.
pub fn stop_after_failure(layout: &Layout, progress: &Progress) {
    match stop(layout) {
        Ok(_) => progress.say("  the local cloud was stopped again; `cargo xtask up` starts it with its data"),
        Err(failure) => progress.say(&failure.report().to_string()),
    }
}

/// Stops a local cloud and removes its data and Terraform's state of it, whatever state its files are in.
///
/// # Errors
/// When a process cannot be stopped or a folder cannot be removed.
pub fn wipe(layout: &Layout) -> Result<(), Failure> {
    let folder = layout.cloud();
    // Without a record of this folder's own, processes that belong to it end when they miss their file.
    match Record::read(&folder) {
        Ok(Some(record)) => kill_processes(&record)?,
        Ok(None) => {}
        Err(_) => {
            remove(&folder.join(INSTANCE_FILE))?;
            thread::sleep(LEASH);
        }
    }
    for folder in [folder, layout.terraform_data(), layout.site().join("logs")] {
        remove(&folder)?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        fs::remove_dir_all(path).on_file("remove", path)?;
    } else if path.exists() {
        fs::remove_file(path).on_file("remove", path)?;
    }
    Ok(())
}

fn stop_processes(record: &Record) -> Result<(), Failure> {
    let saving = record.folder.join("saving");
    let progress = || fs::metadata(&saving).and_then(|metadata| metadata.modified()).ok();
    // MiniStack first: what it still sends has somewhere to go.
    let end = record.cloud.as_ref().map_or(Ok(End::DidNotRun), |process| process.stop(progress))?;
    if let Some(process) = &record.neighbours {
        process.stop(|| ())?;
    }
    match end {
        End::DidNotRun => Ok(()),
        End::Asked => Stopped::read(record)?.check(),
        End::Killed => Err(Failure::new("the local cloud made no progress while it stopped, and was killed")
            .with_todo("what it has acknowledged comes back with the next `cargo xtask up`; its log may say what it waited for")
            .with_log(record.cloud_log())),
    }
}

/// Stops processes whose data is not wanted any more.
fn kill_processes(record: &Record) -> Result<(), Failure> {
    remove(&record.folder.join(INSTANCE_FILE))?;
    for process in [&record.cloud, &record.neighbours].into_iter().flatten() {
        process.stop(|| ())?;
    }
    Ok(())
}

fn start_processes(layout: &Layout, behaviour: Behaviour, record: &mut Record, step: &Step) -> Result<(), Failure> {
    let folder = record.folder.clone();
    let instance = folder.join(INSTANCE_FILE);
    fs::write(&instance, &record.instance).on_file("write", &instance)?;
    step.note("simulators");
    let neighbours_log = folder.join("logs").join("neighbours.log");
    let (process, mut child) = Process::start(&mut neighbours(record)?, &neighbours_log)?;
    record.neighbours = Some(process);
    record.write()?;
    wait_for(&mut child, "the simulators", &neighbours_log, step, || neighbours_answer(&record.ports))?;

    step.note("MiniStack");
    let (process, mut child) = Process::start(&mut ministack(layout, behaviour, record)?, &record.cloud_log())?;
    record.cloud = Some(process);
    record.write()?;
    wait_for(&mut child, "MiniStack", &record.cloud_log(), step, || cloud_answers(&record.ports))
}

fn neighbours(record: &Record) -> Result<Command, Failure> {
    let mut command = Command::new(own_executable()?);
    command.arg("neighbours").arg("--folder").arg(&record.folder).arg("--instance").arg(&record.instance);
    let ports = record.ports;
    for (option, port) in [("--port", ports.neighbours), ("--s3-port", ports.s3), ("--cloud-port", ports.cloud)] {
        command.arg(option).arg(port.to_string());
    }
    Ok(command)
}

/// This program. cargo may have replaced the file while it runs: the same path then holds its successor.
fn own_executable() -> Result<PathBuf, Failure> {
    let path = env::current_exe().map_err(|error| Failure::new(format!("cannot find xtask itself: {error}")))?;
    let shown = path.to_string_lossy();
    Ok(shown.strip_suffix(" (deleted)").map(PathBuf::from).unwrap_or(path))
}

fn ministack(layout: &Layout, behaviour: Behaviour, record: &Record) -> Result<Command, Failure> {
    let (folder, ports) = (&record.folder, record.ports);
    let (data, scratch) = (folder.join("data"), folder.join("tmp"));
    remove(&scratch)?;
    for made in [&data, &scratch] {
        fs::create_dir_all(made).on_file("make", made)?;
    }
    let endpoint = format!("http://127.0.0.1:{}", ports.cloud);
    let mut command = Command::new(venv::interpreter(layout));
    command.arg(layout.own_file("local-cloud/start.py")).current_dir(&scratch).env_clear();
    command.envs(
        [
            ("PATH", search_path(layout)),
            ("HOME", scratch.clone().into_os_string()),
            ("TMPDIR", scratch.into_os_string()),
            ("LANG", "C.UTF-8".into()),
            ("PYTHONUNBUFFERED", "1".into()),
            ("PYTHONDONTWRITEBYTECODE", "1".into()),
            ("GRIDBID_CLOUD_FOLDER", folder.clone().into_os_string()),
            ("GRIDBID_INSTANCE", record.instance.clone().into()),
            ("GATEWAY_PORT", ports.cloud.to_string().into()),
            ("BIND_HOST", "127.0.0.1".into()),
            ("MINISTACK_REGION", REGION.into()),
            ("AWS_DEFAULT_REGION", REGION.into()),
            ("AWS_ENDPOINT_URL", endpoint.into()),
            ("PERSIST_STATE", "1".into()),
            ("STATE_DIR", data.join("state").into_os_string()),
            ("S3_PERSIST", "1".into()),
            ("S3_DATA_DIR", data.join("s3").into_os_string()),
            // Listeners on fixed ports that two clouds beside each other would fight for.
            ("IOT_MTLS_ENABLED", "0".into()),
            ("SFTP_ENABLED", "0".into()),
        ]
        .map(|(name, value): (&str, OsString)| (name, value)),
    );
    let retry_after = Duration::from_millis(behaviour.retry_after_millis.into()).as_secs_f64();
    command.env("LAMBDA_ASYNC_RETRY_BASE_SECONDS", retry_after.to_string());
    if behaviour.s3_faults {
        command.env("AWS_ENDPOINT_URL_S3", format!("http://127.0.0.1:{}", ports.s3));
    }
    Ok(command)
}

/// Where functions in Python and TypeScript find their runtimes.
fn search_path(layout: &Layout) -> OsString {
    let runtimes = [PYTHON.find(), NODE.find()].into_iter().flatten();
    let folders = [layout.venv().join("bin")]
        .into_iter()
        .chain(runtimes.filter_map(|tool| tool.path.parent().map(PathBuf::from)))
        .chain(["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from));
    env::join_paths(folders).unwrap_or_else(|_| "/usr/bin:/bin".into())
}

/// Changes whenever the processes have to be started again.
fn fingerprint(layout: &Layout, behaviour: Behaviour) -> Result<String, Failure> {
    let mut all = format!("{} {behaviour:?}", env!("CARGO_PKG_VERSION")).into_bytes();
    let folder = layout.own_file("local-cloud");
    let mut files = vec![folder.join("requirements.txt"), folder.join("start.py")];
    let package = folder.join("gridbid_cloud");
    let modules = fs::read_dir(&package).on_file("read", &package)?.filter_map(Result::ok).map(|entry| entry.path());
    files.extend(modules.filter(|file| file.extension().is_some_and(|extension| extension == "py")));
    files.sort();
    for file in files {
        all.extend(fs::read(&file).on_file("read", &file)?);
    }
    Ok(sha256_hex(&all))
}

fn wait_for(child: &mut Child, name: &str, log: &Path, step: &Step, answers: impl Fn() -> bool) -> Result<(), Failure> {
    let deadline = Instant::now() + START_LIMIT;
    while !answers() {
        step.check()?;
        if let Ok(Some(status)) = child.try_wait() {
            return Err(Failure::new(format!("{name} ended as soon as started ({status})")).with_log(log));
        }
        if Instant::now() > deadline {
            let seconds = START_LIMIT.as_secs();
            return Err(Failure::new(format!("{name} did not answer within {seconds} s")).with_log(log));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn answers(ports: &Ports) -> bool {
    cloud_answers(ports) && neighbours_answer(ports)
}

fn cloud_answers(ports: &Ports) -> bool {
    http::is_answered(&format!("http://127.0.0.1:{}/_ministack/health", ports.cloud))
}

fn neighbours_answer(ports: &Ports) -> bool {
    http::is_answered(&format!("http://127.0.0.1:{}/control/slack", ports.neighbours))
}
