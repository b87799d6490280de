//! The API of orders: `POST /orders` stores a batch whole or not at all, `GET /orders/{record_id}` answers one order.
//!
//! Called by API Gateway's HTTP API (payload format 2.0), which routes, authorises and limits. Everything that a client
//! can get wrong is an answer; only an event that is none of the two routes' is an error. What an order is, and what it
//! means beside one that is there, is decided by core.

mod answer;
mod request;
mod storing;

use gridbid_adapters::{
    AdapterError, Call, Function, HandlerError, StartError,
    account::{Account, Service},
    environment::Environment,
    orders::{DynamoOrders, OrderTable, TRANSACTION_WRITES},
    telemetry::Outcome,
};
use gridbid_core::{
    batch::{self, Limits},
    expiry,
    order::RecordId,
};

use crate::{
    answer::Answer,
    request::{Body, HttpRequest},
    storing::{Kept, NotStored},
};

/// The function, over some table of orders.
#[derive(Debug)]
pub struct OrdersApi<T> {
    table: T,
    limits: Limits,
}

impl<T: OrderTable> OrdersApi<T> {
    /// The API over this table.
    #[must_use]
    pub fn new(table: T) -> Self {
        let limits = Limits::default();
        // A request is one transaction.
        Self { table, limits: Limits { orders: limits.orders.min(TRANSACTION_WRITES), ..limits } }
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &T {
        &self.table
    }

    /// Answers one event of API Gateway with one of its responses.
    ///
    /// # Errors
    /// `ContractBroken` for an event that is not one of the two routes' in payload format 2.0.
    pub async fn answer(&self, event: &str, call: &mut Call) -> Result<String, HandlerError> {
        let request: HttpRequest<'_> = serde_json::from_str(event)
            .map_err(|_| HandlerError::contract_broken("the event is not one of API Gateway's HTTP API"))?;
        if request.version != "2.0" {
            return Err(HandlerError::contract_broken("the event's payload format is not 2.0"));
        }
        let answer = match (request.route_key.as_ref(), request.record_id()) {
            ("POST /orders", _) => self.post(&request, call).await,
            ("GET /orders/{record_id}", Some(record_id)) => self.get(record_id, call).await,
            _ => return Err(HandlerError::contract_broken("the event's route is none of this function's")),
        };
        call.notes.status = Some(answer.status());
        call.notes.outcome = match answer.status() {
            200..=299 => Outcome::Ok,
            400..=499 => Outcome::Refused,
            _ => Outcome::Fault,
        };
        answer.into_json()
    }

    async fn post(&self, request: &HttpRequest<'_>, call: &mut Call) -> Answer {
        let body = match request.body() {
            Body::Empty => return Answer::empty_body(),
            Body::NotBase64 => return Answer::not_base64(),
            Body::Bytes(bytes) => bytes,
        };
        if !request.is_json() {
            return Answer::unsupported_media_type();
        }
        let batch = match batch::read(&body, &self.limits) {
            Ok(batch) => batch,
            Err(report) => {
                call.notes.violations = Some(u64::from(report.total));
                call.notes.code = report.violations.first().map(|violation| violation.code.as_str());
                return Answer::violations(&report);
            }
        };
        let orders = batch.orders();
        call.notes.orders = u64::try_from(orders.len()).ok();
        match storing::store(&self.table, orders, call).await {
            Ok(Kept { stored, unchanged, expires_at }) => Answer::stored(stored, unchanged, expires_at),
            Err(NotStored::Taken(indexes)) => {
                call.notes.conflicts = u64::try_from(indexes.len()).ok();
                Answer::conflicts(orders, &indexes)
            }
            Err(NotStored::Failed(error)) => failed(&error, call),
        }
    }

    async fn get(&self, record_id: &str, call: &mut Call) -> Answer {
        // Under a text that is no `record_id`, no order can be.
        let Ok(record_id) = RecordId::parse(record_id) else { return Answer::not_found() };
        match self.table.get(&record_id, &call.deadline).await {
            Ok(Some(found)) if expiry::is_live(found.expires_at, call.now) => Answer::order(&found),
            Ok(_) => Answer::not_found(),
            Err(error) => failed(&error, call),
        }
    }
}

/// The client learns that it is not its fault; the log line learns why.
fn failed(error: &AdapterError, call: &mut Call) -> Answer {
    call.notes.why = Some(error.to_string());
    match error {
        AdapterError::Unavailable(_) => Answer::unavailable(),
        AdapterError::Broken(_) => Answer::internal(),
    }
}

impl Function for OrdersApi<DynamoOrders> {
    const NAME: &'static str = "orders-api";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    async fn start(environment: &mut Environment) -> Result<Self, StartError> {
        let account = Account::read(environment, Service::DynamoDb);
        let table = environment.required("ORDERS_TABLE");
        let (account, table) = environment.finish((account, table))?;
        Ok(Self::new(DynamoOrders::new(&account, table)))
    }

    async fn handle(&self, event: &str, call: &mut Call) -> Result<String, HandlerError> {
        self.answer(event, call).await
    }
}

#[cfg(test)]
mod tests;
