//! Connects a [`Function`] to Lambda: start, events, errors and log lines.
//!
//! The environment is read once; a function with an incomplete environment exits with a failure. An event is passed as
//! text, so that a handler can borrow from it and numbers keep their digits. The probe event, by which a deployment checks
//! that a function starts and which version it has, is answered here without the handler.

use std::{process::ExitCode, rc::Rc, time::SystemTime};

use dlmalloc::GlobalDlmalloc;
use gridbid_core::expiry::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde_json::value::RawValue;

use crate::{
    deadline::Deadline,
    environment::Environment,
    error::HandlerError,
    function::{Function, Invocation},
    telemetry::{self, FunctionIdentity, InvocationLog},
};

/// The allocator of every function. Production binaries are static musl builds, and musl's allocator returns memory to the
/// kernel and takes it again within one request, which costs 30 percent of the request's CPU time.
#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

/// Runs a function until Lambda stops it; the whole of a function's `main`.
#[must_use]
pub fn serve<F: Function>() -> ExitCode {
    telemetry::init();
    // An execution environment gets one event at a time, so one thread is enough.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(function = F::NAME, version = F::VERSION, outcome = "fault", why = %error, "no async runtime");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(run::<F>(Environment::from_process()))
}

async fn run<F: Function>(mut environment: Environment) -> ExitCode {
    let name = require_runtime_variables(&mut environment);
    // The function reads the same environment, so that one failed start lists all problems.
    let started = F::start(&mut environment).await.and_then(|function| Ok(environment.finish(function)?));
    let function = match started {
        Ok(function) => Rc::new((function, name)),
        Err(error) => {
            telemetry::log_failed_start(F::NAME, F::VERSION, &error);
            return ExitCode::FAILURE;
        }
    };
    let service = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let function = Rc::clone(&function);
        async move {
            let (function, environment) = &*function;
            let identity = FunctionIdentity { function: F::NAME, version: F::VERSION, environment };
            invoke(identity, event, async |event, invocation| function.handle(event, invocation).await).await
        }
    });
    match Runtime::new(service).run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(function = F::NAME, version = F::VERSION, outcome = "fault", why = %error, "the runtime ended");
            ExitCode::FAILURE
        }
    }
}

/// Requires the variables that Lambda sets, without which its runtime panics. Returns the name of the environment.
fn require_runtime_variables(environment: &mut Environment) -> String {
    for name in [
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
    ] {
        environment.required(name);
    }
    environment.required("GRIDBID_ENVIRONMENT")
}

/// Answers the probe, or passes the event to `handle`; then writes the log line.
pub(crate) async fn invoke(
    identity: FunctionIdentity<'_>,
    event: LambdaEvent<Box<RawValue>>,
    handle: impl AsyncFnOnce(&str, &mut Invocation) -> Result<String, HandlerError>,
) -> Result<Box<RawValue>, Diagnostic> {
    let started = tokio::time::Instant::now();
    let request_id = &event.context.request_id;
    let now = match now() {
        Ok(now) => now,
        Err(error) => {
            telemetry::log_invocation(identity, request_id, &InvocationLog::default(), Some(&error), started.elapsed());
            return Err(error.into());
        }
    };
    let mut invocation = Invocation::new(Deadline::from_lambda(event.context.deadline()), now);
    let output = if is_probe(event.payload.get()) {
        Ok(probe_response(identity.function, identity.version))
    } else {
        handle(event.payload.get(), &mut invocation).await
    };
    let output = output.and_then(|json| RawValue::from_string(json).map_err(HandlerError::contract_broken));
    telemetry::log_invocation(identity, request_id, &invocation.log, output.as_ref().err(), started.elapsed());
    output.map_err(Diagnostic::from)
}

/// The system's time, in whole seconds.
///
/// # Errors
/// `Unavailable` if the clock is set before 1970: an order accepted then would expire at once.
fn now() -> Result<Timestamp, HandlerError> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let since = since.map_err(|_| HandlerError::Unavailable("the system clock is set before 1970".to_owned()))?;
    Ok(Timestamp::from_unix_seconds(since.as_secs()))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Probe<'a> {
    probe: &'a str,
}

fn is_probe(event: &str) -> bool {
    // Longer events are not the probe; they are not parsed twice.
    event.len() <= 64 && serde_json::from_str(event).is_ok_and(|Probe { probe }| probe == "gridbid")
}

fn probe_response(function: &str, version: &str) -> String {
    serde_json::json!({"probe": "gridbid", "function": function, "version": version}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::StartError;

    struct Refusing;

    impl Function for Refusing {
        const NAME: &'static str = "refusing";
        const VERSION: &'static str = "1.2.3";

        async fn start(environment: &mut Environment) -> Result<Self, StartError> {
            environment.required("GREETING");
            Ok(environment.finish(Self)?)
        }

        async fn handle(&self, event: &str, _: &mut Invocation) -> Result<String, HandlerError> {
            match event {
                "1" => Ok("not JSON".to_owned()),
                _ => Err(HandlerError::OrderRejected("the platform says no".to_owned())),
            }
        }
    }

    async fn send(event: &str) -> Result<String, Diagnostic> {
        let payload = RawValue::from_string(event.to_owned()).unwrap();
        let event = LambdaEvent::new(payload, lambda_runtime::Context::default());
        let identity = FunctionIdentity { function: Refusing::NAME, version: Refusing::VERSION, environment: "test" };
        let output = invoke(identity, event, async |event, invocation| Refusing.handle(event, invocation).await).await;
        output.map(|json| json.get().to_owned())
    }

    #[tokio::test]
    async fn probe_bypasses_the_handler() {
        let json = send(r#"{ "probe": "gridbid" }"#).await.unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&json).unwrap(),
            serde_json::json!({"probe": "gridbid", "function": "refusing", "version": "1.2.3"})
        );
    }

    #[tokio::test]
    async fn other_events_reach_the_handler() {
        for event in [r#"{"probe":"other"}"#, r#"{"probe":"gridbid","slot":"x"}"#, r#"{"probe":1}"#, "[]"] {
            assert_eq!(send(event).await.unwrap_err().error_type, "OrderRejected", "{event}");
        }
    }

    #[tokio::test]
    async fn output_that_is_not_json_breaks_the_contract() {
        assert_eq!(send("1").await.unwrap_err().error_type, "ContractBroken");
    }

    #[tokio::test]
    async fn incomplete_environment_fails_the_start() {
        let mut environment = Environment::from_pairs(&[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")]);
        require_runtime_variables(&mut environment);
        assert_eq!(
            Refusing::start(&mut environment).await.map(|_| ()).unwrap_err().to_string(),
            "the environment is not complete: AWS_LAMBDA_FUNCTION_NAME is missing, \
             AWS_LAMBDA_FUNCTION_MEMORY_SIZE is missing, AWS_LAMBDA_FUNCTION_VERSION is missing, \
             GRIDBID_ENVIRONMENT is missing, GREETING is missing"
        );
        assert_eq!(run::<Refusing>(Environment::from_pairs(&[])).await, ExitCode::FAILURE);
    }
}
