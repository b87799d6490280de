//! One deployment at a time for each environment: a lease in `deployments/<environment>/lock`.
//!
//! A conditional write takes it, and it is renewed while work continues. So a killed deployment blocks the next one only
//! until its lease expires. A deployment that lost its lease changes no further alias, not even to revert one.
//!
//! A write that failed may have taken effect: its response was lost, and the SDK's repetition of it fails because the lock has
//! changed. So the lock is read again, and its `id` distinguishes the own write from that of another
//! deployment.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use gridbid_release_format::{EnvironmentName, Timestamp};
use serde::{Deserialize, Serialize};

use crate::cloud::call_error::CallError;
use crate::cloud::services::{Bucket, Cloud, PutOutcome};
use crate::failure::Failure;
use crate::history;
use crate::interruption::Interruption;
use crate::progress::log_detail;

/// The times of a lease.
#[derive(Clone, Copy, Debug)]
struct Terms {
    /// A lease that is not renewed expires after this time.
    lifetime: Duration,
    /// Interval between two renewals.
    renewal_interval: Duration,
    /// Interval between two attempts of a deployment that waits for the lease.
    retry_interval: Duration,
}

/// An environment on AWS: a renewal may fail several times before the lease expires.
const SHARED: Terms = Terms {
    lifetime: Duration::from_secs(300),
    renewal_interval: Duration::from_secs(60),
    retry_interval: Duration::from_secs(10),
};
/// The environment on a laptop, where the person who killed a deployment repeats it immediately.
const LOCAL: Terms = Terms {
    lifetime: Duration::from_secs(15),
    renewal_interval: Duration::from_secs(3),
    retry_interval: Duration::from_secs(1),
};

impl Terms {
    fn for_environment(environment: &EnvironmentName) -> Self {
        if environment.is_local() { LOCAL } else { SHARED }
    }
}

/// The lock file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Lock {
    /// Who holds the lease.
    holder: String,
    /// Identifies the lease: two runs of a workflow have the same holder.
    #[serde(default)]
    id: String,
    /// When the lease expires; in the past after a release.
    until: Timestamp,
}

/// The exclusive right to deploy to an environment.
#[derive(Debug)]
pub(crate) struct Lease<'a, C> {
    cloud: &'a C,
    key: String,
    terms: Terms,
    holder: String,
    id: String,
    etag: RefCell<String>,
    until: Cell<Timestamp>,
    is_lost: Cell<bool>,
}

/// The outcome of one attempt to acquire a lease.
enum Attempt<'a, C> {
    Acquired(Lease<'a, C>),
    /// Another deployment holds it, described as the rest of a sentence.
    Taken(String),
}

fn taken(environment: &EnvironmentName, by: &str) -> Failure {
    Failure::new(format!("another deployment to {environment} is under way{by}"))
        .with_hint("wait until it has ended; `gridbid status` shows it")
}

/// Describes who holds an environment's lease and until when; `None` when it is free.
///
/// # Errors
/// When the lock cannot be read.
pub(crate) async fn read_holder<C: Cloud>(cloud: &C, environment: &EnvironmentName) -> Result<Option<String>, Failure> {
    let key = lock_key(environment);
    let Some(object) = cloud.get(&key).await? else { return Ok(None) };
    holder_of(&key, &object.bytes, cloud.now())
}

fn holder_of(key: &str, lock: &[u8], now: Timestamp) -> Result<Option<String>, Failure> {
    let lock = parse(key, lock)?;
    Ok((lock.until > now).then(|| format!("{} until {}", lock.holder, lock.until)))
}

