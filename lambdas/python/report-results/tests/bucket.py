"""A bucket in memory in place of botocore's client, which can be told to page, to throttle, to fail and to be slow."""

import io
import json
import threading
import time
from collections import Counter
from typing import Any

from botocore.exceptions import ClientError

DAY = "2026-11-22"


def refusal(operation: str, code: str, status: int) -> ClientError:
    """The error that botocore makes of a refusal."""
    answer = {"Error": {"Code": code, "Message": "told"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


def summary(slot: str, **changed: Any) -> bytes:
    """A summary as close-run files it."""
    plain = {"slot": slot, "run": "arn", "polls": 1, "accepted": 2, "rejected": 1, "failed": 0, "total_power": "0.1"}
    return json.dumps(plain | {"rejections": [{"position": 0, "why": "é"}], "failures": []} | changed).encode()


def key(slot: str, day: str = DAY) -> str:
    return f"summaries/{day}/{slot.replace('-', '').replace(':', '')}.json"


def full_day() -> dict[str, bytes]:
    """A summary for each of the 288 slots of a day."""
    slots = [f"{DAY}T{minute // 60:02}:{minute % 60:02}:00Z" for minute in range(0, 1440, 5)]
    return {key(slot): summary(slot, total_power="0.1", accepted=number) for number, slot in enumerate(slots)}


class Bucket:
    """What lies in it, and how it behaves."""

    def __init__(self, files: dict[str, bytes] | None = None, page: int = 1000) -> None:
        self.files = files or {}
        self.page = page
        self.deleted: set[str] = set()
        """Keys of objects that are listed and then gone."""
        self.failures: dict[str, Exception] = {}
        """By operation or key."""
        self.seconds = 0.0
        """How long each call takes."""
        self.calls: Counter[str] = Counter()
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    def list_objects_v2(self, *, Bucket: str, Prefix: str, ContinuationToken: str = "0") -> dict[str, Any]:
        assert Bucket == "results"
        self._call("list_objects_v2", f"page {ContinuationToken}")
        found = sorted(name for name in self.files if name.startswith(Prefix))
        start = int(ContinuationToken)
        listed = [{"Key": name, "Size": len(self.files[name])} for name in found[start : start + self.page]]
        answer: dict[str, Any] = {"IsTruncated": start + self.page < len(found)}
        if listed:
            answer["Contents"] = listed
        if answer["IsTruncated"]:
            answer["NextContinuationToken"] = str(start + self.page)
        return answer

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        assert Bucket == "results"
        self._call("get_object", Key)
        if Key in self.deleted:
            raise refusal("GetObject", "NoSuchKey", 404)
        return {"Body": io.BytesIO(self.files[Key]), "ContentLength": len(self.files[Key])}

    def _call(self, operation: str, what: str) -> None:
        with self._lock:
            self.calls[operation] += 1
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        time.sleep(self.seconds)
        with self._lock:
            self._at_once -= 1
        for name in (operation, what):
            if name in self.failures:
                raise self.failures[name]
