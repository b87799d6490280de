//! The auction platform: for each slot it gives the answers that it was told to, the last one again and again.
//!
//! A slot that nobody said anything about is not ready at first, and then has the task's two example orders. Called by
//! `neighbours`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An answer of the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body's very text.
    pub text: String,
}

/// What the platform is to answer for a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The slot.
    pub slot: String,
    /// One answer for each question; the last one is repeated.
    pub answers: Vec<Answer>,
}

#[derive(Default)]
pub(super) struct Auction {
    slots: Mutex<BTreeMap<String, Slot>>,
}

#[derive(Default)]
struct Slot {
    answers: Vec<Answer>,
    asked: usize,
}

impl Auction {
    pub(super) fn answer(&self, slot: &str) -> (u16, String) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.entry(slot.to_owned()).or_default();
        let asked = slot.asked;
        slot.asked += 1;
        match slot.answers.get(asked).or_else(|| slot.answers.last()) {
            Some(answer) => (answer.status, answer.text.clone()),
            None if asked == 0 => (200, json!({"results": false}).to_string()),
            None => {
                let orders = json!([{"order": "accepted"}, {"order": "rejected"}]);
                (200, json!({"results": true, "orders": orders}).to_string())
            }
        }
    }

    pub(super) fn told(&self, slot: &str) -> Value {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        json!({"asked": slots.get(slot).map_or(0, |slot| slot.asked)})
    }

    /// Begins a slot anew.
    pub(super) fn order(&self, body: &[u8]) -> Result<(), serde_json::Error> {
        let script: Script = serde_json::from_slice(body)?;
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.insert(script.slot, Slot { answers: script.answers, asked: 0 });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_order_and_the_last_one_stays() {
        let auction = Auction::default();
        let answer = |status, text: &str| Answer { status, text: text.to_owned() };
        let script = Script { slot: "s".to_owned(), answers: vec![answer(503, ""), answer(200, "{}")] };
        auction.order(json!(script).to_string().as_bytes()).unwrap();
        let statuses: Vec<u16> = (0..3).map(|_| auction.answer("s").0).collect();
        assert_eq!(statuses, [503, 200, 200]);
        assert_eq!(auction.told("s"), json!({"asked": 3}));
        assert_eq!(auction.told("t"), json!({"asked": 0}));
    }

    #[test]
    fn a_slot_without_a_script_is_ready_at_the_second_question() {
        let auction = Auction::default();
        assert_eq!(auction.answer("s").1, r#"{"results":false}"#);
        assert!(auction.answer("s").1.contains("rejected"));
    }
}
