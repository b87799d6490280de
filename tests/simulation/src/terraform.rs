//! What Terraform declares of monitoring: metric filters of logs, alarms on metrics, the rule for failed runs.
//!
//! The files are read as text, in the forms that they have; a declaration that is needed and missing is a panic.

use std::{collections::BTreeMap, sync::LazyLock};

use regex_lite::Regex;
use serde_json::Value;

use crate::schedule::Function;

const FILES: [&str; 5] = [
    include_str!("../../../terraform/modules/alerts/main.tf"),
    include_str!("../../../terraform/modules/alerts/watch.tf"),
    include_str!("../../../terraform/modules/function/alarms.tf"),
    include_str!("../../../terraform/modules/results-run/watch.tf"),
    include_str!("../../../terraform/modules/submission/watch.tf"),
];
const RULES: &str = include_str!("../../../terraform/modules/results-run/main.tf");

/// The declarations.
pub static MONITORING: LazyLock<Monitoring> = LazyLock::new(Monitoring::read);

/// All declarations.
#[derive(Debug)]
pub struct Monitoring {
    pub filters: Vec<Filter>,
    pub alarms: Vec<Alarm>,
    pub rule: Rule,
}

/// A metric filter of a log.
#[derive(Debug)]
pub struct Filter {
    /// The function whose log it reads; `None` for every function's.
    pub function: Option<Function>,
    pub pattern: Pattern,
    /// The metric's name; `${var.name}` stands for the function's.
    pub metric: String,
    /// The metric's value: a number, or a field of the line.
    pub value: String,
}

/// An alarm on a metric.
#[derive(Debug)]
pub struct Alarm {
    /// `AWS/SQS`, or the template of Gridbid's own.
    pub namespace: String,
    /// The metric's name, or those of each instance.
    pub metrics: Vec<String>,
    /// The expressions of its dimensions; those of each instance, if there are several.
    pub subjects: Vec<String>,
    pub threshold: f64,
    pub is_sum: bool,
    /// In seconds; `None` for the period of the schedule.
    pub period: Option<u64>,
    pub evaluation_periods: u64,
    pub datapoints: u64,
}

/// The rule that reports ended runs to people.
#[derive(Debug)]
pub struct Rule {
    pub statuses: Vec<String>,
    /// Errors that it leaves to the run's summary.
    pub excluded: Vec<String>,
}

impl Rule {
    pub fn matches(&self, status: &str, error: &str) -> bool {
        self.statuses.iter().any(|other| other == status) && !self.excluded.iter().any(|other| other == error)
    }
}

impl Monitoring {
    fn read() -> Self {
        let files: Vec<Block> = FILES.into_iter().map(Block::parse).collect();
        let queues: Vec<String> = files
            .iter()
            .flat_map(|file| file.find(&|block| block.header.starts_with("queue_names =")))
            .flat_map(|block| block.find(&|inner| inner.attributes.contains_key("notify-slack-failed")))
            .flat_map(|block| block.attributes.keys().cloned())
            .collect();
        let (mut filters, mut alarms) = (Vec::new(), Vec::new());
        for file in &files {
            let declared: BTreeMap<String, Filter> = file
                .find(&|block| block.header.starts_with("resource \"aws_cloudwatch_log_metric_filter\""))
                .into_iter()
                .map(|block| (quoted(&block.header)[1].clone(), Filter::read(block)))
                .collect();
            let is_alarm = |block: &Block| {
                let namespace = block.attributes.get("namespace").is_some_and(|text| !text.starts_with("each."));
                namespace && block.attributes.contains_key("metric_name")
            };
            for block in file.find(&is_alarm) {
                alarms.extend(Alarm::read(block, file, &declared, &queues));
            }
            filters.extend(declared.into_values());
        }
        let rules = Block::parse(RULES);
        let rule = rules.find(&|block| block.header.contains("\"aws_cloudwatch_event_rule\" \"ended_badly\""));
        let detail = rule[0].find(&|block| block.header.starts_with("detail ="))[0];
        let [statuses, errors] = ["status", "error"].map(|name| quoted(&detail.attributes[name]));
        assert_eq!(errors[0], "anything-but");
        Self { filters, alarms, rule: Rule { statuses, excluded: errors[1..].to_vec() } }
    }

