//! State changes of pipelines, builds and deployments, from EventBridge.

use serde_json::Value;

use super::fields::{join_at, labelled, named, origin, status_words, text_at};
use crate::message::Message;

/// Renders the state of a pipeline's execution, or of one of its stages or actions.
pub(super) fn render_pipeline(event: &Value) -> Message {
    let place = join_at(event, &["/detail/pipeline", "/detail/stage", "/detail/action"], " / ");
    Message::new(&format!("Pipeline {place} {}", status_words(text_at(event, "/detail/state"))))
        .section(&labelled("Error", text_at(event, "/detail/execution-result/error-code")))
        .verbatim(text_at(event, "/detail/execution-result/external-execution-summary"))
        .context(&named("execution", text_at(event, "/detail/execution-id")))
        .context(&origin(event))
}

/// Renders the state of a build.
pub(super) fn render_build(event: &Value) -> Message {
    let status = status_words(text_at(event, "/detail/build-status"));
    Message::new(&format!("Build of {} {status}", text_at(event, "/detail/project-name")))
        .section(&labelled("Completed", text_at(event, "/detail/additional-information/build-complete")))
        .section(&labelled("Log", text_at(event, "/detail/additional-information/logs/deep-link")))
        .context(&named("build", text_at(event, "/detail/build-id")))
        .context(&origin(event))
}

/// Renders the state of a deployment.
pub(super) fn render_deployment(event: &Value) -> Message {
    let status = status_words(text_at(event, "/detail/state"));
    Message::new(&format!("Deployment of {} {status}", text_at(event, "/detail/application")))
        .section(&labelled("Group", text_at(event, "/detail/deploymentGroup")))
        .section(&labelled("Why", text_at(event, "/detail/errorInformation/ErrorMessage")))
        .context(&named("deployment", text_at(event, "/detail/deploymentId")))
        .context(&origin(event))
}
