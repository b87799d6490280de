//! `gridbid smoke`: uses the deployed API as a company does, and checks what comes back.
//!
//! It stores one order of its own (a power of 0 under a name that nobody else uses, which ends by itself after 24 hours),
//! reads it back, has a wrong one refused and previewed alike, and asks for the day's results. Called by `cli`, by `deploy`
//! when the aliases have been shifted, and by the workflows after a rollback.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use super::Mode;
use crate::api::{Api, ApiAnswer};
use crate::failure::Failure;
use crate::moment::Moment;
use crate::progress::say;

/// A call that is not answered at all is made so often.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);

/// Does the round trip.
///
/// # Errors
/// The first answer that is not as it must be.
pub(crate) async fn smoke(api: &impl Api, now: Moment, mode: Mode) -> Result<(), Failure> {
    let id = format!("gridbid-smoke-{}", now.basic());
    let order = json!({"record_id": id, "parameter_1": "smoke test", "parameter_2": 0});
    let wrong = json!([{"record_id": "not an id", "parameter_1": "", "parameter_2": "0"}]).to_string();
    let day = now.to_string().split('T').next().unwrap_or_default().to_owned();
    if mode == Mode::DryRun {
        for line in [
            format!("POST /orders {}", json!([order])),
            format!("GET /orders/{id}"),
            format!("POST /orders and /orders/preview {wrong}"),
            format!("GET /results/{day}"),
        ] {
            say(&format!("  would call {line}"));
        }
        return Ok(());
    }
    let stored = ask(api, &Method::POST, "/orders", &json!([order]).to_string(), 201).await?;
    holds(stored.get("accepted") == Some(&json!(1)), "POST /orders did not accept the order", &stored)?;
    let read = ask(api, &Method::GET, &format!("/orders/{id}"), "", 200).await?;
    let same = ["record_id", "parameter_1", "parameter_2"].iter().all(|name| read.get(name) == order.get(name));
    holds(same, "GET /orders/{record_id} did not give back what was stored", &read)?;
    let refused = ask(api, &Method::POST, "/orders", &wrong, 400).await?;
    let previewed = ask(api, &Method::POST, "/orders/preview", &wrong, 200).await?;
    let told = previewed.get("violations").filter(|told| told.as_array().is_some_and(|told| !told.is_empty()));
    holds(
        told.is_some() && told == refused.get("violations"),
        "the preview does not say what storing says",
        &previewed,
    )?;
    let results = ask(api, &Method::GET, &format!("/results/{day}"), "", 200).await?;
    holds(results.get("date") == Some(&json!(day)), "GET /results/{date} did not tell the day", &results)?;
    say(&format!(
        "smoke test: order {id} stored, read back, a wrong one refused and previewed, the day's results told"
    ));
    Ok(())
}

/// Calls a route, whose answer must have this status.
async fn ask(api: &impl Api, method: &Method, path: &str, body: &str, wanted: u16) -> Result<Value, Failure> {
    let mut attempt = 1;
    let answer = loop {
        match api.call(method, path, body).await {
            Ok(answer) => break answer,
            Err(_) if attempt < ATTEMPTS => tokio::time::sleep(PAUSE).await,
            Err(why) => {
                return Err(Failure::new(format!("the smoke test failed: {method} {path} was not answered: {why}")));
            }
        }
        attempt += 1;
    };
    let ApiAnswer { status, body } = answer;
    if status != wanted {
        let failure =
            Failure::new(format!("the smoke test failed: {method} {path} was answered with {status}: {}", body.trim()));
        return Err(match status {
            401 | 403 => failure.with_todo(
                "the caller must be allowed to execute-api:Invoke; where a JWT issuer guards the API, \
                 put a token into GRIDBID_SMOKE_TOKEN",
            ),
            _ => failure,
        });
    }
    serde_json::from_str(&body)
        .map_err(|_| Failure::new(format!("the smoke test failed: {method} {path} was not answered with JSON")))
}

fn holds(holds: bool, otherwise: &str, answer: &Value) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::new(format!("the smoke test failed: {otherwise}: {answer}"))) }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::*;

    /// The API in memory; what it answers can be replaced, route by route.
    #[derive(Debug, Default)]
    pub(crate) struct MemoryApi {
        stored: RefCell<BTreeMap<String, Value>>,
        pub(crate) instead: RefCell<BTreeMap<String, Result<ApiAnswer, String>>>,
        pub(crate) calls: RefCell<Vec<String>>,
    }

    impl Api for MemoryApi {
        async fn call(&self, method: &Method, path: &str, body: &str) -> Result<ApiAnswer, String> {
            let line = format!("{method} {path}");
            self.calls.borrow_mut().push(line.clone());
            if let Some(answer) = self.instead.borrow().get(&line) {
                return answer.clone();
            }
            let wrong = body.contains("not an id");
            let violations = json!({"violations": [{"code": "invalid_characters"}]});
            let (status, answer) = match line.as_str() {
                "POST /orders" if wrong => (400, violations),
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
            Ok(ApiAnswer { status, body: answer.to_string() })
        }
    }

    async fn told(route: &str, answer: Result<ApiAnswer, String>) -> String {
        let api = MemoryApi::default();
        api.instead.borrow_mut().insert(route.to_owned(), answer);
        let failure = smoke(&api, Moment::from_unix_seconds(1_800_000_000), Mode::ForReal).await.unwrap_err();
        failure.report().to_string()
    }

    fn answer(status: u16, body: &str) -> Result<ApiAnswer, String> {
        Ok(ApiAnswer { status, body: body.to_owned() })
    }

    #[tokio::test]
    async fn a_system_that_works_passes() {
        let api = MemoryApi::default();
        smoke(&api, Moment::from_unix_seconds(1_800_000_000), Mode::ForReal).await.unwrap();
        assert_eq!(api.calls.borrow().len(), 5);
        smoke(&api, Moment::from_unix_seconds(1_800_000_000), Mode::DryRun).await.unwrap();
        assert_eq!(api.calls.borrow().len(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn each_answer_is_looked_at() {
        assert!(told("POST /orders", answer(500, "{}")).await.contains("answered with 500"));
        assert!(told("POST /orders", answer(201, r#"{"accepted":0}"#)).await.contains("did not accept"));
        assert!(told("GET /orders/gridbid-smoke-20270115T080000Z", answer(200, "{}")).await.contains("give back"));
        assert!(told("POST /orders/preview", answer(200, r#"{"violations":[]}"#)).await.contains("the preview"));
        assert!(told("GET /results/2027-01-15", answer(200, "no JSON")).await.contains("not answered with JSON"));
        assert!(told("GET /results/2027-01-15", answer(403, "")).await.contains("GRIDBID_SMOKE_TOKEN"));
        assert!(told("POST /orders", Err("no connection".to_owned())).await.contains("no connection"));
    }
}
