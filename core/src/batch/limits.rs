//! The limits of one request.

/// What one request may contain. The defaults are the limits of `POST /orders`; bulk validation raises them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum number of orders; default 100, the maximum number of items of a DynamoDB `TransactWriteItems` call.
    pub orders: u32,
    /// Maximum number of bytes of the body; default 262,144 (256 KiB).
    pub bytes: u32,
    /// Maximum number of levels of nested arrays and objects; default 32. The body's array is the first level.
    pub depth: u8,
    /// Maximum number of violations that a report lists; default 100. All of them are counted.
    pub listed: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { orders: 100, bytes: 256 * 1024, depth: 32, listed: 100 }
    }
}
