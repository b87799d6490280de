//! CloudWatch: the metrics of the simulation, from log lines by the declared filters and from the services themselves; and which
//! of the declared alarms they raise.

use std::{cell::RefCell, collections::BTreeMap, ops::Range, time::Duration};

use gridbid_adapters::{
    HandlerError,
    memory::LogLines,
    telemetry::{FunctionIdentity, InvocationLog},
};
use serde_json::{Value, json};

use crate::{schedule::Function, terraform::MONITORING, world::World};

/// A metric, named as Terraform names it. The namespace of Gridbid's own metrics is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    pub namespace: &'static str,
    pub name: &'static str,
    /// Part of the expression of its dimension.
    pub subject: &'static str,
}

const fn metric(namespace: &'static str, name: &'static str, subject: &'static str) -> Metric {
    Metric { namespace, name, subject }
}

/// Slots that have been open for too long.
pub const OPEN_SLOTS: Metric = metric("", "open-slots", "");
/// Messages that submit-orders returned to its queue.
pub const DEFERRED: Metric = metric("", "orders-deferred", "");
/// Messages in the dead-letter queue of the submission.
pub const DEAD_LETTERS: Metric = metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "dead_letters");
/// Events that notify-slack could not post.
pub const FAILED_NOTIFICATIONS: Metric = metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "notify-slack-failed");
/// Executions of the pipe from the table's stream that failed and are repeated.
pub const FAILED_PIPE: Metric = metric("AWS/EventBridge/Pipes", "ExecutionFailed", "PipeName");
/// Starts that the scheduler gave up.
pub const DROPPED_STARTS: Metric = metric("AWS/Scheduler", "InvocationDroppedCount", "ScheduleGroup");
/// Invocations that Lambda refused for now; by function.
pub const THROTTLES: Metric = metric("AWS/Lambda", "Throttles", "FunctionName");

/// Values with their seconds.
type Values = Vec<(u64, f64)>;

/// The values of metrics, by name and subject.
#[derive(Default)]
pub struct Metrics(RefCell<BTreeMap<(String, &'static str), Values>>);

thread_local! {
    static LOG: LogLines = LogLines::new();
}

impl World {
    /// Adds a value to a metric.
    pub fn emit_metric(&self, Metric { name, subject, .. }: Metric, value: f64) {
        self.add_value(name.to_owned(), subject, value);
    }

    fn add_value(&self, name: String, subject: &'static str, value: f64) {
        self.note(|| format!("metric {name} {subject} {value}"));
        let second = self.second();
        self.metrics.0.borrow_mut().entry((name, subject)).or_default().push((second, value));
    }

    /// Writes the log line of an invocation as the function does, and filters it.
    pub fn log_invocation(&self, function: Function, log: &InvocationLog, error: Option<&HandlerError>) -> bool {
        let identity = FunctionIdentity { function: function.name(), version: "1", environment: "simulated" };
        let line = LOG.with(|lines| lines.write(identity, log, error, Duration::ZERO));
        self.filter_line(function, &serde_json::from_str(&line).unwrap())
    }

    /// Writes the report of an invocation whose process ended, as Lambda does, and filters it.
    pub fn log_report(&self, function: Function, status: &str) -> bool {
        self.filter_line(function, &json!({"type": "platform.report", "record": {"status": status}}))
    }

    /// Adds the values of a log line to the metrics of its filters. Returns whether it counts as a fault.
    fn filter_line(&self, function: Function, line: &Value) -> bool {
        let mut is_fault = false;
        for filter in &MONITORING.filters {
            if filter.function.is_some_and(|other| other != function) {
                continue;
            }
            if let Some(value) = filter.value_of(line) {
                let is_own = filter.function.is_none();
                is_fault |= is_own;
                let name = filter.metric.replace("${var.name}", function.name());
                self.add_value(name, if is_own { function.name() } else { "" }, value);
            }
        }
        is_fault
    }

    /// Whether a metric has a value.
    pub fn has_values(&self, Metric { name, subject, .. }: Metric) -> bool {
        self.metrics.0.borrow().contains_key(&(name.to_owned(), subject))
    }

    /// Whether the alarm on a metric was raised by the values of these seconds. That there is no alarm is a violation.
    pub fn is_alarm_raised(&self, metric: Metric, seconds: Range<u64>) -> bool {
        self.is_raised(metric.namespace, metric.name, metric.subject, seconds)
    }

    /// Whether the alarm on a function's faults was raised.
    pub fn is_fault_alarm_raised(&self, function: Function, seconds: Range<u64>) -> bool {
        self.is_raised("", &format!("{}-faults", function.name()), function.name(), seconds)
    }

    fn is_raised(&self, namespace: &str, name: &str, subject: &'static str, seconds: Range<u64>) -> bool {
        let Some(alarm) = MONITORING.alarm(namespace, name, subject) else {
            self.violate(|| format!("Terraform declares no alarm on {namespace} {name} {subject}"));
            return false;
        };
        let metrics = self.metrics.0.borrow();
        let Some(values) = metrics.get(&(name.to_owned(), subject)) else { return false };
        let values: Values = values.iter().filter(|(second, _)| seconds.contains(second)).copied().collect();
        alarm.is_raised(&values, self.schedule.period)
    }
}
