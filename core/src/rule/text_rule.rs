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
/// consists of bytes of `all` without the `excluded_pair`, and contains one of `requires_any_of`; with at most `max_chars`
/// characters.
#[derive(Clone, Copy)]
pub(crate) struct FastAccept {
    pub(crate) first: ByteSet,
    pub(crate) all: ByteSet,
    pub(crate) requires_any_of: ByteSet,
    pub(crate) excluded_pair: Option<BytePair>,
    pub(crate) max_chars: usize,
}

impl FastAccept {
    /// Every text that is not empty: what each rule narrows.
    pub(crate) const NOT_EMPTY: Self = Self {
        first: ByteSet::ALL,
        all: ByteSet::ALL,
        requires_any_of: ByteSet::ALL,
        excluded_pair: None,
        max_chars: usize::MAX,
    };

    /// The texts that every rule of a list accepts.
    pub(crate) const fn by_all(rules: &[TextRule]) -> Self {
        let mut accept = Self::NOT_EMPTY;
        let mut rules = rules;
        while let Some((rule, rest)) = rules.split_first() {
            let other = rule.fast_accept;
            accept.first = accept.first.intersection(other.first);
            accept.all = accept.all.intersection(other.all);
            accept.requires_any_of = accept.requires_any_of.intersection(other.requires_any_of);
            accept.max_chars = if other.max_chars < accept.max_chars { other.max_chars } else { accept.max_chars };
            assert!(accept.excluded_pair.is_none() || other.excluded_pair.is_none(), "one pair can be excluded");
            accept.excluded_pair =
                if accept.excluded_pair.is_some() { accept.excluded_pair } else { other.excluded_pair };
            rules = rest;
        }
        accept
    }

    /// Whether a text may contain a character, given as UTF-8.
    pub(crate) fn accepts_character(&self, character: &[u8], is_first: bool) -> bool {
        character.iter().all(|byte| self.all.contains(*byte))
            && !self.excluded_pair.is_some_and(|pair| pair.is_in(character))
            && (!is_first || character.first().is_some_and(|byte| self.first.contains(*byte)))
    }
}

/// A byte followed by one of at most `max_next`.
#[derive(Clone, Copy)]
pub(crate) struct BytePair {
    pub(crate) lead: u8,
    pub(crate) max_next: u8,
}

impl BytePair {
    pub(crate) fn is_in(self, text: &[u8]) -> bool {
        text.windows(2).any(|pair| matches!(pair, [first, next] if *first == self.lead && *next <= self.max_next))
    }
}
