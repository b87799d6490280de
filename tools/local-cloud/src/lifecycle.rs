//! Starts, stops and wipes a local cloud.
//!
//! MiniStack gets a clean environment, because functions inherit all of it. A failed start leaves nothing running.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use gridbid_devkit::clock;
use gridbid_devkit::digest::sha256_hex;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::http;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::process::{End, Process};
use gridbid_devkit::progress::{Progress, Step};
use gridbid_devkit::requirements::{NODE, PYTHON};
use gridbid_devkit::terraform::REGION;
use gridbid_devkit::venv;
use gridbid_simulator_protocol::INSTANCE_FILE;

use crate::behaviour::Behaviour;
use crate::record::{Ports, Record, canonical};
use crate::recovery::{Recovery, Stopped};

/// The folder of MiniStack's Python code in the repository.
const SOURCES: &str = "tools/local-cloud";
/// Time within which a process notices that its instance file is gone.
const LEASH: Duration = Duration::from_millis(1500);
/// Time within which a started process must respond: a large journal takes a while to replay.
const START_LIMIT: Duration = Duration::from_secs(180);

/// Starts the processes that are not running, and returns a summary. Lines about a cloud that was killed are printed.
/// `simulators` is the program of the simulators.
///
/// # Errors
/// When a port is taken or a process does not start; whatever this call started is stopped again.
pub fn start(
    layout: &Layout,
    behaviour: Behaviour,
    simulators: &Path,
    step: &Step,
) -> Result<(Record, String), Failure> {
    let started_with = fingerprint(layout, behaviour, simulators)?;
    let ports = match Record::read(&layout.cloud())? {
        Some(record) if record.is_running() && record.started_with == started_with && responds(&record.ports) => {
            let summary = format!("already running on port {}", record.ports.cloud);
            return Ok((record, summary));
        }
        Some(record) => {
            stop_processes(&record)?;
            record.ports
        }
        None => Ports::free()?,
    };
    check_free(ports)?;
    let folder = layout.cloud();
    fs::create_dir_all(&folder).on_file("make", &folder)?;
    let instance =
        sha256_hex(format!("{} {:?} {:?}", std::process::id(), Instant::now(), clock::unix_seconds()).as_bytes());
    let mut record =
        Record { folder: canonical(&folder), instance, ports, cloud: None, simulators: None, started_with };
    let started = start_processes(layout, behaviour, simulators, &mut record, step);
    match started.and_then(|()| Recovery::read(&record)) {
        Ok(recovery) => {
            for line in recovery.lines() {
                step.say(&format!("    {line}"));
            }
            Ok((record, format!("started on port {}", ports.cloud)))
        }
        Err(failure) => {
            // The failure of the start explains more than a failure of this stop.
            let _ = stop_processes(&record);
            Err(failure)
        }
    }
}

/// Checks that the ports of a stopped local cloud are free.
///
/// # Errors
/// When another program listens on one of them.
pub fn check_ports(layout: &Layout) -> Result<(), Failure> {
    match Record::read(&layout.cloud())? {
        Some(record) if !record.is_partly_running() => check_free(record.ports),
        _ => Ok(()),
    }
}

fn check_free(ports: Ports) -> Result<(), Failure> {
    let Some(port) = ports.taken() else { return Ok(()) };
    let message = format!("port {port} of this local cloud is taken by another program");
    Err(Failure::new(message).with_hint(format!(
        "stop what listens on 127.0.0.1:{port}, or begin again on other ports with `cargo xtask down --wipe`"
    )))
}

/// Stops a local cloud and keeps its data. Returns whether anything was running.
///
/// # Errors
/// When a process cannot be stopped or has not saved everything.
pub fn stop(layout: &Layout) -> Result<bool, Failure> {
    let Some(record) = Record::read(&layout.cloud())? else { return Ok(false) };
    let was_running = record.is_partly_running();
    stop_processes(&record)?;
    Ok(was_running)
}

/// Stops a local cloud that a failed command has started. The command reports its own failure; a failure of this stop is
/// only printed.
pub fn stop_after_failure(layout: &Layout, progress: &Progress) {
    match stop(layout) {
        Ok(_) => progress.say("  the local cloud was stopped again; `cargo xtask up` starts it with its data"),
        Err(failure) => progress.say(&failure.report().to_string()),
    }
}

