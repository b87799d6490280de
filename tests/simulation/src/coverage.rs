//! What simulations took: the paths of the state machine, the results of the handlers' calls, how invocations ended.
//!
//! The rows of the table come from the definition and from the variants of the types that handlers return and receive; a new
//! state, retry, catch or variant is a new row. A row that no seed takes fails a long run, unless it is an exception with a
//! reason here; an exception that a seed takes fails it, too.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use gridbid_adapters::{
    AdapterError, HandlerError,
    archive::PutOutcome,
    orders::{TransactionOutcome, WriteVerdict},
    platform::PlatformResponse,
    submissions::{ReportClaim, WriteBack},
    telemetry::Outcome,
};
use serde_json::Value;

use crate::{
    machine::Path,
    schedule::{Function, Place},
};

/// A type whose variants are counted.
pub trait Variants {
    /// The names of all variants.
    const ALL: &'static [&'static str];

    /// The name of this value's variant.
    fn variant(&self) -> &'static str;
}

/// Implements [`Variants`] by one list of patterns, which has to be exhaustive.
macro_rules! variants {
    ($type:ty: $($pattern:pat => $name:literal),+ $(,)?) => {
        impl Variants for $type {
            const ALL: &'static [&'static str] = &[$($name),+];

            fn variant(&self) -> &'static str {
                match self { $($pattern => $name),+ }
            }
        }
    };
}

variants!(AdapterError: Self::Unavailable(_) => "unavailable", Self::Broken(_) => "broken");
variants!(HandlerError:
    Self::OrderRejected(_) => "OrderRejected", Self::MalformedOrder { .. } => "MalformedOrder",
    Self::Unavailable(_) => "Unavailable", Self::ContractBroken(_) => "ContractBroken");
variants!(Outcome: Self::Ok => "ok", Self::Refused => "refused", Self::Rejected => "rejected", Self::Fault => "fault");
variants!(TransactionOutcome: Self::Committed => "committed", Self::Cancelled(_) => "cancelled");
variants!(WriteVerdict:
    Self::Passed => "passed", Self::ConditionFailed(None) => "condition failed, item unknown",
    Self::ConditionFailed(Some(_)) => "condition failed", Self::Contended => "contended");
variants!(WriteBack: Self::Written => "written", Self::AlreadyWritten => "already written", Self::Gone => "gone");
variants!(ReportClaim:
    Self::Claimed => "claimed", Self::Refused { .. } => "refused before", Self::NotOurs => "not ours", Self::Gone => "gone");
variants!(PutOutcome: Self::Created => "created", Self::AlreadyExists => "already exists");
variants!(PlatformResponse: Self::Document(_) => "document", Self::TooLarge { .. } => "too large");
variants!((): () => "done");
variants!(Vec<u8>: _ => "done");

impl<T> Variants for Option<T> {
    const ALL: &'static [&'static str] = &["found", "absent"];

    fn variant(&self) -> &'static str {
        if self.is_some() { "found" } else { "absent" }
    }
}

/// The end of a process that returns nothing.
const CRASHED: &str = "crashed";
const TIMED_OUT: &str = "timed out";

/// The calls that each function makes, and the variants of a successful one.
const CALLS: [(Function, Place, &[&str]); 18] = [
    (Function::OrdersApi, Place::Transaction, TransactionOutcome::ALL),
    (Function::OrdersApi, Place::OrderRead, Option::<()>::ALL),
    (Function::SubmitOrders, Place::Submission, <()>::ALL),
    (Function::SubmitOrders, Place::WriteBack, WriteBack::ALL),
    (Function::SubmitOrders, Place::ClaimReport, ReportClaim::ALL),
    (Function::SubmitOrders, Place::Publish, <()>::ALL),
    (Function::SubmitOrders, Place::Defer, <()>::ALL),
    (Function::SubmitOrders, Place::SetAside, <()>::ALL),
    (Function::CollectResults, Place::Get, Option::<()>::ALL),
    (Function::CollectResults, Place::Poll, PlatformResponse::ALL),
    (Function::CollectResults, Place::PutIfAbsent, PutOutcome::ALL),
    (Function::StoreResult, Place::Get, Option::<()>::ALL),
    (Function::StoreResult, Place::PutIfAbsent, PutOutcome::ALL),
    (Function::CloseRun, Place::Get, Option::<()>::ALL),
    (Function::CloseRun, Place::Put, <()>::ALL),
    (Function::CloseRun, Place::Publish, <()>::ALL),
    (Function::NotifySlack, Place::SlackPost, <()>::ALL),
    // The verdict on each write of a cancelled transaction.
    (Function::OrdersApi, Place::Write, WriteVerdict::ALL),
];

/// The statuses of orders-api's responses.
const STATUSES: [u64; 9] = [200, 201, 400, 404, 409, 413, 415, 500, 503];

