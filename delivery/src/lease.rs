//! One deployer at a time for each environment: a lease in `deployments/<environment>/lock`.
//!
//! It is taken by a conditional write and renewed while work goes on, so a deployer that dies blocks the next one for
//! minutes and not for ever. A lease that was lost stops its holder before the next alias is written. Called by `deploy` and
//! `rollback`.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cloud::{CallError, Cloud, Created};
use crate::failure::Failure;
use crate::history;
use crate::interruption::Interruption;
use crate::moment::Moment;
use crate::names::EnvironmentName;
use crate::progress::say;

/// The times of a lease.
#[derive(Clone, Copy, Debug)]
struct Terms {
    /// A lease that is not renewed expires after this time.
    life: Duration,
    /// Time between two renewals.
    renewal_interval: Duration,
    /// Time between two attempts of a deployer that waits for the lease.
    retry_interval: Duration,
}

/// An environment on AWS: a renewal may fail several times before the lease expires.
const SHARED: Terms = Terms {
    life: Duration::from_secs(300),
    renewal_interval: Duration::from_secs(60),
    retry_interval: Duration::from_secs(10),
};
/// The environment on a laptop, where a killed deployment is repeated at once by the person who killed it.
const LOCAL: Terms = Terms {
    life: Duration::from_secs(15),
    renewal_interval: Duration::from_secs(3),
    retry_interval: Duration::from_secs(1),
};

impl Terms {
    fn of(environment: &EnvironmentName) -> Self {
        if environment.is_local() { LOCAL } else { SHARED }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Lock {
    /// Who holds it.
    holder: String,
    /// Until when; a time that has passed means nobody.
    until: Moment,
}

/// An environment that nobody else deploys to.
#[derive(Debug)]
pub(crate) struct Lease<'a, C> {
    cloud: &'a C,
    key: String,
    terms: Terms,
    holder: String,
    tag: RefCell<String>,
    until: Cell<Moment>,
    lost: Cell<bool>,
}

/// Who holds an environment's lease, and until when; none when nobody does.
///
/// # Errors
/// When the bucket does not answer.
pub(crate) async fn holder<C: Cloud>(cloud: &C, environment: &EnvironmentName) -> Result<Option<String>, Failure> {
    let stored = cloud.read(&key(environment)).await?;
    Ok(stored.and_then(|stored| held(&stored.bytes, cloud.now())))
}

/// Who holds the lock that these bytes are.
fn held(bytes: &[u8], now: Moment) -> Option<String> {
    let lock: Option<Lock> = serde_json::from_slice(bytes).ok();
    lock.filter(|lock| lock.until > now).map(|lock| format!("{} until {}", lock.holder, lock.until))
}

impl<'a, C: Cloud> Lease<'a, C> {
    /// Takes it.
    ///
    /// # Errors
    /// At once when somebody else holds it.
    pub(crate) async fn take(cloud: &'a C, environment: &EnvironmentName, holder: &str) -> Result<Self, Failure> {
        let (key, terms) = (key(environment), Terms::of(environment));
        let until = cloud.now().after(terms.life);
        let lock = json(&Lock { holder: holder.to_owned(), until })?;
        let tag = match cloud.create(&key, lock.clone()).await? {
            Created::New(tag) => tag,
            Created::Existed => {
                // Looked at once: the tag is that of the very lock that nobody holds.
                let there = cloud.read(&key).await?;
                if let Some(other) = there.as_ref().and_then(|there| held(&there.bytes, cloud.now())) {
                    let sentence = format!("another deployment to {environment} is under way: {other}");
                    return Err(Failure::new(sentence).with_todo("wait for its end, and look at `gridbid status`"));
                }
                let tag = there.map(|there| there.tag).unwrap_or_default();
                let lost = |error| match error {
                    CallError::Changed(_) => {
                        Failure::new(format!("another deployment to {environment} has begun at the same moment"))
                            .with_todo("wait for its end, and look at `gridbid status`")
                    }
                    error => error.into(),
                };
                cloud.replace(&key, lock, &tag).await.map_err(lost)?
            }
        };
        let (tag, until, lost) = (RefCell::new(tag), Cell::new(until), Cell::new(false));
        Ok(Self { cloud, key, terms, holder: holder.to_owned(), tag, until, lost })
    }

    /// Takes it, and waits for so long while somebody else holds it.
    ///
    /// # Errors
    /// When somebody else still holds it then, or an interruption comes.
    pub(crate) async fn wait(
        cloud: &'a C,
        environment: &EnvironmentName,
        holder: &str,
        patience: Duration,
        interruption: &Interruption,
    ) -> Result<Self, Failure> {
        let started = tokio::time::Instant::now();
        let mut told = false;
        while started.elapsed() < patience {
            let Some(other) = self::holder(cloud, environment).await? else { break };
            if !told {
                say(&format!("  waiting for another deployment to {environment}: {other}"));
                told = true;
            }
            interruption.pause(Terms::of(environment).retry_interval).await;
            interruption.check()?;
        }
        Self::take(cloud, environment, holder).await
    }

