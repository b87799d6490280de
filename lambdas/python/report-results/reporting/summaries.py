"""Reads the summaries of a day from the bucket: `summaries/<date>/<slot>.json`.

Objects are read concurrently. Attempts are limited in time and number, and all of them by the invocation's deadline, so
that the function can always respond. If S3 fails, so does the whole read; an object that is too large or was deleted is
returned as `Unreadable` and does not affect others.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, TypeVar

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NoConnection

from .configuration import Configuration

T = TypeVar("T")

READERS = 16
"""Maximum number of concurrent reads."""
MAX_SUMMARIES = 1440
"""Maximum number of objects per day: one per minute. The schedule writes 288."""
MAX_BYTES = 1024 * 1024
"""Maximum size of a summary, far above that of one with 500 rejections and their reasons."""
MAX_ATTEMPTS = 4
"""Maximum number of attempts per call, including the first."""
ATTEMPT_SECONDS = 4
CONNECT_SECONDS = 1.5
"""Short, because S3 is in the same region."""

_TRANSIENT = {
    "RequestTimeout",
    "RequestTimeoutException",
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}


class Unavailable(Exception):
    """The bucket throttles, is unreachable or does not respond in time. A retry may succeed."""


class PermanentFailure(Exception):
    """The bucket refuses access, or has too many objects for a day. A retry does not help."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An object that cannot be a summary."""

    why: str
    """The reason, without any of the object's content."""


class S3(Protocol):
    """The part of botocore's thread-safe client that is used."""

    def list_objects_v2(self, *, Bucket: str, Prefix: str, ContinuationToken: str = ...) -> dict[str, Any]: ...
    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]: ...


def create_client(configuration: Configuration) -> S3:
    """Creates a client of Amazon S3, or of the endpoint in `AWS_ENDPOINT_URL`."""
    config = Config(
        region_name=configuration.region,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ATTEMPT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
        max_pool_connections=READERS,
        # Other endpoints may not resolve host names of buckets.
        s3={"addressing_style": "path" if configuration.has_own_endpoint else "virtual"},
    )
    client: S3 = botocore.session.get_session().create_client("s3", config=config)
    return client


class Summaries:
    """The summaries in a bucket."""

    def __init__(self, s3: S3, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="summaries")

    def for_day(self, day: date, deadline: float) -> dict[str, bytes | Unreadable]:
        """Returns the contents of the day's objects by key, sorted by slot.

        Args:
            day: The day of the slots.
            deadline: The latest return, by `time.monotonic`.

        Raises:
            Unavailable: when S3 fails transiently or the deadline passes.
            PermanentFailure: when S3 refuses access or lists too many objects.
        """
        reads: dict[str, Future[bytes | Unreadable]] = {}
        try:
            listing = self._readers.submit(self._list, f"summaries/{day.isoformat()}/", deadline)
            keys = listing.result(_remaining(deadline))
            reads = {key: self._readers.submit(self._read, key, deadline) for key in keys}
            return {key: read.result(_remaining(deadline)) for key, read in reads.items()}
        except FutureTimeoutError:
            raise Unavailable("S3: no response in time") from None
        finally:
            for read in reads.values():
                read.cancel()

    def _list(self, prefix: str, deadline: float) -> list[str]:
        keys: list[str] = []
        more: dict[str, str] = {}
        while True:
            _remaining(deadline)
            page = _call("ListObjectsV2", self._s3.list_objects_v2, Bucket=self._bucket, Prefix=prefix, **more)
            keys += [entry["Key"] for entry in page.get("Contents", ()) if entry["Key"].endswith(".json")]
            if len(keys) > MAX_SUMMARIES:
                raise PermanentFailure(f"more than {MAX_SUMMARIES} summaries of one day")
            if not page.get("IsTruncated"):
                return sorted(keys)
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _read(self, key: str, deadline: float) -> bytes | Unreadable:
        _remaining(deadline)
        return _call("GetObject", self._get, key=key)

    def _get(self, key: str) -> bytes | Unreadable:
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchKey":
                return Unreadable("was deleted after it was listed")
            raise
        if found["ContentLength"] > MAX_BYTES:
            found["Body"].close()
            return Unreadable(f"has {found['ContentLength']} bytes: at most {MAX_BYTES}")
        content: bytes = found["Body"].read()
        return content


def _remaining(deadline: float) -> float:
    """Returns the seconds until the deadline, or raises `Unavailable` if it has passed."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise Unavailable("the deadline has passed")
    return seconds


def _call(name: str, call: Callable[..., T], **parameters: Any) -> T:
    """Calls S3 and converts errors to `Unavailable` or `PermanentFailure`."""
    try:
        return call(**parameters)
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
