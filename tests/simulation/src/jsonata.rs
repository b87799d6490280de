//! The subset of JSONata that the state machine uses.
//!
//! An operator, function or form outside of the subset is an error, so that an expression is either evaluated as Step
//! Functions does or not at all. The crates were considered in November 2026: `jsonata-core` enables
//! `serde_json/preserve_order` for the whole workspace, with which the tests of the functions would no longer run what is
//! deployed; `jsonata-rs` binds its own `$millis` over a registered one, which would tie runs to the system's clock.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use gridbid_core::expiry::Timestamp;
use regex_lite::Regex;
use serde_json::{Map, Value, json};

/// Variables by name, without the dollar sign.
pub type Variables = BTreeMap<String, Value>;

/// What an expression can read.
pub struct Environment<'a> {
    /// The assigned variables.
    pub variables: &'a Variables,
    /// `$states`.
    pub states: &'a Value,
    /// `$millis()`.
    pub millis: u64,
    /// `$random()`, from 0 to below 1.
    pub random: f64,
}

/// Evaluates every `{% … %}` of a JSON template.
pub fn fill_in(template: &Value, environment: &Environment<'_>) -> Result<Value, String> {
    match template {
        Value::String(text) if text.contains("{%") => {
            evaluate(text, environment)?.ok_or_else(|| format!("`{text}` has no value"))
        }
        Value::Array(values) => values.iter().map(|value| fill_in(value, environment)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| Ok((name.clone(), fill_in(value, environment)?))).collect()
        }
        literal => Ok(literal.clone()),
    }
}

