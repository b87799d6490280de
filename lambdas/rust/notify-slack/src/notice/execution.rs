//! An execution of a state machine that changed its status: a run that failed, timed out or was aborted.

use serde_json::Value;

use super::{at, named, origin, spoken};
use crate::message::Message;

pub(super) fn message(notice: &Value) -> Message {
    let machine = at(notice, "/detail/stateMachineArn").rsplit(':').next().unwrap_or_default();
    let (error, cause) = (at(notice, "/detail/error"), at(notice, "/detail/cause"));
    let arn = at(notice, "/detail/executionArn");
    let arn = if arn.is_empty() { at(notice, "/detail/name") } else { arn };
    Message::new(&format!("{machine} {}", spoken(at(notice, "/detail/status"))))
        .section(&named("*Error*", error))
        .verbatim(cause)
        .verbatim(at(notice, "/detail/input"))
        .context(&named("run", arn))
        .context(&origin(notice))
}
