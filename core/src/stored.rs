//! Compares a new order with the one that is stored under its `record_id`.
//!
//! ```
//! use gridbid_core::{batch, expiry::Timestamp, stored::{Existing, find_existing}};
//!
//! let body = br#"[{"record_id":"a","parameter_1":"x","parameter_2":1}]"#;
//! let batch = batch::parse(body, &batch::Limits::default()).unwrap();
//! assert_eq!(find_existing(&batch.orders()[0], None, Timestamp::from_unix_seconds(0)), Existing::None);
//! ```

use crate::expiry::{Timestamp, is_live};
use crate::order::Order;

/// An order as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredOrder {
    /// The order.
    pub order: Order<'static>,
    /// When the order was accepted.
    pub accepted_at: Timestamp,
    /// When the order expires: 24 hours later.
    pub expires_at: Timestamp,
}

/// The live order that a new order meets under its `record_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// There is none: the new order may be stored.
    None,
    /// A live order with the same content: nothing is stored, and its expiry does not change.
    Identical {
        /// When the stored order expires.
        expires_at: Timestamp,
    },
    /// A live order with other content: the request is rejected.
    Conflicting,
}

/// Compares an order with the one that is stored under its `record_id`; an order that has expired by `now` does not exist.
#[must_use]
pub fn find_existing(order: &Order<'_>, stored: Option<&StoredOrder>, now: Timestamp) -> Existing {
    match stored {
        Some(stored) if is_live(stored.expires_at, now) => {
            if stored.order == *order {
                Existing::Identical { expires_at: stored.expires_at }
            } else {
                Existing::Conflicting
            }
        }
        _ => Existing::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch;
    use crate::expiry::expires_at;

    fn order(amount: &str) -> Order<'static> {
        let body = format!(r#"[{{"record_id":"a","parameter_1":"x","parameter_2":{amount}}}]"#);
        batch::parse(body.as_bytes(), &batch::Limits::default()).unwrap().orders()[0].clone().into_owned()
    }

    #[test]
    fn content_and_expiry_decide() {
        let accepted_at = Timestamp::from_unix_seconds(1_000);
        let end = expires_at(accepted_at);
        let stored = StoredOrder { order: order("2.1"), accepted_at, expires_at: end };
        let last = Timestamp::from_unix_seconds(end.unix_seconds() - 1);
        assert_eq!(find_existing(&order("2.1"), None, accepted_at), Existing::None);
        assert_eq!(find_existing(&order("2.10"), Some(&stored), last), Existing::Identical { expires_at: end });
        assert_eq!(find_existing(&order("2.2"), Some(&stored), last), Existing::Conflicting);
        assert_eq!(find_existing(&order("2.1"), Some(&stored), end), Existing::None);
        assert_eq!(find_existing(&order("2.2"), Some(&stored), end), Existing::None);
    }
}
