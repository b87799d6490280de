//! The log in memory: the lines that an invocation writes, through the subscriber of a deployed function.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde_json::value::RawValue;

use super::{Origin, subscriber};
use crate::{
    error::HandlerError,
    run::{Call, invoke},
};

/// Log lines, as bytes.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog(Arc<Mutex<Vec<u8>>>);

impl MemoryLog {
    /// Answers one event as [`serve`](crate::serve) does; all that this thread logs meanwhile is kept here.
    ///
    /// # Errors
    /// What Lambda would be handed: the handler's error.
    pub async fn invoke(
        &self,
        event: &str,
        handle: impl AsyncFnOnce(&str, &mut Call) -> Result<String, HandlerError>,
    ) -> Result<String, Diagnostic> {
        let log = self.clone();
        let _while_held = tracing::subscriber::set_default(subscriber(move || log.clone()));
        let payload = RawValue::from_string(event.to_owned()).map_err(HandlerError::contract_broken)?;
        let mut context = Context::default();
        context.deadline = milliseconds(SystemTime::now() + Duration::from_secs(10));
        let origin = Origin { function: "function", version: "1.2.3", environment: "test" };
        invoke(origin, LambdaEvent::new(payload, context), handle).await.map(|json| json.get().to_owned())
    }

    /// The lines so far.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
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

/// A moment as Lambda's runtime API tells it.
fn milliseconds(moment: SystemTime) -> u64 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
