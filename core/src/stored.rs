//! What a new order means beside what is stored under its `record_id`.

use crate::expiry::{Instant, is_live};
use crate::order::Order;

/// An order as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredOrder {
    /// The order.
    pub order: Order<'static>,
    /// When it was accepted.
    pub accepted_at: Instant,
    /// When it ends: 24 hours later.
    pub expires_at: Instant,
}

/// How a new order stands to what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing live is there: it may be stored.
    New,
    /// The same content is there and live: nothing is to be stored, and the life of the first stays.
    Unchanged {
        /// When the one that is there ends.
        expires_at: Instant,
    },
    /// A live order with other content is there: the request is refused.
    Taken,
}

/// How `order` stands to what is stored under its `record_id` at `now`.
#[must_use]
pub fn standing(order: &Order<'_>, there: Option<&StoredOrder>, now: Instant) -> Standing {
    match there {
        Some(there) if is_live(there.expires_at, now) => {
            if there.order == *order {
                Standing::Unchanged { expires_at: there.expires_at }
            } else {
                Standing::Taken
            }
        }
        _ => Standing::New,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch;
    use crate::expiry::expires_at;

    fn order(amount: &str) -> Order<'static> {
        let body = format!(r#"[{{"record_id":"a","parameter_1":"x","parameter_2":{amount}}}]"#);
        batch::read(body.as_bytes(), &batch::Limits::default()).unwrap().orders()[0].clone().into_owned()
    }

    #[test]
    fn content_and_life_decide() {
        let accepted_at = Instant::from_unix_seconds(1_000);
        let end = expires_at(accepted_at);
        let there = StoredOrder { order: order("2.1"), accepted_at, expires_at: end };
        let last = Instant::from_unix_seconds(end.unix_seconds() - 1);
        assert_eq!(standing(&order("2.1"), None, accepted_at), Standing::New);
        assert_eq!(standing(&order("2.10"), Some(&there), last), Standing::Unchanged { expires_at: end });
        assert_eq!(standing(&order("2.2"), Some(&there), last), Standing::Taken);
        assert_eq!(standing(&order("2.1"), Some(&there), end), Standing::New);
        assert_eq!(standing(&order("2.2"), Some(&there), end), Standing::New);
    }
}
