//! The results as Markdown tables, the format of `docs/benchmarks.md`.

use std::fmt::Write as _;
use std::time::Duration;

use super::Stages;
use super::implementations::{Implementation, OURS};
use super::measure::{Batch, Cold, Effort, Warm};
use super::price;
use crate::machine;

/// The memory of orders-api in Terraform, for which the price is computed.
const MEMORY_MB: u32 = 256;

/// The results of all measurements.
#[derive(Debug)]
pub struct Results {
    /// orders-api and its peers.
    pub compared: Vec<Implementation>,
    /// Gridbid's other functions.
    pub others: Vec<Implementation>,
    /// Cold starts of `compared`, with TLS.
    pub cold: Vec<Cold>,
    /// Cold starts of `others`, without TLS.
    pub cold_others: Vec<Cold>,
    /// Warm requests of `compared`, with TLS.
    pub warm: Vec<Warm>,
    /// Warm requests of `compared`, without TLS.
    pub warm_plain: Vec<Warm>,
    /// Requests of orders-api that end at different stages.
    pub stages: Stages,
    /// The latency of the fake AWS.
    pub latency: Duration,
    /// Number of measurements.
    pub effort: Effort,
    /// How functions were limited to one processor.
    pub quota: String,
    /// Number of calls to the fake AWS.
    pub calls: u64,
}

