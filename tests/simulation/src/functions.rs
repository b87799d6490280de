//! Lambda: invokes the handlers of the functions, which can be throttled, crash at any call, or run out of time.

use std::{cell::Cell, rc::Rc, time::Duration};

use gridbid_adapters::{
    HandlerError, Invocation,
    deadline::{Deadline, MARGIN},
    telemetry::Outcome,
};
use gridbid_close_run::CloseRun;
use gridbid_collect_results::CollectResults;
use gridbid_notify_slack::NotifySlack;
use gridbid_orders_api::OrdersApi;
use gridbid_store_result::StoreResult;
use gridbid_submit_orders::SubmitOrders;
use lambda_runtime::Diagnostic;
use tokio::sync::{Notify, oneshot};

use crate::{
    machine::TaskError,
    ports::Port,
    run::Run,
    schedule::{Effect, Function, Place},
    watch::THROTTLES,
    world::World,
};

/// Invokes a function and waits for its output. The function goes on if nobody waits.
pub async fn invoke(
    world: &Rc<World>,
    function: Function,
    event: String,
    run: Option<Rc<Run>>,
) -> Result<String, TaskError> {
    let throttled = || {
        world.emit_metric(THROTTLES, 1.0);
        TaskError::new("Lambda.TooManyRequestsException", "Rate Exceeded.")
    };
    if world.take_deployment(function) {
        world.note(|| format!("{} is being deployed", function.name()));
        run.iter().for_each(|run| run.count_fault(Effect::Throttle));
        return Err(throttled());
    }
    let effect = world.fault(Place::Invocation(function), run.as_deref());
    match effect {
        Some(Effect::Throttle) => return Err(throttled()),
        Some(Effect::LoseRequest) => {
            tokio::time::sleep(Duration::from_secs(1)).await;
            return Err(TaskError::new("Lambda.SdkClientException", "the request was lost"));
        }
        Some(Effect::Slow(seconds)) => tokio::time::sleep(Duration::from_secs(seconds)).await,
        _ => {}
    }
    let (sender, receiver) = oneshot::channel();
    let inner = Rc::clone(world);
    world.spawn(async move {
        let result = execute(&inner, function, &event, run).await;
        // The caller may have given up.
        drop(sender.send(result));
    });
    if effect == Some(Effect::Abandon) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        return Err(TaskError::new("Lambda.SdkClientException", "the connection was lost"));
    }
    let result = receiver.await.unwrap_or_else(|_| Err(TaskError::of_function("Runtime.ExitError", "a panic")));
    if effect == Some(Effect::LoseResponse) {
        return Err(TaskError::new("Lambda.ServiceException", "the response was lost"));
    }
    result
}

async fn execute(
    world: &Rc<World>,
    function: Function,
    event: &str,
    run: Option<Rc<Run>>,
) -> Result<String, TaskError> {
    let timeout = Duration::from_secs(function.timeout_seconds());
    let port = Port { world: Rc::clone(world), function, run, crash: Rc::new(Crash::default()) };
    let mut invocation = Invocation::new(Deadline::after(timeout - MARGIN), world.host_time());
    world.pass_time("start of a function", 1, 30).await;
    let result = tokio::select! {
        biased;
        () = port.crash.wait() => {
            world.note(|| format!("{} crashes", function.name()));
            world.observe_lost_process(function, false);
            return Err(TaskError::of_function("Runtime.ExitError", "Runtime exited with error: signal: killed"));
        }
        () = tokio::time::sleep(timeout) => {
            world.note(|| format!("{} is stopped at its timeout", function.name()));
            world.observe_lost_process(function, true);
            let message = format!("Task timed out after {}.00 seconds", function.timeout_seconds());
            return Err(TaskError::of_function("Sandbox.Timedout", &message));
        }
        result = handle(&port, function, event, &mut invocation) => result,
    };
    let outcome = result.as_ref().err().map_or(invocation.log.outcome, Outcome::from);
    world.note(|| {
        let why = result.as_ref().err().map(ToString::to_string).or(invocation.log.why.clone());
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        format!("{} ends as {}{why}", function.name(), outcome.as_str())
    });
    world.observe_invocation(function, &invocation.log, result.as_ref().err());
    result.map_err(|error| {
        let Diagnostic { error_type, error_message } = Diagnostic::from(error);
        TaskError::of_function(&error_type, &error_message)
    })
}

async fn handle(
    port: &Port,
    function: Function,
    event: &str,
    invocation: &mut Invocation,
) -> Result<String, HandlerError> {
    let environment = || "simulated".to_owned();
    let port = || port.clone();
    match function {
        Function::OrdersApi => OrdersApi::new(port()).submitting(true).respond(event, invocation).await,
        Function::SubmitOrders => {
            SubmitOrders::new(port(), port(), port(), port(), environment()).submit(event, invocation).await
        }
        Function::CollectResults => CollectResults::new(port(), port()).collect(event, invocation).await,
        Function::StoreResult => StoreResult::new(port()).store(event, invocation).await,
        Function::CloseRun => CloseRun::new(port(), port(), environment()).close(event, invocation).await,
        Function::NotifySlack => NotifySlack::new(port()).post_all(event, invocation).await,
    }
}

/// The end of a process, which drops the handler at the call that it waits for.
#[derive(Default)]
pub struct Crash {
    has_happened: Cell<bool>,
    signal: Notify,
}

impl Crash {
    async fn wait(&self) {
        while !self.has_happened.get() {
            self.signal.notified().await;
        }
    }

    /// Ends the process; does not return.
    pub async fn happen(&self) -> std::convert::Infallible {
        self.has_happened.set(true);
        self.signal.notify_one();
        std::future::pending().await
    }
}
