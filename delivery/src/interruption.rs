//! A wish from outside to stop: Ctrl-C, or a pipeline that was cancelled.
//!
//! A deployment must not end between two aliases, so a signal ends nothing by itself: it is asked for where there is a
//! way back. Called by `main`, and looked at by `shift` and `terraform`.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::failure::Failure;

/// Whether somebody wants us to stop.
#[derive(Clone, Debug)]
pub(crate) struct Interruption(watch::Receiver<bool>);

impl Interruption {
    /// Listens for SIGINT and SIGTERM from now on.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let refused = |error| Failure::new(format!("cannot listen for signals: {error}"));
        let mut interrupt = signal(SignalKind::interrupt()).map_err(refused)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(refused)?;
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            // A receiver that is gone has nothing to stop.
            let _ = sender.send(true);
            sender.closed().await;
        });
        Ok(Self(receiver))
    }

    /// One that never comes.
    pub(crate) fn never() -> Self {
        Self(watch::channel(false).1)
    }

    /// One that comes when the sender says so.
    #[cfg(test)]
    pub(crate) fn of(receiver: watch::Receiver<bool>) -> Self {
        Self(receiver)
    }

    /// Fails when it has come.
    ///
    /// # Errors
    /// When it has come.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if *self.0.borrow() { Err(Failure::new("interrupted")) } else { Ok(()) }
    }

    /// Waits for so long, or until it comes.
    pub(crate) async fn pause(&self, time: Duration) {
        tokio::select! {
            () = sleep(time) => {}
            () = self.come() => {}
        }
    }

    /// Waits until it comes.
    pub(crate) async fn come(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|come| *come).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
