//! What a rule on a string consists of.

use super::byte_set::ByteSet;
use crate::json::JsonString;
use crate::violation::ViolationKind;

/// A rule on a string.
pub(crate) struct TextRule {
    /// Texts that obey the rule without a call of `check`.
    pub(crate) fast_accept: FastAccept,
    /// The violation in a text, if there is one.
    pub(crate) check: fn(&JsonString<'_>) -> Option<ViolationKind>,
}

/// A set of texts that can be recognized while looking for their end: those whose UTF-8 starts with a byte of `first`,
/// consists of bytes of `all`, contains one of `requires_any_of`, and is at most `max_bytes` long.
#[derive(Clone, Copy)]
pub(crate) struct FastAccept {
    pub(crate) first: ByteSet,
    pub(crate) all: ByteSet,
    pub(crate) requires_any_of: ByteSet,
    pub(crate) max_bytes: usize,
}

impl FastAccept {
    /// Every text that is not empty: what each rule narrows.
    pub(crate) const NOT_EMPTY: Self =
        Self { first: ByteSet::ALL, all: ByteSet::ALL, requires_any_of: ByteSet::ALL, max_bytes: usize::MAX };

    /// The texts that every rule of a list accepts.
    pub(crate) const fn by_all(rules: &[TextRule]) -> Self {
        let mut accept = Self::NOT_EMPTY;
        let mut rules = rules;
        while let Some((rule, rest)) = rules.split_first() {
            let other = rule.fast_accept;
            accept.first = accept.first.intersection(other.first);
            accept.all = accept.all.intersection(other.all);
            accept.requires_any_of = accept.requires_any_of.intersection(other.requires_any_of);
            accept.max_bytes = if other.max_bytes < accept.max_bytes { other.max_bytes } else { accept.max_bytes };
            rules = rest;
        }
        accept
    }
}
