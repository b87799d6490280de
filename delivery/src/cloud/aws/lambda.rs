//! Versions and aliases in Lambda.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{AccountLimit, AliasRoutingConfiguration};

use crate::cloud::aws::client::{Aws, call_error};
use crate::cloud::call_error::CallError;
use crate::cloud::services::{AliasState, AliasTarget, Functions, HandlerOutput, PublishedVersion};

impl Functions for Aws {
    async fn alias(&self, alias: &AliasTarget) -> Result<AliasState, CallError> {
        let AliasTarget { function_name, alias_name } = alias;
        let call = format!("Lambda GetAlias {function_name}:{alias_name}");
        let sent = self.lambda.get_alias().function_name(function_name).name(alias_name).send().await;
        let output = sent.map_err(|error| call_error(&call, &error))?;
        alias_state(&call, output.function_version, output.revision_id, output.routing_config.as_ref())
    }

    async fn update_alias(&self, alias: &AliasTarget, version: &str, revision: &str) -> Result<AliasState, CallError> {
        let AliasTarget { function_name, alias_name } = alias;
        let call = format!("Lambda UpdateAlias {function_name}:{alias_name}");
        // An empty map removes the weights of an abandoned canary; without it they would stay.
        let unsplit = AliasRoutingConfiguration::builder().set_additional_version_weights(Some([].into())).build();
        let request = self.lambda.update_alias().function_name(function_name).name(alias_name);
        let sent = request.function_version(version).revision_id(revision).routing_config(unsplit).send().await;
        let output = sent.map_err(|error| call_error(&call, &error))?;
        alias_state(&call, output.function_version, output.revision_id, output.routing_config.as_ref())
    }

    async fn code_sha256(&self, function_name: &str, version: &str) -> Result<Option<String>, CallError> {
        let call = format!("Lambda GetFunctionConfiguration {function_name}:{version}");
        let request = self.lambda.get_function_configuration().function_name(function_name).qualifier(version);
        match request.send().await.map_err(|error| call_error(&call, &error)) {
            Ok(output) => output.code_sha256.ok_or_else(|| incomplete(&call, "CodeSha256")).map(Some),
            Err(CallError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn concurrency_quota(&self) -> Result<i32, CallError> {
        const CALL: &str = "Lambda GetAccountSettings";
        let output = self.lambda.get_account_settings().send().await.map_err(|error| call_error(CALL, &error))?;
        let quota = output.account_limit().map(AccountLimit::concurrent_executions);
        quota.ok_or_else(|| incomplete(CALL, "AccountLimit"))
    }

    async fn publish_version(&self, function_name: &str) -> Result<PublishedVersion, CallError> {
        let call = format!("Lambda PublishVersion {function_name}");
        let sent = self.lambda.publish_version().function_name(function_name).send().await;
        let output = sent.map_err(|error| call_error(&call, &error))?;
        let version = output.version.ok_or_else(|| incomplete(&call, "Version"))?;
        let code_sha256 = output.code_sha256.ok_or_else(|| incomplete(&call, "CodeSha256"))?;
        Ok(PublishedVersion { version, code_sha256 })
    }

    async fn invoke(&self, function_name: &str, qualifier: &str, event: &str) -> Result<HandlerOutput, CallError> {
        let call = format!("Lambda Invoke {function_name}:{qualifier}");
        let request = self.lambda.invoke().function_name(function_name).qualifier(qualifier);
        let sent = request.payload(Blob::new(event)).send().await;
        let output = sent.map_err(|error| call_error(&call, &error))?;
        let payload = output.payload.ok_or_else(|| incomplete(&call, "Payload"))?;
        let text = String::from_utf8_lossy(payload.as_ref()).into_owned();
        Ok(HandlerOutput { is_error: output.function_error.is_some(), text })
    }
}

fn alias_state(
    call: &str,
    version: Option<String>,
    revision: Option<String>,
    routing: Option<&AliasRoutingConfiguration>,
) -> Result<AliasState, CallError> {
    let weights = routing.and_then(AliasRoutingConfiguration::additional_version_weights);
    Ok(AliasState {
        version: version.ok_or_else(|| incomplete(call, "FunctionVersion"))?,
        revision: revision.ok_or_else(|| incomplete(call, "RevisionId"))?,
        second_version: weights.and_then(|weights| weights.keys().next().cloned()),
    })
}

fn incomplete(call: &str, member: &str) -> CallError {
    CallError::Failed(format!("{call}: the response has no {member}"))
}
