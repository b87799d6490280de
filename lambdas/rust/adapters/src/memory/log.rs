//! The log in memory: the lines of an invocation, written through a deployed function's subscriber.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde_json::value::RawValue;
use tracing::Dispatch;

use crate::{
    error::HandlerError,
    function::Invocation,
    runtime::invoke,
    telemetry::{FunctionIdentity, InvocationLog, log_invocation, subscriber},
};

/// 2100-01-01 in milliseconds since 1970: no invocation of a test runs out of time.
const DEADLINE: u64 = 4_102_444_800_000;

/// Log lines, as bytes.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog(Arc<Mutex<Vec<u8>>>);

impl MemoryLog {
    /// Handles one event as [`serve`](crate::serve) does, recording everything that this thread logs meanwhile.
    ///
    /// # Errors
    /// The handler's error, as Lambda receives it.
    pub async fn invoke(
        &self,
        event: &str,
        handle: impl AsyncFnOnce(&str, &mut Invocation) -> Result<String, HandlerError>,
    ) -> Result<String, Diagnostic> {
        let log = self.clone();
        let _guard = tracing::subscriber::set_default(subscriber(move || log.clone()));
        let payload = RawValue::from_string(event.to_owned()).map_err(HandlerError::contract_broken)?;
        let mut context = Context::default();
        context.deadline = DEADLINE;
        let identity = FunctionIdentity { function: "function", version: "1.2.3", environment: "test" };
        invoke(identity, LambdaEvent::new(payload, context), handle).await.map(|json| json.get().to_owned())
    }

    /// Returns the lines written so far.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// Writes the log lines of invocations that a simulation runs, one at a time.
#[derive(Clone, Debug)]
pub struct LogLines {
    log: MemoryLog,
    dispatch: Dispatch,
}

impl LogLines {
    /// Creates the subscriber of a deployed function.
    #[must_use]
    pub fn new() -> Self {
        let log = MemoryLog::default();
        let writer = log.clone();
        Self { log, dispatch: Dispatch::new(subscriber(move || writer.clone())) }
    }

    /// Returns the log line of an invocation.
    #[must_use]
    pub fn write(
        &self,
        identity: FunctionIdentity<'_>,
        log: &InvocationLog,
        error: Option<&HandlerError>,
        duration: Duration,
    ) -> String {
        tracing::dispatcher::with_default(&self.dispatch, || log_invocation(identity, "request", log, error, duration));
        let mut bytes = self.log.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = String::from_utf8_lossy(&bytes).into_owned();
        bytes.clear();
        line
    }
}

impl Default for LogLines {
    fn default() -> Self {
        Self::new()
    }
}

impl io::Write for MemoryLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
