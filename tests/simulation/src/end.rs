//! The invariants of a simulation that has come to rest: nothing is lost, doubled or silent.

use std::collections::BTreeMap;

use gridbid_core::{
    amount::Total,
    expiry::is_live,
    name::{Slot, batch_result_key, manifest_key, report_key, result_key},
    outcome::{Manifest, Outcome, ResultsLimits, canonicalize, decide},
    submission::Submission,
};
use serde_json::Value;

use crate::{
    observations::{Instance, Message},
    runs_table::{Item, number, text},
    schedule::Function,
    watch::{DEAD_LETTERS, DEFERRED, DROPPED_STARTS, FAILED_NOTIFICATIONS, FAILED_PIPE, THROTTLES},
    world::{World, second_of, text_of},
};

/// Seconds within which the wait of an order raises an alarm: the half hour of the alarm, and the longest delays before it.
const LONG_WAIT: u64 = 7_200;

/// An expectation that does not hold.
type Broken = Result<(), String>;

fn require(holds: bool, what: impl FnOnce() -> String) -> Broken {
    if holds { Ok(()) } else { Err(what()) }
}

impl World {
    /// Checks everything once no work is left.
    pub fn check_end(&self) {
        if let Err(what) = self.check_all() {
            self.violate(|| what);
        }
    }

    fn check_all(&self) -> Broken {
        self.check_orders()?;
        self.check_messages()?;
        self.check_slots()?;
        self.check_runs()?;
        self.check_alarms()?;
        self.check_waiting()
    }

    /// Every order that was stored is submitted, refused and reported, or expired and reported.
    fn check_orders(&self) -> Broken {
        let observations = self.observations.borrow();
        let messages: Vec<Value> =
            observations.messages.iter().filter_map(|message| serde_json::from_str(&message.text).ok()).collect();
        let is_reported = |kind: &str, field: &str, record_id: &str, value: Option<String>| {
            let orders = messages.iter().filter(|message| message["kind"] == kind);
            let mut orders = orders.flat_map(|message| message["orders"].as_array().into_iter().flatten());
            orders.any(|order| {
                order["record_id"] == record_id && value.as_ref().is_none_or(|value| order[field] == *value.as_str())
            })
        };
        for Instance { stored, submission, caller, .. } in &observations.instances {
            let record_id = stored.order.record_id.as_str();
            let accepted_at = stored.accepted_at.to_string();
            let name = || format!("`{record_id}` of {accepted_at} from {caller}");
            let key = (record_id.to_owned(), stored.accepted_at);
            match observations.late_responses.get(&key).unwrap_or(submission) {
                Submission::Submitted { .. } => {}
                // As expired, if the table no longer held the order when its report succeeded.
                Submission::Refused { .. } => {
                    let is_notified = is_reported("orders_refused", "reason", record_id, None)
                        || is_reported("orders_expired", "accepted_at", record_id, Some(accepted_at.clone()));
                    require(is_notified, || format!("{} was refused without a report", name()))?;
                }
                Submission::Pending if is_live(stored.expires_at, self.host_time()) => {
                    return Err(format!("{} is pending, and no message submits it", name()));
                }
                Submission::Pending => {
                    require(
                        is_reported("orders_expired", "accepted_at", record_id, Some(accepted_at.clone())),
                        || format!("{} expired without a report", name()),
                    )?;
                }
            }
        }
        let sent = self.schedule.poisoned_messages();
        let kept = self.queue.dead_letters().len();
        require(kept >= sent, || format!("of {sent} messages that are not orders, {kept} are kept"))
    }

    /// Every message was posted, or is kept with an alarm.
    fn check_messages(&self) -> Broken {
        let observations = self.observations.borrow();
        let lost = observations.messages.iter().find(|message| !message.has_arrived);
        lost.map_or(Ok(()), |message| Err(format!("a message did not arrive: {}", message.text)))
    }

    /// Every slot is done with all its orders, or open and reported.
    fn check_slots(&self) -> Broken {
        let runs = self.runs.borrow();
        for index in 1..=self.schedule.slots {
            let slot = text_of(index * self.schedule.period);
            let item = runs.items().get(&format!("slot#{slot}"));
            match item.filter(|item| item.contains_key("done_at")) {
                Some(item) => self.check_done_slot(&slot, item)?,
                None => require(self.is_failure_reported(&slot), || format!("slot {slot} is silently not done"))?,
            }
        }
        Ok(())
    }

