//! Pages of lists.

use std::fmt;

use serde_json::Value;

use super::error::CallError;

/// Maximum number of entries of one page.
pub(super) const PAGE: usize = 1000;

/// The number of entries of a list, counted on its first page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The number of entries on the first page.
    pub number: u64,
    /// Whether there is no other page.
    pub is_whole: bool,
}

impl fmt::Display for Count {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_whole { write!(out, "{}", self.number) } else { write!(out, "{} or more", self.number) }
    }
}

/// Reads every page of a list. `call` gets the request of a page, which has the token of the page before as `token_in`; the
/// next token is `token_out` of the response, and `list` the name of its entries.
pub(super) fn read_pages(
    mut request: Value,
    [list, token_in, token_out]: [&str; 3],
    call: impl Fn(&Value) -> Result<Value, CallError>,
) -> Result<Vec<Value>, CallError> {
    let mut entries = Vec::new();
    loop {
        let mut page = call(&request)?;
        match page.get_mut(list).map(Value::take) {
            Some(Value::Array(found)) => entries.extend(found),
            _ => return Err(CallError::unexpected(list, page.to_string())),
        }
        match (page.get_mut(token_out).map(Value::take), request.as_object_mut()) {
            (Some(token), Some(request)) if !token.is_null() => _ = request.insert(token_in.to_owned(), token),
            _ => return Ok(entries),
        }
    }
}
