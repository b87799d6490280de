"""A fake of botocore's S3 client with a bucket in memory, which can page, fail and be slow."""

import io
import json
import threading
import time
from collections import Counter
from typing import Any

from botocore.exceptions import ClientError

DAY = "2026-11-22"


def client_error(operation: str, code: str, status: int) -> ClientError:
    """Returns the error that botocore raises for an error response."""
    response = {"Error": {"Code": code, "Message": "message"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)


def summary(slot: str, **changed: Any) -> bytes:
    """Returns a summary as close-run writes it."""
    original = {"slot": slot, "run": "arn", "polls": 1, "accepted": 2, "rejected": 1, "failed": 0, "total_power": "0.1"}
    return json.dumps(original | {"rejections": [{"position": 0, "why": "é"}], "failures": []} | changed).encode()


def key(slot: str, day: str = DAY) -> str:
    return f"summaries/{day}/{slot.replace('-', '').replace(':', '')}.json"


def full_day() -> dict[str, bytes]:
    """Returns a summary for each of the 288 slots of a day."""
    slots = [f"{DAY}T{minute // 60:02}:{minute % 60:02}:00Z" for minute in range(0, 1440, 5)]
    return {key(slot): summary(slot, total_power="0.1", accepted=number) for number, slot in enumerate(slots)}


class FakeBucket:
    """A bucket and its behaviour."""

    def __init__(self, files: dict[str, bytes] | None = None, page: int = 1000) -> None:
        self.files = files or {}
        self.page = page
        self.deleted: set[str] = set()
        """Keys of objects that are listed but no longer exist."""
        self.failures: dict[str, Exception] = {}
        """Errors to raise, by operation, key or page."""
        self.seconds = 0.0
        """Duration of each call."""
        self.calls: Counter[str] = Counter()
        self.max_concurrent = 0
        self._concurrent = 0
        self._lock = threading.Lock()

    def list_objects_v2(self, *, Bucket: str, Prefix: str, ContinuationToken: str = "0") -> dict[str, Any]:
        assert Bucket == "results"
        self._call("list_objects_v2", f"page {ContinuationToken}")
        found = sorted(name for name in self.files if name.startswith(Prefix))
        start = int(ContinuationToken)
        listed = [{"Key": name, "Size": len(self.files[name])} for name in found[start : start + self.page]]
        response: dict[str, Any] = {"IsTruncated": start + self.page < len(found)}
        if listed:
            response["Contents"] = listed
        if response["IsTruncated"]:
            response["NextContinuationToken"] = str(start + self.page)
        return response

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        assert Bucket == "results"
        self._call("get_object", Key)
        if Key in self.deleted or Key not in self.files:
            raise client_error("GetObject", "NoSuchKey", 404)
        return {"Body": io.BytesIO(self.files[Key]), "ContentLength": len(self.files[Key])}

    def _call(self, operation: str, target: str) -> None:
        with self._lock:
            self.calls[operation] += 1
            self._concurrent += 1
            self.max_concurrent = max(self.max_concurrent, self._concurrent)
        time.sleep(self.seconds)
        with self._lock:
            self._concurrent -= 1
        for name in (operation, target):
            if name in self.failures:
                raise self.failures[name]