/// Stops a local cloud and removes its data and Terraform's state, even when its files are damaged.
///
/// # Errors
/// When a process cannot be stopped or a folder cannot be removed.
pub fn wipe(layout: &Layout) -> Result<(), Failure> {
    let folder = layout.cloud();
    match Record::read(&folder) {
        Ok(Some(record)) => kill_processes(&record)?,
        Ok(None) => {}
        // Without a readable record, the processes of this folder end when they miss their instance file.
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
    // MiniStack first: it may still send something to the simulators.
    let end = record.cloud.as_ref().map_or(Ok(End::NotRunning), |process| process.stop(progress))?;
    if let Some(process) = &record.simulators {
        process.stop(|| ())?;
    }
    match end {
        End::NotRunning => Ok(()),
        End::Stopped => Stopped::read(record)?.check(),
        End::Killed => Err(Failure::new("the local cloud made no progress while it stopped, and was killed")
            .with_hint(
                "the next `cargo xtask up` restores what it has acknowledged; its log may name what it waited for",
            )
            .with_log(record.cloud_log())),
    }
}

/// Stops processes whose data is about to be removed.
fn kill_processes(record: &Record) -> Result<(), Failure> {
    remove(&record.folder.join(INSTANCE_FILE))?;
    for process in [&record.cloud, &record.simulators].into_iter().flatten() {
        process.stop(|| ())?;
    }
    Ok(())
}

fn start_processes(
    layout: &Layout,
    behaviour: Behaviour,
    simulators: &Path,
    record: &mut Record,
    step: &Step,
) -> Result<(), Failure> {
    let folder = record.folder.clone();
    let instance = folder.join(INSTANCE_FILE);
    fs::write(&instance, &record.instance).on_file("write", &instance)?;
    step.note("simulators");
    let log = folder.join("logs").join("simulators.log");
    let (process, mut child) = Process::start(&mut simulators_command(layout, simulators, record), &log)?;
    record.simulators = Some(process);
    record.write()?;
    wait_for(&mut child, "the simulators", &log, step, || simulators_respond(&record.ports))?;

    step.note("MiniStack");
    let (process, mut child) = Process::start(&mut ministack_command(layout, behaviour, record)?, &record.cloud_log())?;
    record.cloud = Some(process);
    record.write()?;
    wait_for(&mut child, "MiniStack", &record.cloud_log(), step, || cloud_responds(&record.ports))
}

fn simulators_command(layout: &Layout, program: &Path, record: &Record) -> Command {
    let mut command = Command::new(program);
    command.arg("--folder").arg(&record.folder).arg("--instance").arg(&record.instance);
    command.arg("--console").arg(layout.console());
    let ports = record.ports;
    for (option, port) in [("--port", ports.simulators), ("--s3-port", ports.s3), ("--cloud-port", ports.cloud)] {
        command.arg(option).arg(port.to_string());
    }
    command
}

fn ministack_command(layout: &Layout, behaviour: Behaviour, record: &Record) -> Result<Command, Failure> {
    let (folder, ports) = (&record.folder, record.ports);
    let (data, scratch) = (folder.join("data"), folder.join("tmp"));
    remove(&scratch)?;
    for made in [&data, &scratch] {
        fs::create_dir_all(made).on_file("make", made)?;
    }
    let endpoint = format!("http://127.0.0.1:{}", ports.cloud);
    let mut command = Command::new(venv::interpreter(layout));
    command.arg(layout.file(SOURCES).join("start.py")).current_dir(&scratch).env_clear();
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
            ("AUTH", "true".into()),
            ("PERSIST_STATE", "1".into()),
            ("STATE_DIR", data.join("state").into_os_string()),
            ("S3_PERSIST", "1".into()),
            ("S3_DATA_DIR", data.join("s3").into_os_string()),
            // These listen on fixed ports, for which two local clouds would compete.
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

/// The PATH on which functions in Python and TypeScript find their runtimes.
fn search_path(layout: &Layout) -> OsString {
    let runtimes = [PYTHON.find(), NODE.find()].into_iter().flatten();
    let folders = [layout.venv().join("bin")]
        .into_iter()
        .chain(runtimes.filter_map(|tool| tool.path.parent().map(PathBuf::from)))
        .chain(["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from));
    env::join_paths(folders).unwrap_or_else(|_| "/usr/bin:/bin".into())
}

/// A digest that changes when the processes must be restarted.
fn fingerprint(layout: &Layout, behaviour: Behaviour, simulators: &Path) -> Result<String, Failure> {
    let mut all = format!("{behaviour:?} {}", layout.console().display()).into_bytes();
    let folder = layout.file(SOURCES);
    let mut files = vec![simulators.to_path_buf(), folder.join("requirements.txt"), folder.join("start.py")];
    let package = folder.join("gridbid_cloud");
    let modules = fs::read_dir(&package).on_file("read", &package)?.filter_map(Result::ok).map(|entry| entry.path());
    files.extend(modules.filter(|file| file.extension().is_some_and(|extension| extension == "py")));
    files.sort();
    for file in files {
        all.extend(fs::read(&file).on_file("read", &file)?);
    }
    Ok(sha256_hex(&all))
}

fn wait_for(
    child: &mut Child,
    name: &str,
    log: &Path,
    step: &Step,
    responds: impl Fn() -> bool,
) -> Result<(), Failure> {
    let deadline = Instant::now() + START_LIMIT;
    while !responds() {
        step.check()?;
        if let Ok(Some(status)) = child.try_wait() {
            return Err(Failure::new(format!("{name} ended right after the start ({status})")).with_log(log));
        }
        if Instant::now() > deadline {
            let seconds = START_LIMIT.as_secs();
            return Err(Failure::new(format!("{name} did not respond within {seconds} s")).with_log(log));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn responds(ports: &Ports) -> bool {
    cloud_responds(ports) && simulators_respond(ports)
}

fn cloud_responds(ports: &Ports) -> bool {
    http::responds(&format!("http://127.0.0.1:{}/_ministack/health", ports.cloud))
}

fn simulators_respond(ports: &Ports) -> bool {
    http::responds(&format!("http://127.0.0.1:{}/control/slack", ports.simulators))
}