    /// The alarm on a metric.
    pub fn alarm(&self, namespace: &str, metric: &str, subject: &str) -> Option<&Alarm> {
        self.alarms.iter().find(|alarm| {
            let is_named = alarm.metrics.iter().any(|name| name.replace("${var.name}", subject) == metric);
            let is_own = alarm.namespace.starts_with("Gridbid/") && namespace.is_empty();
            let is_of_subject = is_own || alarm.subjects.iter().any(|other| other.contains(subject));
            is_named && (is_own || alarm.namespace == namespace) && is_of_subject
        })
    }
}

impl Filter {
    fn read(block: &Block) -> Self {
        let group = &block.attributes["log_group_name"];
        let function = Function::ALL.into_iter().find(|function| group.contains(&function.name().replace('-', "_")));
        let metric = block.find(&|block| block.header.starts_with("metric_transformation"))[0];
        let text = |block: &Block, name: &str| unquote(&block.attributes[name]);
        Self {
            function,
            pattern: Pattern::parse(&text(block, "pattern")),
            metric: text(metric, "name"),
            value: text(metric, "value"),
        }
    }

    /// The value that a line of a function's log adds to the metric.
    pub fn value_of(&self, line: &Value) -> Option<f64> {
        if !self.pattern.matches(line) {
            return None;
        }
        match self.value.strip_prefix("$.") {
            Some(field) => line[field].as_f64(),
            None => Some(self.value.parse().unwrap()),
        }
    }
}

impl Alarm {
    /// `None` for the alarms on latencies, whose limit is a variable, and on the absence of values.
    fn read(block: &Block, file: &Block, filters: &BTreeMap<String, Filter>, queues: &[String]) -> Option<Self> {
        // A resource over locals has what these do not.
        let resource =
            file.find(&|block| block.attributes.get("namespace").is_some_and(|text| text.starts_with("each.")));
        let attribute = |name: &str| {
            let of_resource = || resource.iter().find_map(|block| block.attributes.get(name));
            block.attributes.get(name).or_else(of_resource).map(String::as_str)
        };
        let number = |name: &str| attribute(name).and_then(|text| text.parse::<u64>().ok());
        if attribute("comparison_operator") != Some("\"GreaterThanOrEqualToThreshold\"") {
            return None;
        }
        let threshold = attribute("threshold")?.parse().ok()?;
        let name = &block.attributes["metric_name"];
        let filter = Regex::new(r"aws_cloudwatch_log_metric_filter\.(\w+)\[").unwrap();
        let (namespace, metrics) = match filter.captures(name) {
            Some(captures) => ("Gridbid/".to_owned(), vec![filters[&captures[1]].metric.clone()]),
            None if name == "each.value" => {
                (unquote(&block.attributes["namespace"]), quoted(&block.attributes["for_each"]))
            }
            None => (unquote(&block.attributes["namespace"]), vec![unquote(name)]),
        };
        let dimensions = block.attributes.get("dimensions").cloned().unwrap_or_default();
        let subjects = if dimensions.contains("each.value") { queues.to_vec() } else { vec![dimensions] };
        let evaluation_periods = number("evaluation_periods")?;
        Some(Self {
            namespace,
            metrics,
            subjects,
            threshold,
            is_sum: attribute("statistic") == Some("\"Sum\""),
            period: number("period"),
            evaluation_periods,
            datapoints: block
                .attributes
                .get("datapoints_to_alarm")
                .map_or(evaluation_periods, |text| text.parse().unwrap()),
        })
    }

    /// Whether it is raised by these values, at their seconds.
    pub fn is_raised(&self, values: &[(u64, f64)], schedule_period: u64) -> bool {
        let period = self.period.unwrap_or(schedule_period);
        let mut windows: BTreeMap<u64, f64> = BTreeMap::new();
        for (second, value) in values {
            let window = windows.entry(second / period).or_default();
            *window = if self.is_sum { *window + value } else { window.max(*value) };
        }
        let breaching: Vec<u64> =
            windows.into_iter().filter(|(_, value)| *value >= self.threshold).map(|(window, _)| window).collect();
        let needed = self.datapoints as usize;
        breaching.windows(needed).any(|windows| windows[needed - 1] - windows[0] < self.evaluation_periods)
    }
}

