//! A request from outside to stop: Ctrl-C, a pipeline that was cancelled, or a terminal that was closed.
//!
//! A deployment must not end between two aliases, so a signal ends nothing by itself: the commands ask for it where they
//! can still put the aliases back.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::failure::Failure;

/// Whether somebody wants us to stop.
#[derive(Clone, Debug)]
pub(crate) struct Interruption(watch::Receiver<bool>);

impl Interruption {
    /// Listens for SIGINT, SIGTERM and SIGHUP from now on.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let refused = |error| Failure::new(format!("cannot listen for signals: {error}"));
        let mut interrupt = signal(SignalKind::interrupt()).map_err(refused)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(refused)?;
        let mut hangup = signal(SignalKind::hangup()).map_err(refused)?;
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
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

#[cfg(test)]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    #[tokio::test]
    async fn interrupt_terminate_and_hangup_each_request_a_stop() {
        for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
            let interruption = Interruption::listen().unwrap();
            assert!(interruption.check().is_ok(), "{signal:?}");
            kill_process(getpid(), signal).unwrap();
            interruption.come().await;
            assert!(interruption.check().is_err(), "{signal:?}");
        }
    }
}
