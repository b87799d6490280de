//! The platform that the environment selects: HTTP if it has a URL, the built-in random platform otherwise.

use gridbid_adapters::{
    AdapterError, StartError,
    account::{Account, Service},
    deadline::Deadline,
    environment::Environment,
    http_platform::HttpPlatform,
    platform::{AuctionPlatform, PlatformResponse},
    random_platform::{READY_PERCENT, RandomPlatform},
    secrets,
};
use gridbid_core::{
    name::Slot,
    outcome::{BatchLimits, ResultsLimits},
};

/// Either platform.
pub enum ConfiguredPlatform {
    /// The built-in random platform.
    Random(RandomPlatform),
    /// A platform with a URL.
    Http(Box<HttpPlatform>),
}

impl ConfiguredPlatform {
    /// Reads the environment, and the platform's token if a secret is named.
    ///
    /// # Errors
    /// Every problem of the environment; a secret that cannot be read.
    pub async fn from_environment(environment: &mut Environment) -> Result<Self, StartError> {
        const NOT_A_PERCENTAGE: &str = "is not a whole number from 0 to 100";
        let url = environment.url("AUCTION_PLATFORM_URL");
        let token_secret = environment
            .optional("AUCTION_PLATFORM_TOKEN_SECRET")
            .map(|secret_id| (Account::from_environment(environment, Service::SecretsManager), secret_id));
        let seed = environment.parsed("AUCTION_RANDOM_SEED", "is not a whole number below 2^64");
        // An invalid value is a problem that `finish` returns; only an absent one has the default.
        let ready_percent =
            environment.parsed("AUCTION_RANDOM_READY_PERCENT", NOT_A_PERCENTAGE).unwrap_or(READY_PERCENT);
        if ready_percent > 100 {
            environment.add_problem("AUCTION_RANDOM_READY_PERCENT", NOT_A_PERCENTAGE);
        }
        environment.finish(())?;
        let Some(url) = url else { return Ok(Self::Random(RandomPlatform { seed, ready_percent })) };
        let token = match token_secret {
            Some((account, secret_id)) => Some(secrets::read(&account, &secret_id).await?),
            None => None,
        };
        let token = token.as_ref().map(|token| token.reveal().trim());
        let limits = ResultsLimits { bytes: BatchLimits::default().bytes, ..ResultsLimits::default() };
        Ok(Self::Http(Box::new(HttpPlatform::new(url, token, &limits)?)))
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
