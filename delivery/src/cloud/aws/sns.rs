//! The topic of notices in SNS.

use super::{Aws, failure};
use crate::cloud::{CallError, Topic};

impl Topic for Aws {
    async fn publish(&self, topic_arn: &str, subject: &str, text: &str) -> Result<(), CallError> {
        let call = self.sns.publish().topic_arn(topic_arn).subject(subject).message(text).send();
        call.await.map(drop).map_err(|error| failure(&format!("SNS Publish to {topic_arn}"), &error))
    }
}
