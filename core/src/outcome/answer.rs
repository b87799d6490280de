//! The frozen answer of an attempt: the platform's orders as JSON Lines in batches, and the manifest that names them.
//!
//! The first run that gets a slot's results writes the batches and then the manifest; every later run of the attempt reads
//! them and asks nobody. A line is an order's canonical JSON, or the marker of a malformed order.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::decision::MAX_DEPTH as ORDER_MAX_DEPTH;
use super::results::{ResultOrders, ResultsError, ResultsLimits, check_size};
use crate::amount::Amount;
use crate::json::{self, Value, integer_member, member, string_member, write_string};
use crate::name::{Digest, Slot, answer_key};

/// Maximum number of levels of nesting in a manifest: its batches need three.
const MANIFEST_MAX_DEPTH: u8 = 4;
/// Decimal digits that every double preserves (`DBL_DIG` in C). Step Functions carries numbers as doubles.
const DOUBLE_DIGITS: u32 = 15;
/// The results for the state machine around their orders.
const RESULTS_START: &str = "{\"results\":true,\"orders\":[";

/// The division of an answer into batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Orders of a batch of a small answer; default 500.
    pub orders: u32,
    /// Maximum number of batches that the number of orders makes; default 400.
    pub batches: u32,
    /// Bytes at which a batch ends, whatever the number of its orders; default 4 MiB. One order may be larger.
    pub batch_bytes: u32,
    /// Maximum number of bytes of the platform's document, and of the answer; default 256 MiB.
    pub bytes: u32,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self { orders: 500, batches: 400, batch_bytes: 4 << 20, bytes: 256 << 20 }
    }
}

impl BatchLimits {
    /// Maximum number of orders of a batch of an answer with this many.
    #[must_use]
    pub fn batch_orders(&self, total: usize) -> usize {
        total.div_ceil(self.batches.max(1) as usize).max(self.orders.max(1) as usize)
    }

    /// Maximum number of batches of any answer: those that its orders make, and one for each time that a batch ends early.
    #[must_use]
    pub fn max_batches(&self) -> usize {
        self.batches as usize + (self.bytes / self.batch_bytes.max(1)) as usize
    }
}

/// A frozen answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// SHA-256 of the SHA-256 digests of the batches: it depends on every line and on the division into batches.
    pub digest: Digest,
    /// Number of orders.
    pub total: u32,
    /// At least one; none without orders.
    pub batches: Vec<Batch>,
}

/// Consecutive orders of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The position of the first order in the platform's results, from 0.
    pub first: u32,
    /// Number of orders.
    pub count: u32,
    /// The orders, each on a line that ends with a line feed.
    pub lines: String,
}

impl Answer {
    /// Checks all orders and divides them into batches.
    ///
    /// # Errors
    /// `TooLarge` if the canonical JSON of the orders is.
    pub fn freeze(orders: &ResultOrders<'_>, limits: &BatchLimits) -> Result<Self, ResultsError> {
        let max_orders = limits.batch_orders(orders.len());
        let (mut batches, mut batch) = (Vec::new(), Batch::default());
        let (mut position, mut bytes) = (0_u32, 0_usize);
        for order in orders.iter() {
            if batch.count as usize >= max_orders || batch.lines.len() >= limits.batch_bytes as usize {
                batches.push(core::mem::replace(&mut batch, Batch { first: position, ..Batch::default() }));
            }
            let before = batch.lines.len();
            batch.lines.push_str(&order.to_json());
            batch.lines.push('\n');
            bytes = bytes.saturating_add(batch.lines.len() - before);
            check_size(bytes, "canonical bytes", limits.bytes)?;
            batch.count += 1;
            // An order takes at least one byte of a document whose length has 32 bits.
            position = position.saturating_add(1);
        }
        if batch.count > 0 {
            batches.push(batch);
        }
        let digests: Vec<u8> =
            batches.iter().flat_map(|batch| Digest::of(batch.lines.as_bytes()).into_bytes()).collect();
        Ok(Self { digest: Digest::of(&digests), total: position, batches })
    }