/// Rows that no schedule can take, and why.
const EXCEPTIONS: [(&[&str], &[&str], &str); 7] = [
    (&["CheckAnswer", "CheckSummary"], &["default"], "collect-results and close-run have no other output"),
    (&["StoreOrders"], &["catch 1"], "every item catches its own errors"),
    (
        &["orders-api", "submit-orders"],
        &["rejected", "OrderRejected", "MalformedOrder", "Unavailable", "ContractBroken"],
        "it responds to every request and logs what failed; only an event of another kind is an error",
    ),
    (
        &["submit-orders", "collect-results", "store-result", "close-run", "notify-slack"],
        &["refused", "rejected"],
        "it has no client to refuse, and a rejected order is an error by name",
    ),
    (
        &["collect-results", "close-run", "notify-slack"],
        &["fault", "OrderRejected", "MalformedOrder"],
        "it decides no order, and every failure is an error by name",
    ),
    (
        &["store-result: read of the archive"],
        &["absent"],
        "a manifest names a batch after it was written, and nothing deletes it",
    ),
    (
        &["orders-api: write of a cancelled transaction"],
        &["condition failed, item unknown"],
        "the order would have to be deleted between two transactions of a request",
    ),
];

/// How often each row was taken.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    paths: BTreeMap<String, BTreeMap<Path, u64>>,
    calls: BTreeMap<(Function, Place, &'static str), u64>,
    ends: BTreeMap<(Function, &'static str), u64>,
    statuses: BTreeMap<u64, u64>,
}

impl Coverage {
    /// Counts a path of the state machine.
    pub fn take_path(&mut self, state: &str, path: Path) {
        if !self.paths.contains_key(state) {
            self.paths.insert(state.to_owned(), BTreeMap::new());
        }
        if let Some(paths) = self.paths.get_mut(state) {
            *paths.entry(path).or_default() += 1;
        }
    }

    /// Counts the result of a function's call.
    pub fn take_call(&mut self, function: Function, place: Place, variant: &'static str) {
        *self.calls.entry((function, place, variant)).or_default() += 1;
    }

    /// Counts the end of an invocation.
    pub fn take_end(&mut self, function: Function, result: Result<Outcome, &HandlerError>) {
        let end = result.as_ref().map_or_else(|error| error.variant(), Outcome::variant);
        *self.ends.entry((function, end)).or_default() += 1;
    }

    /// Counts the end of a process during an invocation.
    pub fn take_crash(&mut self, function: Function, is_timeout: bool) {
        *self.ends.entry((function, if is_timeout { TIMED_OUT } else { CRASHED })).or_default() += 1;
    }

    /// Counts a response of the API.
    pub fn take_status(&mut self, status: u64) {
        *self.statuses.entry(status).or_default() += 1;
    }

    /// Adds what another simulation took.
    pub fn add(&mut self, other: &Self) {
        fn add<K: Clone + Ord>(to: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
            for (key, count) in from {
                *to.entry(key.clone()).or_default() += count;
            }
        }
        for (state, paths) in &other.paths {
            add(self.paths.entry(state.clone()).or_default(), paths);
        }
        add(&mut self.calls, &other.calls);
        add(&mut self.ends, &other.ends);
        add(&mut self.statuses, &other.statuses);
    }

    /// The table of a definition.
    pub fn table(&self, definition: &Value) -> Table {
        let mut groups = Vec::new();
        for (state, paths) in paths_of(definition) {
            let taken = self.paths.get(&state);
            let rows =
                paths.into_iter().map(|path| (path.to_string(), count(taken.and_then(|taken| taken.get(&path)))));
            groups.push(Group { name: state, rows: rows.collect() });
        }
        for function in Function::ALL {
            let ends = Outcome::ALL.iter().chain(HandlerError::ALL).chain(&[CRASHED, TIMED_OUT]);
            let rows = ends.map(|end| ((*end).to_owned(), count(self.ends.get(&(function, *end)))));
            groups.push(Group { name: function.name().to_owned(), rows: rows.collect() });
        }
        for (function, place, variants) in CALLS {
            let errors: &[&str] = if place == Place::Write { &[] } else { AdapterError::ALL };
            let rows = variants.iter().chain(errors);
            let rows = rows.map(|name| ((*name).to_owned(), count(self.calls.get(&(function, place, *name)))));
            groups.push(Group { name: format!("{}: {place}", function.name()), rows: rows.collect() });
        }
        let rows = STATUSES.map(|status| (status.to_string(), count(self.statuses.get(&status))));
        groups.push(Group { name: "responses of orders-api".to_owned(), rows: rows.into() });
        let mut table = Table { groups, unlisted: Vec::new() };
        table.unlisted = self.unlisted();
        table
    }

    /// What was taken without a row: a call or a status that the lists above lack.
    fn unlisted(&self) -> Vec<String> {
        let listed: BTreeSet<(Function, Place)> =
            CALLS.into_iter().map(|(function, place, _)| (function, place)).collect();
        let calls = self.calls.keys().filter(|(function, place, _)| !listed.contains(&(*function, *place)));
        let calls = calls.map(|(function, place, _)| format!("{}: {place}", function.name()));
        let statuses = self.statuses.keys().filter(|status| !STATUSES.contains(status));
        calls.chain(statuses.map(|status| format!("status {status} of orders-api"))).collect()
    }
}

fn count(count: Option<&u64>) -> u64 {
    count.copied().unwrap_or(0)
}

/// The paths of a definition by state, those inside of a map included.
fn paths_of(definition: &Value) -> Vec<(String, Vec<Path>)> {
    let length = |value: Option<&Value>| value.and_then(Value::as_array).map_or(0, Vec::len);
    let mut all = Vec::new();
    for (name, state) in definition["States"].as_object().into_iter().flatten() {
        let mut paths = vec![Path::Entered];
        paths.extend((0..length(state.get("Retry"))).map(Path::Retry));
        paths.extend((0..length(state.get("Catch"))).map(Path::Catch));
        paths.extend((0..length(state.get("Choices"))).map(Path::Choice));
        if state.get("Default").is_some() {
            paths.push(Path::Default);
        }
        all.push((name.clone(), paths));
        if let Some(inner) = state.get("ItemProcessor") {
            all.extend(paths_of(inner));
        }
    }
    all
}

/// The rows of one state, function or call.
#[derive(Debug)]
struct Group {
    name: String,
    rows: Vec<(String, u64)>,
}

/// What was taken, and what was not.
#[derive(Debug)]
pub struct Table {
    groups: Vec<Group>,
    unlisted: Vec<String>,
}

impl Table {
    /// The table as text.
    pub fn text(&self) -> String {
        let width = self.groups.iter().map(|group| group.name.chars().count()).max().unwrap_or_default();
        let mut text = String::new();
        for Group { name, rows } in &self.groups {
            let rows: Vec<String> = rows
                .iter()
                .map(|(row, count)| match exception(name, row) {
                    Some(_) if *count == 0 => format!("{row} –"),
                    _ => format!("{row} {count}"),
                })
                .collect();
            let _ = writeln!(text, "{name:<width$}  {}", rows.join(", "));
        }
        text
    }

    /// What is wrong with the coverage of many seeds.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> =
            self.unlisted.iter().map(|what| format!("the table has no row for {what}")).collect();
        for Group { name, rows } in &self.groups {
            for (row, count) in rows {
                match (*count, exception(name, row)) {
                    (0, None) => problems.push(format!("no seed takes `{row}` of {name}")),
                    (1.., Some(reason)) => problems.push(format!("`{row}` of {name} is taken, although {reason}")),
                    _ => {}
                }
            }
        }
        for (groups, rows, _) in EXCEPTIONS {
            for (group, row) in groups.iter().flat_map(|group| rows.iter().map(move |row| (group, row))) {
                let is_row = self
                    .groups
                    .iter()
                    .any(|Group { name, rows }| name == group && rows.iter().any(|(name, _)| name == row));
                if !is_row {
                    problems.push(format!("the exception `{row}` of {group} is not a row"));
                }
            }
        }
        problems
    }
}

