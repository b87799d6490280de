//! `gridbid rerun`: starts another results run of one slot, or of every open slot: its run began and did not finish.
//!
//! The state machine decides what a run does: a slot that is done or that another run works on ends at once. A run of the same
//! attempt decides the results that were stored first; only `--ask-again` polls the auction platform again.

use std::time::Duration;

use gridbid_release_format::Timestamp;
use serde_json::json;

use crate::cloud::services::Cloud;
use crate::commands::mode::Mode;
use crate::failure::Failure;
use crate::history::Record;
use crate::progress::{log, log_detail};

/// The time from one slot to the next.
const PERIOD: Duration = Duration::from_secs(300);

/// What to run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RerunRequest {
    /// One slot, with the results that were stored or by polling the platform.
    Slot {
        /// The slot.
        slot: Timestamp,
        /// Whether to poll the platform although results are stored.
        ask_again: bool,
    },
    /// Every open slot. One whose run never began is not known.
    Open,
}

/// Starts the runs.
///
/// # Errors
/// When the environment was deployed by a release without this command, or a call fails.
pub(crate) async fn rerun<C: Cloud>(
    cloud: &C,
    record: &Record,
    request: RerunRequest,
    mode: Mode,
) -> Result<(), Failure> {
    let addresses = &record.addresses;
    let (table, state_machine) =
        addresses.runs_table.as_ref().zip(addresses.state_machine_arn.as_ref()).ok_or_else(|| {
            Failure::new("the last deployment recorded no state machine").with_hint("deploy a newer release")
        })?;
    if let RerunRequest::Slot { slot, .. } = request
        && (slot != slot.round_down(PERIOD) || slot > cloud.now())
    {
        return Err(Failure::new(format!("there is no slot {slot}"))
            .with_hint("slots begin every five minutes, such as 2026-11-22T07:05:00Z, and are run after they began"));
    }
    let inputs = match request {
        RerunRequest::Slot { slot, ask_again: false } => vec![json!({ "slot": slot })],
        RerunRequest::Slot { slot, ask_again: true } => vec![json!({"slot": slot, "ask_again": true})],
        RerunRequest::Open => cloud.open_slots(table).await?.into_iter().map(|slot| json!({ "slot": slot })).collect(),
    };
    for input in &inputs {
        let slot = &input["slot"];
        match mode {
            Mode::DryRun => log_detail(&format!("would run slot {slot}")),
            Mode::Apply => {
                let run = cloud.start_run(state_machine, &input.to_string()).await?;
                log_detail(&format!("slot {slot}: {run}"));
            }
        }
    }
    let verb = if mode == Mode::Apply { "started" } else { "would be started" };
    log(&format!("{} runs {verb}", inputs.len()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::memory::Memory;
    use crate::commands::deploy::tests::deployed;
    use crate::testing::timestamp;

    #[tokio::test]
    async fn open_slots_or_one_slot_are_run_again() {
        let (memory, record) = (Memory::default(), deployed(&Memory::default()).await);
        *memory.open_slots.borrow_mut() = vec!["2026-11-22T07:05:00Z".to_owned(), "2026-11-22T07:10:00Z".to_owned()];
        rerun(&memory, &record, RerunRequest::Open, Mode::DryRun).await.unwrap();
        assert!(memory.log.borrow().is_empty());
        rerun(&memory, &record, RerunRequest::Open, Mode::Apply).await.unwrap();
        let slot = timestamp(1_763_794_200);
        for ask_again in [false, true] {
            rerun(&memory, &record, RerunRequest::Slot { slot, ask_again }, Mode::Apply).await.unwrap();
        }
        for wrong in [1_763_794_201, 1_900_000_200] {
            let request = RerunRequest::Slot { slot: timestamp(wrong), ask_again: false };
            let refused = rerun(&memory, &record, request, Mode::Apply).await.unwrap_err().report();
            assert!(refused.contains("there is no slot 20") && refused.contains("every five minutes"), "{refused}");
        }
        let started = memory.logged("start");
        let expected = [
            r#"{"slot":"2026-11-22T07:05:00Z"}"#,
            r#"{"slot":"2026-11-22T07:10:00Z"}"#,
            r#"{"slot":"2025-11-22T06:50:00Z"}"#,
            r#"{"ask_again":true,"slot":"2025-11-22T06:50:00Z"}"#,
        ];
        assert_eq!(started, expected.map(|input| format!("start machine {input}")));
    }
}
