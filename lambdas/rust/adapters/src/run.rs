//! The glue between Lambda and a handler: start, events, errors, log lines.
//!
//! A function's `main` is one call of [`serve`]. Configuration is read once; a function that lacks any does not start
//! and leaves with a code that is not 0, which Lambda reports as a failed initialisation. An event reaches the handler
//! as text, so that it can borrow from it and keep numbers as they are written. The probe event, by which deployments
//! see that a function starts and which version it is, is answered here and has no effect.

use std::{future::Future, process::ExitCode, rc::Rc, time::SystemTime};

use dlmalloc::GlobalDlmalloc;
use gridbid_core::{expiry::Instant, name::Slot};
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde_json::value::RawValue;

use crate::{
    deadline::Deadline,
    environment::Environment,
    error::{HandlerError, StartError},
    telemetry::{self, Notes, Origin},
};

/// The allocator of every function, wherever it is built. Production's functions are static musl binaries, and musl's own
/// allocator gives memory back to the kernel and takes it anew within one request, which costs three tenths of the request's
/// processor time.
#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

/// A Lambda function: what it needs to start, and what it does with an event.
pub trait Function: Sized + 'static {
    /// The function's name, that of its folder.
    const NAME: &'static str;
    /// The version that is deployed.
    const VERSION: &'static str;

    /// Makes the function from its environment.
    ///
    /// # Errors
    /// All that is missing from the environment, or what could not be had from outside.
    fn start(environment: &mut Environment) -> impl Future<Output = Result<Self, StartError>>;

    /// Answers one event, JSON in and JSON out.
    ///
    /// # Errors
    /// One of the three that the state machine knows.
    fn handle(&self, event: &str, call: &mut Call) -> impl Future<Output = Result<String, HandlerError>>;
}

/// What belongs to one invocation.
#[derive(Debug)]
pub struct Call {
    /// Until when there has to be an answer.
    pub deadline: Deadline,
    /// The time of the invocation: read once, so that one event means one moment.
    pub now: Instant,
    /// What its log line will say.
    pub notes: Notes,
}

impl Call {
    /// An invocation at this moment.
    #[must_use]
    pub fn new(deadline: Deadline, now: Instant) -> Self {
        Self { deadline, now, notes: Notes::default() }
    }

    /// Reads the slot of a run's event, and notes it.
    ///
    /// # Errors
    /// `ContractBroken` for any other text, which is not noted.
    pub fn read_slot(&mut self, text: &str) -> Result<Slot, HandlerError> {
        let slot = Slot::parse(text).map_err(|_| {
            HandlerError::contract_broken("the event's slot is not a time such as `2026-11-22T07:05:00Z`")
        })?;
        self.notes.slot = Some(slot.to_string());
        Ok(slot)
    }
}

/// Runs a function until Lambda ends it.
#[must_use]
pub fn serve<F: Function>() -> ExitCode {
    telemetry::start();
    // One event at a time is all that an execution environment gets, so one thread is enough.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(function = F::NAME, version = F::VERSION, outcome = "fault", why = %error, "no async runtime");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(run::<F>(Environment::of_process()))
}

