//! A PATH with only the tools that a test puts there.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A PATH, and the folder that stands for `.gridbid`.
pub struct Machine {
    folder: PathBuf,
}

/// The result of a command.
pub struct Finished {
    pub code: Option<i32>,
    pub stderr: String,
}

impl Machine {
    /// A machine with a shell and four coreutils.
    pub fn bare(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("gridbid-machine-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("bin")).unwrap();
        let machine = Self { folder };
        for tool in ["sh", "mkdir", "cp", "cat", "sleep"] {
            machine.link(tool);
        }
        machine
    }

    /// A machine with a fake for every required tool.
    pub fn complete(name: &str) -> Self {
        let machine = Self::bare(name);
        machine.script("cargo", CARGO);
        machine.script("gridbid", GRIDBID);
        machine.script("terraform", TERRAFORM);
        machine.script("python3", PYTHON);
        machine.script("node", "[ \"$1\" = --version ] && echo v22.0.0");
        // Only `--version`: any other npm call would modify the real repository.
        machine.script("npm", "[ \"$1\" = --version ] && echo 11.0.0");
        machine.script("cc", "echo 'cc (fake) 14.2.0'");
        machine.script("rustc", "echo \"$FAKES\"");
        fs::write(machine.file("functions.json"), r#"{"functions": {}}"#).unwrap();
        machine
    }

    /// Links the host's `tool` into the machine.
    pub fn link(&self, tool: &str) {
        self.link_to(tool, &real(tool));
    }

    /// Links `tool` to `executable`.
    pub fn link_to(&self, tool: &str, executable: &Path) {
        symlink(executable, self.remove_existing(tool)).unwrap();
    }

    /// Adds or replaces a fake tool, which is a script.
    pub fn script(&self, tool: &str, script: &str) {
        let file = self.remove_existing(tool);
        let script = script.replace("REAL_PYTHON", &real("python3").display().to_string());
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Removes any existing entry and returns its path. Otherwise a write would follow the symlink and overwrite the real tool.
    fn remove_existing(&self, tool: &str) -> PathBuf {
        let file = self.folder.join("bin").join(tool);
        if file.symlink_metadata().is_ok() {
            fs::remove_file(&file).unwrap();
        }
        file
    }

    /// Removes a tool.
    pub fn without(self, tool: &str) -> Self {
        fs::remove_file(self.folder.join("bin").join(tool)).unwrap();
        self
    }

    /// The folder that stands for `.gridbid`.
    pub fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// Runs a command.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with(arguments, &[])
    }

    /// Runs a command with environment variables.
    pub fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
        Self::finish(self.command(arguments).envs(variables.iter().copied()))
    }

    /// A command in `checkout`, called as `cargo xtask`.
    pub fn command_in(&self, checkout: &Path, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command.current_dir(checkout).env("CARGO_MANIFEST_DIR", checkout.join("xtask")).env_remove("GRIDBID_HOME");
        command
    }

    /// Runs a command to its end.
    pub fn finish(command: &mut Command) -> Finished {
        let mut child = command.spawn().unwrap();
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        Finished { code: child.wait().unwrap().code(), stderr }
    }

    /// Runs `up` with prebuilt functions.
    pub fn run_prebuilt(&self) -> Finished {
        self.run(&["up", "--functions", &self.folder.display().to_string()])
    }

    /// Starts a command.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    /// Waits until this many deployments of [`WAITING_GRIDBID`] are in progress.
    pub fn wait_for_deployments(&self, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while fs::read_to_string(self.file("deploying")).unwrap_or_default().lines().count() < count {
            assert!(Instant::now() < deadline, "no {count} deployments are in progress");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the deployments of [`WAITING_GRIDBID`].
    pub fn let_deployments_fail(&self) {
        fs::write(self.file("go"), "").unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        fs::create_dir_all(self.folder.join("no-mirror")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .args(arguments)
            .env("PATH", self.folder.join("bin"))
            .env("GRIDBID_HOME", self.home())
            .env("GRIDBID_PROVIDER_MIRRORS", self.folder.join("no-mirror"))
            .env("FAKES", &self.folder)
            .env("SIMULATORS", simulators())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    /// A file of the fake tools.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The real simulators, which are built into the same folder as xtask.
pub fn simulators() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_xtask")).with_file_name("gridbid-simulators")
}

fn real(tool: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(tool)).filter(|file| file.is_file());
    let found = places.next().unwrap_or_else(|| Path::new("/bin").join(tool));
    found.canonicalize().unwrap()
}

/// Fake cargo: "builds" any program at once, by copying a fake or the real simulators.
pub const CARGO: &str = r#"
case "$1" in
  --version) echo "cargo 1.95.0 (fake)" ;;
  build)
    case " $* " in
      *" --bins "*)
        names="gridbid gridbid-bindgen gridbid-simulators"
        for main in lambdas/rust/*/src/main.rs; do
          folder="${main%/src/main.rs}"
          names="$names ${folder##*/}"
        done ;;
      *) for names in "$@"; do :; done ;;
    esac
    for name in $names; do
      if [ "$name" = gridbid ]; then
        cp "$FAKES/bin/gridbid" "$FAKES/gridbid"
      elif [ "$name" = gridbid-simulators ]; then
        cp "$SIMULATORS" "$FAKES/gridbid-simulators"
      else
        echo "binary of $name" > "$FAKES/$name"
      fi
      echo "{\"target\": {\"kind\": [\"bin\"], \"name\": \"$name\"}, \"executable\": \"$FAKES/$name\"}"
    done ;;