thread_local! {
    /// Parsed expressions by their text.
    static PARSED: RefCell<BTreeMap<String, Rc<Expression>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Evaluates a text `{% … %}`; `None` is JSONata's undefined.
pub fn evaluate(text: &str, environment: &Environment<'_>) -> Result<Option<Value>, String> {
    let known = PARSED.with_borrow(|parsed| parsed.get(text).cloned());
    let expression = match known {
        Some(expression) => expression,
        None => {
            let expression = Rc::new(parse(text)?);
            PARSED.with_borrow_mut(|parsed| parsed.insert(text.to_owned(), Rc::clone(&expression)));
            expression
        }
    };
    value_of(&expression, environment, None).map_err(|error| format!("{error} in `{text}`"))
}

/// Parses a text `{% … %}`.
pub fn parse(text: &str) -> Result<Expression, String> {
    let inner = text.strip_prefix("{%").and_then(|text| text.strip_suffix("%}"));
    let inner = inner.ok_or_else(|| format!("`{text}` is not one expression"))?;
    let mut parser = Parser { text: inner, at: 0 };
    let expression = parser.expression(0).map_err(|error| format!("{error} at {} of `{inner}`", parser.at))?;
    parser.skip_space();
    if parser.at == inner.len() {
        Ok(expression)
    } else {
        Err(format!("unexpected text at {} of `{inner}`", parser.at))
    }
}

#[derive(Debug)]
pub enum Expression {
    Literal(Value),
    Pattern(Regex),
    Variable(String),
    Field(Box<Self>, String),
    Call(String, Vec<Self>),
    Binary(&'static str, Box<Self>, Box<Self>),
    Conditional(Box<Self>, Box<Self>, Box<Self>),
    Assign(String, Box<Self>),
    Block(Vec<Self>),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// Operators with their binding power, the longer of two with a common start first.
const OPERATORS: [(&str, u8); 14] = [
    ("?", 20),
    ("or", 25),
    ("and", 30),
    ("!=", 40),
    ("<=", 40),
    (">=", 40),
    ("=", 40),
    ("<", 40),
    (">", 40),
    ("&", 50),
    ("+", 50),
    ("-", 50),
    ("*", 60),
    ("/", 60),
];
const FIELD_POWER: u8 = 75;

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        let is_next = self.rest().starts_with(token);
        if is_next {
            self.at += token.len();
        }
        is_next
    }

    fn require(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) { Ok(()) } else { Err(format!("expected `{token}`")) }
    }

    fn name(&mut self) -> Result<String, String> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        self.at += end;
        if name.is_empty() { Err("expected a name".to_owned()) } else { Ok(name) }
    }

    fn operator(&mut self) -> Option<(&'static str, u8)> {
        self.skip_space();
        let rest = self.rest();
        OPERATORS.into_iter().find(|(operator, _)| {
            let is_word = operator.chars().all(char::is_alphabetic);
            let after = rest.strip_prefix(operator).map(|rest| rest.chars().next().unwrap_or(' '));
            after.is_some_and(|after| !is_word || !after.is_alphanumeric())
        })
    }

    fn expression(&mut self, power: u8) -> Result<Expression, String> {
        let mut left = self.operand()?;
        loop {
            self.skip_space();
            if power < FIELD_POWER && self.take(".") {
                left = Expression::Field(Box::new(left), self.name()?);
                continue;
            }
            let Some((operator, binding)) = self.operator().filter(|(_, binding)| *binding > power) else {
                return Ok(left);
            };
            self.at += operator.len();
            if operator == "?" {
                let then = self.expression(0)?;
                self.require(":")?;
                let otherwise = self.expression(0)?;
                left = Expression::Conditional(Box::new(left), Box::new(then), Box::new(otherwise));
            } else {
                left = Expression::Binary(operator, Box::new(left), Box::new(self.expression(binding)?));
            }
        }
    }

    fn list(&mut self, separator: &str, end: &str) -> Result<Vec<Expression>, String> {
        let mut list = Vec::new();
        while !self.take(end) {
            if !list.is_empty() {
                self.require(separator)?;
            }
            list.push(self.expression(0)?);
        }
        Ok(list)
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let rest = self.rest();
        let end = rest.find(quote).ok_or("the text has no end")?;
        let text = rest[..end].to_owned();
        if quote != '/' && text.contains('\\') {
            return Err("an escape in a text".to_owned());
        }
        self.at += end + 1;
        Ok(text)
    }

    fn operand(&mut self) -> Result<Expression, String> {
        self.skip_space();
        let first = self.rest().chars().next().ok_or("the expression has no end")?;
        if first.is_ascii_digit() {
            let rest = self.rest();
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let number: u64 = rest[..end].parse().map_err(|_| "a number is too large")?;
            self.at += end;
            return Ok(Expression::Literal(json!(number)));
        }
        self.at += first.len_utf8();
        Ok(match first {
            '\'' | '"' => Expression::Literal(self.quoted(first)?.into()),
            '/' => Expression::Pattern(Regex::new(&self.quoted('/')?).map_err(|error| error.to_string())?),
            '(' => Expression::Block(self.list(";", ")")?),
            '[' => Expression::Array(self.list(",", "]")?),
            '{' => {
                let mut members = Vec::new();
                while !self.take("}") {
                    if !members.is_empty() {
                        self.require(",")?;
                    }
                    self.require("'")?;
                    let name = self.quoted('\'')?;
                    self.require(":")?;
                    members.push((name, self.expression(0)?));
                }
                Expression::Object(members)
            }
            '$' => {
                let name = self.name()?;
                if self.take("(") {
                    Expression::Call(name, self.list(",", ")")?)
                } else if self.take(":=") {
                    Expression::Assign(name, Box::new(self.expression(0)?))
                } else {
                    Expression::Variable(name)
                }
            }
            _ => {
                self.at -= first.len_utf8();
                match self.name()?.as_str() {
                    "true" => Expression::Literal(Value::Bool(true)),
                    "false" => Expression::Literal(Value::Bool(false)),
                    "null" => Expression::Literal(Value::Null),
                    name => return Err(format!("`{name}` reads the context, which Step Functions does not set")),
                }
            }
        })
    }
}

/// A variable of a block, and those before it.
struct Scope<'a> {
    name: &'a str,
    value: Option<Value>,
    outer: Option<&'a Self>,
}