    /// Every run that failed was reported: by its own event, or by its summary.
    fn check_runs(&self) -> Broken {
        let observations = self.observations.borrow();
        let messages: Vec<Value> = observations.messages.iter().map(Message::parse).collect();
        for run in &observations.runs {
            let end = run.end.borrow();
            let Some(Some(error)) = &*end else { continue };
            let is_reported = messages.iter().any(|message| {
                let is_event = message.pointer("/detail/executionArn") == Some(&Value::from(run.arn.as_str()));
                let has_failures = message["failed"].as_u64().is_some_and(|failed| failed > 0);
                is_event || (error.error == "OrdersFailed" && message["run"] == *run.arn && has_failures)
            });
            require(is_reported, || format!("{} failed with {} without a report", run.arn, error.error))?;
        }
        Ok(())
    }

    /// Every condition that an operator has to know of raised an alarm that Terraform declares.
    fn check_alarms(&self) -> Broken {
        let ever = 0..u64::MAX;
        for function in self.observations.borrow().faulted.iter().copied() {
            require(self.is_fault_alarm_raised(function, ever.clone()), || {
                format!("a fault of {} raised no alarm", function.name())
            })?;
        }
        for metric in [DEAD_LETTERS, FAILED_NOTIFICATIONS, FAILED_PIPE, DROPPED_STARTS, THROTTLES] {
            let is_due = self.has_values(metric);
            require(!is_due || self.is_alarm_raised(metric, ever.clone()), || format!("{metric:?} raised no alarm"))?;
        }
        Ok(())
    }

    /// While an order waited for long, for the platform or for its report, an alarm was raised.
    fn check_waiting(&self) -> Broken {
        let observations = self.observations.borrow();
        let messages: Vec<(u64, Value)> =
            observations.messages.iter().map(|message| (message.at, message.parse())).collect();
        for Instance { stored, stored_at, decided_at, submission, .. } in &observations.instances {
            let record_id = stored.order.record_id.as_str();
            let reported_at = messages.iter().filter(|(at, message)| {
                let orders = message["orders"].as_array();
                at >= stored_at
                    && orders.is_some_and(|orders| orders.iter().any(|order| order["record_id"] == record_id))
            });
            let reported_at = reported_at.map(|(at, _)| *at).min();
            let end = match submission {
                Submission::Submitted { .. } => *decided_at,
                Submission::Refused { .. } | Submission::Pending => reported_at,
            };
            let Some(end) = end.filter(|end| end - stored_at > LONG_WAIT) else { continue };
            let during = *stored_at..end + 1;
            let is_raised = self.is_alarm_raised(DEFERRED, during.clone())
                || self.is_fault_alarm_raised(Function::SubmitOrders, during.clone())
                || self.is_alarm_raised(FAILED_PIPE, during);
            require(is_raised, || format!("`{record_id}` waited for {} seconds without an alarm", end - stored_at))?;
        }
        Ok(())
    }

    /// Whether people were notified that a run of the slot failed.
    pub fn is_failure_reported(&self, slot: &str) -> bool {
        let observations = self.observations.borrow();
        observations.messages.iter().any(|message| {
            let message: Value = serde_json::from_str(&message.text).unwrap_or_default();
            let arn = message.pointer("/detail/executionArn");
            let is_of_slot =
                observations.runs.iter().any(|run| run.slot == slot && arn == Some(&Value::from(run.arn.as_str())));
            is_of_slot || (message["slot"] == slot && message["failed"].as_u64().is_some_and(|failed| failed > 0))
        })
    }

    /// The lines of the frozen answer.
    pub fn frozen_answer(&self, slot: &Slot, attempt: u32) -> Option<(Manifest, Vec<String>)> {
        let manifest = self.archive.object(&manifest_key(slot, attempt))?;
        let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
        let mut lines = Vec::new();
        for batch in &manifest.batches {
            lines.extend(self.archive.object(&batch.key).unwrap().lines().map(str::to_owned));
        }
        Some((manifest, lines))
    }

