"""The summaries of a day, read from the bucket: `summaries/<date>/<slot>.json`.

Reads go side by side and every one is bounded: by an attempt's time, by a number of attempts, and all of them by the
invocation's deadline, so that there is always time left to answer. When S3 fails, nothing is handed on; an object that
is too large or gone is handed on as such, and keeps back no other.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as OutOfTime
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NoConnection

from .configuration import Configuration

READERS = 16
"""How many summaries are read side by side."""
MOST = 1440
"""More files than a run a minute leaves behind are no day's summaries. By the clock there are at most 288."""
MOST_BYTES = 1024 * 1024
"""No summary of 500 orders, each with the reason why it was not filed, comes near."""
ATTEMPTS = 4
"""Calls that are made for one request, the first included."""
ATTEMPT_SECONDS = 4
CONNECT_SECONDS = 1.5
"""Services answer within the region."""

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
    """The bucket throttles, is away, or does not answer in time: worth asking again."""


class Broken(Exception):
    """The bucket refuses, or holds more objects than a day can have: asking again changes nothing."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What stands for an object that is not a summary."""

    why: str
    """What is wrong with the object, without any of its content."""


class S3(Protocol):
    """What is used of botocore's client, which threads may share."""

    def list_objects_v2(self, *, Bucket: str, Prefix: str, ContinuationToken: str = ...) -> dict[str, Any]: ...
    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]: ...


def client(configuration: Configuration) -> S3:
    """Amazon S3, or what `AWS_ENDPOINT_URL` puts in its place."""
    config = Config(
        region_name=configuration.region,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ATTEMPT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=READERS,
        # Another address has no names for buckets.
        s3={"addressing_style": "path" if configuration.has_own_endpoint else "virtual"},
    )
    made: S3 = botocore.session.get_session().create_client("s3", config=config)
    return made


class Summaries:
    """The summaries in a bucket."""

    def __init__(self, s3: S3, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="summaries")

    def for_day(self, day: date, deadline: float) -> dict[str, bytes | Unreadable]:
        """Reads the day's objects: their contents by their keys, which sort by slot.

        `deadline` is a moment of `time.monotonic`.
        """
        reads: dict[str, Future[bytes | Unreadable]] = {}
        try:
            keys = self._readers.submit(self._keys, f"summaries/{day.isoformat()}/", deadline).result(_left(deadline))
            reads = {key: self._readers.submit(self._read, key, deadline) for key in keys}
            return {key: read.result(_left(deadline)) for key, read in reads.items()}
        except OutOfTime:
            raise Unavailable("S3: no answer in time") from None
        finally:
            for read in reads.values():
                read.cancel()

    def _keys(self, prefix: str, deadline: float) -> list[str]:
        keys: list[str] = []
        more: dict[str, str] = {}
        while True:
            _left(deadline)
            page = _called("ListObjectsV2", self._s3.list_objects_v2, Bucket=self._bucket, Prefix=prefix, **more)
            keys += [entry["Key"] for entry in page.get("Contents", ()) if entry["Key"].endswith(".json")]
            if len(keys) > MOST:
                raise Broken(f"more than {MOST} summaries of one day")
            if not page.get("IsTruncated"):
                return sorted(keys)
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _read(self, key: str, deadline: float) -> bytes | Unreadable:
        _left(deadline)

        def read(**parameters: Any) -> bytes | Unreadable:
            try:
                found = self._s3.get_object(**parameters)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") == "NoSuchKey":
                    return Unreadable("was deleted after it was listed")
                raise
            if found["ContentLength"] > MOST_BYTES:
                found["Body"].close()
                return Unreadable(f"has {found['ContentLength']} bytes: at most {MOST_BYTES}")
            content: bytes = found["Body"].read()
            return content

        content: bytes | Unreadable = _called("GetObject", read, Bucket=self._bucket, Key=key)
        return content


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise Unavailable("no time is left")
    return left


def _called(name: str, call: Any, **parameters: Any) -> Any:
    """What a call gives, or in which of the two ways it fails."""
    try:
        return call(**parameters)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "no code")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        why = f"{name}: {code} ({status})"
        if status >= 500 or status == 429 or code in _TRANSIENT:
            raise Unavailable(why) from error
        raise Broken(why) from error
    except (NoConnection, HTTPClientError, IncompleteReadError) as error:
        raise Unavailable(f"{name}: {type(error).__name__}") from error
    except BotoCoreError as error:
        raise Broken(f"{name}: {type(error).__name__}") from error
