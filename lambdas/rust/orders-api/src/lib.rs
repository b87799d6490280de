//! The orders API: `POST /orders` stores a batch completely or not at all, `GET /orders/{record_id}` returns one order.
//!
//! The events are those of API Gateway's HTTP API (payload format 2.0), which routes, authorizes and throttles. Every
//! client error is a response; only an event of another route or format is an error. Core decides what a valid order is
//! and how it compares with an existing one.

mod request;
mod response;
mod store;

use gridbid_adapters::{
    AdapterError, Function, HandlerError, Invocation, StartError,
    account::{Account, Service},
    dynamodb::DynamoOrders,
    environment::Environment,
    orders::{Acceptance, OrderTable, TRANSACTION_WRITES},
    telemetry::Outcome,
};
use gridbid_core::{
    batch::{self, Limits},
    expiry,
    order::RecordId,
};

use crate::{
    request::{Body, HttpRequest},
    response::Response,
    store::StoreError,
};

/// The function, generic over the table of orders.
#[derive(Debug)]
pub struct OrdersApi<T> {
    table: T,
    limits: Limits,
    /// Whether orders are to be submitted to an auction platform.
    submits: bool,
}

impl<T: OrderTable> OrdersApi<T> {
    /// Creates the API over this table, without an auction platform.
    #[must_use]
    pub fn new(table: T) -> Self {
        let limits = Limits::default();
        // A request is one transaction.
        Self { table, limits: Limits { orders: limits.orders.min(TRANSACTION_WRITES), ..limits }, submits: false }
    }

    /// Sets whether new orders are to be submitted to an auction platform.
    #[must_use]
    pub fn submitting(self, submits: bool) -> Self {
        Self { submits, ..self }
    }

    /// Returns the table.
    #[must_use]
    pub fn table(&self) -> &T {
        &self.table
    }

    /// Responds to one event of API Gateway.
    ///
    /// # Errors
    /// `ContractBroken` for an event of another route or payload format.
    pub async fn respond(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        let request: HttpRequest<'_> = serde_json::from_str(event)
            .map_err(|_| HandlerError::contract_broken("the event is not one of API Gateway's HTTP API"))?;
        if request.version != "2.0" {
            return Err(HandlerError::contract_broken("the event's payload format is not 2.0"));
        }
        let response = match (request.route_key.as_ref(), request.record_id()) {
            ("POST /orders", _) => self.post(&request, invocation).await,
            ("GET /orders/{record_id}", Some(record_id)) => self.get(record_id, invocation).await,
            _ => return Err(HandlerError::contract_broken("the event's route is not one of this function's")),
        };
        invocation.log.submitted_by = request.caller().map(str::to_owned);
        invocation.log.status = Some(response.status());
        invocation.log.outcome = match response.status() {
            200..=299 => Outcome::Ok,
            400..=499 => Outcome::Refused,
            _ => Outcome::Fault,
        };
        response.into_json()
    }

    async fn post(&self, request: &HttpRequest<'_>, invocation: &mut Invocation) -> Response {
        let body = match (request.body(), request.content_encoding()) {
            (Body::Empty, _) => return Response::empty_body(),
            (_, Some(encoding)) => return Response::unsupported_content_encoding(encoding),
            _ if !request.is_json() => return Response::unsupported_media_type(),
            (Body::NotBase64, None) => return Response::not_base64(),
            (Body::NotUtf8, None) => return Response::not_utf8(),
            (Body::Bytes(bytes), None) => bytes,
        };
        let batch = match batch::parse(&body, &self.limits) {
            Ok(batch) => batch,
            Err(report) => {
                invocation.log.violations = Some(report.total);
                invocation.log.code = report.violations.first().map(|violation| violation.code.as_str());
                return Response::violations(report);
            }
        };
        invocation.log.orders = Some(batch.orders().len());
        let acceptance = Acceptance {
            accepted_at: invocation.now,
            expires_at: expiry::expires_at(invocation.now),
            submitted_by: request.caller(),
            is_pending: self.submits,
        };
        match store::store(&self.table, batch.orders(), acceptance, invocation).await {
            Ok(summary) => {
                invocation.log.stored = Some(summary.stored);
                invocation.log.unchanged = Some(summary.unchanged);
                Response::stored(summary)
            }
            Err(StoreError::Conflicts(conflicts)) => {
                invocation.log.conflicts = Some(conflicts.len());
                Response::conflicts(conflicts)
            }
            Err(StoreError::Table(error)) => respond_to_failure(&error, invocation),
        }
    }

    async fn get(&self, record_id: &str, invocation: &mut Invocation) -> Response {
        // No order has an invalid id.
        let Ok(record_id) = RecordId::parse(record_id) else { return Response::not_found() };
        match self.table.get(&record_id, &invocation.deadline).await {
            Ok(Some(found)) if expiry::is_live(found.stored.expires_at, invocation.now) => Response::order(found),
            Ok(_) => Response::not_found(),
            Err(error) => respond_to_failure(&error, invocation),
        }
    }
}

/// The client gets a generic 503 or 500; the log line records the cause.
fn respond_to_failure(error: &AdapterError, invocation: &mut Invocation) -> Response {
    invocation.log.why = Some(error.to_string());
    match error {
        AdapterError::Unavailable(_) => Response::unavailable(),
        AdapterError::Broken(_) => Response::internal(),
    }
}

impl Function for OrdersApi<DynamoOrders> {
    const NAME: &'static str = "orders-api";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    async fn start(environment: &mut Environment) -> Result<Self, StartError> {
        let account = Account::from_environment(environment, Service::DynamoDb);
        let table = environment.required("ORDERS_TABLE");
        let submits = environment.parsed("SUBMIT_ORDERS", "is neither true nor false").unwrap_or(false);
        let (account, table) = environment.finish((account, table))?;
        Ok(Self::new(DynamoOrders::new(&account, table)).submitting(submits))
    }

    async fn handle(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        self.respond(event, invocation).await
    }
}

#[cfg(test)]
mod tests;
