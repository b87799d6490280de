//! Names that are validated when they are parsed: a release, an environment, a function, a file of the console.
//!
//! They become parts of object keys and paths, so no name leads out of its folder.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not a valid name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not {expected}")]
pub struct InvalidName {
    found: String,
    expected: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $is_valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, text: &&str) -> bool {
                self.0 == *text
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                text.to_owned().try_into()
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                let is_valid: fn(&str) -> bool = $is_valid;
                if is_valid(&text) { Ok(Self(text)) } else { Err(InvalidName { found: text, expected: $expected }) }
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
    ReleaseId, "a release: the 40 hex digits of a git commit", is_commit
}

name! {
    /// An environment, such as `dev`.
    EnvironmentName, "an environment: lowercase letters, digits and hyphens, such as dev", is_label
}

impl EnvironmentName {
    /// Whether this is the environment on a laptop's local cloud.
    #[must_use]
    pub fn is_local(&self) -> bool {
        *self == "local"
    }
}

name! {
    /// A function, named like its folder.
    FunctionName, "a function: lowercase letters, digits and hyphens, such as orders-api", is_label
}

name! {
    /// The path of a file of the console.
    ConsolePath, "a file of the console: index.html, or a name of letters, digits, dots, hyphens and underscores in assets/", is_console_path
}

impl ConsolePath {
    /// Whether this is the page, which selects the assets. All other files are assets, whose names contain the hash of their
    /// content.
    #[must_use]
    pub fn is_index(&self) -> bool {
        *self == "index.html"
    }
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn is_console_path(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let is_asset = |name: &str| !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_plain);
    text == "index.html" || text.strip_prefix("assets/").is_some_and(is_asset)
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
    fn name_that_leads_out_of_its_folder_is_rejected() {
        assert!("dev".parse::<EnvironmentName>().is_ok());
        for wrong in ["", "Dev", "../prod", "a/b", "dev ", "1dev"] {
            assert!(wrong.parse::<EnvironmentName>().is_err(), "{wrong}");
            assert!(wrong.parse::<FunctionName>().is_err(), "{wrong}");
        }
        assert!("0123456789abcdef0123456789abcdef01234567".parse::<ReleaseId>().is_ok());
        for wrong in ["latest", "0123456", "0123456789ABCDEF0123456789ABCDEF01234567"] {
            assert!(wrong.parse::<ReleaseId>().unwrap_err().to_string().contains("40 hex digits"), "{wrong}");
        }
        assert!("assets/main-0a1B.js".parse::<ConsolePath>().is_ok());
        for wrong in ["config.json", "assets/", "assets/../index.html", "assets/.env", "assets/a/b.js", "/index.html"] {
            assert!(wrong.parse::<ConsolePath>().is_err(), "{wrong}");
        }
    }
}
