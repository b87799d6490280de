//! The tables, the format of `docs/benchmarks.md`.

use std::time::Duration;

use super::Measured;
use super::usage::Usage;
use crate::document::table;
use crate::functions::report::{megabytes, milliseconds};
use crate::functions::sample::Sample;
use crate::machine;

/// The tables of all sizes.
#[must_use]
pub fn markdown(title: &str, all: &[Measured]) -> String {
    format!("{title}; {}.\n\n{}\n{}", machine::summary(), timings(all), usages(all))
}

fn timings(all: &[Measured]) -> String {
    let mut head = ["orders", "requests", "requests/s", "orders/s"].map(str::to_owned).to_vec();
    for method in ["POST", "GET"] {
        head.push(format!("{method}, p50"));
        head.extend(["p90", "p99", "max"].map(str::to_owned));
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|measured| {
            let Measured { orders, requests, elapsed, post, get, .. } = measured;
            let mut row = vec![
                orders.to_string(),
                format!("2 × {requests}"),
                per_second(2 * requests, *elapsed),
                per_second(orders * requests, *elapsed),
            ];
            row.extend([post, get].into_iter().flat_map(percentiles));
            row
        })
        .collect();
    table(&head, &rows)
}

fn percentiles(sample: &Sample) -> [String; 4] {
    [50, 90, 99, 100].map(|percent| milliseconds(sample.percentile(percent)))
}

fn per_second(count: usize, elapsed: Duration) -> String {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    format!("{:.0}", f64::from(count) / elapsed.as_secs_f64())
}

fn usages(all: &[Measured]) -> String {
    let head = [
        "process",
        "orders",
        "memory, start",
        "middle",
        "end",
        "descriptors, start",
        "end",
        "of them connections, start",
        "end",
    ]
    .map(str::to_owned);
    let rows: Vec<Vec<String>> = all
        .iter()
        .flat_map(|Measured { orders, processes: [start, middle, end], .. }| {
            start.iter().zip(middle).zip(end).map(move |((start, middle), end)| {
                let [first, half, last]: [Usage; 3] = [start.usage, middle.usage, end.usage];
                let mut row = vec![start.name.to_owned(), orders.to_string()];
                row.extend([first, half, last].map(|usage| megabytes(usage.memory)));
                row.extend([first, last].map(|usage| usage.descriptors.to_string()));
                row.extend([first, last].map(|usage| usage.connections.to_string()));
                row
            })
        })
        .collect();
    table(&head, &rows)
}

#[cfg(test)]
mod tests {
    use super::super::Process;
    use super::super::usage::Limits;
    use super::*;

    #[test]
    fn each_size_and_process_has_a_row() {
        let mut sample = Sample::default();
        sample.add(Duration::from_millis(2));
        let process = |memory| {
            let usage = Usage { memory, descriptors: 9, connections: 2 };
            vec![Process { name: "orders-api", usage, limits: Limits::default() }]
        };
        let measured = Measured {
            orders: 10,
            requests: 4,
            elapsed: Duration::from_secs(2),
            post: sample.clone(),
            get: sample,
            processes: [process(1_000_000), process(2_000_000), process(3_000_000)],
        };
        let text = markdown("title", &[measured]);
        assert!(text.contains("| 10 | 2 × 4 | 4 | 20 | 2.0 ms | 2.0 ms | 2.0 ms | 2.0 ms | 2.0 ms |"), "{text}");
        assert!(text.contains("| orders-api | 10 | 1.00 MB | 2.00 MB | 3.00 MB | 9 | 9 | 2 | 2 |"), "{text}");
    }
}