async fn run<F: Function>(mut environment: Environment) -> ExitCode {
    let name = read_own(&mut environment);
    // The function goes on to read the same environment, so that one failed start lists what either of them lacks.
    let started = F::start(&mut environment).await.and_then(|function| Ok(environment.finish(function)?));
    let function = match started {
        Ok(function) => Rc::new((function, name)),
        Err(error) => {
            telemetry::not_started(F::NAME, F::VERSION, &error);
            return ExitCode::FAILURE;
        }
    };
    let service = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let function = Rc::clone(&function);
        async move {
            let (function, environment) = &*function;
            let origin = Origin { function: F::NAME, version: F::VERSION, environment };
            invoke(origin, event, async |event, call| function.handle(event, call).await).await
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

/// What every function needs: the name of its environment, and what Lambda itself sets (the runtime would panic without).
fn read_own(environment: &mut Environment) -> String {
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

/// Answers one event, by `handle` unless it is the probe, and writes its line.
pub(crate) async fn invoke(
    origin: Origin<'_>,
    event: LambdaEvent<Box<RawValue>>,
    handle: impl AsyncFnOnce(&str, &mut Call) -> Result<String, HandlerError>,
) -> Result<Box<RawValue>, Diagnostic> {
    let began = tokio::time::Instant::now();
    let mut call = Call::new(Deadline::of_lambda(event.context.deadline()), now());
    let answer = if is_probe(event.payload.get()) {
        Ok(probe_answer(origin.function, origin.version))
    } else {
        handle(event.payload.get(), &mut call).await
    };
    let answer = answer.and_then(|json| RawValue::from_string(json).map_err(HandlerError::contract_broken));
    telemetry::invocation(origin, &event.context.request_id, &call.notes, answer.as_ref().err(), began.elapsed());
    answer.map_err(Diagnostic::from)
}

/// The system's clock, in whole seconds.
fn now() -> Instant {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Instant::from_unix_seconds(since.as_secs())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Probe<'a> {
    probe: &'a str,
}

fn is_probe(event: &str) -> bool {
    // Real events are longer; they need not be read twice.
    event.len() <= 64 && serde_json::from_str(event).is_ok_and(|Probe { probe }| probe == "gridbid")
}

fn probe_answer(function: &str, version: &str) -> String {
    serde_json::json!({"probe": "gridbid", "function": function, "version": version}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Refusing;

    impl Function for Refusing {
        const NAME: &'static str = "refusing";
        const VERSION: &'static str = "1.2.3";

        async fn start(environment: &mut Environment) -> Result<Self, StartError> {
            environment.required("ITS_OWN");
            Ok(environment.finish(Self)?)
        }

        async fn handle(&self, event: &str, _: &mut Call) -> Result<String, HandlerError> {
            match event {
                "1" => Ok("not JSON".to_owned()),
                _ => Err(HandlerError::OrderRejected("the platform says no".to_owned())),
            }
        }
    }

    async fn answer(event: &str) -> Result<String, Diagnostic> {
        let payload = RawValue::from_string(event.to_owned()).unwrap();
        let event = LambdaEvent::new(payload, lambda_runtime::Context::default());
        let origin = Origin { function: Refusing::NAME, version: Refusing::VERSION, environment: "test" };
        let output = invoke(origin, event, async |event, call| Refusing.handle(event, call).await).await;
        output.map(|json| json.get().to_owned())
    }

    #[tokio::test]
    async fn the_probe_is_answered_without_the_handler() {
        let json = answer(r#"{ "probe": "gridbid" }"#).await.unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&json).unwrap(),
            serde_json::json!({"probe": "gridbid", "function": "refusing", "version": "1.2.3"})
        );
    }

    #[tokio::test]
    async fn only_the_exact_probe_is_one() {
        for event in [r#"{"probe":"other"}"#, r#"{"probe":"gridbid","slot":"x"}"#, r#"{"probe":1}"#, "[]"] {
            assert_eq!(answer(event).await.unwrap_err().error_type, "OrderRejected", "{event}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_no_json_is_a_broken_contract() {
        assert_eq!(answer("1").await.unwrap_err().error_type, "ContractBroken");
    }

    #[tokio::test]
    async fn a_function_without_its_environment_does_not_start() {
        let mut environment = Environment::of(&[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")]);
        read_own(&mut environment);
        assert_eq!(
            Refusing::start(&mut environment).await.map(|_| ()).unwrap_err().to_string(),
            "the environment is not complete: AWS_LAMBDA_FUNCTION_NAME is missing, \
             AWS_LAMBDA_FUNCTION_MEMORY_SIZE is missing, AWS_LAMBDA_FUNCTION_VERSION is missing, \
             GRIDBID_ENVIRONMENT is missing, ITS_OWN is missing"
        );
        assert_eq!(run::<Refusing>(Environment::of(&[])).await, ExitCode::FAILURE);
    }
}
