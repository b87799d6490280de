"""The clients of S3 and DynamoDB, and the two ways in which their calls fail.

Attempts are limited in time and number, and all of them by the invocation's deadline, so that the function can always
respond.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NoConnection

from .configuration import Configuration

T = TypeVar("T")

READERS = 16
"""Maximum number of concurrent reads."""
MAX_ATTEMPTS = 4
"""Maximum number of attempts per call, including the first."""
ATTEMPT_SECONDS = 4
CONNECT_SECONDS = 1.5
"""Short, because both services are in the same region."""

_TRANSIENT = {
    "ProvisionedThroughputExceededException",
    "RequestTimeout",
    "RequestTimeoutException",
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}


class Unavailable(Exception):
    """A service throttles, is unreachable or does not respond in time. A retry may succeed."""


class PermanentFailure(Exception):
    """A service refuses access, or holds what it should not hold. A retry does not help."""


class S3(Protocol):
    """The part of botocore's thread-safe client that is used."""

    def list_objects_v2(self, *, Bucket: str, Prefix: str, ContinuationToken: str = ...) -> dict[str, Any]: ...
    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]: ...


class DynamoDB(Protocol):
    """The part of botocore's thread-safe client that is used."""

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]: ...
    def query(self, *, TableName: str, IndexName: str, **parameters: Any) -> dict[str, Any]: ...


def create_clients(configuration: Configuration) -> tuple[S3, DynamoDB]:
    """Creates clients of AWS, or of the endpoint in `AWS_ENDPOINT_URL`."""
    config = Config(
        region_name=configuration.region,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ATTEMPT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
        max_pool_connections=READERS,
        # Other endpoints may not resolve host names of buckets.
        s3={"addressing_style": "path" if configuration.has_own_endpoint else "virtual"},
    )
    session = botocore.session.get_session()
    return session.create_client("s3", config=config), session.create_client("dynamodb", config=config)


def remaining(deadline: float) -> float:
    """Returns the seconds until the deadline, or raises `Unavailable` if it has passed."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise Unavailable("the deadline has passed")
    return seconds


def call(name: str, function: Callable[..., T], **parameters: Any) -> T:
    """Calls a service and converts errors to `Unavailable` or `PermanentFailure`."""
    try:
        return function(**parameters)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "no code")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        why = f"{name}: {code} ({status})"
        if status >= 500 or status == 429 or code in _TRANSIENT:
            raise Unavailable(why) from error
        raise PermanentFailure(why) from error
    except (NoConnection, HTTPClientError, IncompleteReadError) as error:
        raise Unavailable(f"{name}: {type(error).__name__}") from error
    except BotoCoreError as error:
        raise PermanentFailure(f"{name}: {type(error).__name__}") from error