/// The condition of a metric filter on lines of JSON.
#[derive(Debug, PartialEq)]
pub enum Pattern {
    Compare { path: Vec<String>, operator: String, operand: Operand },
    All(Vec<Pattern>),
    Any(Vec<Pattern>),
}

/// What a field is compared with.
#[derive(Debug, PartialEq)]
pub enum Operand {
    Anything,
    Number(f64),
    Text(String),
}

impl Pattern {
    /// Parses `{ … }`.
    fn parse(text: &str) -> Self {
        let tokens = Regex::new(r#""[^"]*"|\$[.\w]+|[0-9.]+|&&|\|\||[<>!]=|[{}()=<>*]"#).unwrap();
        let tokens: Vec<&str> = tokens.find_iter(text).map(|token| token.as_str()).collect();
        let ["{", inner @ .., "}"] = &tokens[..] else { panic!("`{text}` is not a pattern on JSON") };
        let known: usize = tokens.iter().map(|token| token.len()).sum();
        assert_eq!(known, text.split_whitespace().map(str::len).sum::<usize>(), "`{text}` has other tokens");
        let mut parser = PatternParser { tokens: inner, at: 0 };
        let pattern = parser.any();
        assert_eq!(parser.at, inner.len(), "`{text}` has another form");
        pattern
    }

    pub fn matches(&self, line: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(line)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(line)),
            Self::Compare { path, operator, operand } => {
                let found = path.iter().try_fold(line, |value, name| value.get(name));
                let Some(found) = found.filter(|value| !value.is_null()) else { return false };
                match (operand, operator.as_str()) {
                    (Operand::Anything, "=") => true,
                    (Operand::Text(text), "=") => found.as_str() == Some(text),
                    (Operand::Number(number), operator) => found.as_f64().is_some_and(|found| match operator {
                        ">" => found > *number,
                        ">=" => found >= *number,
                        other => panic!("the operator `{other}`"),
                    }),
                    (operand, operator) => panic!("{operator} of {operand:?}"),
                }
            }
        }
    }
}

struct PatternParser<'a> {
    tokens: &'a [&'a str],
    at: usize,
}

impl PatternParser<'_> {
    fn next(&mut self) -> &str {
        self.at += 1;
        self.tokens[self.at - 1]
    }

    fn is_next(&self, token: &str) -> bool {
        self.tokens.get(self.at) == Some(&token)
    }

    fn any(&mut self) -> Pattern {
        let mut parts = vec![self.all()];
        while self.is_next("||") {
            self.at += 1;
            parts.push(self.all());
        }
        if parts.len() == 1 { parts.remove(0) } else { Pattern::Any(parts) }
    }

    fn all(&mut self) -> Pattern {
        let mut parts = vec![self.comparison()];
        while self.is_next("&&") {
            self.at += 1;
            parts.push(self.comparison());
        }
        if parts.len() == 1 { parts.remove(0) } else { Pattern::All(parts) }
    }

    fn comparison(&mut self) -> Pattern {
        if self.is_next("(") {
            self.at += 1;
            let inner = self.any();
            assert_eq!(self.next(), ")");
            return inner;
        }
        let field = self.next().strip_prefix("$.").unwrap();
        let path = field.split('.').map(str::to_owned).collect();
        let operator = self.next().to_owned();
        let operand = match self.next() {
            "*" => Operand::Anything,
            text if text.starts_with('"') => Operand::Text(unquote(text)),
            number => Operand::Number(number.parse().unwrap()),
        };
        Pattern::Compare { path, operator, operand }
    }
}

/// A block of Terraform's language, with its attributes of one line as text.
#[derive(Debug, Default)]
struct Block {
    /// The text before its bracket.
    header: String,
    attributes: BTreeMap<String, String>,
    blocks: Vec<Self>,
}

