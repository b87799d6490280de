//! Unusual events: the cases of `events.json`, to which preview-orders responds alike.

use super::*;

const CASES: &str = include_str!("events.json");

#[tokio::test]
async fn events_have_their_responses() {
    let table: Value = serde_json::from_str(CASES).unwrap();
    for case in table["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let mut event = table["event"].clone();
        event["routeKey"] = "POST /orders".into();
        event.as_object_mut().unwrap().extend(case["event"].as_object().unwrap().clone());
        let api = api();
        let mut invocation =
            Invocation::new(Deadline::after(Duration::from_secs(1)), Timestamp::from_unix_seconds(NOW));
        let response = match api.respond(&event.to_string(), &mut invocation).await {
            Ok(response) => serde_json::from_str::<Value>(&response).unwrap(),
            Err(error) => {
                assert_eq!((&case["broken"], error.name()), (&json!(true), "ContractBroken"), "{name}");
                continue;
            }
        };
        let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
        let stored = api.table().items().len();
        if case["valid"] == true {
            assert_eq!((&response["statusCode"], stored), (&json!(201), 1), "{name}: {body}");
            continue;
        }
        assert_eq!(stored, 0, "{name}");
        if let Some(code) = case["violation"].as_str() {
            assert_eq!(body["violations"][0]["code"], code, "{name}");
        } else {
            let kind = format!("urn:problem-type:gridbid:{}", case["problem"].as_str().unwrap());
            assert_eq!((&body["type"], &body["detail"]), (&json!(kind), &case["detail"]), "{name}");
        }
    }
}
