//! Canary deployments by CodeDeploy. The deployment group defines the share of the calls, the duration and the alarms.

use aws_sdk_codedeploy::types::{
    AppSpecContent, DeploymentInfo, DeploymentStatus, RevisionLocation, RevisionLocationType,
};
use serde_json::json;

use crate::cloud::aws::client::{Aws, call_error};
use crate::cloud::call_error::CallError;
use crate::cloud::services::{AliasTarget, Canaries, CanaryState, DeploymentGroup};

impl Canaries for Aws {
    async fn start_canary(
        &self,
        group: &DeploymentGroup,
        alias: &AliasTarget,
        from: &str,
        to: &str,
    ) -> Result<String, CallError> {
        let call = format!("CodeDeploy CreateDeployment {}", group.application);
        let content = AppSpecContent::builder().content(app_spec(alias, from, to)).build();
        let revision = RevisionLocation::builder()
            .revision_type(RevisionLocationType::AppSpecContent)
            .app_spec_content(content)
            .build();
        let request = self.codedeploy.create_deployment().application_name(&group.application);
        let sent = request.deployment_group_name(&group.group).revision(revision).send().await;
        let output = sent.map_err(|error| call_error(&call, &error))?;
        output.deployment_id.ok_or_else(|| CallError::Failed(format!("{call}: the response has no deployment id")))
    }

    async fn canary_state(&self, id: &str) -> Result<CanaryState, CallError> {
        let call = format!("CodeDeploy GetDeployment {id}");
        let sent = self.codedeploy.get_deployment().deployment_id(id).send().await;
        let output = sent.map_err(|error| call_error(&call, &error))?;
        let state = output.deployment_info.as_ref().and_then(canary_state);
        state.ok_or_else(|| CallError::Failed(format!("{call}: the response has no status")))
    }

    async fn stop_canary(&self, id: &str) -> Result<(), CallError> {
        let sent = self.codedeploy.stop_deployment().deployment_id(id).auto_rollback_enabled(true).send().await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_deployment_already_completed_exception()) => {
                Ok(())
            }
            Err(error) => Err(call_error(&format!("CodeDeploy StopDeployment {id}"), &error)),
        }
    }

    async fn running_canaries(&self, group: &DeploymentGroup) -> Result<Vec<String>, CallError> {
        let mut request = self.codedeploy.list_deployments().application_name(&group.application);
        for status in [
            DeploymentStatus::Created,
            DeploymentStatus::Queued,
            DeploymentStatus::InProgress,
            DeploymentStatus::Baking,
            DeploymentStatus::Ready,
        ] {
            request = request.include_only_statuses(status);
        }
        let sent = request.deployment_group_name(&group.group).send().await;
        let call = || format!("CodeDeploy ListDeployments {}", group.application);
        let output = sent.map_err(|error| call_error(&call(), &error))?;
        // An empty list is left out of the response.
        Ok(output.deployments.unwrap_or_default())
    }
}

fn app_spec(alias: &AliasTarget, from: &str, to: &str) -> String {
    let properties = json!({
        "Name": alias.function_name,
        "Alias": alias.alias_name,
        "CurrentVersion": from,
        "TargetVersion": to,
    });
    let resource = json!({"function": {"Type": "AWS::Lambda::Function", "Properties": properties}});
    json!({"version": 0.0, "Resources": [resource]}).to_string()
}

fn canary_state(info: &DeploymentInfo) -> Option<CanaryState> {
    Some(match info.status()? {
        DeploymentStatus::Succeeded => CanaryState::Succeeded,
        DeploymentStatus::Failed | DeploymentStatus::Stopped => {
            let error = info.error_information();
            let code = error.and_then(|error| error.code()).map(|code| code.as_str());
            let parts: Vec<&str> = [code, error.and_then(|error| error.message())].into_iter().flatten().collect();
            CanaryState::Failed(if parts.is_empty() {
                "CodeDeploy gives no reason".to_owned()
            } else {
                parts.join(": ")
            })
        }
        status => CanaryState::Running(status.as_str().to_lowercase()),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_codedeploy::types::{ErrorCode, ErrorInformation};

    use super::*;

    #[test]
    fn stopped_canary_failed_because_of_its_alarm() {
        let error = ErrorInformation::builder()
            .code(ErrorCode::AlarmActive)
            .message("One or more alarms have been activated: gridbid-dev-orders-api-faults")
            .build();
        let info = DeploymentInfo::builder().status(DeploymentStatus::Stopped).error_information(error).build();
        let Some(CanaryState::Failed(cause)) = canary_state(&info) else { panic!("it failed") };
        assert!(cause.starts_with("ALARM_ACTIVE: ") && cause.ends_with("gridbid-dev-orders-api-faults"), "{cause}");
        let running = DeploymentInfo::builder().status(DeploymentStatus::InProgress).build();
        assert_eq!(canary_state(&running), Some(CanaryState::Running("inprogress".to_owned())));
    }

    #[test]
    fn app_spec_names_both_versions() {
        let alias = AliasTarget { function_name: "gridbid-dev-orders-api".to_owned(), alias_name: "live".to_owned() };
        let spec: serde_json::Value = serde_json::from_str(&app_spec(&alias, "3", "4")).unwrap();
        let properties = &spec["Resources"][0]["function"]["Properties"];
        assert_eq!((&properties["CurrentVersion"], &properties["TargetVersion"]), (&json!("3"), &json!("4")));
        assert_eq!(spec["version"].to_string(), "0.0");
    }
}
