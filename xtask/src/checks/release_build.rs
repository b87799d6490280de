//! One function compiled as for production, on the local cloud: what is tested elsewhere is compiled for the laptop.
//!
//! orders-api is compiled by a call of its own, with the profile `release` and only its own adapters, released beside the
//! others and deployed. An order is stored and read back through it; the HTTP contract, which comes next, is checked on it.

use std::fs;

use serde_json::json;

use super::system::scenario_variables;
use gridbid_devkit::clock;
use crate::cloud::client::Cloud;
use crate::delivery::Delivery;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::lock;
use crate::package::archive;
use crate::package::build;
use crate::package::manifest::{self, Architecture, Function, Profile};
use gridbid_devkit::progress::Progress;
use crate::system::System;

const FUNCTION: &str = "orders-api";

/// Compiles, deploys and uses the function.
///
/// # Errors
/// When one of these fails.
pub fn check(layout: &Layout, progress: &Progress, tools: &Tools, system: &System) -> Result<(), Failure> {
    let binary = progress.step(&format!("compile {FUNCTION} as for production"), |step| {
        let _held = lock::shared(layout, step)?;
        Ok((build::build_release(layout, tools.cargo(), FUNCTION.to_owned(), step)?, String::new()))
    })?;
    progress.step(&format!("{FUNCTION} as for production"), |step| {
        let (from, to) = (layout.functions(), layout.site().join("functions-release"));
        fs::create_dir_all(&to).on_file("make", &to)?;
        let mut functions = manifest::read(&from)?.functions;
        for function in functions.values() {
            fs::copy(from.join(&function.zip), to.join(&function.zip)).on_file("copy", &from.join(&function.zip))?;
        }
        let bytes = fs::read(&binary.executable).on_file("read", &binary.executable)?;
        let zip = archive::bootstrap(&bytes, Profile::Release)?;
        let function = Function::native(FUNCTION, Architecture::of_this_machine(), &zip);
        manifest::write_whole(&to.join(&function.zip), &zip)?;
        functions.insert(FUNCTION.to_owned(), function);
        // The others are the laptop's, and so is the whole.
        manifest::write(&to, Profile::Local, functions)?;

        let delivery = Delivery::new(layout, system.record.ports, system.gridbid.clone());
        let (release, _) = delivery.release(&to, step)?;
        let outcome = delivery.deploy(&release, &scenario_variables(layout, &system.record), step)?;
        if outcome.shifted != [FUNCTION] {
            return Err(Failure::new(format!("{:?} were deployed instead of {FUNCTION}", outcome.shifted)));
        }
        store_and_read(&Cloud::new(&system.record.ports), &system.names.api_id)?;
        Ok(((), format!("deployed and used, a zip of {} bytes", zip.len())))
    })
}

fn store_and_read(cloud: &Cloud, api_id: &str) -> Result<(), Failure> {
    let record_id = format!("release-{}", clock::unix_seconds());
    let body = json!([{"record_id": record_id, "parameter_1": "kept", "parameter_2": 2.1}]).to_string();
    let headers = [("content-type", "application/json")];
    let stored = cloud.http_api(api_id, "POST", "/orders", &headers, body.as_bytes())?;
    let read = cloud.http_api(api_id, "GET", &format!("/orders/{record_id}"), &[], &[])?;
    if (stored.status, read.status) == (201, 200) && read.text().contains("2.1") {
        return Ok(());
    }
    Err(Failure::new(format!("POST was answered {} and GET {}: {}", stored.status, read.status, read.text())))
}
