//! The fields of an order and the limits on their values.
//!
//! ```
//! use gridbid_core::field::Field;
//!
//! assert_eq!(Field::ALL.map(Field::as_str), ["record_id", "parameter_1", "parameter_2"]);
//! ```

/// Maximum number of characters (Unicode scalar values) of a `record_id`.
pub const RECORD_ID_MAX_CHARS: usize = 128;
/// Maximum number of characters (Unicode scalar values) of a `parameter_1`.
pub const PARAMETER_1_MAX_CHARS: usize = 256;

/// A field of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Field {
    /// The order's identity.
    RecordId,
    /// A text.
    Parameter1,
    /// An exact amount.
    Parameter2,
}

impl Field {
    /// Every field, in the order in which missing fields are reported.
    pub const ALL: [Self; 3] = [Self::RecordId, Self::Parameter1, Self::Parameter2];

    /// The field's key in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RecordId => "record_id",
            Self::Parameter1 => "parameter_1",
            Self::Parameter2 => "parameter_2",
        }
    }

    /// Returns the field whose quoted key starts `bytes`, and the length of the quoted key.
    #[inline]
    pub(crate) fn from_quoted_key(bytes: &[u8; 16]) -> Option<(Self, usize)> {
        const KEYS: [QuotedKey; 3] =
            [QuotedKey::of(Field::RecordId), QuotedKey::of(Field::Parameter1), QuotedKey::of(Field::Parameter2)];
        let bytes = u128::from_le_bytes(*bytes);
        let key = KEYS.iter().find(|key| bytes & key.mask == key.bytes)?;
        Some((key.field, key.len))
    }

    /// The field with this key in JSON.
    pub(crate) fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.as_str() == key)
    }
}

/// A quoted key packed into a `u128`, so that one masked comparison matches it.
struct QuotedKey {
    field: Field,
    len: usize,
    bytes: u128,
    /// The bits of the key's bytes.
    mask: u128,
}

impl QuotedKey {
    const fn of(field: Field) -> Self {
        let mut key = Self { field, len: 0, bytes: 0, mask: 0 };
        key.push(b'"');
        let mut rest = field.as_str().as_bytes();
        while let Some((byte, after)) = rest.split_first() {
            key.push(*byte);
            rest = after;
        }
        key.push(b'"');
        key
    }

    const fn push(&mut self, byte: u8) {
        self.bytes |= (byte as u128) << (8 * self.len);
        self.mask |= 0xFF << (8 * self.len);
        self.len += 1;
    }
}
