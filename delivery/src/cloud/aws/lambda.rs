//! Versions and aliases in Lambda.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::AliasRoutingConfiguration;

use super::{Aws, failure};
use crate::cloud::{Alias, Answer, CallError, Functions, Place};

impl Functions for Aws {
    async fn alias(&self, place: &Place) -> Result<Alias, CallError> {
        let Place { function_name, alias_name } = place;
        let call = self.lambda.get_alias().function_name(function_name).name(alias_name).send();
        let told = call.await.map_err(|error| failure(&format!("alias {function_name}:{alias_name}"), &error))?;
        Ok(alias(told.function_version, told.revision_id, told.routing_config.as_ref()))
    }

    async fn point(&self, place: &Place, version: &str, revision: &str) -> Result<Alias, CallError> {
        let Place { function_name, alias_name } = place;
        let call = self.lambda.update_alias().function_name(function_name).name(alias_name).function_version(version);
        // An empty map takes away the weights of a canary that was cut off; without one they would stay.
        let whole = AliasRoutingConfiguration::builder().set_additional_version_weights(Some([].into())).build();
        let sent = call.revision_id(revision).routing_config(whole).send().await;
        let told = sent.map_err(|error| failure(&format!("alias {function_name}:{alias_name}"), &error))?;
        Ok(alias(told.function_version, told.revision_id, told.routing_config.as_ref()))
    }

    async fn code(&self, function_name: &str, version: &str) -> Result<Option<String>, CallError> {
        let call = self.lambda.get_function_configuration().function_name(function_name).qualifier(version).send();
        match call.await.map_err(|error| failure(&format!("version {function_name}:{version}"), &error)) {
            Ok(told) => Ok(Some(told.code_sha256.unwrap_or_default())),
            Err(CallError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn invoke(&self, function_name: &str, qualifier: &str, event: &str) -> Result<Answer, CallError> {
        let call = self.lambda.invoke().function_name(function_name).qualifier(qualifier).payload(Blob::new(event));
        let told =
            call.send().await.map_err(|error| failure(&format!("call of {function_name}:{qualifier}"), &error))?;
        let text = told.payload.map(|payload| String::from_utf8_lossy(payload.as_ref()).into_owned());
        Ok(Answer { failed: told.function_error.is_some(), text: text.unwrap_or_default() })
    }
}

fn alias(version: Option<String>, revision: Option<String>, routing: Option<&AliasRoutingConfiguration>) -> Alias {
    let weights = routing.and_then(AliasRoutingConfiguration::additional_version_weights);
    Alias {
        version: version.unwrap_or_default(),
        revision: revision.unwrap_or_default(),
        is_split: weights.is_some_and(|weights| !weights.is_empty()),
    }
}