/// The value that an expression refers to, without a copy; `None` for any other expression.
fn place_of<'v>(
    expression: &Expression,
    environment: &'v Environment<'_>,
    scope: Option<&'v Scope<'_>>,
) -> Result<Option<Option<&'v Value>>, String> {
    match expression {
        Expression::Variable(name) => {
            let mut inner = scope;
            while let Some(scope) = inner {
                if scope.name == name {
                    return Ok(Some(scope.value.as_ref()));
                }
                inner = scope.outer;
            }
            if name == "states" {
                return Ok(Some(Some(environment.states)));
            }
            let value = environment.variables.get(name).ok_or_else(|| format!("`${name}` is not assigned"))?;
            Ok(Some(Some(value)))
        }
        Expression::Field(object, name) => match place_of(object, environment, scope)? {
            Some(Some(Value::Array(_))) => Err(format!("`.{name}` of an array")),
            Some(object) => Ok(Some(object.and_then(|object| object.get(name)))),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

fn value_of(
    expression: &Expression,
    environment: &Environment<'_>,
    scope: Option<&Scope<'_>>,
) -> Result<Option<Value>, String> {
    if let Some(place) = place_of(expression, environment, scope)? {
        return Ok(place.cloned());
    }
    let value = |expression: &Expression| value_of(expression, environment, scope);
    Ok(match expression {
        Expression::Literal(literal) => Some(literal.clone()),
        Expression::Variable(_) | Expression::Pattern(_) => return Err("a pattern that is not an argument".to_owned()),
        Expression::Field(object, name) => value(object)?.and_then(|object| object.get(name).cloned()),
        Expression::Conditional(condition, then, otherwise) => {
            value(if is_true(value(condition)?.as_ref()) { then } else { otherwise })?
        }
        Expression::Assign(..) => return Err("an assignment outside of a block".to_owned()),
        Expression::Block(expressions) => return block(expressions, environment, scope),
        Expression::Array(items) => {
            let items: Vec<_> = items.iter().map(value).collect::<Result<_, _>>()?;
            Some(items.into_iter().flatten().collect())
        }
        Expression::Object(members) => {
            let mut object = Map::new();
            for (name, member) in members {
                // A member without a value is left out.
                object.extend(value(member)?.map(|value| (name.clone(), value)));
            }
            Some(Value::Object(object))
        }
        Expression::Binary("and", left, right) => {
            Some(Value::Bool(is_true(value(left)?.as_ref()) && is_true(value(right)?.as_ref())))
        }
        Expression::Binary("or", left, right) => {
            Some(Value::Bool(is_true(value(left)?.as_ref()) || is_true(value(right)?.as_ref())))
        }
        Expression::Binary(operator, left, right) => binary(operator, value(left)?, value(right)?)?,
        Expression::Call(name, arguments) => call(name, arguments, environment, scope)?,
    })
}

fn block(
    expressions: &[Expression],
    environment: &Environment<'_>,
    scope: Option<&Scope<'_>>,
) -> Result<Option<Value>, String> {
    match expressions {
        [] => Ok(None),
        [Expression::Assign(name, assigned), rest @ ..] => {
            let inner = Scope { name, value: value_of(assigned, environment, scope)?, outer: scope };
            block(rest, environment, Some(&inner))
        }
        [last] => value_of(last, environment, scope),
        [_, ..] => Err("a block with an unused value".to_owned()),
    }
}

fn is_true(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(value)) => *value,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(values)) => values.iter().any(|value| is_true(Some(value))),
        Some(Value::Object(members)) => !members.is_empty(),
    }
}

fn number(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT { json!(number as i64) } else { json!(number) }
}

fn as_number(value: &Value) -> Result<f64, String> {
    value.as_f64().ok_or_else(|| format!("`{value}` is not a number"))
}

fn as_text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("`{value}` is not a text"))
}

