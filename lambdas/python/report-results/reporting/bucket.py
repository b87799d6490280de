"""Reads the results bucket: the summaries of a day, and single objects.

Objects are read concurrently. If S3 fails, so does the whole read; a summary that is too large or was deleted is
returned as `Unreadable` and does not affect others.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from datetime import date

from botocore.exceptions import ClientError

from .aws import S3, PermanentFailure, Unavailable, call, remaining

MAX_SUMMARIES = 1440
"""Maximum number of summaries per day: one per minute. The schedule writes 288."""
MAX_SUMMARY_BYTES = 1024 * 1024
"""Maximum size of a summary, far above that of one with 500 rejections, 500 failures and their reasons."""
MAX_OBJECT_BYTES = 32 * 1024 * 1024
"""Maximum size of a manifest or a batch. A batch ends at 4 MiB, but its last order may be larger."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An object that cannot be a summary."""

    why: str
    """The reason, without any of the object's content."""


class ResultsBucket:
    """The results bucket, read in the threads of an executor."""

    def __init__(self, s3: S3, bucket: str, readers: Executor) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._readers = readers

    def summaries(self, day: date, deadline: float) -> dict[str, bytes | Unreadable]:
        """Returns the contents of the day's summaries by key, sorted by slot.

        Args:
            day: The day of the slots.
            deadline: The latest return, by `time.monotonic`.

        Raises:
            Unavailable: when S3 fails transiently or the deadline passes.
            PermanentFailure: when S3 refuses access or lists too many objects.
        """
        listing = self._readers.submit(self._list, f"summaries/{day.isoformat()}/", deadline)
        reads: dict[str, Future[bytes | Unreadable | None]] = {}
        try:
            keys = listing.result(remaining(deadline))
            reads = {key: self._readers.submit(self._read, key, MAX_SUMMARY_BYTES, deadline) for key in keys}
            contents = {key: read.result(remaining(deadline)) for key, read in reads.items()}
        except FutureTimeoutError:
            raise Unavailable("S3: no response in time") from None
        finally:
            for read in reads.values():
                read.cancel()
        deleted = Unreadable("was deleted after it was listed")
        return {key: deleted if content is None else content for key, content in contents.items()}

    def object(self, key: str, deadline: float) -> bytes | None:
        """Returns the content of an object; None if it does not exist.

        Raises:
            Unavailable: when S3 fails transiently or the deadline passes.
            PermanentFailure: when S3 refuses access or the object is too large.
        """
        try:
            content = self._readers.submit(self._read, key, MAX_OBJECT_BYTES, deadline).result(remaining(deadline))
        except FutureTimeoutError:
            raise Unavailable("S3: no response in time") from None
        if isinstance(content, Unreadable):
            raise PermanentFailure(f"{key} {content.why}")
        return content

    def _list(self, prefix: str, deadline: float) -> list[str]:
        keys: list[str] = []
        more: dict[str, str] = {}
        while True:
            remaining(deadline)
            page = call("ListObjectsV2", self._s3.list_objects_v2, Bucket=self._bucket, Prefix=prefix, **more)
            keys += [entry["Key"] for entry in page.get("Contents", ()) if entry["Key"].endswith(".json")]
            if len(keys) > MAX_SUMMARIES:
                raise PermanentFailure(f"more than {MAX_SUMMARIES} summaries of one day")
            if not page.get("IsTruncated"):
                return sorted(keys)
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _read(self, key: str, max_bytes: int, deadline: float) -> bytes | Unreadable | None:
        remaining(deadline)
        return call("GetObject", self._get, key=key, max_bytes=max_bytes)

    def _get(self, key: str, max_bytes: int) -> bytes | Unreadable | None:
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchKey":
                return None
            raise
        if found["ContentLength"] > max_bytes:
            found["Body"].close()
            return Unreadable(f"has {found['ContentLength']} bytes: at most {max_bytes}")
        content: bytes = found["Body"].read()
        return content
