//! Why a text cannot be read as JSON.

/// Why a text cannot be read; offsets are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonError {
    NotUtf8 { offset: usize },
    NotJson { offset: usize, expected: Expected },
    TooDeep { offset: usize, max: u8 },
}

/// What the grammar requires where a text departs from it.
#[expect(missing_docs, reason = "`message` says what each variant means")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Expected {
    Value,
    CommaOrBracket,
    CommaOrBrace,
    Key,
    Colon,
    End,
    NoTrailingComma,
    ClosingQuote,
    EscapedControl,
    Escape,
    FourHexDigits,
    Digit,
    NoLeadingZero,
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
