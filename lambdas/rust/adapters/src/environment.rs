//! Configuration from environment variables, read and checked once at a function's start.
//!
//! Problems are collected, so that a failed start lists every missing or invalid variable; [`Environment::finish`] returns
//! the configuration only if there is none. An empty value counts as absent, because Terraform cannot unset a variable
//! conditionally. A problem never contains a value, which may be a secret.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    num::NonZeroU16,
    str::FromStr,
};

/// The variables, and the problems found in them so far.
///
/// ```
/// use gridbid_adapters::environment::Environment;
///
/// let mut environment = Environment::from_pairs(&[("URL", "ftp://a")]);
/// let table = environment.required("ORDERS_TABLE");
/// let url = environment.url("URL");
/// assert_eq!(
///     environment.finish((table, url)).unwrap_err().to_string(),
///     "the environment is not complete: ORDERS_TABLE is missing, URL is not an http or https URL"
/// );
/// ```
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    problems: Vec<Problem>,
}

/// A variable that prevents a function from starting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} {what}")]
pub struct Problem {
    /// The variable.
    pub name: &'static str,
    /// The problem, as a predicate.
    pub what: &'static str,
}

/// Every problem of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentError {
    /// At least one, in the order in which the variables were read.
    pub problems: Vec<Problem>,
}

impl std::error::Error for EnvironmentError {}

impl std::fmt::Display for EnvironmentError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("the environment is not complete: ")?;
        for (index, problem) in self.problems.iter().enumerate() {
            write!(out, "{}{problem}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn from_process() -> Self {
        Self { variables: std::env::vars_os().collect(), problems: Vec::new() }
    }

    /// An environment with these variables, for tests.
    #[must_use]
    pub fn from_pairs(variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Self { variables: variables.collect(), problems: Vec::new() }
    }

    /// Reads an optional variable. A value that is not UTF-8 is a problem.
    pub fn optional(&mut self, name: &'static str) -> Option<String> {
        let value = self.variables.get(OsStr::new(name)).filter(|value| !value.is_empty())?;
        let text = value.to_str().map(str::to_owned);
        if text.is_none() {
            self.add_problem(name, "is not UTF-8");
        }
        text
    }

    /// Reads a required variable. An absent one is a problem and reads as empty; [`Environment::finish`] then returns no
    /// configuration.
    pub fn required(&mut self, name: &'static str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.add_problem(name, "is missing");
            String::new()
        })
    }

    /// Reads an optional variable of type `T`. `what` is the problem of an invalid value, such as `is not a number`.
    pub fn parsed<T: FromStr>(&mut self, name: &'static str, what: &'static str) -> Option<T> {
        let value = self.optional(name)?.parse().ok();
        if value.is_none() {
            self.add_problem(name, what);
        }
        value
    }

    /// Reads an optional number of days for which objects are retained; zero is a problem.
    pub fn retention_days(&mut self, name: &'static str) -> Option<u16> {
        self.parsed::<NonZeroU16>(name, "is not a number of days from 1 to 65535").map(NonZeroU16::get)
    }

    /// Reads an optional http or https URL.
    pub fn url(&mut self, name: &'static str) -> Option<String> {
        let value = self.optional(name)?;
        if is_http_url(&value) {
            return Some(value);
        }
        self.add_problem(name, "is not an http or https URL");
        None
    }

    /// Reads a required http or https URL, as [`Environment::required`] reads a text.
    pub fn required_url(&mut self, name: &'static str) -> String {
        let value = self.required(name);
        if !value.is_empty() && !is_http_url(&value) {
            self.add_problem(name, "is not an http or https URL");
        }
        value
    }

    /// Adds a problem, unless the variable has one already.
    pub fn add_problem(&mut self, name: &'static str, what: &'static str) {
        if self.problems.iter().all(|problem| problem.name != name) {
            self.problems.push(Problem { name, what });
        }
    }

    /// Returns the configuration, if there was no problem.
    ///
    /// # Errors
    /// Every problem so far.
    pub fn finish<T>(&mut self, value: T) -> Result<T, EnvironmentError> {
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(EnvironmentError { problems: std::mem::take(&mut self.problems) })
        }
    }
}

/// Whether a text is an http or https URL: a scheme, a host, and no white space.
#[must_use]
pub fn is_http_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.and_then(|rest| rest.split(['/', '?', '#']).next()).is_some_and(|host| !host.is_empty())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_problems_are_listed() {
        let mut environment = Environment::from_pairs(&[
            ("ORDERS_TABLE", ""),
            ("PERCENT", "many"),
            ("URL", "ftp://x"),
            ("DAYS", "0"),
            ("FINE", "1"),
        ]);
        assert_eq!(environment.required("ORDERS_TABLE"), "");
        assert_eq!(environment.required("ORDERS_TABLE"), "");
        assert_eq!(environment.required("GRIDBID_ENVIRONMENT"), "");
        assert_eq!(environment.parsed::<u8>("PERCENT", "is not a number"), None);
        assert_eq!(environment.parsed::<u8>("FINE", "is not a number"), Some(1));
        assert_eq!(environment.url("URL"), None);
        assert_eq!(environment.retention_days("FINE"), Some(1));
        assert_eq!(environment.retention_days("DAYS"), None);
        let error = environment.finish(()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment is not complete: ORDERS_TABLE is missing, GRIDBID_ENVIRONMENT is missing, \
             PERCENT is not a number, URL is not an http or https URL, DAYS is not a number of days from 1 to 65535"
        );
    }

    #[test]
    #[cfg(unix)]
    fn value_that_is_not_utf_8_is_a_problem() {
        use std::os::unix::ffi::OsStrExt as _;
        let mut environment = Environment::from_pairs(&[]);
        environment.variables.insert("SEED".into(), OsStr::from_bytes(b"\xff").to_owned());
        assert_eq!(environment.optional("SEED"), None);
        assert_eq!(environment.required("SEED"), "");
        assert_eq!(environment.finish(()).unwrap_err().problems, [Problem { name: "SEED", what: "is not UTF-8" }]);
    }

    #[test]
    fn complete_environment_returns_its_values() {
        let mut environment = Environment::from_pairs(&[("ORDERS_TABLE", "orders"), ("URL", "http://127.0.0.1:4566")]);
        let values = (environment.required("ORDERS_TABLE"), environment.url("URL"), environment.optional("NONE"));
        assert_eq!(
            environment.finish(values),
            Ok(("orders".to_owned(), Some("http://127.0.0.1:4566".to_owned()), None))
        );
    }

    #[test]
    fn urls_need_a_scheme_and_a_host() {
        for good in ["http://a", "https://a/b?c", "http://127.0.0.1:4566/"] {
            assert!(is_http_url(good), "{good}");
        }
        for bad in ["", "a", "https://", "https:///b", "http://a b", "file:///a", "HTTP//a"] {
            assert!(!is_http_url(bad), "{bad}");
        }
    }
}
