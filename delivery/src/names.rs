//! Names that are valid once they are parsed: a release, an environment, a function.
//!
//! They become parts of keys and paths, so nothing but plain letters, digits and a few marks gets in. Called by the command
//! line and by every document that is read.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is no such name.
#[derive(Debug, thiserror::Error)]
#[error("`{given}` is not {what}")]
pub(crate) struct NoName {
    given: String,
    what: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub(crate) struct $name(String);

        impl $name {
            /// The text.
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NoName;

            fn from_str(text: &str) -> Result<Self, NoName> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.to_owned())) } else { Err(NoName { given: text.to_owned(), what: $what }) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NoName;

            fn try_from(text: String) -> Result<Self, NoName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    };
}

name! {
    /// A release: the git commit that it was built from.
    ReleaseId, "a release: the 40 hex digits of a git commit", |text| text.len() == 40 && text.bytes().all(is_hex)
}

name! {
    /// An environment, such as `dev`.
    EnvironmentName, "an environment: small letters, digits and hyphens, such as dev", is_label
}

impl EnvironmentName {
    /// Whether this is the environment on a laptop's local cloud.
    pub(crate) fn is_local(&self) -> bool {
        self.as_str() == "local"
    }
}

name! {
    /// A function's own name, that of its folder.
    FunctionName, "a function: small letters, digits and hyphens, such as orders-api", is_label
}

name! {
    /// A SHA-256 in hex.
    Sha256, "a SHA-256 in small hex digits", |text| text.len() == 64 && text.bytes().all(is_hex)
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

fn is_label(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_nothing_that_leads_out_of_a_folder() {
        assert!("dev".parse::<EnvironmentName>().is_ok());
        for wrong in ["", "Dev", "../prod", "a/b", "dev ", "1dev"] {
            assert!(wrong.parse::<EnvironmentName>().is_err(), "{wrong}");
            assert!(wrong.parse::<FunctionName>().is_err(), "{wrong}");
        }
        assert!("0123456789abcdef0123456789abcdef01234567".parse::<ReleaseId>().is_ok());
        for wrong in ["latest", "0123456", "0123456789ABCDEF0123456789ABCDEF01234567"] {
            assert!(wrong.parse::<ReleaseId>().unwrap_err().to_string().contains("40 hex digits"), "{wrong}");
        }
    }
}
