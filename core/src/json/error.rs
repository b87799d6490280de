//! Why a text cannot be read as JSON.

/// Why a text cannot be read; offsets are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonError {
    NotUtf8 { offset: usize },
    NotJson { offset: usize, expected: Expected },
    TooDeep { offset: usize, max: u8 },
}

/// What the grammar requires where a text departs from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Expected {
    /// A value.
    Value,
    /// A comma or the end of the array.
    CommaOrBracket,
    /// A comma or the end of the object.
    CommaOrBrace,
    /// A member's key.
    Key,
    /// The colon after a key.
    Colon,
    /// The end of the text.
    End,
    /// No comma before a closing bracket or brace.
    NoTrailingComma,
    /// The end of a string.
    ClosingQuote,
    /// An escape instead of a control character.
    EscapedControl,
    /// A known escape after a backslash.
    Escape,
    /// The digits of a `\u` escape.
    FourHexDigits,
    /// A digit.
    Digit,
    /// No 0 before other digits.
    NoLeadingZero,
    /// No byte order mark.
    NoByteOrderMark,
}

impl Expected {
    /// The expectation as one sentence, in lower case and without a final period.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Value => "a value was expected",
            Self::CommaOrBracket => "`,` or `]` was expected",
            Self::CommaOrBrace => "`,` or `}` was expected",
            Self::Key => "a key in double quotes was expected",
            Self::Colon => "`:` was expected",
            Self::End => "nothing more was expected",
            Self::NoTrailingComma => "a comma must not come last",
            Self::ClosingQuote => "the string is not closed",
            Self::EscapedControl => "a control character must be escaped in a string",
            Self::Escape => "one of `\"\\/bfnrtu` must follow a backslash",
            Self::FourHexDigits => "four hexadecimal digits must follow `\\u`",
            Self::Digit => "a digit was expected",
            Self::NoLeadingZero => "a number must not begin with 0 and another digit",
            Self::NoByteOrderMark => "a byte order mark must not come first",
        }
    }
}
