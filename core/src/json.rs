//! A JSON reader that keeps what others lose: exact number texts, repeated keys, lone surrogates, and the offset and cause of
//! a syntax error. Also writes JSON strings.
//!
//! It accepts exactly the grammar of RFC 8259, without a byte order mark, down to a depth that the caller limits. Only the
//! batch parser has a fast path; this reader is written for clarity.

mod error;
mod escape;
mod reader;
mod value;
mod write;

pub use error::Expected;
pub(crate) use error::JsonError;
pub(crate) use escape::{decode_escape, unescape};
pub(crate) use reader::{Reader, decode_string, parse};
pub use value::JsonType;
pub(crate) use value::{JsonString, Member, Value, integer_member, member, string_member};
pub(crate) use write::{write_escaped, write_string};