impl Block {
    fn parse(text: &str) -> Self {
        let texts = Regex::new(r#""[^"]*""#).unwrap();
        let attribute = Regex::new(r#"^"?([\w-]+)"?\s+=\s+(.+)$"#).unwrap();
        let mut open = vec![Self::default()];
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let code = texts.replace_all(line, "");
            let closing = code.chars().take_while(|c| matches!(c, '}' | ']' | ')')).count();
            let rest = &code[closing..];
            let count = |brackets: &[char]| rest.chars().filter(|c| brackets.contains(c)).count();
            let (opened, closed) = (count(&['{', '[', '(']), count(&['}', ']', ')']));
            for _ in 0..closing + closed.saturating_sub(opened) {
                let block = open.pop().unwrap();
                open.last_mut().unwrap().blocks.push(block);
            }
            for number in 0..opened.saturating_sub(closed) {
                let header = if number == 0 { line.trim_end_matches(['{', '[', '(']).trim() } else { "" };
                open.push(Self { header: header.to_owned(), ..Self::default() });
            }
            if closing == 0
                && opened == closed
                && let Some(captures) = attribute.captures(line)
            {
                open.last_mut().unwrap().attributes.insert(captures[1].to_owned(), captures[2].to_owned());
            }
        }
        assert_eq!(open.len(), 1, "a file has an open bracket");
        open.remove(0)
    }

    /// All blocks at any depth that fulfil a condition.
    fn find<'b>(&'b self, is_wanted: &dyn Fn(&Self) -> bool) -> Vec<&'b Self> {
        let own = is_wanted(self).then_some(self);
        own.into_iter().chain(self.blocks.iter().flat_map(|block| block.find(is_wanted))).collect()
    }
}

/// The texts in quotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn unquote(text: &str) -> String {
    text.trim_matches('"').replace("\\\"", "\"")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pattern_selects_lines() {
        let pattern =
            Pattern::parse(r#"{ ($.outcome = "fault") || ($.type = "report" && $.record.status = "timeout") }"#);
        assert!(pattern.matches(&json!({"outcome": "fault"})));
        assert!(!pattern.matches(&json!({"outcome": "ok", "type": "report", "record": {"status": "success"}})));
        assert!(pattern.matches(&json!({"type": "report", "record": {"status": "timeout"}})));
        let counted = Pattern::parse("{ $.count >= 2 && $.run = * }");
        assert!(counted.matches(&json!({"count": 2, "run": "a"})));
        assert!(!counted.matches(&json!({"count": 1, "run": "a"})));
        assert!(!counted.matches(&json!({"count": 2, "run": null})));
    }

    #[test]
    fn alarm_needs_its_datapoints_within_its_periods() {
        let alarm = |datapoints, evaluation_periods, is_sum| Alarm {
            namespace: String::new(),
            metrics: Vec::new(),
            subjects: Vec::new(),
            threshold: 2.0,
            is_sum,
            period: Some(60),
            evaluation_periods,
            datapoints,
        };
        let values = [(0, 1.0), (59, 1.0), (130, 2.0)];
        assert!(alarm(1, 1, true).is_raised(&values, 300));
        assert!(!alarm(2, 2, true).is_raised(&values, 300));
        assert!(alarm(2, 3, true).is_raised(&values, 300));
        assert!(!alarm(2, 3, false).is_raised(&values, 300));
        assert!(!alarm(1, 1, false).is_raised(&values[..2], 300));
    }

    #[test]
    fn declarations_are_read() {
        let Monitoring { filters, alarms, rule } = &*MONITORING;
        let names: Vec<(&str, Option<Function>)> =
            filters.iter().map(|filter| (filter.metric.as_str(), filter.function)).collect();
        assert_eq!(
            names,
            [
                ("${var.name}-faults", None),
                ("runs-closed", Some(Function::CloseRun)),
                ("open-slots", Some(Function::CollectResults)),
                ("orders-deferred", Some(Function::SubmitOrders)),
            ]
        );
        assert!(alarms.len() >= 14, "{alarms:?}");
        assert!(rule.matches("FAILED", "LeaseLost") && rule.matches("ABORTED", "") && rule.matches("TIMED_OUT", ""));
        assert!(!rule.matches("FAILED", "OrdersFailed") && !rule.matches("SUCCEEDED", ""));
    }
}
