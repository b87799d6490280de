//! Schemathesis checks the running HTTP API against `docs/openapi.yaml`: hundreds of valid and invalid requests, no response
//! with a 5xx, and each one as described.

use std::time::Duration;

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::{lock, venv};

use crate::system::System;

const LIMIT: Duration = Duration::from_secs(600);
/// Number of requests per route. With a fixed seed every run sends the same requests.
const EXAMPLES: &str = "100";
const SEED: &str = "1";

/// Tests every route.
///
/// # Errors
/// When a response is not as described; the log has its request.
pub fn tests(context: &Context, system: &System) -> Result<(), Failure> {
    let layout = &context.layout;
    let python = &context.tools()?.python;
    let folder = layout.file("xtask/contract");
    let environment = layout.home().join("python").join("contract");
    context.step("prepare Schemathesis", |step| {
        let _held = lock::shared(layout, step)?;
        let requirements = folder.join("requirements.txt");
        Ok(((), venv::prepare_in(layout, python, &environment, &requirements, step)?))
    })?;
    context.step("HTTP contract", |step| {
        let log = layout.log("contract");
        let port = system.record.ports.cloud;
        let host = format!("Host: {}.execute-api.localhost:{port}", system.names.api_id);
        venv::program(&environment, "schemathesis", &log, LIMIT)
            // Its cache between runs stays out of the repository.
            .inside(layout.site())
            .args(["--config-file".as_ref(), folder.join("schemathesis.toml").as_os_str()])
            .args(["run".as_ref(), layout.file("docs/openapi.yaml").as_os_str()])
            .args(["--url", &format!("http://127.0.0.1:{port}"), "--header", &host])
            // The other phases fail because of a bug in Python 3.11.
            .args(["--phases", "examples,fuzzing", "--max-examples", EXAMPLES, "--seed", SEED])
            .args(["--continue-on-failure", "--no-color"])
            .run(step)?;
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let summary = text.lines().rev().find(|line| line.contains(" generated, ")).unwrap_or_default();
        Ok(((), summary.trim().to_owned()))
    })
}