/// Why a row cannot be taken.
fn exception(group: &str, row: &str) -> Option<&'static str> {
    let found = EXCEPTIONS.into_iter().find(|(groups, rows, _)| groups.contains(&group) && rows.contains(&row));
    found.map(|(_, _, reason)| reason)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_path_of_a_definition_is_a_row() {
        let definition = json!({"States": {
            "Map": {"Type": "Map", "Catch": [{}], "ItemProcessor": {"States": {"Call": {"Retry": [{}, {}], "Catch": [{}]}}}},
            "Choice": {"Choices": [{}, {}], "Default": "Map"},
        }});
        let mut coverage = Coverage::default();
        coverage.take_path("Call", Path::Retry(1));
        coverage.take_path("Call", Path::Retry(1));
        let table = coverage.table(&definition);
        let rows = |name: &str| {
            let group = table.groups.iter().find(|group| group.name == name).unwrap();
            group.rows.iter().map(|(row, count)| format!("{row} {count}")).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(rows("Map"), "entered 0, catch 1 0");
        assert_eq!(rows("Call"), "entered 0, retry 1 0, retry 2 2, catch 1 0");
        assert_eq!(rows("Choice"), "entered 0, choice 1 0, choice 2 0, default 0");
        assert!(table.problems().contains(&"no seed takes `retry 1` of Call".to_owned()));
        assert!(!table.problems().contains(&"no seed takes `retry 2` of Call".to_owned()));
    }

    #[test]
    fn what_has_no_row_is_a_problem() {
        let mut coverage = Coverage::default();
        coverage.take_call(Function::NotifySlack, Place::Publish, "done");
        coverage.take_status(418);
        let problems = coverage.table(&json!({"States": {}})).problems();
        assert!(problems.contains(&"the table has no row for notify-slack: publication to the topic".to_owned()));
        assert!(problems.contains(&"the table has no row for status 418 of orders-api".to_owned()));
    }
}