impl Results {
    /// The tables.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        let Effort { starts, requests } = self.effort;
        let _ = writeln!(
            out,
            "{}, {}; AWS responds after {} ms, over TLS 1.3 unless stated otherwise; {starts} cold starts per function, \
             {requests} warm requests per size, interleaved; {} calls to AWS in total.\n",
            machine::summary(),
            self.quota,
            self.latency.as_millis(),
            self.calls
        );
        self.starts(&mut out);
        self.sizes(&mut out);
        self.warm_requests(&mut out);
        self.cpu_time(&mut out);
        self.price(&mut out);
        self.stages(&mut out);
        self.others(&mut out);
        out
    }

    fn starts(&self, out: &mut String) {
        let ours = self.ours(&self.cold);
        heading(
            out,
            "Cold start",
            &[
                "function",
                "INIT, p50",
                "first response without AWS, p50",
                "p99",
                "× orders-api",
                "first stored order, p50",
                "p99",
                "× orders-api",
                "CPU time",
            ],
        );
        let without_aws = |cold: &Cold| match cold.first_refusal.count() {
            0 => cold.first_response.clone(),
            _ => cold.first_refusal.clone(),
        };
        for (implementation, cold) in self.compared.iter().zip(&self.cold) {
            let first = without_aws(cold);
            let mut cells = vec![
                milliseconds(cold.initialization.median()),
                milliseconds(first.median()),
                milliseconds(first.percentile(99)),
                times(first.median(), ours.map(|ours| without_aws(ours).median())),
            ];
            cells.extend(if implementation.batch_response.is_some() {
                [
                    milliseconds(cold.first_response.median()),
                    milliseconds(cold.first_response.percentile(99)),
                    times(cold.first_response.median(), ours.map(|ours| ours.first_response.median())),
                ]
            } else {
                ["–", "–", "–"].map(str::to_owned)
            });
            cells.push(milliseconds(cold.cpu_time.median()));
            row(out, &implementation.title, &cells);
        }
        out.push('\n');
    }

    fn sizes(&self, out: &mut String) {
        heading(
            out,
            "Memory and size",
            &["function", "peak memory, first response", "peak memory, warm", "zip", "unpacked"],
        );
        for ((implementation, cold), warm) in self.compared.iter().zip(&self.cold).zip(&self.warm) {
            row(
                out,
                &implementation.title,
                &[
                    megabytes(cold.peak_memory),
                    megabytes(warm.peak_memory),
                    megabytes(u64::try_from(implementation.zip_bytes).unwrap_or(u64::MAX)),
                    megabytes(implementation.unpacked_bytes),
                ],
            );
        }
        out.push_str("\nboto3 is part of Lambda's Python runtime, so the zip does not contain it.\n\n");
    }

    fn warm_requests(&self, out: &mut String) {
        heading(
            out,
            "Warm requests in one execution environment",
            &["function", "orders", "one at a time, p50", "p99", "back to back, p50", "p99", "requests/s", "orders/s"],
        );
        for (implementation, orders, batch) in self.batches(&self.warm) {
            row(
                out,
                &implementation.title,
                &[
                    orders.to_string(),
                    milliseconds(batch.single.median()),
                    milliseconds(batch.single.percentile(99)),
                    milliseconds(batch.sustained.median()),
                    milliseconds(batch.sustained.percentile(99)),
                    format!("{:.0}", batch.rate()),
                    format!("{:.0}", batch.rate() * f64::from(orders)),
                ],
            );
        }
        out.push('\n');
    }

    fn cpu_time(&self, out: &mut String) {
        heading(
            out,
            "CPU time of a warm request",
            &[
                "function",
                "orders",
                "per request",
                "per order",
                "× orders-api",
                "per request without TLS",
                "× orders-api",
            ],
        );
        let plain = self.batches(&self.warm_plain);
        for ((implementation, orders, batch), (_, _, plain)) in self.batches(&self.warm).into_iter().zip(plain) {
            let ours =
                |all: &[Warm]| self.ours(all).and_then(|warm| batch_of(warm, orders)).map(Batch::cpu_time_per_request);
            let (request, plain) = (batch.cpu_time_per_request(), plain.cpu_time_per_request());
            row(
                out,
                &implementation.title,
                &[
                    orders.to_string(),
                    microseconds(request),
                    microseconds(request / orders),
                    times(request, ours(&self.warm)),
                    microseconds(plain),
                    times(plain, ours(&self.warm_plain)),
                ],
            );
        }
        out.push('\n');
    }

    fn price(&self, out: &mut String) {
        let sizes: Vec<String> =
            super::measure::ORDERS.iter().map(|orders| format!("$ per million requests of {orders}")).collect();
        let mut columns = vec!["function", "billed for 100 orders"];
        columns.extend(sizes.iter().map(String::as_str));
        heading(out, "Price on Lambda", &columns);
        for (implementation, warm) in self.compared.iter().zip(&self.warm) {
            let waits = if implementation.batch_response.is_some() { self.latency } else { Duration::ZERO };
            let last = warm.batches.last().map(Batch::cpu_time_per_request).unwrap_or_default();
            let mut cells = vec![milliseconds(price::billed(waits, last, MEMORY_MB))];
            cells.extend(
                warm.batches
                    .iter()
                    .map(|batch| format!("{:.2}", price::per_million(waits, batch.cpu_time_per_request(), MEMORY_MB))),
            );
            row(out, &implementation.title, &cells);
        }
        let _ = writeln!(
            out,
            "\nbilled = ⌈latency of AWS + CPU time × {whole} / {MEMORY_MB}⌉ in ms (Lambda provides a whole processor at {whole} \
             MB; Terraform gives orders-api {MEMORY_MB} MB); price = 10⁶ × billed in s × {MEMORY_MB}/1024 GB × \
             ${second} + ${requests} (x86, eu-west-1).\n",
            whole = price::WHOLE_PROCESSOR_MB,
            second = price::GIGABYTE_SECOND,
            requests = price::REQUESTS,
        );
    }

    fn stages(&self, out: &mut String) {
        let Some(with) = self.ours(&self.warm).and_then(|warm| batch_of(warm, 100)) else { return };
        let Some(without) = self.ours(&self.warm_plain).and_then(|warm| batch_of(warm, 100)) else { return };
        let (total, plain) = (with.cpu_time_per_request(), without.cpu_time_per_request());
        let (probe, refused) = (self.stages.probe.cpu_time_per_request(), self.stages.refused.cpu_time_per_request());
        let wall = with.sustained.median();
        let single = self.ours(&self.warm_plain).and_then(|warm| batch_of(warm, 1)).map(Batch::cpu_time_per_request);
        let call = single.unwrap_or_default().saturating_sub(probe);
        heading(
            out,
            "Where the time of a request of 100 orders goes (orders-api)",
            &["stage", "measured as", "time", "share"],
        );
        for (stage, how, time) in [
            ("runtime client and log line", "CPU time of the probe", probe),
            (
                "reading the event, core, the response",
                "a batch refused at its last order, minus the probe",
                refused.saturating_sub(probe),
            ),
            ("an SDK call: signing, HTTP", "one stored order without TLS, minus the probe", call),
            (
                "writing, hashing and sending the other orders",
                "a stored batch without TLS, minus the refused one and the call",
                plain.saturating_sub(refused).saturating_sub(call),
            ),
            ("TLS", "a stored batch with TLS, minus one without", total.saturating_sub(plain)),
            (
                "waiting for AWS and for the host",
                "the rest of the time from event to response, p50",
                wall.saturating_sub(total),
            ),
        ] {
            row(out, stage, &[how.to_owned(), microseconds(time), share(time, wall)]);
        }
        let _ =
            writeln!(out, "| total | from event to response, p50, back to back | {} | 100 % |\n", microseconds(wall));
    }

    fn others(&self, out: &mut String) {
        heading(
            out,
            "Other functions, without TLS",
            &[
                "function",
                "spawn to first response, p50",
                "p99",
                "of which INIT, p50",
                "peak memory, first response",
                "zip",
                "unpacked",
            ],
        );
        for (implementation, cold) in self.others.iter().zip(&self.cold_others) {
            row(
                out,
                &implementation.title,
                &[
                    milliseconds(cold.first_response.median()),
                    milliseconds(cold.first_response.percentile(99)),
                    milliseconds(cold.initialization.median()),
                    megabytes(cold.peak_memory),
                    megabytes(u64::try_from(implementation.zip_bytes).unwrap_or(u64::MAX)),
                    megabytes(implementation.unpacked_bytes),
                ],
            );
        }
    }

    fn ours<'a, T>(&self, all: &'a [T]) -> Option<&'a T> {
        self.compared.iter().zip(all).find(|(implementation, _)| implementation.launch.name == OURS).map(|(_, one)| one)
    }

    /// Every size of every function that accepts batches.
    fn batches<'a>(&'a self, warm: &'a [Warm]) -> Vec<(&'a Implementation, u32, &'a Batch)> {
        let comparable =
            self.compared.iter().zip(warm).filter(|(implementation, _)| implementation.batch_response.is_some());
        comparable
            .flat_map(|(implementation, warm)| {
                sizes().zip(&warm.batches).map(move |(orders, batch)| (implementation, orders, batch))
            })
            .collect()
    }
}

