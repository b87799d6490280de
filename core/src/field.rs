//! The fields of an order and the limits on their values.
//!
//! ```
//! use gridbid_core::field::Field;
//!
//! assert_eq!(Field::ALL.map(Field::as_str), ["record_id", "parameter_1", "parameter_2"]);
//! ```

/// Most characters (Unicode scalar values) of a `record_id`.
pub const RECORD_ID_MAX_CHARS: usize = 128;
/// Most characters (Unicode scalar values) of a `parameter_1`.
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
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RecordId => "record_id",
            Self::Parameter1 => "parameter_1",
            Self::Parameter2 => "parameter_2",
        }
    }

    /// The field with this key in JSON.
    pub(crate) fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.as_str() == key)
    }
}