esac
"#;

/// Fake gridbid: `release` succeeds, `deploy` fails.
pub const GRIDBID: &str = r#"
case "$1" in
  release) echo "release 1234 is there: 0 zips, 0 of them new" >&2 ;;
  deploy) echo "  Error: the fake plan fails" >&2; exit 1 ;;
esac
"#;

/// Fake gridbid: `deploy` succeeds, without any function.
pub const DEPLOYING_GRIDBID: &str = r#"
case "$1" in
  release) echo "release 1234 is there: 0 zips, 0 of them new" >&2 ;;
  deploy) cat <<'END'
{"changes": [], "shifted": [], "outputs": {"api_id": "a", "state_machine_arn": "a", "orders_table": "a",
"runs_table": "a", "results_bucket": "a", "undeliverable_queue_url": "a", "notify_slack_failed_queue_url": "a",
"submission_queue_url": "a", "submission_dead_letter_queue_url": "a", "submission_pipe_name": "a", "functions": {}}}
END
  ;;
esac
"#;

/// Fake gridbid: `deploy` waits for the file `go`, then fails.
pub const WAITING_GRIDBID: &str = r#"
case "$1" in
  release) echo "release 1234 is there: 0 zips, 0 of them new" >&2 ;;
  deploy)
    echo deploying >> "$FAKES/deploying"
    # The folder goes when the test ends, which also ends this process.
    while [ -d "$FAKES" ] && [ ! -e "$FAKES/go" ]; do sleep 0.05 || exit 1; done
    echo "  Error: the fake plan fails" >&2
    exit 1 ;;
esac
"#;

/// Fake Terraform; `init` succeeds.
pub const TERRAFORM: &str = r#"
case "$1" in
  version) echo "Terraform v1.11.4" ;;
  init) mkdir -p "$TF_DATA_DIR/providers" ;;
esac
"#;

/// Fake Python: creates virtual environments and simulates MiniStack, which responds to any GET and PUT and stops cleanly.
pub const PYTHON: &str = r#"
[ "$1" = -I ] && shift
case "$1" in
  --version) echo "Python 3.12.1" ;;
  -m)
    case "$2" in
      venv) mkdir -p "$3/bin"; cp "$0" "$3/bin/python3" ;;
    esac ;;
  */start.py)
    exec REAL_PYTHON -c '
import http.server, json, os, signal, sys
def write(name, **content):
    with open(os.path.join(os.environ["GRIDBID_CLOUD_FOLDER"], name), "w") as file:
        json.dump({"instance": os.environ["GRIDBID_INSTANCE"], **content}, file)
def stop(*_):
    write("stopped.json", failed=[])
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
write("recovery.json", clean=True, last_write=None, items=0, messages=0, cut_off_executions=[])
class Yes(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
    do_PUT = do_GET
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Yes).serve_forever()' "$GATEWAY_PORT" ;;
esac
"#;
