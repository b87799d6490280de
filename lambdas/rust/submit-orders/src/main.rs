//! The Lambda function submit-orders.

use std::process::ExitCode;

use gridbid_adapters::{dynamodb::DynamoOrders, http_platform::HttpPlatform, sns::SnsNotifier, sqs::SqsQueue};
use gridbid_submit_orders::SubmitOrders;

fn main() -> ExitCode {
    gridbid_adapters::serve::<SubmitOrders<DynamoOrders, HttpPlatform, SnsNotifier, SqsQueue>>()
}
