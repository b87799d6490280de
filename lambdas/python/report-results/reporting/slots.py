"""The state of slots, from their items in the runs table and their summaries."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from .moments import format_moment
from .runs import Run

PERIOD = timedelta(minutes=5)
"""The period of the schedule."""

Summary = Mapping[str, Any]

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_KEY_FORMAT = "%Y%m%dT%H%M%SZ"


def parse_slot(text: str) -> str | None:
    """Returns a slot as `2026-11-22T07:05:00Z`, given like that or as `20261122T070500Z`; None for any other text."""
    if not text.isascii() or len(text) not in (len("2026-11-22T07:05:00Z"), len("20261122T070500Z")):
        return None
    for form in (_FORMAT, _KEY_FORMAT):
        try:
            slot = format_moment(datetime.strptime(text, form))
        except ValueError:
            continue
        # strptime accepts numbers without leading zeros.
        if text in (slot, slot_key(slot)):
            return slot
    return None


def slot_key(slot: str) -> str:
    """Returns a slot as keys of the bucket contain it: `20261122T070500Z`."""
    return slot.replace("-", "").replace(":", "")


def scheduled_slots(day: date, now: float) -> list[str]:
    """Returns the slots of a day's schedule up to a time in Unix seconds."""
    first = datetime(day.year, day.month, day.day, tzinfo=UTC)
    moments = (first + number * PERIOD for number in range(timedelta(days=1) // PERIOD))
    return [format_moment(moment) for moment in moments if moment.timestamp() <= now]


def parse_summary(content: bytes) -> Summary | None:
    """Returns a summary, or None for an object that is not one."""
    try:
        summary = json.loads(content)
    except (ValueError, RecursionError):
        return None
    counts = ("accepted", "rejected", "failed")
    valid = (
        isinstance(summary, dict)
        and isinstance(summary.get("slot"), str)
        and isinstance(summary.get("total_power"), str)
        and all(isinstance(summary.get(name), int) for name in counts)
    )
    return summary if valid else None


@dataclass(frozen=True, slots=True)
class Slot:
    """What is known of a slot; without run and summary, the slot was missed."""

    slot: str
    run: Run | None
    summary: Summary | None

    @property
    def attempt(self) -> int:
        """The current attempt, from 1."""
        if self.run is not None:
            return self.run.attempt
        return self.summary.get("attempt", 1) if self.summary is not None else 1

    def state(self, now: float) -> dict[str, Any]:
        """Returns the slot as the API reports it at a time in Unix seconds."""
        if self.run is None and self.summary is None:
            return {"slot": self.slot, "status": "missing"}
        status = self._status(now)
        polls = self.run.polls if self.run is not None else (self.summary or {}).get("polls")
        counts = self._counts() if status == "done" else {}
        optional = {
            "started_at": self.run.started_at if self.run is not None else None,
            "done_at": self.run.done_at if self.run is not None else None,
            "problem": self.run.problem if self.run is not None and status == "failed" else None,
        }
        state = {"slot": self.slot, "status": status, "attempt": self.attempt, "polls": polls} | counts | optional
        return {name: value for name, value in state.items() if value is not None}

    def _status(self, now: float) -> str:
        if self.run is not None:
            return self.run.status(now)
        # The item has expired: a slot of which no order failed was done.
        return "failed" if (self.summary or {}).get("failed") else "done"

    def _counts(self) -> dict[str, Any]:
        if self.run is not None and self.run.counts is not None:
            return self.run.counts
        names = ("accepted", "rejected", "failed", "total_power")
        return {name: self.summary[name] for name in names} if self.summary is not None else {}


def join(slots: Iterable[str], runs: Mapping[str, Run], summaries: Mapping[str, Summary]) -> list[Slot]:
    """Joins what is known of slots, sorted by slot."""
    return [Slot(slot, runs.get(slot), summaries.get(slot)) for slot in sorted({*slots, *runs, *summaries})]