    /// The manifest of this answer.
    #[must_use]
    pub fn manifest(&self, slot: &Slot, attempt: u32) -> Manifest {
        let entry = |(n, batch): (u32, &Batch)| ManifestBatch {
            n,
            key: answer_key(slot, attempt, &self.digest, n),
            count: batch.count,
            first: batch.first,
            bytes: u32::try_from(batch.lines.len()).unwrap_or(u32::MAX),
        };
        Manifest {
            slot: *slot,
            attempt,
            digest: format!("{}", self.digest),
            total: self.total,
            batches: (0..).zip(&self.batches).map(entry).collect(),
        }
    }
}

/// What an attempt's frozen answer consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The slot.
    pub slot: Slot,
    /// The attempt, from 1.
    pub attempt: u32,
    /// [`Answer::digest`], as 64 lower-case hexadecimal digits.
    pub digest: String,
    /// Number of orders.
    pub total: u32,
    /// The batches, in the order of their positions.
    pub batches: Vec<ManifestBatch>,
}

/// A batch in a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestBatch {
    /// Number of the batch, from 0.
    pub n: u32,
    /// Its S3 key.
    pub key: String,
    /// Number of orders.
    pub count: u32,
    /// The position of the first order.
    pub first: u32,
    /// Bytes of the object.
    pub bytes: u32,
}

/// A text is not a manifest: a member is missing or invalid, or the batches do not add up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the manifest has no valid `{member}`")]
pub struct ManifestError {
    member: &'static str,
}

impl Manifest {
    /// `{"slot":…,"attempt":…,"digest":…,"total":…,"batches":[{"n":…,"key":…,"count":…,"first":…,"bytes":…},…]}`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let Self { slot, attempt, digest, total, batches } = self;
        let mut out = format!(
            "{{\"slot\":\"{slot}\",\"attempt\":{attempt},\"digest\":\"{digest}\",\"total\":{total},\"batches\":["
        );
        for batch in batches {
            batch.write_json(&mut out);
            out.push_str(&format!(",\"bytes\":{}}}", batch.bytes));
            out.push(',');
        }
        close_list(&mut out);
        out.push('}');
        out
    }

    /// Parses [`Manifest::to_json`].
    ///
    /// # Errors
    /// When the text is not a manifest.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        let invalid = |member| ManifestError { member };
        let Ok(Value::Object(members)) = json::parse(json, MANIFEST_MAX_DEPTH) else { return Err(invalid("slot")) };
        let slot = string_member(&members, "slot").and_then(|slot| Slot::parse(slot).ok()).ok_or(invalid("slot"))?;
        let attempt = integer_member(&members, "attempt").ok_or(invalid("attempt"))?;
        let digest = string_member(&members, "digest").ok_or(invalid("digest"))?.into();
        let total = integer_member(&members, "total").ok_or(invalid("total"))?;
        let Some(Value::Array(values)) = member(&members, "batches") else { return Err(invalid("batches")) };
        let batches = values.iter().map(ManifestBatch::from_value).collect::<Option<Vec<_>>>();
        let batches = batches.ok_or(invalid("batches"))?;
        let mut next = 0_u32;
        for (n, batch) in (0_u32..).zip(&batches) {
            if batch.n != n || batch.first != next {
                return Err(invalid("batches"));
            }
            next = next.checked_add(batch.count).ok_or(invalid("batches"))?;
        }
        if next != total {
            return Err(invalid("total"));
        }
        Ok(Self { slot, attempt, digest, total, batches })
    }

    /// The only batch, if it is small enough for the state machine to carry its orders; `Some(None)` without orders.
    #[must_use]
    pub fn inline_batch(&self, limits: &ResultsLimits) -> Option<Option<&ManifestBatch>> {
        let fits = |batch: &ManifestBatch| {
            // Each line's end becomes a comma, except for the last one; two brackets follow.
            batch.count <= limits.orders && batch.bytes as usize + RESULTS_START.len() < limits.bytes as usize
        };
        match self.batches.as_slice() {
            [] => Some(None),
            [batch] => fits(batch).then_some(Some(batch)),
            _ => None,
        }
    }

    /// The results for the state machine by reference:
    /// `{"results":true,"batches":[{"n":…,"key":…,"count":…,"first":…},…]}`.
    #[must_use]
    pub fn results_json(&self) -> String {
        let mut out = String::from("{\"results\":true,\"batches\":[");
        for batch in &self.batches {
            batch.write_json(&mut out);
            out.push_str("},");
        }
        close_list(&mut out);
        out.push('}');
        out
    }
}

