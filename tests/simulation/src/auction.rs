//! The auction platform: receives orders under idempotency keys, and has the results of each slot.

use std::collections::{BTreeMap, BTreeSet};

use gridbid_adapters::platform::PlatformResponse;
use serde_json::{Value, json};

use crate::{
    dice::Dice,
    schedule::{Event, Schedule},
    world::{second_of, text_of},
};

/// The state of the platform. Times are in seconds since the start.
pub struct Auction {
    schedule: Schedule,
    /// The response to each idempotency key, with the order it was given for.
    responses: BTreeMap<String, (Value, Value)>,
    /// The orders that take part in an auction.
    pub effects: Vec<Effect>,
    /// Slots whose results were asked for, which receive no further orders.
    asked: BTreeSet<u64>,
    /// How often the results of a slot were given.
    given: BTreeMap<u64, u64>,
}

/// An order that takes part in an auction.
#[derive(Clone, Debug)]
pub struct Effect {
    pub key: String,
    pub record_id: String,
    pub amount: Value,
    /// The second of its slot.
    pub slot: u64,
}

impl Auction {
    pub fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            responses: BTreeMap::new(),
            effects: Vec::new(),
            asked: BTreeSet::new(),
            given: BTreeMap::new(),
        }
    }

    /// The response to a request with orders. The orders are received even if the response is malformed.
    pub fn receive(&mut self, request: &str, now: u64) -> String {
        let orders: Vec<Value> = serde_json::from_str(request).unwrap();
        let mut responses: Vec<Value> = orders.into_iter().map(|order| self.receive_order(order, now)).collect();
        for event in &self.schedule.events {
            if let Event::MalformedReceipts { from, to, is_whole } = event
                && (*from..*to).contains(&now)
            {
                if *is_whole {
                    return json!({"orders": "later"}).to_string();
                }
                responses.iter_mut().for_each(|response| response["status"] = "perhaps".into());
            }
        }
        Value::Array(responses).to_string()
    }

    fn receive_order(&mut self, mut order: Value, now: u64) -> Value {
        let key = order["idempotency_key"].take().as_str().unwrap().to_owned();
        let record_id = order["record_id"].as_str().unwrap().to_owned();
        let refused = |reason: &str| json!({"record_id": record_id, "status": "refused", "reason": reason});
        if let Some((known, response)) = self.responses.get(&key) {
            return if *known == order { response.clone() } else { refused("the key belongs to another order") };
        }
        let response = if self.dice("refusal", &order).percent(12) {
            refused("the gate is closed")
        } else {
            let period = self.schedule.period;
            let mut slot = (now / period + 1) * period;
            while self.asked.contains(&slot) {
                slot += period;
            }
            let amount = order["parameter_2"].clone();
            self.effects.push(Effect { key: key.clone(), record_id: record_id.clone(), amount, slot });
            json!({"record_id": record_id, "status": "received", "slot": text_of(slot)})
        };
        self.responses.insert(key, (order, response.clone()));
        response
    }

    /// The response to a key; `None` if it was never received.
    pub fn response(&self, key: &str) -> Option<&Value> {
        self.responses.get(key).map(|(_, response)| response)
    }

    /// The response with the results of a slot.
    pub fn results(&mut self, slot: &str, now: u64) -> PlatformResponse {
        let document = |document: Value| PlatformResponse::Document(document.to_string().into_bytes());
        let slot = second_of(slot);
        self.asked.insert(slot);
        let index = slot / self.schedule.period;
        let mut ready_at = slot + self.dice("readiness", &json!(slot)).below(200);
        let given = self.given.get(&slot).copied().unwrap_or(0);
        let mut is_corrected = false;
        for event in &self.schedule.events {
            match event {
                Event::BrokenResults { slot, until, is_large } if *slot == index && now < *until => {
                    let large = PlatformResponse::TooLarge { bytes: None };
                    return if *is_large { large } else { document(json!({"results": "soon"})) };
                }
                Event::LateResults { slot, seconds } if *slot == index => ready_at += seconds,
                Event::CorrectedResults { slot, after } if *slot == index && given >= *after => is_corrected = true,
                _ => {}
            }
        }
        if now < ready_at {
            return document(json!({"results": false}));
        }
        self.given.insert(slot, given + 1);
        document(json!({"results": true, "orders": self.orders_of(slot, is_corrected)}))
    }

    /// The orders of a slot's results, as first given or as corrected later.
    pub fn orders_of(&self, slot: u64, is_corrected: bool) -> Vec<Value> {
        let index = slot / self.schedule.period;
        let effects = self.effects.iter().filter(|effect| effect.slot == slot);
        let result = |effect: &Effect| {
            let mut dice = self.dice("verdict", &json!([effect.key, is_corrected]));
            if dice.percent(30) {
                json!({"order": "rejected", "record_id": effect.record_id, "reason": "the price is too high"})
            } else {
                json!({"order": "accepted", "record_id": effect.record_id, "power": effect.amount})
            }
        };
        let mut orders: Vec<Value> = effects.map(result).collect();
        for event in &self.schedule.events {
            match event {
                Event::MalformedResults { slot } if *slot == index => {
                    orders.push(json!({"order": "perhaps", "record_id": "odd"}));
                }
                Event::ManyResults { slot, orders: count } if *slot == index => {
                    orders.extend((0..*count).map(|number| {
                        let verdict = if number % 7 == 0 { "rejected" } else { "accepted" };
                        json!({"order": verdict, "record_id": format!("many-{number}"), "power": 0.5})
                    }));
                }
                _ => {}
            }
        }
        if is_corrected {
            orders.reverse();
        }
        orders
    }

    fn dice(&self, part: &str, subject: &Value) -> Dice {
        let text = subject.to_string();
        Dice::of(self.schedule.seed, &format!("{part} {text}"), 0)
    }
}
