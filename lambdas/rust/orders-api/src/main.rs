//! The Lambda function orders-api.

use std::process::ExitCode;

use gridbid_adapters::dynamodb::DynamoOrders;
use gridbid_orders_api::OrdersApi;

fn main() -> ExitCode {
    gridbid_adapters::serve::<OrdersApi<DynamoOrders>>()
}
