//! Pipelines, builds and deployments that changed their state, as EventBridge tells it.

use serde_json::Value;

use super::{at, line, named, origin, spoken};
use crate::message::Message;

/// A pipeline's execution, or one of its stages or actions.
pub(super) fn pipeline(notice: &Value) -> Message {
    let parts = ["/detail/pipeline", "/detail/stage", "/detail/action"].map(|pointer| at(notice, pointer));
    let place: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let title = format!("Pipeline {} {}", place.join(" / "), spoken(at(notice, "/detail/state")));
    Message::new(&title)
        .section(&line("Error", at(notice, "/detail/execution-result/error-code")))
        .verbatim(at(notice, "/detail/execution-result/external-execution-summary"))
        .context(&named("execution", at(notice, "/detail/execution-id")))
        .context(&origin(notice))
}

/// A build.
pub(super) fn build(notice: &Value) -> Message {
    let status = spoken(at(notice, "/detail/build-status"));
    let phase = at(notice, "/detail/additional-information/build-complete");
    Message::new(&format!("Build of {} {status}", at(notice, "/detail/project-name")))
        .section(&line("Completed", phase))
        .section(&line("Log", at(notice, "/detail/additional-information/logs/deep-link")))
        .context(&named("build", at(notice, "/detail/build-id")))
        .context(&origin(notice))
}

/// A deployment.
pub(super) fn deployment(notice: &Value) -> Message {
    let title = format!("Deployment of {} {}", at(notice, "/detail/application"), spoken(at(notice, "/detail/state")));
    Message::new(&title)
        .section(&line("Group", at(notice, "/detail/deploymentGroup")))
        .section(&line("Why", at(notice, "/detail/errorInformation/ErrorMessage")))
        .context(&named("deployment", at(notice, "/detail/deploymentId")))
        .context(&origin(notice))
}