    /// Answer, objects, reports, summary and item of a slot agree, to the order.
    fn check_done_slot(&self, slot_text: &str, item: &Item) -> Broken {
        let slot = Slot::parse(slot_text).unwrap();
        let attempt = number(item, "attempt").unwrap() as u32;
        let Some((manifest, lines)) = self.frozen_answer(&slot, attempt) else {
            return Err(format!("slot {slot} is done without a frozen answer"));
        };
        self.check_answer(slot_text, &lines)?;

        let is_inline = manifest.inline_batch(&ResultsLimits::default()).is_some();
        let (mut objects, mut total, mut rejected) = (BTreeMap::new(), Total::new(), 0);
        let mut accepted = 0;
        for batch in &manifest.batches {
            let mut stored = String::new();
            let positions = batch.first..batch.first + batch.count;
            for (position, line) in positions.zip(&lines[batch.first as usize..]) {
                match decide(line.as_bytes()) {
                    Ok(Outcome::Accepted(order)) => {
                        accepted += 1;
                        order.power.iter().for_each(|power| total.add(power));
                        if is_inline {
                            objects.insert(result_key(&slot, attempt, position, &order.digest), order.canonical);
                        } else {
                            stored = stored + &order.canonical + "\n";
                        }
                    }
                    Ok(Outcome::Rejected(_)) => rejected += 1,
                    Err(error) => return Err(format!("slot {slot} is done with a failed order: {error}")),
                }
            }
            if !stored.is_empty() {
                objects.insert(batch_result_key(&slot, attempt, batch.n), stored);
            }
            let report = self.archive.object(&report_key(&slot, attempt, batch.n));
            require(report.is_some() != is_inline, || format!("slot {slot} has a report only of {}", batch.n))?;
        }
        let sample = result_key(&slot, attempt, 0, &gridbid_core::name::Digest::of(b""));
        let folder = &sample[..=sample.rfind('/').unwrap()];
        let stored: BTreeMap<String, String> =
            self.archive.objects().into_iter().filter(|(key, _)| key.starts_with(folder)).collect();
        require(stored == objects, || {
            format!("slot {slot} has the objects {:?} instead of {:?}", stored.keys(), objects.keys())
        })?;

        let summary = self.summary(slot_text).ok_or_else(|| format!("slot {slot} is done without a summary"))?;
        let counts = |value: &Value| ["attempt", "accepted", "rejected", "failed"].map(|name| value[name].as_u64());
        let expected = [u64::from(attempt), accepted, rejected, 0].map(Some);
        require(counts(&summary) == expected, || format!("slot {slot} is {expected:?}, its summary {summary}"))?;
        require(summary["total_power"] == total.text(), || {
            format!("slot {slot} has another power than {}", total.text())
        })?;
        let of_item = ["attempt", "accepted", "rejected", "failed"].map(|name| number(item, name));
        require(of_item == expected, || format!("slot {slot} is {expected:?}, its item {of_item:?}"))?;
        require(text(item, "total_power") == Some(total.text().as_str()), || {
            format!("the item of {slot} has another power")
        })?;

        let observations = self.observations.borrow();
        let is_reported = observations.messages.iter().any(|message| {
            let message: Value = serde_json::from_str(&message.text).unwrap_or_default();
            message["kind"] == "run_summary" && message["slot"] == slot_text && counts(&message) == expected
        });
        require(rejected == 0 || is_reported, || format!("the {rejected} rejections of slot {slot} are not reported"))
    }

    /// The frozen answer is one that the platform gave, and every order that it received for the slot is in it once.
    fn check_answer(&self, slot: &str, lines: &[String]) -> Broken {
        let auction = self.auction.borrow();
        let canonical = |orders: Vec<Value>| -> Vec<String> {
            orders.iter().map(|order| canonicalize(order.to_string().as_bytes()).unwrap_or_default()).collect()
        };
        let frozen: Vec<String> = lines.iter().map(|line| canonicalize(line.as_bytes()).unwrap_or_default()).collect();
        let second = second_of(slot);
        let is_given =
            [false, true].into_iter().any(|is_corrected| canonical(auction.orders_of(second, is_corrected)) == frozen);
        require(is_given, || format!("the platform never gave the frozen answer of slot {slot}: {frozen:?}"))
    }
}