fn to_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn binary(operator: &str, left: Option<Value>, right: Option<Value>) -> Result<Option<Value>, String> {
    if operator == "&" {
        let text = |value: Option<Value>| value.as_ref().map(to_text).unwrap_or_default();
        return Ok(Some(Value::String(text(left) + &text(right))));
    }
    let (Some(left), Some(right)) = (left, right) else {
        // Nothing equals an absent value; anything else of it is absent.
        return Ok((operator == "=").then_some(Value::Bool(false)));
    };
    if operator == "=" {
        return Ok(Some(Value::Bool(left == right)));
    }
    let (left, right) = (as_number(&left)?, as_number(&right)?);
    Ok(Some(match operator {
        "<" => Value::Bool(left < right),
        ">" => Value::Bool(left > right),
        "+" => number(left + right),
        "-" => number(left - right),
        "*" => number(left * right),
        "/" => number(left / right),
        _ => return Err(format!("the operator `{operator}`")),
    }))
}

fn call(
    name: &str,
    arguments: &[Expression],
    environment: &Environment<'_>,
    scope: Option<&Scope<'_>>,
) -> Result<Option<Value>, String> {
    match (name, arguments) {
        ("millis", []) => return Ok(Some(json!(environment.millis))),
        ("random", []) => return Ok(Some(json!(environment.random))),
        _ => {}
    }
    let [first, others @ ..] = arguments else { return Err(format!("`${name}` without arguments")) };
    let copy;
    let first = match place_of(first, environment, scope)? {
        Some(place) => place,
        None => {
            copy = value_of(first, environment, scope)?;
            copy.as_ref()
        }
    };
    if name == "exists" {
        return Ok(Some(Value::Bool(first.is_some())));
    }
    // Functions of an absent value are absent.
    let Some(first) = first else { return Ok((name == "count").then(|| json!(0))) };
    let other = |argument: &Expression| {
        value_of(argument, environment, scope)?.ok_or_else(|| format!("an argument of `${name}` has no value"))
    };
    Ok(Some(match (name, others) {
        ("type", []) => json!(match first {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        }),
        ("count", []) => json!(first.as_array().map_or(1, Vec::len)),
        ("floor", []) => number(as_number(first)?.floor()),
        ("ceil", []) => number(as_number(first)?.ceil()),
        ("string", []) => json!(to_text(first)),
        ("number", []) => number(match first {
            Value::String(text) => text.parse().map_err(|_| format!("`{text}` is not a number"))?,
            other => as_number(other)?,
        }),
        ("min", []) => {
            let numbers = first.as_array().ok_or("`$min` of one value")?.iter().map(as_number);
            let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
            number(numbers.into_iter().reduce(f64::min).ok_or("`$min` of nothing")?)
        }
        ("merge", []) => {
            let mut merged = Map::new();
            for object in first.as_array().ok_or("`$merge` of one value")? {
                merged.extend(object.as_object().ok_or("`$merge` of a value that is not an object")?.clone());
            }
            Value::Object(merged)
        }
        ("parse", []) => serde_json::from_str(as_text(first)?).map_err(|error| format!("`$parse`: {error}"))?,
        ("toMillis", []) => {
            let text = as_text(first)?;
            let (seconds, millis) = text.strip_suffix('Z').and_then(|text| text.split_once('.')).unwrap_or((text, "0"));
            let instant = Timestamp::parse(&format!("{}Z", seconds.trim_end_matches('Z')));
            let instant = instant.ok_or_else(|| format!("`{text}` is not a time"))?;
            let millis: u64 = millis.parse().map_err(|_| format!("`{text}` is not a time"))?;
            json!(instant.unix_seconds() * 1_000 + millis)
        }
        ("fromMillis", []) => {
            let millis = first.as_u64().ok_or("`$fromMillis` of another value")?;
            let seconds = Timestamp::from_unix_seconds(millis / 1_000).to_string();
            json!(format!("{}.{:03}Z", seconds.trim_end_matches('Z'), millis % 1_000))
        }
        ("substring", [start, length]) => {
            let (start, length) = (as_number(&other(start)?)? as usize, as_number(&other(length)?)? as usize);
            json!(as_text(first)?.chars().skip(start).take(length).collect::<String>())
        }
        ("contains", [Expression::Pattern(pattern)]) => json!(pattern.is_match(as_text(first)?)),
        ("replace", [Expression::Pattern(pattern), with]) => {
            let with = other(with)?;
            json!(pattern.replace_all(as_text(first)?, regex_lite::NoExpand(as_text(&with)?)))
        }
        _ => return Err(format!("`${name}` with {} arguments", arguments.len())),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(expression: &str) -> Result<Option<Value>, String> {
        let variables = Variables::from([("n".to_owned(), json!(7)), ("none".to_owned(), Value::Null)]);
        let states = json!({"input": {"orders": [1, 2], "text": "a\"b"}});
        let environment =
            Environment { variables: &variables, states: &states, millis: 1_795_331_100_123, random: 0.5 };
        evaluate(&format!("{{% {expression} %}}"), &environment)
    }

    #[test]
    fn expressions_have_the_values_of_the_specification() {
        for (expression, expected) in [
            ("1 + 2 * 3 - 4 / 2", json!(5)),
            ("'a' & 1 & $states.input.missing & true", json!("a1true")),
            ("$states.input.missing = null", json!(false)),
            ("$none = null", json!(true)),
            ("$n > 6 and $n < 8 or false", json!(true)),
            ("$states.input.missing ? 1 : '' ? 2 : 'x' ? 3 : 4", json!(3)),
            ("( $a := $n; $b := $a + 1; $a * $b )", json!(56)),
            ("$merge([{'a': 1, 'none': $states.input.missing}, {'b': 2}])", json!({"a": 1, "b": 2})),
            ("$type($states.input.orders) & $type($none) & $type({})", json!("arraynullobject")),
            ("$count($states.input.orders) + $count($states.input.missing)", json!(2)),
            (
                "$substring($fromMillis($floor($millis() / 300000) * 300000), 0, 19) & 'Z'",
                json!("2026-11-22T07:05:00Z"),
            ),
            ("$toMillis('2026-11-22T07:05:00.123Z')", json!(1_795_331_100_123_u64)),
            ("$replace('aébc', /[^a-b]/, '.')", json!("a.b.")),
            ("$contains('{\"errorMessage\":1}', /^[{].*\"errorMessage\".*[}]$/)", json!(true)),
            ("$parse('{\"a\":[1]}').a", json!([1])),
            ("$string($min([3, 2.5 + 0]))", json!("2.5")),
        ] {
            let expression = expression.replace("2.5 + 0", "5 / 2");
            assert_eq!(run(&expression), Ok(Some(expected)), "{expression}");
        }
        assert_eq!(run("$states.input.missing"), Ok(None));
        assert_eq!(run("$contains($string($states.input.missing), /a/)"), Ok(None));
    }

    #[test]
    fn anything_else_is_an_error() {
        for expression in [
            "orders",
            "$sum([1])",
            "$n[0]",
            "$n ~> $string",
            "$undefined",
            "1 % 2",
            "$states.input.orders.a",
            "$n := 1",
            "'a' < 'b'",
        ] {
            assert!(run(expression).is_err(), "{expression}: {:?}", run(expression));
        }
    }

    #[test]
    fn every_expression_of_the_state_machine_is_understood() {
        fn check(value: &Value, count: &mut u32) {
            match value {
                Value::String(text) if text.contains("{%") => {
                    *count += 1;
                    parse(text).unwrap();
                }
                Value::Array(values) => values.iter().for_each(|value| check(value, count)),
                Value::Object(members) => members.values().for_each(|value| check(value, count)),
                _ => {}
            }
        }
        let mut count = 0;
        check(&serde_json::from_str(crate::machine::DEFINITION).unwrap(), &mut count);
        assert!(count > 80, "{count} expressions");
    }
}
