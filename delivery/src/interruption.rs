//! External stop requests: Ctrl-C, a cancelled pipeline or a closed terminal.
//!
//! A signal must not end a deployment between two aliases. It only sets a flag, which the commands check where they can
//! still revert.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::failure::Failure;

/// A stop request that may arrive.
#[derive(Clone, Debug)]
pub(crate) struct Interruption(watch::Receiver<bool>);

impl Interruption {
    /// Starts to listen for SIGINT, SIGTERM and SIGHUP.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let refused = |error| Failure::from_error("cannot listen for signals", &error);
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
            // Fails only without a receiver, when there is nothing to stop.
            let _ = sender.send(true);
            sender.closed().await;
        });
        Ok(Self(receiver))
    }

    /// An interruption that never arrives.
    #[cfg(test)]
    pub(crate) fn never() -> Self {
        Self(watch::channel(false).1)
    }

    /// An interruption that arrives when the sender sends `true`.
    #[cfg(test)]
    pub(crate) fn from_receiver(receiver: watch::Receiver<bool>) -> Self {
        Self(receiver)
    }

    /// Fails after an interruption.
    ///
    /// # Errors
    /// When one has arrived.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if *self.0.borrow() { Err(Failure::new("interrupted")) } else { Ok(()) }
    }

    /// Waits for a duration or the interruption, whichever is first.
    pub(crate) async fn pause(&self, time: Duration) {
        tokio::select! {
            () = sleep(time) => {}
            () = self.arrival() => {}
        }
    }

    /// Waits for the interruption.
    pub(crate) async fn arrival(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|has_arrived| *has_arrived).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    #[tokio::test]
    async fn each_signal_requests_a_stop() {
        for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
            let interruption = Interruption::listen().unwrap();
            assert!(interruption.check().is_ok(), "{signal:?}");
            kill_process(getpid(), signal).unwrap();
            interruption.arrival().await;
            assert!(interruption.check().is_err(), "{signal:?}");
        }
    }
}
