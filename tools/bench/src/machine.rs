//! Describes the machine of a measurement.

use std::fs;
use std::num::NonZero;
use std::thread;

/// Processor, cores and operating system.
#[must_use]
pub fn summary() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(':'));
    let model = model.map_or("unknown processor", |(_, model)| model.trim());
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel = kernel.split('-').next().unwrap_or_default().trim();
    format!("{model}, {cores} cores, {} {kernel}, {}", std::env::consts::OS, std::env::consts::ARCH)
}
