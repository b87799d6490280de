//! A range of bytes within an input.

/// A range of bytes of an input that the span does not borrow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Length in bytes.
    pub len: usize,
}

impl Span {
    /// From one offset up to, but not including, another.
    #[inline]
    pub(crate) fn between(start: usize, end: usize) -> Self {
        Self { start, len: end - start }
    }

    /// Offset of the byte after the last one.
    #[inline]
    pub(crate) fn end(self) -> usize {
        self.start + self.len
    }

    /// The span without its first and last byte: a string's content without the quotes.
    pub(crate) fn without_quotes(self) -> Self {
        Self::between(self.start + 1, self.end() - 1)
    }

    /// The bytes of the input that the span was made for; of a shorter input, none.
    #[inline]
    pub(crate) fn slice(self, input: &[u8]) -> &[u8] {
        let slice = input.get(self.start..self.end());
        debug_assert!(slice.is_some(), "{self:?} is outside its input");
        slice.unwrap_or_default()
    }

    /// The text of the input that the span was made for, which has been checked to be UTF-8.
    pub(crate) fn text(self, input: &[u8]) -> &str {
        let text = core::str::from_utf8(self.slice(input));
        debug_assert!(text.is_ok(), "{self:?} does not hold UTF-8");
        text.unwrap_or_default()
    }
}
