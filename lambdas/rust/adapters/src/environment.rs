//! Configuration from the environment, read and checked once at a function's start.
//!
//! Every name that is missing or has a value that cannot be is collected, so that a failed start lists all of them at
//! once; [`Environment::finish`] hands the configuration out only if there is none. An empty value counts as absent,
//! because Terraform cannot unset a variable conditionally. Values are never part of a problem: one may be a secret.

use std::{collections::BTreeMap, str::FromStr};

/// The names and values that a function is started with, and what was found wrong with them so far.
pub struct Environment {
    variables: BTreeMap<String, String>,
    problems: Vec<Problem>,
}

/// One name that keeps a function from starting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} {what}")]
pub struct Problem {
    /// The variable.
    pub name: &'static str,
    /// What is wrong with it.
    pub what: &'static str,
}

/// Everything that is wrong with an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentError {
    /// At least one, in the order in which the names were asked for.
    pub problems: Vec<Problem>,
}

impl std::error::Error for EnvironmentError {}

impl std::fmt::Display for EnvironmentError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("the environment is not complete: ")?;
        for (at, problem) in self.problems.iter().enumerate() {
            write!(out, "{}{problem}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

const MISSING: &str = "is missing";

impl Environment {
    /// The environment of this process; what is not UTF-8 counts as absent.
    #[must_use]
    pub fn of_process() -> Self {
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self { variables: variables.collect(), problems: Vec::new() }
    }

    /// An environment of these names and values, for tests.
    #[must_use]
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { variables: variables.collect(), problems: Vec::new() }
    }

    /// A value that may be absent.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<String> {
        self.variables.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// A value that has to be there; a missing one is noted and read as empty.
    pub fn required(&mut self, name: &'static str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.problem(name, MISSING);
            String::new()
        })
    }

    /// A value that may be absent and otherwise has to be of this type; `what` says of which, as in `is not a number`.
    pub fn parsed<T: FromStr>(&mut self, name: &'static str, what: &'static str) -> Option<T> {
        let value = self.optional(name)?.parse().ok();
        if value.is_none() {
            self.problem(name, what);
        }
        value
    }

    /// An address that may be absent: `http://` or `https://`, a host, and whatever follows.
    pub fn address(&mut self, name: &'static str) -> Option<String> {
        let value = self.optional(name)?;
        if is_address(&value) {
            return Some(value);
        }
        self.problem(name, "is not an http or https address");
        None
    }

    /// Notes something wrong with a name; once is enough, however often the name is asked for.
    pub fn problem(&mut self, name: &'static str, what: &'static str) {
        let problem = Problem { name, what };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Hands out what was read, if nothing was wrong.
    ///
    /// # Errors
    /// Everything that was noted.
    pub fn finish<T>(&mut self, value: T) -> Result<T, EnvironmentError> {
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(EnvironmentError { problems: std::mem::take(&mut self.problems) })
        }
    }
}

/// Whether a text is an address that can be called.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.and_then(|rest| rest.split(['/', '?', '#']).next()).is_some_and(|host| !host.is_empty())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_listed_at_once() {
        let mut environment =
            Environment::of(&[("ORDERS_TABLE", ""), ("PERCENT", "many"), ("URL", "ftp://x"), ("FINE", "1")]);
        assert_eq!(environment.required("ORDERS_TABLE"), "");
        assert_eq!(environment.required("ORDERS_TABLE"), "");
        assert_eq!(environment.required("GRIDBID_ENVIRONMENT"), "");
        assert_eq!(environment.parsed::<u8>("PERCENT", "is not a number"), None);
        assert_eq!(environment.parsed::<u8>("FINE", "is not a number"), Some(1));
        assert_eq!(environment.address("URL"), None);
        let error = environment.finish(()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment is not complete: ORDERS_TABLE is missing, GRIDBID_ENVIRONMENT is missing, \
             PERCENT is not a number, URL is not an http or https address"
        );
    }

    #[test]
    fn a_complete_environment_hands_out_its_values() {
        let mut environment = Environment::of(&[("ORDERS_TABLE", "orders"), ("URL", "http://127.0.0.1:4566")]);
        let values = (environment.required("ORDERS_TABLE"), environment.address("URL"), environment.optional("NONE"));
        assert_eq!(
            environment.finish(values),
            Ok(("orders".to_owned(), Some("http://127.0.0.1:4566".to_owned()), None))
        );
    }

    #[test]
    fn addresses_have_a_scheme_and_a_host() {
        for good in ["http://a", "https://a/b?c", "http://127.0.0.1:4566/"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "a", "https://", "https:///b", "http://a b", "file:///a", "HTTP//a"] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