impl<'a, C: Cloud> Lease<'a, C> {
    async fn attempt(cloud: &'a C, environment: &EnvironmentName, holder: &str) -> Result<Attempt<'a, C>, Failure> {
        let (key, terms) = (lock_key(environment), Terms::for_environment(environment));
        let current = cloud.get(&key).await?;
        if let Some(object) = &current
            && let Some(other) = holder_of(&key, &object.bytes, cloud.now())?
        {
            return Ok(Attempt::Taken(format!(": {other}")));
        }
        let until = cloud.now().saturating_add(terms.lifetime);
        let lock = Lock { holder: holder.to_owned(), id: new_id(), until };
        let etag = match write(cloud, &key, &lock, current.as_ref().map(|object| object.etag.as_str())).await {
            Ok(etag) => etag,
            Err(CallError::Changed(_)) => return Ok(Attempt::Taken(", which started at the same time".to_owned())),
            Err(error) => return Err(error.into()),
        };
        let Lock { holder, id, until } = lock;
        let (etag, until, is_lost) = (RefCell::new(etag), Cell::new(until), Cell::new(false));
        Ok(Attempt::Acquired(Self { cloud, key, terms, holder, id, etag, until, is_lost }))
    }

    /// Acquires the lease; waits up to a time limit, zero for none, while another deployment holds it.
    ///
    /// # Errors
    /// When another deployment holds it after that time, an interruption arrives, or a call fails.
    pub(crate) async fn acquire(
        cloud: &'a C,
        environment: &EnvironmentName,
        holder: &str,
        limit: Duration,
        interruption: &Interruption,
    ) -> Result<Self, Failure> {
        let started = tokio::time::Instant::now();
        let mut is_reported = false;
        loop {
            let refusal = match Self::attempt(cloud, environment, holder).await? {
                Attempt::Acquired(lease) => return Ok(lease),
                Attempt::Taken(by) => by,
            };
            if started.elapsed() >= limit {
                return Err(taken(environment, &refusal));
            }
            if !is_reported {
                log_detail(&format!("waiting for another deployment to {environment}{refusal}"));
                is_reported = true;
            }
            interruption.pause(Terms::for_environment(environment).retry_interval).await;
            interruption.check()?;
        }
    }

    /// Runs work and renews the lease meanwhile.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            // Finished work needs no renewal, so it is polled first.
            biased;
            result = work => result,
            never = self.keep_renewing() => match never {},
        }
    }

    async fn keep_renewing(&self) -> Infallible {
        loop {
            tokio::time::sleep(self.terms.renewal_interval).await;
            if !self.is_lost.get() {
                self.renew().await;
            }
        }
    }

    async fn renew(&self) {
        match self.extend(self.cloud.now().saturating_add(self.terms.lifetime)).await {
            Ok(()) => {}
            Err(CallError::Changed(_)) => self.is_lost.set(true),
            // Later renewals may succeed before the lease expires.
            Err(error) => log_detail(&format!("the deployment's lease was not renewed: {error}")),
        }
    }

    /// Writes the lock with another expiry; [`CallError::Changed`] when another deployment has taken the lease.
    async fn extend(&self, until: Timestamp) -> Result<(), CallError> {
        let lock = Lock { holder: self.holder.clone(), id: self.id.clone(), until };
        let mut etag = self.etag.borrow().clone();
        let mut written = write(self.cloud, &self.key, &lock, Some(&etag)).await;
        if let Err(CallError::Changed(_)) = written
            && let Some(object) = self.cloud.get(&self.key).await?
            && parse(&self.key, &object.bytes).is_ok_and(|current| current.id == self.id)
        {
            // An earlier renewal took effect, and neither its response nor the read after it arrived.
            etag = object.etag;
            written = write(self.cloud, &self.key, &lock, Some(&etag)).await;
        }
        self.etag.replace(written?);
        self.until.set(until);
        Ok(())
    }

    /// Checks that the lease is still held.
    ///
    /// # Errors
    /// When it has expired or another deployment has taken it.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.is_lost.get() || self.cloud.now() > self.until.get() {
            return Err(Failure::new("the deployment lost its lease to another one"));
        }
        Ok(())
    }

    /// Releases the lease. A failure to do so only blocks others until it expires.
    pub(crate) async fn release(self) {
        if let Err(error) = self.extend(Timestamp::UNIX_EPOCH).await {
            log_detail(&format!("the deployment's lease was not released and expires later: {error}"));
        }
    }
}

fn lock_key(environment: &EnvironmentName) -> String {
    format!("{}lock", history::folder(environment))
}

/// Writes a lock if the object still has this entity tag, `None` for no object; returns the new one.
async fn write(cloud: &impl Bucket, key: &str, lock: &Lock, etag: Option<&str>) -> Result<String, CallError> {
    let json =
        serde_json::to_vec(lock).map_err(|error| CallError::Failed(format!("cannot write the lock: {error}")))?;
    let written = match etag {
        Some(etag) => cloud.replace(key, json, etag).await,
        None => match cloud.create(key, json).await {
            Ok(PutOutcome::Created(etag)) => Ok(etag),
            Ok(PutOutcome::AlreadyExists) => Err(CallError::Changed(key.to_owned())),
            Err(error) => Err(error),
        },
    };
    let Err(error) = written else { return written };
    match cloud.get(key).await {
        Ok(Some(object)) if parse(key, &object.bytes).is_ok_and(|current| current == *lock) => Ok(object.etag),
        _ => Err(error),
    }
}

fn parse(key: &str, lock: &[u8]) -> Result<Lock, Failure> {
    serde_json::from_slice(lock).map_err(|error| {
        Failure::from_error(format!("`{key}` in the artifacts bucket is not a lock"), &error)
            .with_hint("delete it if no deployment is running")
    })
}

/// A random id, from the keys that the standard library draws for its hash maps.
fn new_id() -> String {
    format!("{:016x}", RandomState::new().hash_one(()))
}

