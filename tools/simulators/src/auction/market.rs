//! The rules of the auction, without clock, files and HTTP.
//!
//! - An order takes part in the first slot after its arrival whose results have not been polled.
//! - An idempotency key stands for one order: the same order gets the same response again, any other is refused.
//! - Readiness, verdicts and reasons are drawn from a seed. An order's verdict is drawn when it arrives, and a slot that is
//!   ready stays ready: a slot's results never change.

use std::collections::BTreeMap;
use std::time::Duration;

use gridbid_release_format::{Sha256, Timestamp};
use gridbid_simulator_protocol::{AuctionRule, RuleDecision, SLOT_PERIOD_SECONDS, SeenOrder};

use super::journal::{Decision, Event};

/// The default seed: it accepts the first order of `xtask/examples/orders.json` and rejects the second.
pub(crate) const SEED: u64 = 8;
const REASONS: [&str; 3] = ["price too high", "volume not needed", "outside the grid's limits"];
const OTHER_CONTENT: &str = "the idempotency key belongs to another order";

/// The random draws.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Odds {
    /// The seed: the same seed draws the same numbers.
    pub(crate) seed: u64,
    /// The probability that a slot is ready at a poll, in percent.
    pub(crate) ready_percent: u8,
    /// The probability that an order is accepted, in percent. The same `record_id` always gets the same verdict.
    pub(crate) accepted_percent: u8,
}

impl Odds {
    /// A number from 0 to 99 for this purpose and text.
    fn draw(&self, purpose: &str, text: &str) -> u8 {
        let digest = Sha256::of(format!("{}/{purpose}/{text}", self.seed).as_bytes());
        let [a, b, c, d, ..] = *digest.as_bytes();
        (u32::from_be_bytes([a, b, c, d]) % 100) as u8
    }
}

/// An order of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Submission<'a> {
    pub(crate) key: &'a str,
    pub(crate) record_id: &'a str,
    pub(crate) parameter_1: &'a str,
    pub(crate) parameter_2: &'a str,
}

/// The state of the auction.
#[derive(Debug)]
pub(crate) struct Market {
    odds: Odds,
    pub(crate) rules: Vec<AuctionRule>,
    orders: BTreeMap<String, Order>,
    slots: BTreeMap<String, Slot>,
}

#[derive(Debug)]
struct Order {
    record_id: String,
    parameter_1: String,
    parameter_2: String,
    decision: Decision,
    requests: u64,
}

#[derive(Debug, Default)]
struct Slot {
    is_closed: bool,
    is_ready: bool,
    polls: u64,
    /// The idempotency keys of the orders, in the order of their arrival.
    keys: Vec<String>,
}

impl Market {
    pub(crate) fn new(odds: Odds) -> Self {
        Self { odds, rules: Vec::new(), orders: BTreeMap::new(), slots: BTreeMap::new() }
    }

    /// Decides on an order that arrives at this time (seconds since 1970). The event, if any, takes effect with
    /// [`Market::apply`].
    pub(crate) fn receive(&self, order: Submission<'_>, now: u64) -> (Decision, Option<Event>) {
        let Submission { key, record_id, parameter_1, parameter_2 } = order;
        if let Some(known) = self.orders.get(key) {
            let is_same = (known.record_id.as_str(), known.parameter_1.as_str(), known.parameter_2.as_str())
                == (record_id, parameter_1, parameter_2);
            return if is_same {
                (known.decision.clone(), Some(Event::Repeated { key: key.to_owned() }))
            } else {
                (Decision::Refused { reason: OTHER_CONTENT.to_owned() }, None)
            };
        }
        let decision = self.decide(record_id, now);
        let [key, record_id, parameter_1, parameter_2] = [key, record_id, parameter_1, parameter_2].map(str::to_owned);
        let event = Event::Arrived { key, record_id, parameter_1, parameter_2, decision: decision.clone() };
        (decision, Some(event))
    }

    fn decide(&self, record_id: &str, now: u64) -> Decision {
        let rule = self.rules.iter().find(|rule| record_id.starts_with(&rule.prefix));
        let rejection = match rule.map(|rule| &rule.decision) {
            Some(RuleDecision::Refuse(reason)) => return Decision::Refused { reason: reason.clone() },
            Some(RuleDecision::Accept) => None,
            Some(RuleDecision::Reject(reason)) => Some(reason.clone()),
            None => self.draw_rejection(record_id),
        };
        Decision::Received { slot: self.next_slot(now), rejection }
    }

    fn draw_rejection(&self, record_id: &str) -> Option<String> {
        if self.odds.draw("verdict", record_id) < self.odds.accepted_percent {
            return None;
        }
        let index = usize::from(self.odds.draw("reason", record_id)) % REASONS.len();
        REASONS.get(index).map(|reason| (*reason).to_owned())
    }

