//! The decision on a batch of a frozen answer, and its report: counts, power, and why orders were not stored.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::decision::{Outcome, decide};
use crate::amount::Total;
use crate::json::{self, Member, Value, integer_member, member, string_member, write_string};

/// Maximum number of levels of nesting in a report.
const MAX_DEPTH: u8 = 4;
/// The name of the error of a malformed order, as functions raise it.
const MALFORMED_ERROR: &str = "ContractBroken";

/// The decision on every order of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchDecision {
    /// The canonical JSON of the accepted orders, each on a line that ends with a line feed.
    pub accepted: String,
    /// The report.
    pub report: BatchReport,
}

/// A batch's report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchReport {
    /// Number of the batch, from 0.
    pub n: u32,
    /// The position of its first order in the platform's results.
    pub first: u32,
    /// Number of orders.
    pub count: u32,
    /// Number of accepted orders.
    pub accepted: u32,
    /// The exact sum of their power.
    pub total_power: String,
    /// The rejected orders.
    pub rejections: Vec<ReportLine>,
    /// The malformed orders.
    pub failures: Vec<ReportLine>,
}

/// Why orders were not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportLine {
    /// The position of the order, or of the first of several consecutive ones.
    pub position: u32,
    /// Number of orders; more than one if a whole batch failed.
    pub count: u32,
    /// The error's name; `None` for a rejection.
    pub error: Option<String>,
    /// One sentence.
    pub reason: String,
}

/// A text is not a report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the report has no valid `{member}`")]
pub struct ReportError {
    member: &'static str,
}

/// Decides the orders of a batch, given as its lines. A malformed order fails alone.
///
/// ```
/// use gridbid_core::outcome::decide_batch;
///
/// let decision = decide_batch(3, 1500, b"{\"order\":\"accepted\",\"power\":2}\n{\"order\":\"rejected\"}\n");
/// assert_eq!(decision.accepted, "{\"order\":\"accepted\",\"power\":2}\n");
/// assert_eq!(decision.report.rejections[0].position, 1501);
/// ```
#[must_use]
pub fn decide_batch(n: u32, first: u32, lines: &[u8]) -> BatchDecision {
    let (mut accepted, mut total) = (String::with_capacity(lines.len()), Total::new());
    let mut report = BatchReport {
        n,
        first,
        count: 0,
        accepted: 0,
        total_power: String::new(),
        rejections: Vec::new(),
        failures: Vec::new(),
    };
    let lines = lines.strip_suffix(b"\n").unwrap_or(lines);
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let position = first.saturating_add(report.count);
        report.count = report.count.saturating_add(1);
        match decide(line) {
            Ok(Outcome::Accepted(order)) => {
                report.accepted += 1;
                order.power.iter().for_each(|power| total.add(power));
                accepted.push_str(&order.canonical);
                accepted.push('\n');
            }
            Ok(Outcome::Rejected(rejected)) => {
                report.rejections.push(ReportLine { position, count: 1, error: None, reason: rejected.message() });
            }
            Err(malformed) => report.failures.push(ReportLine {
                position,
                count: 1,
                error: Some(MALFORMED_ERROR.into()),
                reason: plain_ascii(malformed.message()),
            }),
        }
    }
    report.total_power = total.text();
    BatchDecision { accepted, report }
}

/// A message as the state machine reports it: printable ASCII that needs no escape in JSON, with `.` for other characters.
fn plain_ascii(message: &str) -> String {
    let keep = |character: char| matches!(character, ' '..='~') && !matches!(character, '"' | '\\');
    message.chars().map(|character| if keep(character) { character } else { '.' }).collect()
}

impl BatchReport {
    /// Number of rejected orders.
    #[must_use]
    pub fn rejected(&self) -> usize {
        self.rejections.len()
    }

