//! Random requests for core's parsers: compiles `core/fuzz`, and runs each of its targets from the corpus that earlier runs left.
//!
//! The instrumentation is that of `cargo fuzz` without a sanitizer, which needs no unstable option: core has no unsafe code. The
//! corpus and the inputs of failures stay in `core/fuzz`.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use gridbid_devkit::cargo::cargo;
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::progress::Step;
use gridbid_devkit::requirements::CARGO;
use gridbid_devkit::subprocess::Subprocess;

const FOLDER: &str = "core/fuzz";
/// Time limit in addition to the run itself: the first one compiles libFuzzer.
const LIMIT: Duration = Duration::from_secs(900);
/// Counters on edges and comparisons, which libFuzzer follows.
const INSTRUMENTATION: [&str; 7] = [
    "--cfg=fuzzing",
    "-Ccodegen-units=1",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Compiles the targets and runs each for this number of seconds.
///
/// # Errors
/// When a target does not compile, or fails; its log names the file with the input.
pub fn run(context: &Context, seconds: u64) -> Result<(), Failure> {
    let layout = &context.layout;
    let folder = layout.file(FOLDER);
    let targets = targets(&folder.join("fuzz_targets"))?;
    let host = context.step("compile the fuzzer", |step| {
        let host = host(context, step)?;
        call(context, "build", &host, "fuzz-build")?.run(step)?;
        Ok((host, format!("{} targets", targets.len())))
    })?;
    for target in targets {
        context.step(&format!("fuzz {target}"), |step| {
            let [corpus, artifacts] = ["corpus", "artifacts"].map(|name| folder.join(name).join(&target));
            for folder in [&corpus, &artifacts] {
                fs::create_dir_all(folder).on_file("make", folder)?;
            }
            let log = format!("fuzz-{target}");
            call(context, "run", &host, &log)?
                .args(["--bin", &target, "--"])
                .args([&corpus])
                .args([format!("-artifact_prefix={}/", artifacts.display()), format!("-max_total_time={seconds}")])
                .args(["-timeout=10", "-print_final_stats=1"])
                .run(step)
                .map_err(|failure| failure.with_hint(format!("the input is in {}", layout.shown(&artifacts))))?;
            let text = fs::read_to_string(layout.log(&log)).unwrap_or_default();
            let inputs = fs::read_dir(&corpus).on_file("read", &corpus)?.count();
            Ok(((), format!("{} requests, a corpus of {inputs}", executed(&text)?)))
        })?;
    }
    Ok(())
}

fn call(context: &Context, command: &str, host: &str, log: &str) -> Result<Subprocess, Failure> {
    let manifest = format!("{FOLDER}/Cargo.toml");
    // With a target, the flags do not apply to build scripts, which have no libFuzzer to link with.
    let arguments = [command, "--release", "--locked", "--manifest-path", &manifest, "--target", host];
    let flags = OsString::from(INSTRUMENTATION.join(" "));
    Ok(cargo(&context.layout, &CARGO.find()?, log, arguments).env([("RUSTFLAGS", Some(flags))]))
}

/// The compiler's own target.
fn host(context: &Context, step: &Step) -> Result<String, Failure> {
    let layout = &context.layout;
    let rustc = Subprocess::new("rustc", layout.log("rustc"), LIMIT).inside(layout.root()).args(["-vV"]);
    let text = rustc.output(step)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Failure::new("`rustc -vV` names no host"))
}

/// The names of the targets, sorted.
fn targets(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = fs::read_dir(folder).on_file("read", folder)?.filter_map(Result::ok);
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".rs")?.to_owned())).collect();
    names.sort();
    if names.is_empty() {
        Err(Failure::new(format!("there is no target in `{}`", folder.display())))
    } else {
        Ok(names)
    }
}

/// The number of requests in libFuzzer's statistics.
fn executed(log: &str) -> Result<u64, Failure> {
    let count = log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let count = count.and_then(|count| count.trim().parse().ok()).filter(|count| *count > 0);
    count.ok_or_else(|| Failure::new("the fuzzer did not run"))
}

#[cfg(test)]
mod tests {
    use gridbid_devkit::layout::Layout;

    use super::*;

    #[test]
    fn every_target_has_a_binary() {
        let folder = Layout::of_repository().file(FOLDER);
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        for target in targets(&folder.join("fuzz_targets")).unwrap() {
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target}");
        }
    }

    #[test]
    fn run_without_requests_is_a_failure() {
        assert_eq!(executed("stat::number_of_executed_units: 12\nstat::average_exec_per_sec: 3").unwrap(), 12);
        assert!(executed("stat::number_of_executed_units: 0").is_err());
        assert!(executed("").is_err());
    }
}