/// The results for the state machine with the orders of the lines of a batch: `{"results":true,"orders":[…]}`. `None` if the
/// state machine would change a number: the batch then travels by reference.
#[must_use]
pub fn orders_json(lines: &str) -> Option<String> {
    let mut out = String::with_capacity(lines.len() + RESULTS_START.len() + 2);
    out.push_str(RESULTS_START);
    for line in lines.lines() {
        if !json::parse(line.as_bytes(), ORDER_MAX_DEPTH).is_ok_and(|order| is_exact_in_doubles(&order)) {
            return None;
        }
        out.push_str(line);
        out.push(',');
    }
    close_list(&mut out);
    out.push('}');
    Some(out)
}

fn is_exact_in_doubles(value: &Value<'_>) -> bool {
    match value {
        Value::Number(text) => Amount::parse(text).is_ok_and(|amount| amount.significant_digits() <= DOUBLE_DIGITS),
        Value::Array(values) => values.iter().all(is_exact_in_doubles),
        Value::Object(members) => members.iter().all(|member| is_exact_in_doubles(&member.value)),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

/// Ends a list whose elements were all followed by a comma.
fn close_list(out: &mut String) {
    if out.ends_with(',') {
        out.pop();
    }
    out.push(']');
}

impl ManifestBatch {
    /// Appends the batch without its bytes and its closing brace.
    fn write_json(&self, out: &mut String) {
        out.push_str(&format!("{{\"n\":{},\"key\":", self.n));
        write_string(out, &self.key);
        out.push_str(&format!(",\"count\":{},\"first\":{}", self.count, self.first));
    }

    fn from_value(value: &Value<'_>) -> Option<Self> {
        let Value::Object(members) = value else { return None };
        let integer = |name| integer_member(members, name);
        let key = string_member(members, "key")?.into();
        Some(Self {
            n: integer("n")?,
            key,
            count: integer("count")?,
            first: integer("first")?,
            bytes: integer("bytes")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::scan_results;

    fn slot() -> Slot {
        Slot::parse("2026-11-22T07:05:00Z").unwrap()
    }

    fn freeze(orders: usize, limits: &BatchLimits) -> Answer {
        let orders: Vec<_> = (0..orders).map(|index| format!(r#"{{"order":"accepted","power":{index}}}"#)).collect();
        let document = format!(r#"{{"results":true,"orders":[{}]}}"#, orders.join(","));
        Answer::freeze(&scan_results(document.as_bytes(), limits.bytes).unwrap().unwrap(), limits).unwrap()
    }

    #[test]
    fn batches_are_consecutive_and_few() {
        let limits = BatchLimits::default();
        for (orders, batches, largest) in
            [(0, 0, 0), (1, 1, 1), (500, 1, 500), (501, 2, 500), (20_000, 40, 500), (200_001, 400, 501)]
        {
            let answer = freeze(orders, &limits);
            assert_eq!(answer.batches.len(), batches, "{orders} orders");
            assert_eq!(answer.total as usize, orders);
            let mut next = 0;
            for batch in &answer.batches {
                assert_eq!((batch.first, batch.lines.lines().count()), (next, batch.count as usize));
                next += batch.count;
            }
            assert_eq!(next as usize, orders);
            assert_eq!(answer.batches.iter().map(|batch| batch.count).max().unwrap_or(0), largest);
            let manifest = answer.manifest(&slot(), 3);
            assert_eq!(Manifest::parse(manifest.to_json().as_bytes()), Ok(manifest));
        }
    }

    #[test]
    fn large_orders_end_a_batch_early() {
        let limits = BatchLimits { batch_bytes: 100, bytes: 10_000, ..BatchLimits::default() };
        let answer = freeze(200, &limits);
        assert!((40..=limits.max_batches()).contains(&answer.batches.len()), "{}", answer.batches.len());
        assert!(answer.batches.iter().all(|batch| batch.lines.len() < 200));
    }

    #[test]
    fn digest_depends_on_lines_and_batches() {
        let limits = BatchLimits::default();
        let digest = |orders, limits| freeze(orders, &limits).digest;
        assert_eq!(digest(7, limits), digest(7, limits));
        assert_ne!(digest(7, limits), digest(8, limits));
        assert_ne!(digest(7, limits), digest(7, BatchLimits { orders: 5, ..limits }));
    }

    #[test]
    fn canonical_bytes_are_limited() {
        let limits = BatchLimits { bytes: 600, ..BatchLimits::default() };
        let numbers = vec!["1e20"; 100].join(",");
        let document = format!(r#"{{"results":true,"orders":[{{"order":"accepted","x":[{numbers}]}}]}}"#);
        let orders = scan_results(document.as_bytes(), limits.bytes).unwrap().unwrap();
        assert_eq!(Answer::freeze(&orders, &limits).unwrap_err().code(), "results_too_large");
    }

    #[test]
    fn small_answers_are_carried_inline() {
        let limits = ResultsLimits { orders: 3, bytes: 120 };
        let inline =
            |orders| freeze(orders, &BatchLimits::default()).manifest(&slot(), 1).inline_batch(&limits).is_some();
        assert_eq!([0, 1, 3, 4].map(inline), [true, true, true, false]);
        let answer = freeze(3, &BatchLimits::default());
        let bytes = orders_json(&answer.batches[0].lines).unwrap().len();
        let fits = |bytes: usize| {
            let limits = ResultsLimits { bytes: u32::try_from(bytes).unwrap(), ..limits };
            answer.manifest(&slot(), 1).inline_batch(&limits).is_some()
        };
        assert_eq!((fits(bytes), fits(bytes - 1)), (true, false));
        assert_eq!(orders_json("").unwrap(), r#"{"results":true,"orders":[]}"#);
        assert_eq!(orders_json("1\n2\n").unwrap(), r#"{"results":true,"orders":[1,2]}"#);
    }

    #[test]
    fn numbers_beyond_a_double_are_not_carried_inline() {
        for (line, is_inline) in [
            (r#"{"power":123456789.012345}"#, true),
            (r#"{"power":1234567890.123456}"#, false),
            (r#"{"power":100000000000000000000}"#, true),
            (r#"{"note":[{"x":0.30000000000000004}]}"#, false),
            (r#"{"note":"0.30000000000000004"}"#, true),
        ] {
            let lines = format!("{{\"order\":\"rejected\"}}\n{line}\n");
            assert_eq!(orders_json(&lines).is_some(), is_inline, "{line}");
        }
    }

    #[test]
    fn reference_names_the_batches() {
        let answer = freeze(501, &BatchLimits::default());
        let results: serde_json::Value = serde_json::from_str(&answer.manifest(&slot(), 2).results_json()).unwrap();
        let key = format!("answers/2026-11-22/20261122T070500Z/2/{}/1.jsonl", answer.digest);
        assert_eq!(results["results"], true);
        assert_eq!(results["batches"][1], serde_json::json!({"n": 1, "key": key, "count": 1, "first": 500}));
    }

    #[test]
    fn invalid_manifests_are_refused() {
        let manifest = freeze(501, &BatchLimits::default()).manifest(&slot(), 2).to_json();
        for (from, to, member) in [
            ("\"slot\":\"2026", "\"slot\":\"soon", "slot"),
            ("\"attempt\":2", "\"attempt\":-2", "attempt"),
            ("\"digest\":", "\"other\":", "digest"),
            ("\"total\":501", "\"total\":502", "total"),
            ("\"first\":500", "\"first\":501", "batches"),
            ("\"count\":1,", "\"count\":4294967295,", "batches"),
            ("\"n\":1", "\"n\":2", "batches"),
        ] {
            assert!(manifest.contains(from), "{from}");
            let error = Manifest::parse(manifest.replace(from, to).as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), format!("the manifest has no valid `{member}`"));
        }
        assert!(Manifest::parse(b"[]").is_err());
    }
}
