"""Configuration from the environment, read and checked once at the function's start.

Every name that is missing is told at once. An empty value counts as missing, because Terraform cannot unset a variable
conditionally. Values are never part of what is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass


class NotStarted(RuntimeError):
    """The environment is not complete: the function does not start."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the function is started with."""

    environment: str
    """The environment that it belongs to."""
    bucket: str
    """Where the runs file their summaries."""
    region: str
    """The AWS region."""
    has_own_endpoint: bool
    """Whether S3 is called at another address than AWS's, which botocore reads for itself."""

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Configuration":
        """The configuration in these variables, or `NotStarted` with all that is missing."""
        region = variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION") or ""
        wanted = {
            "AWS_REGION": region,
            "AWS_ACCESS_KEY_ID": variables.get("AWS_ACCESS_KEY_ID"),
            "AWS_SECRET_ACCESS_KEY": variables.get("AWS_SECRET_ACCESS_KEY"),
            "RESULTS_BUCKET": variables.get("RESULTS_BUCKET"),
            "GRIDBID_ENVIRONMENT": variables.get("GRIDBID_ENVIRONMENT"),
        }
        missing = [f"{name} is missing" for name, value in wanted.items() if not value]
        if missing:
            raise NotStarted(f"the environment is not complete: {', '.join(missing)}")
        return cls(
            environment=variables["GRIDBID_ENVIRONMENT"],
            bucket=variables["RESULTS_BUCKET"],
            region=region,
            has_own_endpoint=any(variables.get(name) for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")),
        )