    /// The first slot after a time whose results have not been polled.
    fn next_slot(&self, now: u64) -> String {
        let mut seconds = (now / SLOT_PERIOD_SECONDS + 1) * SLOT_PERIOD_SECONDS;
        loop {
            let slot = Timestamp::UNIX_EPOCH.saturating_add(Duration::from_secs(seconds)).to_string();
            if !self.slots.get(&slot).is_some_and(|slot| slot.is_closed) {
                return slot;
            }
            seconds += SLOT_PERIOD_SECONDS;
        }
    }

    /// Makes an event take effect: one that was decided now, or one of the journal.
    pub(crate) fn apply(&mut self, event: Event) {
        match event {
            Event::Arrived { key, record_id, parameter_1, parameter_2, decision } => {
                if let Decision::Received { slot, .. } = &decision {
                    self.slots.entry(slot.clone()).or_default().keys.push(key.clone());
                }
                self.orders.insert(key, Order { record_id, parameter_1, parameter_2, decision, requests: 1 });
            }
            Event::Repeated { key } => {
                if let Some(order) = self.orders.get_mut(&key) {
                    order.requests += 1;
                }
            }
            Event::Closed { slot } => self.slots.entry(slot).or_default().is_closed = true,
            Event::Ready { slot } => self.slots.entry(slot).or_default().is_ready = true,
            // A script replaces the market's responses; it is not part of its state.
            Event::Scripted(_) => {}
        }
    }

    /// Returns the event that closes a slot to new orders, at its first poll.
    pub(crate) fn close(&self, slot: &str) -> Option<Event> {
        let is_closed = self.slots.get(slot).is_some_and(|slot| slot.is_closed);
        (!is_closed).then(|| Event::Closed { slot: slot.to_owned() })
    }

    /// Draws whether a slot that is not ready yet becomes ready at this poll.
    pub(crate) fn poll(&mut self, slot: &str) -> Option<Event> {
        let entry = self.slots.entry(slot.to_owned()).or_default();
        entry.polls += 1;
        let draw = self.odds.draw("ready", &format!("{slot}/{}", entry.polls));
        (!entry.is_ready && draw < self.odds.ready_percent).then(|| Event::Ready { slot: slot.to_owned() })
    }

    pub(crate) fn is_ready(&self, slot: &str) -> bool {
        self.slots.get(slot).is_some_and(|slot| slot.is_ready)
    }

    /// The orders of a slot, in the order of their arrival.
    pub(crate) fn orders(&self, slot: &str) -> Vec<SeenOrder> {
        let keys = self.slots.get(slot).into_iter().flat_map(|slot| &slot.keys);
        keys.filter_map(|key| Some(seen(key, self.orders.get(key)?))).collect()
    }

    /// Every order whose id begins with a prefix.
    pub(crate) fn seen(&self, prefix: &str) -> Vec<SeenOrder> {
        let orders = self.orders.iter().filter(|(_, order)| order.record_id.starts_with(prefix));
        orders.map(|(key, order)| seen(key, order)).collect()
    }
}

