//! The console in a browser, against the running local cloud: the example by clicks, and signing in.

use std::ffi::OsString;

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_local_cloud::simulators::Simulators;
use gridbid_package::console;

use crate::checks::languages::in_browser;
use crate::program::own_program;
use crate::system::System;

/// Runs the console's system tests.
///
/// # Errors
/// When the console is not built, no browser can be found or fetched, or a test fails.
pub fn tests(context: &Context, system: &System) -> Result<(), Failure> {
    let layout = &context.layout;
    context.step("console", |step| {
        if !layout.console().join("index.html").is_file() {
            return Err(Failure::new(format!("`{}` has no index.html", layout.shown(&layout.console())))
                .with_hint("name the built console with --console, as `nix build .#console` makes it"));
        }
        let run = format!("'{}' run --slot \"$GRIDBID_SLOT\"", own_program()?.display());
        let page = Simulators::new(&system.record.ports, &layout.cloud()).console_url();
        let cloud = format!("http://127.0.0.1:{}/", system.record.ports.cloud);
        let variables: [(&str, OsString); 5] = [
            ("GRIDBID_CONSOLE_URL", page.into()),
            ("GRIDBID_CLOUD_URL", cloud.into()),
            ("GRIDBID_API_ID", system.names.api_id.clone().into()),
            ("GRIDBID_RUN_COMMAND", run.into()),
            // The command must find this local cloud, and not the user's.
            ("GRIDBID_HOME", layout.site().into()),
        ];
        let variables = variables.map(|(name, value)| (name.into(), Some(value)));
        Ok(((), in_browser(layout, &console::folder(layout), "test:system", variables, step)?))
    })
}
