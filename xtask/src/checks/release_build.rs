//! One function compiled as for production, on the local cloud: the other tests use functions compiled for the laptop.
//!
//! orders-api is compiled alone, with the profile `release` and only its adapters, released with the others and deployed. An
//! order is stored and read back through it; the HTTP contract is then checked on it.

use std::fs;

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::files::write_atomically;
use gridbid_devkit::{clock, lock};
use gridbid_local_cloud::client::Cloud;
use gridbid_local_cloud::delivery::Delivery;
use gridbid_local_cloud::scenario;
use gridbid_package::programs::build_release;
use gridbid_package::{archive, manifest};
use gridbid_release_format::{Architecture, Function, Profile};
use serde_json::json;

use crate::system::System;

const FUNCTION: &str = "orders-api";

/// Compiles, deploys and uses the function.
pub fn check(context: &Context, system: &System) -> Result<(), Failure> {
    let (layout, tools) = (&context.layout, context.tools()?);
    let binary = context.step(&format!("compile {FUNCTION} as for production"), |step| {
        let _held = lock::shared(layout, step)?;
        Ok((build_release(layout, &tools.cargo, FUNCTION.to_owned(), step)?, String::new()))
    })?;
    context.step(&format!("{FUNCTION} as for production"), |step| {
        let (from, to) = (layout.functions(), layout.site().join("functions-release"));
        fs::create_dir_all(&to).on_file("make", &to)?;
        let mut functions = manifest::read(&from)?.functions;
        for function in functions.values() {
            fs::copy(from.join(&function.zip), to.join(&function.zip)).on_file("copy", &from.join(&function.zip))?;
        }
        let bytes = fs::read(&binary.executable).on_file("read", &binary.executable)?;
        let zip = archive::bootstrap(&bytes, Profile::Release)?;
        let name = manifest::function_name(FUNCTION)?;
        let function = Function::native(&name, Architecture::host(), &zip);
        write_atomically(&to.join(&function.zip), &zip)?;
        functions.insert(name, function);
        // The other functions are compiled for the laptop.
        manifest::write(&to, Profile::Local, functions)?;

        let delivery = Delivery::new(layout, system.record.ports, system.programs.gridbid.clone());
        let (release, _) = delivery.release(&to, step)?;
        let outcome = delivery.deploy(&release, &scenario::variables(), step)?;
        if outcome.shifted != [FUNCTION] {
            return Err(Failure::new(format!("{:?} were deployed instead of {FUNCTION}", outcome.shifted)));
        }
        store_and_read(&system.cloud(), &system.names.api_id)?;
        Ok(((), format!("deployed and used, a zip of {} bytes", zip.len())))
    })
}

fn store_and_read(cloud: &Cloud, api_id: &str) -> Result<(), Failure> {
    let record_id = format!("release-{}", clock::unix_seconds());
    let body = json!([{"record_id": record_id, "parameter_1": "kept", "parameter_2": 2.1}]).to_string();
    let stored = cloud.post_orders(api_id, "/orders", body.as_bytes())?;
    let read = cloud.http_api(api_id, "GET", &format!("/orders/{record_id}"), &[], &[])?;
    if (stored.status, read.status) == (201, 200) && read.text().contains("2.1") {
        return Ok(());
    }
    Err(Failure::new(format!("POST responded {} and GET {}: {}", stored.status, read.status, read.text())))
}
