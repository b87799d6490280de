//! Packages of npm and pip on a machine whose user has configured both for something else, and without a registry.
//!
//! `cargo xtask test workflows` runs in a checkout that is made for the test: its actionlint needs npm's packages `one` and
//! `two`, which are folders of the checkout, and its zizmor is a wheel in a folder. npm, Node, Python and pip are the real
//! ones.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use gridbid_devkit::digest::sha256_hex;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::machine::{Finished, Machine};

const ACTIONLINT: &str = "
import 'one';
import 'two';
process.exit(process.argv.some((file) => file.includes('broken')) ? 1 : 0);
";

/// Starts with the Python of its environment, as a console script does.
const ZIZMOR: &str = "#!python
import sys
sys.exit(any('broken' in argument for argument in sys.argv))
";

/// A checkout and the machine that it is on.
struct Checkout {
    machine: Machine,
    root: PathBuf,
}

impl Checkout {
    fn new(name: &str) -> Self {
        let machine = Machine::bare(name);
        machine.link_to("python3", &interpreter());
        for tool in ["node", "npm"] {
            machine.link(tool);
        }
        let checkout = Self { root: machine.file("checkout"), machine };
        checkout.write("xtask/Cargo.toml", "");
        checkout.write(".github/workflows/check.yml", "");
        checkout.copy("tools/devkit/npm/missing-packages.mjs");
        checkout.copy("tools/devkit/venv/missing_packages.py");
        checkout.write("tools/devkit/npm/actionlint.mjs", ACTIONLINT);
        for package in ["one", "two"] {
            let description = format!(r#"{{"name": "{package}", "version": "1.0.0", "main": "index.js"}}"#);
            checkout.write(&format!("packages/{package}/package.json"), &description);
            checkout.write(&format!("packages/{package}/index.js"), "");
        }
        // The folders as npm finds them from .gridbid/npm.
        checkout.write(
            "tools/devkit/npm/package.json",
            r#"{"name": "tools", "dependencies": {"one": "file:../../packages/one"},
                "devDependencies": {"two": "file:../../packages/two"}}"#,
        );
        checkout.write(
            "tools/devkit/npm/package-lock.json",
            r#"{"name": "tools", "lockfileVersion": 3, "requires": true, "packages": {
                "": {"name": "tools", "dependencies": {"one": "file:../../packages/one"},
                     "devDependencies": {"two": "file:../../packages/two"}},
                "../../packages/one": {"version": "1.0.0"},
                "../../packages/two": {"version": "1.0.0", "dev": true},
                "node_modules/one": {"resolved": "../../packages/one", "link": true},
                "node_modules/two": {"resolved": "../../packages/two", "link": true}}}"#,
        );
        checkout
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.root.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// Takes a file over from the real repository.
    fn copy(&self, name: &str) {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        self.write(name, &fs::read_to_string(repository.join(name)).unwrap());
    }

    /// Makes a wheel, version 1.0, whose script has the name with dashes; gives its hash.
    fn wheel(&self, name: &str, script: &str) -> String {
        let wheels = self.machine.file("wheels");
        fs::create_dir_all(&wheels).unwrap();
        let file = wheels.join(format!("{name}-1.0-py3-none-any.whl"));
        let mut wheel = ZipWriter::new(fs::File::create(&file).unwrap());
        let information = format!("{name}-1.0.dist-info");
        for (path, text) in [
            (format!("{name}-1.0.data/scripts/{}", name.replace('_', "-")), script.to_owned()),
            (format!("{information}/METADATA"), format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")),
            (
                format!("{information}/WHEEL"),
                "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_owned(),
            ),
            (format!("{information}/RECORD"), String::new()),
        ] {
            wheel.start_file(path, SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
            wheel.write_all(text.as_bytes()).unwrap();
        }
        wheel.finish().unwrap();
        sha256_hex(&fs::read(file).unwrap())
    }

    /// The home folder of a user who has configured npm and pip.
    fn configure(&self, npm: &str, pip: &str) {
        let home = self.machine.file("user");
        fs::create_dir_all(home.join(".config/pip")).unwrap();
        fs::write(home.join(".npmrc"), npm).unwrap();
        fs::write(home.join(".config/pip/pip.conf"), pip).unwrap();
    }

    fn run(&self, variables: &[(&str, &str)]) -> Finished {
        self.run_command(&["test", "workflows"], variables)
    }

    fn run_command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
        let mut command = self.machine.command_in(&self.root, arguments);
        command
            .env("HOME", self.machine.file("user"))
            // Where packages come from is the user's to say.
            .env("PIP_NO_INDEX", "1")
            .env("PIP_FIND_LINKS", self.machine.file("wheels"))
            .env_remove("PIP_CONFIG_FILE")
            .env_remove("XDG_CONFIG_HOME")
            .envs(variables.iter().copied());
        Machine::finish(&mut command)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

/// The Python behind `python3`, which may be a launcher that needs more than this machine has.
fn interpreter() -> PathBuf {
    let script = "import os, sys; print(os.path.realpath(sys.executable))";
    let output = Command::new("python3").args(["-c", script]).output().unwrap();
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

#[test]
fn npm_installs_everything_that_is_locked_whatever_it_is_configured_to_do() {
    let checkout = Checkout::new("npm-settings");
    let elsewhere = checkout.machine.file("elsewhere");
    let npm = format!(
        "omit=dev\nproduction=true\nglobal=true\nprefix={}\ndry-run=true\npackage-lock=false\nworkspaces=true\nusage=true\n",
        elsewhere.display()
    );
    checkout.configure(&npm, "");
    let variables = [
        ("NODE_ENV", "production"),
        ("NODE_OPTIONS", "--require ./missing.js"),
        ("npm_config_omit", "dev"),
        ("NPM_CONFIG_GLOBAL", "true"),
        ("npm_config_location", "global"),
    ];
    let ended = checkout.run(&variables);
    assert!(ended.stderr.contains("actionlint … 1 workflows in"), "{}", ended.stderr);
    assert!(checkout.file(".gridbid/npm/node_modules/two").exists());
    assert!(!elsewhere.exists());
}

#[test]
fn npm_that_leaves_a_package_out_is_asked_again_next_time() {
    let checkout = Checkout::new("npm-partial");
    checkout.configure("", "");
    let npm = fs::canonicalize(checkout.machine.file("bin/npm")).unwrap();
    let node = fs::canonicalize(checkout.machine.file("bin/node")).unwrap();
    let partial = format!(
        "'{}' '{}' \"$@\"\nended=$?\n[ \"$1\" != ci ] || rm node_modules/two\nexit $ended",
        node.display(),
        npm.display()
    );
    checkout.machine.link("rm");
    checkout.machine.script("npm", &partial);
    let ended = checkout.run(&[]);
    let message = "error: npm left packages of `.gridbid/npm/package-lock.json` out: two";
    assert!(ended.stderr.contains(message), "{}", ended.stderr);
    assert!(ended.stderr.contains("what to do: look at `npm config list`: `omit`"), "{}", ended.stderr);
    checkout.machine.link("npm");
    let ended = checkout.run(&[]);
    assert!(ended.stderr.contains("actionlint … 1 workflows in"), "{}", ended.stderr);
}

#[test]
fn pip_installs_into_the_environment_whatever_it_is_configured_to_do() {
    let checkout = Checkout::new("pip-settings");
    checkout.machine.script("actionlint", "echo 1.7.0; case \"$*\" in *broken*) exit 1 ;; esac");
    let hash = checkout.wheel("zizmor", ZIZMOR);
    checkout
        .write("tools/infrastructure/zizmor/requirements.txt", &format!("zizmor==1.0 \\\n    --hash=sha256:{hash}\n"));
    let elsewhere = checkout.machine.file("elsewhere");
    let settings =
        format!("user = true\ntarget = {0}\nprefix = {0}\nroot = {0}\ndry-run = true\n", elsewhere.display());
    checkout.configure("", &format!("[global]\n{settings}require-virtualenv = true\n[install]\n{settings}"));
    let folder = elsewhere.display().to_string();
    let variables = [
        ("PIP_USER", "1"),
        ("PIP_TARGET", folder.as_str()),
        ("PIP_PREFIX", &folder),
        ("PIP_DRY_RUN", "1"),
        ("PYTHONPATH", &folder),
        ("PYTHONUSERBASE", &folder),
        ("PYTHONHOME", &folder),
        ("VIRTUAL_ENV", &folder),
    ];
    let ended = checkout.run(&variables);
    assert!(ended.stderr.contains("zizmor … no finding in"), "{}", ended.stderr);
    assert!(!elsewhere.exists());

    // A moved environment does not work: its scripts start a Python of the other folder.
    let moved = checkout.machine.file("moved");
    fs::rename(&checkout.root, &moved).unwrap();
    let checkout = Checkout { root: moved, ..checkout };
    let ended = checkout.run(&[]);
    assert!(ended.stderr.contains("zizmor … no finding in"), "{}", ended.stderr);
    let script = fs::read_to_string(checkout.file(".gridbid/zizmor/bin/zizmor")).unwrap();
    assert!(script.starts_with(&format!("#!{}", checkout.root.display())), "{script}");

    // The program that looks for missing packages, in the environment that holds zizmor 1.0 alone.
    let requirements = checkout.file("requirements.txt");
    fs::write(
        &requirements,
        "# A comment.\nZizmor==1.0 \\\n    --hash=sha256:00\nzizmor==2.0\nabsent==1 ; python_version >= '3'\n\
         absent==2 ; python_version < '3'\n",
    )
    .unwrap();
    let output = Command::new(checkout.file(".gridbid/zizmor/bin/python3"))
        .args([checkout.file("tools/devkit/venv/missing_packages.py"), requirements])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "zizmor==2.0\nabsent==1\n", "{output:?}");
}

#[test]
fn environment_that_lacks_a_package_is_made_again_next_time() {
    let machine = Machine::complete("pip-partial");
    let partial = "*/missing_packages.py) echo ministack==1.5.33 ;;\n  */start.py)";
    machine.script("python3", &crate::machine::PYTHON.replacen("*/start.py)", partial, 1));
    for _ in 0..2 {
        let ended = machine.run(&["up"]);
        let message = "error: pip left packages of `tools/local-cloud/requirements.txt` out: ministack==1.5.33";
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
        assert!(ended.stderr.contains("what to do: look at `pip config list`"), "{}", ended.stderr);
    }
    assert!(!machine.home().join("venv/gridbid-stamp").exists());
}

#[test]
fn cargo_tool_that_is_not_on_the_path_comes_as_a_pinned_wheel() {
    let machine = Machine::complete("cargo-tool");
    machine.link("chmod");
    let install = r#"
      pip)
        case "$*" in
          *"wheel "*"/cargo-tools/cargo-nextest.txt") ;;
          *"install "*)
            tool="${0%/*}/cargo-nextest"
            printf '#!/bin/sh\necho "cargo-nextest 0.9.148 (fake)"\n' > "$tool"
            chmod +x "$tool" ;;
          *) exit 1 ;;
        esac ;;
      venv)"#;
    machine.script("python3", &crate::machine::PYTHON.replacen("venv)", install, 1));
    let ended = machine.run(&["test", "core"]);
    assert!(ended.stderr.contains("prepare cargo-nextest … 0.9.148 in"), "{}", ended.stderr);
    assert!(ended.stderr.contains("tests … passed in"), "{}", ended.stderr);
    assert!(machine.home().join("tools/cargo-nextest/bin/cargo-nextest").exists());
    machine.script("cargo-nextest", "echo 'cargo-nextest 0.9.200 (fake)'");
    let ended = machine.run(&["test", "core"]);
    assert!(ended.stderr.contains("prepare cargo-nextest … 0.9.200 in"), "{}", ended.stderr);
}