    /// Works, and renews the lease meanwhile.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            // The work first: what is done needs no lease any more.
            biased;
            done = work => done,
            never = self.renew_for_ever() => match never {},
        }
    }

    async fn renew_for_ever(&self) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(self.terms.renewal_interval).await;
            if !self.lost.get() {
                self.renew().await;
            }
        }
    }

    async fn renew(&self) {
        let until = self.cloud.now().after(self.terms.life);
        let tag = self.tag.borrow().clone();
        match self.put(until, &tag).await {
            Ok(()) => {}
            Err(CallError::Changed(_)) => self.lost.set(true),
            // It may pass: the lease has some minutes left.
            Err(error) => say(&format!("  the deployment's lock was not renewed: {error}")),
        }
    }

    async fn put(&self, until: Moment, tag: &str) -> Result<(), CallError> {
        let lock = Lock { holder: self.holder.clone(), until };
        let lock = json(&lock).map_err(|failure| CallError::Failed(failure.to_string()))?;
        let tag = self.cloud.replace(&self.key, lock, tag).await?;
        self.tag.replace(tag);
        self.until.set(until);
        Ok(())
    }

    /// The lease is held now.
    ///
    /// # Errors
    /// When it has ended or somebody else has taken it.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.lost.get() || self.cloud.now() > self.until.get() {
            return Err(Failure::new("the deployment's lock was lost to somebody else"));
        }
        Ok(())
    }

    /// Gives it back; a failure to do so only keeps others waiting for some minutes.
    pub(crate) async fn give_back(self) {
        let tag = self.tag.borrow().clone();
        if let Err(error) = self.put(Moment::from_unix_seconds(0), &tag).await {
            say(&format!("  the deployment's lock was not given back, and ends by itself: {error}"));
        }
    }
}

fn key(environment: &EnvironmentName) -> String {
    format!("{}lock", history::folder(environment))
}

fn json(lock: &Lock) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(lock).map_err(|error| Failure::new(format!("cannot write the deployment's lock: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::memory::Memory;

    fn dev() -> EnvironmentName {
        "dev".parse().unwrap()
    }

    #[tokio::test]
    async fn of_two_at_once_one_is_refused_and_told_who_holds_it() {
        let memory = Memory::default();
        let first = Lease::take(&memory, &dev(), "the first").await.unwrap();
        let refused = Lease::take(&memory, &dev(), "the second").await.unwrap_err();
        assert!(refused.to_string().contains("is under way: the first until "), "{refused}");
        // Another environment is another matter.
        Lease::take(&memory, &"prod".parse().unwrap(), "the second").await.unwrap();
        first.give_back().await;
        assert_eq!(holder(&memory, &dev()).await.unwrap(), None);
        Lease::take(&memory, &dev(), "the second").await.unwrap();
    }

    #[tokio::test]
    async fn of_two_that_find_it_free_only_the_first_gets_it() {
        let memory = Memory::default();
        Lease::take(&memory, &dev(), "before").await.unwrap().give_back().await;
        let until = memory.now().after(SHARED.life);
        let faster = json(&Lock { holder: "the first".to_owned(), until }).unwrap();
        memory.put_after_read(&key(&dev()), &faster);
        let refused = Lease::take(&memory, &dev(), "the second").await.unwrap_err();
        assert!(refused.to_string().contains("has begun at the same moment"), "{refused}");
        assert!(holder(&memory, &dev()).await.unwrap().unwrap().starts_with("the first"));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_gets_it_when_it_is_given_back() {
        let memory = Memory::default();
        let first = Lease::take(&memory, &dev(), "the first").await.unwrap();
        let (never, hour) = (Interruption::never(), Duration::from_secs(3600));
        let dev = dev();
        let second = Lease::wait(&memory, &dev, "the second", hour, &never);
        let later = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            first.give_back().await;
        };
        let (second, ()) = tokio::join!(second, later);
        second.unwrap().check().unwrap();
        let refused = Lease::wait(&memory, &dev, "the third", Duration::from_secs(30), &never).await.unwrap_err();
        assert!(refused.to_string().contains("is under way: the second"), "{refused}");
    }

    #[tokio::test]
    async fn a_dead_holder_blocks_for_minutes_and_then_writes_nothing_more() {
        let memory = Memory::default();
        let dead = Lease::take(&memory, &dev(), "the first").await.unwrap();
        memory.later(SHARED.life + Duration::from_secs(1));
        assert!(dead.check().is_err());
        let next = Lease::take(&memory, &dev(), "the second").await.unwrap();
        next.check().unwrap();
        // It wakes up, and learns that it lost the lease.
        dead.renew().await;
        assert!(dead.check().unwrap_err().to_string().contains("lost"));
        next.check().unwrap();
    }

    #[tokio::test]
    async fn killed_deployment_on_a_laptop_blocks_the_next_one_for_seconds() {
        let (memory, local) = (Memory::default(), "local".parse().unwrap());
        let _killed = Lease::take(&memory, &local, "killed").await.unwrap();
        memory.later(LOCAL.life - Duration::from_secs(1));
        assert!(Lease::take(&memory, &local, "next").await.is_err());
        memory.later(Duration::from_secs(2));
        Lease::take(&memory, &local, "next").await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn long_work_keeps_the_lease() {
        let memory = Memory::default();
        let lease = Lease::take(&memory, &dev(), "the first").await.unwrap();
        lease
            .during(async {
                for _ in 0..20 {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    memory.later(Duration::from_secs(60));
                }
            })
            .await;
        lease.check().unwrap();
        assert!(Lease::take(&memory, &dev(), "the second").await.is_err());
    }
}
