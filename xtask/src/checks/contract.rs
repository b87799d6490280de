//! The running HTTP API is held to `docs/openapi.yaml` by Schemathesis: hundreds of requests, valid and not, none
//! answered with a 5xx and each as described. Called by `checks::system`.

use std::time::Duration;

use crate::failure::Failure;
use crate::layout::Layout;
use crate::lock;
use crate::progress::Progress;
use crate::system::{System, Tools};
use crate::venv;

const LIMIT: Duration = Duration::from_secs(600);
/// Requests of each route. With a fixed seed they are the same each time.
const EXAMPLES: &str = "100";
const SEED: &str = "1";

/// Asks every route.
///
/// # Errors
/// When an answer is not as described; the log says which request had it.
pub fn tests(layout: &Layout, progress: &Progress, tools: &Tools, system: &System) -> Result<(), Failure> {
    let folder = layout.own_file("contract");
    let environment = layout.home().join("python").join("contract");
    progress.step("prepare Schemathesis", |step| {
        let _held = lock::shared(layout, step)?;
        let requirements = folder.join("requirements.txt");
        Ok(((), venv::prepare_in(layout, tools.python(), &environment, &requirements, step)?))
    })?;
    progress.step("HTTP contract", |step| {
        let log = layout.log("contract");
        let port = system.record.ports.cloud;
        let host = format!("Host: {}.execute-api.localhost:{port}", system.names.api_id);
        venv::program(&environment, "schemathesis", &log, LIMIT)
            // What it remembers between runs stays out of the repository.
            .inside(layout.site())
            .args(["--config-file".as_ref(), folder.join("schemathesis.toml").as_os_str()])
            .args(["run".as_ref(), layout.root().join("docs/openapi.yaml").as_os_str()])
            .args(["--url", &format!("http://127.0.0.1:{port}"), "--header", &host])
            // The phase that is left out stumbles over a fault of Python 3.11.
            .args(["--phases", "examples,fuzzing", "--max-examples", EXAMPLES, "--seed", SEED])
            .args(["--continue-on-failure", "--no-color"])
            .run(step)?;
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let told = text.lines().rev().find(|line| line.contains(" generated, ")).unwrap_or_default();
        Ok(((), told.trim().to_owned()))
    })
}
