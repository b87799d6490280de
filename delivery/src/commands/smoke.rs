//! `gridbid smoke`: uses the deployed API as a company would and checks the responses.
//!
//! It stores an order with a power of 0 under a unique id, which expires after 24 hours, reads it back, submits and previews
//! an invalid order, and reads the day's results. `deploy` runs it after the aliases have been shifted.

use std::time::Duration;

use gridbid_release_format::Timestamp;
use hyper::Method;
use serde_json::{Value, json};

use crate::api::{Api, Response};
use crate::commands::mode::Mode;
use crate::failure::Failure;
use crate::progress::{log, log_detail};

/// Attempts for a call without a response.
const ATTEMPTS: u32 = 3;
const RETRY_DELAY: Duration = Duration::from_secs(2);

/// Runs the smoke test.
///
/// # Errors
/// The first unexpected response.
pub(crate) async fn smoke(api: &impl Api, now: Timestamp, mode: Mode) -> Result<(), Failure> {
    let (id, day) = (format!("gridbid-smoke-{}", now.to_basic()), now.to_date());
    let order = json!({"record_id": id, "parameter_1": "smoke test", "parameter_2": 0});
    let valid = json!([order]).to_string();
    let invalid = json!([{"record_id": "not an id", "parameter_1": "", "parameter_2": "0"}]).to_string();
    if mode == Mode::DryRun {
        for line in [
            format!("POST /orders {valid}"),
            format!("GET /orders/{id}"),
            format!("POST /orders and /orders/preview {invalid}"),
            format!("GET /results/{day}"),
        ] {
            log_detail(&format!("would call {line}"));
        }
        return Ok(());
    }
    let stored = call(api, &Method::POST, "/orders", &valid, 201).await?;
    check(stored.get("accepted") == Some(&json!(1)), "POST /orders did not accept the order", &stored)?;
    let read = call(api, &Method::GET, &format!("/orders/{id}"), "", 200).await?;
    let is_same = ["record_id", "parameter_1", "parameter_2"].iter().all(|name| read.get(name) == order.get(name));
    check(is_same, "GET /orders/{record_id} did not return the stored order", &read)?;
    let refused = call(api, &Method::POST, "/orders", &invalid, 400).await?;
    let previewed = call(api, &Method::POST, "/orders/preview", &invalid, 200).await?;
    let violations = previewed.get("violations").filter(|all| all.as_array().is_some_and(|all| !all.is_empty()));
    let is_same = violations.is_some() && violations == refused.get("violations");
    check(is_same, "the preview does not list the violations that POST /orders lists", &previewed)?;
    let results = call(api, &Method::GET, &format!("/results/{day}"), "", 200).await?;
    check(results.get("date") == Some(&json!(day)), "GET /results/{date} did not return the date", &results)?;
    log(&format!(
        "smoke test: order {id} stored and read back, an invalid one refused and previewed, the day's results read"
    ));
    Ok(())
}

/// Calls a route that must respond with a status and JSON.
async fn call(api: &impl Api, method: &Method, path: &str, body: &str, expected: u16) -> Result<Value, Failure> {
    let fail = |what: &str| Failure::new(format!("the smoke test failed: {method} {path} {what}"));
    let mut attempt = 1;
    let Response { status, body } = loop {
        match api.call(method, path, body).await {
            Ok(response) => break response,
            Err(_) if attempt < ATTEMPTS => tokio::time::sleep(RETRY_DELAY).await,
            Err(error) => return Err(fail(&format!("was not answered: {error}"))),
        }
        attempt += 1;
    };
    if status != expected {
        let failure = fail(&format!("was answered with {status}: {}", body.trim()));
        return Err(match status {
            401 | 403 => failure.with_hint(
                "the caller needs the permission execute-api:Invoke; where a JWT issuer guards the API, set \
                 GRIDBID_SMOKE_TOKEN, or GRIDBID_SMOKE_TOKEN_URL, _CLIENT_ID and _CLIENT_SECRET",
            ),
            _ => failure,
        });
    }
    serde_json::from_str(&body).map_err(|error| fail(&format!("was not answered with JSON: {error}")))
}

fn check(holds: bool, otherwise: &str, response: &Value) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::new(format!("the smoke test failed: {otherwise}: {response}"))) }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::*;
    use crate::testing::timestamp;

    /// The API in memory; the response of each route can be replaced.
    #[derive(Debug, Default)]
    pub(crate) struct MemoryApi {
        stored: RefCell<BTreeMap<String, Value>>,
        pub(crate) replaced: RefCell<BTreeMap<String, Result<Response, Failure>>>,
        pub(crate) calls: RefCell<Vec<String>>,
    }

    impl Api for MemoryApi {
        async fn call(&self, method: &Method, path: &str, body: &str) -> Result<Response, Failure> {
            let line = format!("{method} {path}");
            self.calls.borrow_mut().push(line.clone());
            if let Some(response) = self.replaced.borrow().get(&line) {
                return response.clone();
            }
            let is_invalid = body.contains("not an id");
            let violations = json!({"violations": [{"code": "invalid_characters"}]});
            let (status, body) = match line.as_str() {
                "POST /orders" if is_invalid => (400, violations),
                "POST /orders/preview" => (200, violations),
                "POST /orders" => {
                    let orders: Vec<Value> = serde_json::from_str(body).unwrap();
                    let id = orders[0]["record_id"].as_str().unwrap().to_owned();
                    self.stored.borrow_mut().insert(format!("/orders/{id}"), orders[0].clone());
                    (201, json!({"accepted": 1}))
                }
                _ if path.starts_with("/results/") => (200, json!({"date": path.trim_start_matches("/results/")})),
                _ => (200, self.stored.borrow().get(path).cloned().unwrap_or_default()),
            };
            Ok(Response { status, body: body.to_string() })
        }
    }

    async fn report(route: &str, response: Result<Response, Failure>) -> String {
        let api = MemoryApi::default();
        api.replaced.borrow_mut().insert(route.to_owned(), response);
        let failure = smoke(&api, timestamp(1_800_000_000), Mode::Apply).await.unwrap_err();
        failure.report()
    }

    fn response(status: u16, body: &str) -> Result<Response, Failure> {
        Ok(Response { status, body: body.to_owned() })
    }

    #[tokio::test]
    async fn working_system_passes() {
        let api = MemoryApi::default();
        smoke(&api, timestamp(1_800_000_000), Mode::Apply).await.unwrap();
        assert_eq!(api.calls.borrow().len(), 5);
        smoke(&api, timestamp(1_800_000_000), Mode::DryRun).await.unwrap();
        assert_eq!(api.calls.borrow().len(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn each_response_is_checked() {
        assert!(report("POST /orders", response(500, "{}")).await.contains("answered with 500"));
        assert!(report("POST /orders", response(201, r#"{"accepted":0}"#)).await.contains("did not accept"));
        assert!(
            report("GET /orders/gridbid-smoke-20270115T080000Z", response(200, "{}"))
                .await
                .contains("did not return the stored order")
        );
        assert!(report("POST /orders/preview", response(200, r#"{"violations":[]}"#)).await.contains("the preview"));
        assert!(report("GET /results/2027-01-15", response(200, "no JSON")).await.contains("not answered with JSON"));
        assert!(report("GET /results/2027-01-15", response(403, "")).await.contains("GRIDBID_SMOKE_TOKEN"));
        assert!(report("POST /orders", Err(Failure::new("no connection"))).await.contains("no connection"));
    }
}