fn sizes() -> impl Iterator<Item = u32> {
    super::measure::ORDERS.into_iter().filter_map(|orders| u32::try_from(orders).ok())
}

fn batch_of(warm: &Warm, orders: u32) -> Option<&Batch> {
    sizes().zip(&warm.batches).find(|(size, _)| *size == orders).map(|(_, batch)| batch)
}

fn heading(out: &mut String, title: &str, columns: &[&str]) {
    let _ = writeln!(
        out,
        "### {title}\n\n| {} |\n| --- |{}",
        columns.join(" | "),
        " ---: |".repeat(columns.len().saturating_sub(1))
    );
}

fn row(out: &mut String, first: &str, cells: &[String]) {
    let _ = writeln!(out, "| {first} | {} |", cells.join(" | "));
}

/// A duration in milliseconds.
#[must_use]
pub fn milliseconds(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1e3;
    if milliseconds < 100.0 { format!("{milliseconds:.1} ms") } else { format!("{milliseconds:.0} ms") }
}

fn microseconds(duration: Duration) -> String {
    let microseconds = duration.as_secs_f64() * 1e6;
    if microseconds < 100.0 { format!("{microseconds:.1} µs") } else { format!("{microseconds:.0} µs") }
}

/// A size in kilobytes or megabytes.
#[must_use]
pub fn megabytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "no size here approaches 2^53")]
    let megabytes = bytes as f64 / 1e6;
    if megabytes < 0.1 { format!("{:.1} kB", megabytes * 1e3) } else { format!("{megabytes:.2} MB") }
}

fn times(duration: Duration, ours: Option<Duration>) -> String {
    match ours {
        Some(ours) if !ours.is_zero() => format!("{:.2}", duration.as_secs_f64() / ours.as_secs_f64()),
        _ => "–".to_owned(),
    }
}

fn share(part: Duration, whole: Duration) -> String {
    if whole.is_zero() {
        "–".to_owned()
    } else {
        format!("{:.1} %", 100.0 * part.as_secs_f64() / whole.as_secs_f64())
    }
}
