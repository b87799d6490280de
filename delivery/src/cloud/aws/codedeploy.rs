//! Canary deployments by CodeDeploy. The group says how much of the traffic, for how long, and which alarms stop it.

use aws_sdk_codedeploy::types::{
    AppSpecContent, DeploymentInfo, DeploymentStatus, RevisionLocation, RevisionLocationType,
};
use serde_json::json;

use super::{Aws, failure};
use crate::cloud::{CallError, Canaries, Canary, Group, Place};

impl Canaries for Aws {
    async fn start(&self, group: &Group, place: &Place, from: &str, to: &str) -> Result<String, CallError> {
        let content = AppSpecContent::builder().content(app_spec(place, from, to)).build();
        let revision = RevisionLocation::builder()
            .revision_type(RevisionLocationType::AppSpecContent)
            .app_spec_content(content)
            .build();
        let call = self.codedeploy.create_deployment().application_name(&group.application);
        let sent = call.deployment_group_name(&group.group).revision(revision).send().await;
        let told = sent.map_err(|error| failure(&format!("CodeDeploy of {}", group.application), &error))?;
        told.deployment_id.ok_or_else(|| CallError::Failed("CodeDeploy started a deployment without an id".to_owned()))
    }

    async fn look(&self, id: &str) -> Result<Canary, CallError> {
        let sent = self.codedeploy.get_deployment().deployment_id(id).send().await;
        let told = sent.map_err(|error| failure(&format!("CodeDeploy deployment {id}"), &error))?;
        let info =
            told.deployment_info.ok_or_else(|| CallError::Failed(format!("CodeDeploy knows nothing of {id}")))?;
        Ok(state(&info))
    }

    async fn stop(&self, id: &str) -> Result<(), CallError> {
        let sent = self.codedeploy.stop_deployment().deployment_id(id).auto_rollback_enabled(true).send().await;
        match sent {
            Ok(_) => Ok(()),
            // It was faster than we were: `look` says how it ended.
            Err(error) if error.as_service_error().is_some_and(|e| e.is_deployment_already_completed_exception()) => {
                Ok(())
            }
            Err(error) => Err(failure(&format!("stop of CodeDeploy deployment {id}"), &error)),
        }
    }

    async fn running(&self, group: &Group) -> Result<Vec<String>, CallError> {
        let mut call = self.codedeploy.list_deployments().application_name(&group.application);
        for status in [
            DeploymentStatus::Created,
            DeploymentStatus::Queued,
            DeploymentStatus::InProgress,
            DeploymentStatus::Baking,
            DeploymentStatus::Ready,
        ] {
            call = call.include_only_statuses(status);
        }
        let sent = call.deployment_group_name(&group.group).send().await;
        let told = sent.map_err(|error| failure(&format!("CodeDeploy of {}", group.application), &error))?;
        Ok(told.deployments.unwrap_or_default())
    }
}

fn app_spec(place: &Place, from: &str, to: &str) -> String {
    let properties = json!({
        "Name": place.function_name,
        "Alias": place.alias_name,
        "CurrentVersion": from,
        "TargetVersion": to,
    });
    let resource = json!({"function": {"Type": "AWS::Lambda::Function", "Properties": properties}});
    json!({"version": 0.0, "Resources": [resource]}).to_string()
}

fn state(info: &DeploymentInfo) -> Canary {
    match info.status() {
        Some(DeploymentStatus::Succeeded) => Canary::Succeeded,
        Some(DeploymentStatus::Failed | DeploymentStatus::Stopped) => {
            let error = info.error_information();
            let part = |text: Option<&str>| text.unwrap_or_default().to_owned();
            let code = part(error.and_then(|error| error.code()).map(|code| code.as_str()));
            let message = part(error.and_then(|error| error.message()));
            let told: Vec<String> = [code, message].into_iter().filter(|part| !part.is_empty()).collect();
            Canary::Failed(if told.is_empty() { "CodeDeploy gives no reason".to_owned() } else { told.join(": ") })
        }
        Some(status) => Canary::Running(status.as_str().to_lowercase()),
        None => Canary::Running("unknown".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_codedeploy::types::{ErrorCode, ErrorInformation};

    use super::*;

    #[test]
    fn an_alarm_is_the_reason_of_a_canary_that_it_stopped() {
        let error = ErrorInformation::builder()
            .code(ErrorCode::AlarmActive)
            .message("One or more alarms have been activated: gridbid-dev-orders-api-faults")
            .build();
        let info = DeploymentInfo::builder().status(DeploymentStatus::Stopped).error_information(error).build();
        let Canary::Failed(why) = state(&info) else { panic!("it has ended") };
        assert!(why.starts_with("ALARM_ACTIVE: ") && why.ends_with("gridbid-dev-orders-api-faults"), "{why}");
        let running = DeploymentInfo::builder().status(DeploymentStatus::InProgress).build();
        assert_eq!(state(&running), Canary::Running("inprogress".to_owned()));
    }

    #[test]
    fn the_app_spec_names_both_versions() {
        let place = Place { function_name: "gridbid-dev-orders-api".to_owned(), alias_name: "live".to_owned() };
        let spec: serde_json::Value = serde_json::from_str(&app_spec(&place, "3", "4")).unwrap();
        let properties = &spec["Resources"][0]["function"]["Properties"];
        assert_eq!((&properties["CurrentVersion"], &properties["TargetVersion"]), (&json!("3"), &json!("4")));
        assert_eq!(spec["version"].to_string(), "0.0");
    }
}
