"""Configuration from the environment, read once at the start."""

from collections.abc import Mapping
from dataclasses import dataclass


class ConfigurationError(RuntimeError):
    """Variables are missing. The message lists all of them, and no values."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The configuration of the function."""

    environment: str
    """Name of the environment."""
    bucket: str
    """Name of the results bucket."""
    runs_table: str
    """Name of the runs table."""
    region: str
    """AWS region."""
    has_own_endpoint: bool
    """Whether AWS has another endpoint than its own; botocore reads its URL from the environment."""

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> "Configuration":
        """Reads the configuration.

        An empty variable counts as missing, because Terraform cannot unset one conditionally.

        Raises:
            ConfigurationError: when variables are missing.
        """
        region = variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION") or ""
        required = {
            "AWS_REGION": region,
            "AWS_ACCESS_KEY_ID": variables.get("AWS_ACCESS_KEY_ID"),
            "AWS_SECRET_ACCESS_KEY": variables.get("AWS_SECRET_ACCESS_KEY"),
            "RESULTS_BUCKET": variables.get("RESULTS_BUCKET"),
            "RUNS_TABLE": variables.get("RUNS_TABLE"),
            "GRIDBID_ENVIRONMENT": variables.get("GRIDBID_ENVIRONMENT"),
        }
        missing = [f"{name} is missing" for name, value in required.items() if not value]
        if missing:
            raise ConfigurationError(f"the environment is not complete: {', '.join(missing)}")
        return cls(
            environment=variables["GRIDBID_ENVIRONMENT"],
            bucket=variables["RESULTS_BUCKET"],
            runs_table=variables["RUNS_TABLE"],
            region=region,
            has_own_endpoint=any(variables.get(name) for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")),
        )