/// Acquires a lease without waiting.
#[cfg(test)]
pub(crate) async fn acquire_at_once<'a, C: Cloud>(
    cloud: &'a C,
    environment: &EnvironmentName,
    holder: &str,
) -> Result<Lease<'a, C>, Failure> {
    Lease::acquire(cloud, environment, holder, Duration::ZERO, &Interruption::never()).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::memory::{Loss, Memory};

    fn dev() -> EnvironmentName {
        "dev".parse().unwrap()
    }

    #[tokio::test]
    async fn second_deployment_is_refused_and_names_the_holder() {
        let memory = Memory::default();
        let first = acquire_at_once(&memory, &dev(), "the first").await.unwrap();
        let refused = acquire_at_once(&memory, &dev(), "the second").await.unwrap_err();
        assert!(refused.to_string().contains("is under way: the first until "), "{refused}");
        // Each environment has its own lease.
        acquire_at_once(&memory, &"prod".parse().unwrap(), "the second").await.unwrap();
        first.release().await;
        assert_eq!(read_holder(&memory, &dev()).await.unwrap(), None);
        acquire_at_once(&memory, &dev(), "the second").await.unwrap();
    }

    #[tokio::test]
    async fn expired_lease_is_taken_by_only_one_of_two() {
        let memory = Memory::default();
        acquire_at_once(&memory, &dev(), "before").await.unwrap().release().await;
        let until = memory.now().saturating_add(SHARED.lifetime);
        let faster = Lock { holder: "the first".to_owned(), id: new_id(), until };
        memory.put_after_read(&lock_key(&dev()), &serde_json::to_vec(&faster).unwrap());
        let refused = acquire_at_once(&memory, &dev(), "the second").await.unwrap_err();
        assert!(refused.to_string().contains("which started at the same time"), "{refused}");
        assert!(read_holder(&memory, &dev()).await.unwrap().unwrap().starts_with("the first"));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_deployment_acquires_the_released_lease() {
        let memory = Memory::default();
        let first = acquire_at_once(&memory, &dev(), "the first").await.unwrap();
        let (never, hour) = (Interruption::never(), Duration::from_secs(3600));
        let dev = dev();
        let second = Lease::acquire(&memory, &dev, "the second", hour, &never);
        let later = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            first.release().await;
        };
        let (second, ()) = tokio::join!(second, later);
        second.unwrap().check().unwrap();
        let refused = Lease::acquire(&memory, &dev, "the third", Duration::from_secs(30), &never).await.unwrap_err();
        assert!(refused.to_string().contains("is under way: the second"), "{refused}");
    }

    #[tokio::test]
    async fn killed_holder_blocks_until_expiry_and_loses_its_lease() {
        let memory = Memory::default();
        let dead = acquire_at_once(&memory, &dev(), "the first").await.unwrap();
        memory.advance(SHARED.lifetime + Duration::from_secs(1));
        assert!(dead.check().is_err());
        let next = acquire_at_once(&memory, &dev(), "the second").await.unwrap();
        next.check().unwrap();
        // A holder that was only suspended learns from its next renewal that it lost the lease.
        dead.renew().await;
        assert!(dead.check().unwrap_err().to_string().contains("lost"));
        next.check().unwrap();
    }

    #[tokio::test]
    async fn killed_deployment_on_a_laptop_blocks_the_next_one_for_seconds() {
        let (memory, local) = (Memory::default(), "local".parse().unwrap());
        let _killed = acquire_at_once(&memory, &local, "killed").await.unwrap();
        memory.advance(LOCAL.lifetime - Duration::from_secs(1));
        assert!(acquire_at_once(&memory, &local, "next").await.is_err());
        memory.advance(Duration::from_secs(2));
        acquire_at_once(&memory, &local, "next").await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn lease_is_kept_during_long_work() {
        let memory = Memory::default();
        let lease = acquire_at_once(&memory, &dev(), "the first").await.unwrap();
        lease
            .during(async {
                for _ in 0..20 {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    memory.advance(Duration::from_secs(60));
                }
            })
            .await;
        lease.check().unwrap();
        assert!(acquire_at_once(&memory, &dev(), "the second").await.is_err());
    }

    #[tokio::test]
    async fn lost_answer_of_an_own_write_does_not_lose_the_lease() {
        for loss in Loss::ALL {
            let memory = Memory::default();
            // The write is the second call, after a read.
            memory.lose(1, loss);
            let acquired = acquire_at_once(&memory, &dev(), "the first").await;
            if loss == Loss::Request {
                assert!(acquired.is_err());
                assert_eq!(read_holder(&memory, &dev()).await.unwrap(), None);
                continue;
            }
            let lease = acquired.unwrap();
            for (after, lost) in [(0, loss), (0, Loss::Request)] {
                memory.advance(SHARED.renewal_interval);
                memory.lose(after, lost);
                lease.renew().await;
                lease.check().unwrap();
            }
            memory.advance(SHARED.lifetime - Duration::from_secs(1));
            lease.renew().await;
            memory.advance(SHARED.lifetime - Duration::from_secs(1));
            lease.check().unwrap();
            assert!(read_holder(&memory, &dev()).await.unwrap().unwrap().starts_with("the first until"));
            memory.lose(0, loss);
            lease.release().await;
            assert_eq!(read_holder(&memory, &dev()).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn renewal_after_an_unread_one_keeps_the_lease() {
        let memory = Memory::default();
        let lease = acquire_at_once(&memory, &dev(), "the first").await.unwrap();
        // A renewal took effect, and this process does not know its entity tag.
        lease.etag.replace("etag-of-before".to_owned());
        lease.renew().await;
        lease.check().unwrap();
        memory.advance(SHARED.lifetime - Duration::from_secs(1));
        assert!(read_holder(&memory, &dev()).await.unwrap().is_some());
    }
}
