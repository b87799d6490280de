//! The tests: many seeds keep every invariant, and each mutation breaks one.

use std::{
    env,
    sync::Mutex,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

use crate::{
    coverage::Coverage,
    machine::DEFINITION,
    mutation::Mutation,
    schedule::Schedule,
    simulation::{Reached, simulate},
};

/// Seeds of an ordinary test run; `cargo xtask simulate` has more.
const SEEDS: u64 = 1_000;
/// Seeds that have to take every row of the coverage.
const COVERING: u64 = 10_000;

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value}")))
}

/// The first of these seeds that violates an invariant, on all processors; and what the seeds took.
fn run_seeds(first: u64, count: u64, mutation: Option<&Mutation>) -> (Option<u64>, Coverage) {
    let next = AtomicU64::new(first);
    let failure = Mutex::new(None::<u64>);
    let coverage = Mutex::new(Coverage::default());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut own = Coverage::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count || failure.lock().unwrap().is_some_and(|failed| failed < seed) {
                        break;
                    }
                    let report = simulate(&Schedule::draw(seed), mutation, false);
                    own.add(&report.coverage);
                    if report.violation.is_some() {
                        let mut failure = failure.lock().unwrap();
                        *failure = Some(failure.map_or(seed, |failed| failed.min(seed)));
                    }
                }
                coverage.lock().unwrap().add(&own);
            });
        }
    });
    (failure.into_inner().unwrap(), coverage.into_inner().unwrap())
}

/// A failing schedule in words, as short as it fails.
fn describe(seed: u64, mutation: Option<&Mutation>) -> String {
    let schedule = Schedule::draw(seed);
    let shrunk = schedule.shrink(|schedule| simulate(schedule, mutation, false).violation.is_some());
    let title = format!("of {} events, these suffice", schedule.events.len());
    narrate(&shrunk, mutation, &title)
}

/// A schedule in words, and what happens in it.
fn narrate(schedule: &Schedule, mutation: Option<&Mutation>, title: &str) -> String {
    let report = simulate(schedule, mutation, true);
    let Schedule { seed, slots, period, events } = schedule;
    let end = report.violation.unwrap_or_else(|| "every invariant holds".to_owned());
    let mut lines = vec![format!("seed {seed}: {end}"), format!("{slots} slots, one every {period} seconds; {title}:")];
    lines.extend(events.iter().map(|event| format!("  {event}")));
    lines.push("what happened:".to_owned());
    lines.extend(report.trace);
    lines.join("\n")
}

/// A single seed is printed in words. With GRIDBID_SIMULATION_MUTATION, the system lacks that protection, and the first seed that
/// notices it fails.
#[test]
fn every_seed_keeps_the_invariants() {
    let (first, count) = (number("GRIDBID_SIMULATION_SEED", 0), number("GRIDBID_SIMULATION_SEEDS", SEEDS));
    let mutation = env::var("GRIDBID_SIMULATION_MUTATION").ok().map(|name| {
        let named = Mutation::all().into_iter().find(|mutation| mutation.name == name);
        named.unwrap_or_else(|| panic!("`{name}` is not a mutation"))
    });
    let began = Instant::now();
    let (failure, coverage) = run_seeds(first, count, mutation.as_ref());
    if let Some(seed) = failure {
        panic!("{}", describe(seed, mutation.as_ref()));
    }
    if count == 1 {
        println!("{}", narrate(&Schedule::draw(first), mutation.as_ref(), "its events"));
        return;
    }
    let took = began.elapsed().as_secs_f64();
    let table = coverage.table(&serde_json::from_str(DEFINITION).unwrap());
    println!("{}\n{count} seeds in {took:.0} s, {:.0} per second", table.text(), count as f64 / took);
    let problems = table.problems();
    assert!(count < COVERING || problems.is_empty(), "{}", problems.join("\n"));
    println!("{} rows are not covered", problems.len());
}

#[test]
fn seeds_reach_every_kind_of_end() {
    let mut sum = Reached::default();
    for seed in 0..100 {
        sum.add(simulate(&Schedule::draw(seed), None, false).reached);
    }
    let Reached { stored, submitted, refused, expired, runs, failed_runs, slots_done, reports, messages } = sum;
    for (what, count, least) in [
        ("stored orders", stored, 400),
        ("submitted orders", submitted, 300),
        ("refused orders", refused, 30),
        ("expired orders", expired, 10),
        ("runs", runs, 300),
        ("failed runs", failed_runs, 30),
        ("slots that are done", slots_done, 300),
        ("reports of batches", reports, 2),
        ("messages", messages, 100),
    ] {
        assert!(count >= least, "{count} {what} in 100 seeds: {sum:?}");
    }
}

#[test]
fn every_mutation_is_noticed() {
    const DOCUMENT: &str = include_str!("../../../docs/development.md");
    for mutation in Mutation::all() {
        let row = format!("| {} | {} |", mutation.name, mutation.seed);
        assert!(DOCUMENT.contains(&row), "docs/development.md has no row `{row}`");
        let schedule = Schedule::draw(mutation.seed);
        let intact = simulate(&schedule, None, false).violation;
        assert_eq!(intact, None, "seed {}", mutation.seed);
        let violation = simulate(&schedule, Some(&mutation), false).violation;
        assert!(violation.is_some(), "seed {} does not notice that {}", mutation.seed, mutation.name);
    }
}