mod browser {
    use super::*;

    /// A checkout on a machine with all tools, where building core would fail.
    fn checkout(name: &str) -> Checkout {
        let checkout = Checkout::new(name);
        checkout.configure("", "");
        for (tool, script) in [
            ("cargo", "[ \"$1\" = --version ] && echo 'cargo 1.95.0 (fake)'"),
            ("terraform", "echo 'Terraform v1.11.4'"),
            ("cc", "echo 'cc (fake) 14.2.0'"),
        ] {
            checkout.machine.script(tool, script);
        }
        checkout
    }

    #[test]
    fn one_that_is_named_is_tried_before_anything_is_built() {
        let checkout = checkout("named-browser");
        let ended = checkout.run_command(&["test", "languages"], &[("CHROMIUM", "/nowhere/chromium")]);
        let message = "error: Chromium or Chrome does not report its version: `/nowhere/chromium` cannot be started";
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
        assert!(ended.stderr.contains("or name one in the environment variable CHROMIUM"), "{}", ended.stderr);
        assert!(!ended.stderr.contains("core for WASM"), "{}", ended.stderr);
    }

    #[test]
    fn installed_one_is_used() {
        let checkout = checkout("installed-browser");
        checkout.machine.script("google-chrome", "echo 'Google Chrome 150.0.1.2'");
        let ended = checkout.run_command(&["test", "languages"], &[("CHROMIUM", "")]);
        assert!(ended.stderr.contains("prepare browser … Chromium 150.0.1.2 in"), "{}", ended.stderr);
    }

    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn npms_is_unpacked_once_where_none_is_installed() {
        let checkout = checkout("packaged-browser");
        // Installed, but a launcher of something that is not.
        checkout.machine.script("chromium-browser", "echo 'requires the chromium snap to be installed' >&2; exit 1");
        for file in ["package.json", "package-lock.json"] {
            let text = fs::read_to_string(checkout.file("tools/devkit/npm").join(file)).unwrap();
            checkout.write(&format!("tools/devkit/npm/chromium/{file}"), &text);
        }
        let unpack = "
            import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
            const folder = process.argv[2];
            mkdirSync(folder);
            writeFileSync(`${folder}/chromium`, '#!/bin/sh\\necho Chromium 153.0.1.2\\n', { mode: 0o755 });
            appendFileSync(new URL('unpacked', import.meta.url), 'once ');
        ";
        checkout.write("tools/devkit/npm/chromium/unpack.mjs", unpack);
        for _ in 0..2 {
            let ended = checkout.run_command(&["test", "languages"], &[("CHROMIUM", "")]);
            assert!(ended.stderr.contains("prepare browser … Chromium 153.0.1.2 in"), "{}", ended.stderr);
        }
        assert_eq!(fs::read_to_string(checkout.file(".gridbid/chromium/unpacked")).unwrap(), "once ");
    }
}