fn seen(key: &str, order: &Order) -> SeenOrder {
    let (slot, reason) = match &order.decision {
        Decision::Received { slot, rejection } => (Some(slot.clone()), rejection.clone()),
        Decision::Refused { reason } => (None, Some(reason.clone())),
    };
    SeenOrder {
        idempotency_key: key.to_owned(),
        record_id: order.record_id.clone(),
        parameter_1: order.parameter_1.clone(),
        parameter_2: order.parameter_2.clone(),
        requests: order.requests,
        slot,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODDS: Odds = Odds { seed: 1, ready_percent: 50, accepted_percent: 70 };
    /// 2026-11-22T07:01:02Z
    const NOW: u64 = 1_795_330_862;

    fn order<'a>(key: &'a str, parameter_2: &'a str) -> Submission<'a> {
        Submission { key, record_id: key, parameter_1: "a", parameter_2 }
    }

    fn receive(market: &mut Market, order: Submission<'_>, now: u64) -> Decision {
        let (decision, event) = market.receive(order, now);
        event.into_iter().for_each(|event| market.apply(event));
        decision
    }

    fn slot_of(decision: &Decision) -> &str {
        match decision {
            Decision::Received { slot, .. } => slot,
            Decision::Refused { reason } => panic!("refused: {reason}"),
        }
    }

    fn ask(market: &mut Market, slot: &str) {
        market.close(slot).into_iter().for_each(|event| market.apply(event));
    }

    #[test]
    fn order_takes_part_in_the_first_later_slot_that_nobody_asked_for() {
        let mut market = Market::new(ODDS);
        assert_eq!(slot_of(&receive(&mut market, order("a", "1"), NOW)), "2026-11-22T07:05:00Z");
        // A slot off the grid closes no other.
        ask(&mut market, "2026-11-22T07:04:00Z");
        assert_eq!(slot_of(&receive(&mut market, order("b", "1"), NOW)), "2026-11-22T07:05:00Z");
        ask(&mut market, "2026-11-22T07:10:00Z");
        assert_eq!(slot_of(&receive(&mut market, order("c", "1"), NOW)), "2026-11-22T07:05:00Z");
        ask(&mut market, "2026-11-22T07:05:00Z");
        assert_eq!(slot_of(&receive(&mut market, order("d", "1"), NOW)), "2026-11-22T07:15:00Z");
        // 07:15:00 is not after itself.
        assert_eq!(slot_of(&receive(&mut market, order("e", "1"), NOW + 838)), "2026-11-22T07:20:00Z");
        let ids: Vec<String> = market.orders("2026-11-22T07:05:00Z").into_iter().map(|order| order.record_id).collect();
        assert_eq!(ids, ["a", "b", "c"]);
    }

    #[test]
    fn known_key_gets_its_first_response_and_other_content_is_refused() {
        let mut market = Market::new(ODDS);
        let first = receive(&mut market, order("a", "2.1"), NOW);
        assert_eq!(receive(&mut market, order("a", "2.1"), NOW + 900), first, "even in a later slot");
        let other = Decision::Refused { reason: OTHER_CONTENT.to_owned() };
        assert_eq!(receive(&mut market, order("a", "2.2"), NOW), other);
        assert_eq!(receive(&mut market, order("a", "2.1"), NOW), first);
        let seen = market.seen("a");
        assert_eq!((seen.len(), seen[0].requests, seen[0].parameter_2.as_str()), (1, 3, "2.1"));
    }

    #[test]
    fn rules_decide_before_the_draw() {
        let mut market = Market::new(Odds { accepted_percent: 100, ..ODDS });
        let rule = |prefix: &str, decision| AuctionRule { prefix: prefix.to_owned(), decision };
        market.rules = vec![
            rule("a-1", RuleDecision::Refuse("gate closed".to_owned())),
            rule("a", RuleDecision::Reject("too dear".to_owned())),
        ];
        assert_eq!(
            receive(&mut market, order("a-1", "1"), NOW),
            Decision::Refused { reason: "gate closed".to_owned() }
        );
        receive(&mut market, order("a-2", "1"), NOW);
        receive(&mut market, order("b", "1"), NOW);
        let reasons: Vec<Option<String>> =
            market.orders("2026-11-22T07:05:00Z").into_iter().map(|order| order.reason).collect();
        assert_eq!(reasons, [Some("too dear".to_owned()), None]);
    }

    #[test]
    fn default_seed_accepts_one_example_order_and_rejects_the_other() {
        let market = Market::new(Odds { seed: SEED, ..ODDS });
        assert_eq!(market.draw_rejection("unique_id_1"), None);
        assert_eq!(market.draw_rejection("unique_id_2").as_deref(), Some("price too high"));
    }

    #[test]
    fn verdicts_are_drawn_at_the_given_rate() {
        let market = Market::new(ODDS);
        let ids = (0..10_000).map(|number| format!("id-{number}"));
        let accepted = ids.filter(|id| market.draw_rejection(id).is_none()).count();
        // Ten standard deviations on either side.
        assert!((6_500..7_500).contains(&accepted), "{accepted}");
    }

    #[test]
    fn readiness_is_repeatable_and_final() {
        let mut draws = Vec::new();
        for _ in 0..2 {
            let mut market = Market::new(ODDS);
            let slots = (0..100).map(|slot| format!("slot {slot}"));
            let polls: Vec<u64> = slots
                .map(|slot| {
                    while !market.is_ready(&slot) {
                        market.poll(&slot).into_iter().for_each(|event| market.apply(event));
                    }
                    let polls = market.slots[&slot].polls;
                    assert_eq!(market.poll(&slot), None);
                    polls
                })
                .collect();
            draws.push(polls);
        }
        assert_eq!(draws[0], draws[1]);
        let first = draws[0].iter().filter(|polls| **polls == 1).count();
        assert!((30..70).contains(&first), "{first}");
    }

    #[test]
    fn replayed_events_restore_the_state() {
        let mut market = Market::new(ODDS);
        let mut events = Vec::new();
        for order in [order("a", "1"), order("b", "2"), order("a", "1")] {
            let (_, event) = market.receive(order, NOW);
            events.extend(event.clone());
            event.into_iter().for_each(|event| market.apply(event));
        }
        events.extend(market.close("2026-11-22T07:05:00Z"));
        events.push(Event::Ready { slot: "2026-11-22T07:05:00Z".to_owned() });
        let mut restored = Market::new(ODDS);
        events.into_iter().for_each(|event| restored.apply(event));
        assert_eq!(restored.seen(""), market.seen(""));
        assert_eq!(restored.seen("a")[0].requests, 2);
        assert!(restored.is_ready("2026-11-22T07:05:00Z"));
        assert_eq!(restored.next_slot(NOW), "2026-11-22T07:10:00Z");
    }
}
