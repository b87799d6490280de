//! The tests of `gridbid_cloud`, on their own processes: kills, a full disk, web pages, lost responses.

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::{lock, unittest};

/// Runs the tests.
pub fn tests(context: &Context) -> Result<(), Failure> {
    let layout = &context.layout;
    context.step("local cloud", |step| {
        let _held = lock::shared(layout, step)?;
        Ok(((), unittest::run(layout, &layout.file("tools/local-cloud"), "local-cloud", [], step)?))
    })
}
