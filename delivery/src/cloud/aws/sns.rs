//! The topic of notifications in SNS.

use crate::cloud::aws::client::{Aws, call_error};
use crate::cloud::call_error::CallError;
use crate::cloud::services::Topic;

impl Topic for Aws {
    async fn publish(&self, topic_arn: &str, subject: &str, text: &str) -> Result<(), CallError> {
        let request = self.sns.publish().topic_arn(topic_arn).subject(subject).message(text);
        request.send().await.map(drop).map_err(|error| call_error(&format!("SNS Publish {topic_arn}"), &error))
    }
}
