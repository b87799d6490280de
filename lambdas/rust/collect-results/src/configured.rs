//! The platform that the environment asks for: one over HTTP if it has an address, the task's random one otherwise.

use gridbid_adapters::{
    AdapterError, StartError,
    account::{Account, Service},
    deadline::Deadline,
    environment::Environment,
    platform::{AuctionPlatform, HttpPlatform, PlatformResponse, RandomPlatform, random::READY_PERCENT},
    secrets,
};
use gridbid_core::{name::Slot, outcome::AnswerLimits};

/// Either platform.
pub enum ConfiguredPlatform {
    /// The task's.
    Random(RandomPlatform),
    /// A real one.
    Http(Box<HttpPlatform>),
}

impl ConfiguredPlatform {
    /// Reads the environment, and the platform's token if a secret is named.
    ///
    /// # Errors
    /// All that is wrong with the environment; a secret that cannot be had.
    pub async fn start(environment: &mut Environment) -> Result<Self, StartError> {
        let address = environment.address("AUCTION_PLATFORM_URL");
        let token_secret = environment.optional("AUCTION_PLATFORM_TOKEN_SECRET");
        let account = token_secret.is_some().then(|| Account::read(environment, Service::SecretsManager));
        let seed = environment.parsed("AUCTION_RANDOM_SEED", "is not a whole number below 2^64");
        let ready_percent = environment
            .parsed::<u8>("AUCTION_RANDOM_READY_PERCENT", "is not a whole number from 0 to 100")
            .unwrap_or(READY_PERCENT);
        if ready_percent > 100 {
            environment.problem("AUCTION_RANDOM_READY_PERCENT", "is not a whole number from 0 to 100");
        }
        environment.finish(())?;
        let Some(address) = address else { return Ok(Self::Random(RandomPlatform { seed, ready_percent })) };
        let token = match (token_secret, account) {
            (Some(secret), Some(account)) => Some(secrets::read(&account, &secret).await?),
            _ => None,
        };
        let token = token.as_ref().map(|token| token.reveal().trim());
        Ok(Self::Http(Box::new(HttpPlatform::new(address, token, &AnswerLimits::default())?)))
    }
}

impl AuctionPlatform for ConfiguredPlatform {
    async fn results(&self, slot: &Slot, poll: u32, deadline: &Deadline) -> Result<PlatformResponse, AdapterError> {
        match self {
            Self::Random(platform) => platform.results(slot, poll, deadline).await,
            Self::Http(platform) => platform.results(slot, poll, deadline).await,
        }
    }
}