    /// Number of malformed orders.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.failures.len()
    }

    /// `{"n":…,"first":…,"count":…,"accepted":…,"rejected":…,"failed":…,"total_power":"…","rejections":[{"position":…,"why":…},…],
    /// "failures":[{"position":…,"error":…,"why":…},…]}`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let Self { n, first, count, accepted, total_power, rejections, failures } = self;
        let (rejected, failed) = (self.rejected(), self.failed());
        let mut out = format!(
            "{{\"n\":{n},\"first\":{first},\"count\":{count},\"accepted\":{accepted},\"rejected\":{rejected},\
             \"failed\":{failed},\"total_power\":\"{total_power}\""
        );
        write_lists(&mut out, rejections, failures);
        out.push('}');
        out
    }

    /// Parses [`BatchReport::to_json`].
    ///
    /// # Errors
    /// When the text is not a report, or its counts do not add up.
    pub fn parse(json: &[u8]) -> Result<Self, ReportError> {
        let invalid = |member| ReportError { member };
        let Ok(Value::Object(members)) = json::parse(json, MAX_DEPTH) else { return Err(invalid("n")) };
        let number = |name| integer_member(&members, name).ok_or(invalid(name));
        let report = Self {
            n: number("n")?,
            first: number("first")?,
            count: number("count")?,
            accepted: number("accepted")?,
            total_power: string_member(&members, "total_power").ok_or(invalid("total_power"))?.into(),
            rejections: lines(&members, "rejections").ok_or(invalid("rejections"))?,
            failures: lines(&members, "failures").ok_or(invalid("failures"))?,
        };
        for (name, actual) in [("rejected", report.rejected()), ("failed", report.failed())] {
            if number(name)? as usize != actual {
                return Err(invalid(name));
            }
        }
        if report.accepted as usize + report.rejected() + report.failed() != report.count as usize {
            return Err(invalid("count"));
        }
        Ok(report)
    }
}

fn lines(members: &[Member<'_>], name: &str) -> Option<Vec<ReportLine>> {
    let Some(Value::Array(lines)) = member(members, name) else { return None };
    lines.iter().map(ReportLine::from_value).collect()
}

/// Appends `,"rejections":[…],"failures":[…]`.
pub(crate) fn write_lists(out: &mut String, rejections: &[ReportLine], failures: &[ReportLine]) {
    for (name, lines) in [("rejections", rejections), ("failures", failures)] {
        out.push_str(&format!(",\"{name}\":["));
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            line.write_json(out);
        }
        out.push(']');
    }
}

impl ReportLine {
    fn write_json(&self, out: &mut String) {
        out.push_str(&format!("{{\"position\":{}", self.position));
        if self.count > 1 {
            out.push_str(&format!(",\"count\":{}", self.count));
        }
        if let Some(error) = &self.error {
            out.push_str(",\"error\":");
            write_string(out, error);
        }
        out.push_str(",\"why\":");
        write_string(out, &self.reason);
        out.push('}');
    }

    fn from_value(value: &Value<'_>) -> Option<Self> {
        let Value::Object(members) = value else { return None };
        let error = string_member(members, "error").map(Into::into);
        Some(Self {
            position: integer_member(members, "position")?,
            count: 1,
            error,
            reason: string_member(members, "why")?.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision() -> BatchDecision {
        decide_batch(
            2,
            1000,
            concat!(
                "{\"order\":\"accepted\",\"power\":0.1}\n",
                "{\"order\":\"rejected\",\"record_id\":\"b\"}\n",
                "{\"malformed\":{\"code\":\"unknown_status\",\"message\":\"the status `\u{e9}\\\"` is neither\"}}\n",
                "{\"order\":\"accepted\",\"power\":0.2}\n",
            )
            .as_bytes(),
        )
    }

    #[test]
    fn every_line_is_decided() {
        let BatchDecision { accepted, report } = decision();
        assert_eq!(accepted, "{\"order\":\"accepted\",\"power\":0.1}\n{\"order\":\"accepted\",\"power\":0.2}\n");
        assert_eq!(
            report.to_json(),
            concat!(
                r#"{"n":2,"first":1000,"count":4,"accepted":2,"rejected":1,"failed":1,"total_power":"0.3","#,
                r#""rejections":[{"position":1001,"why":"the auction rejected `b`"}],"#,
                r#""failures":[{"position":1002,"error":"ContractBroken","why":"the status `..` is neither"}]}"#
            )
        );
        assert_eq!(BatchReport::parse(report.to_json().as_bytes()), Ok(report));
    }

    #[test]
    fn empty_batch_has_an_empty_report() {
        let BatchDecision { accepted, report } = decide_batch(0, 0, b"");
        assert_eq!((accepted.as_str(), report.count, report.total_power.as_str()), ("", 0, "0"));
    }

    #[test]
    fn invalid_reports_are_refused() {
        let report = decision().report.to_json();
        for (from, to, member) in [
            ("\"accepted\":2", "\"accepted\":3", "count"),
            ("\"rejected\":1", "\"rejected\":0", "rejected"),
            ("\"failed\":1", "\"failed\":\"1\"", "failed"),
            ("\"why\"", "\"because\"", "rejections"),
            ("\"total_power\":\"0.3\"", "\"total_power\":0.3", "total_power"),
        ] {
            let error = BatchReport::parse(report.replace(from, to).as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), format!("the report has no valid `{member}`"));
        }
    }
}
