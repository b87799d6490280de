"""A day's report: core adds up the summaries, and what is not a summary is named."""

from collections.abc import Mapping
from dataclasses import dataclass

import gridbid

from .summaries import Unreadable


@dataclass(frozen=True, slots=True)
class Day:
    """What a day's objects amount to."""

    report: gridbid.DayReport
    """The sums over the objects that are summaries."""
    unreadable: dict[str, str]
    """What is wrong with each of the other objects, by its key."""


def add_up(objects: Mapping[str, bytes | Unreadable]) -> Day:
    """Adds up the day's objects, given by their keys in the order of their slots.

    Raises `gridbid.InvalidSummaries` when summaries that are valid one by one cannot be added up.
    """
    summaries = {key: content for key, content in objects.items() if isinstance(content, bytes)}
    problems = {key: content.why for key, content in objects.items() if isinstance(content, Unreadable)}
    try:
        report = gridbid.day_report(summaries.values())
    except gridbid.InvalidSummaries:
        problems |= {key: why for key, content in summaries.items() if (why := _find_problem(content)) is not None}
        report = gridbid.day_report(content for key, content in summaries.items() if key not in problems)
    return Day(report, {key: problems[key] for key in objects if key in problems})


def _find_problem(content: bytes) -> str | None:
    """What core says of an object that is not a summary."""
    try:
        gridbid.day_report([content])
    except gridbid.InvalidSummaries as error:
        # Core numbers the summaries that it is given.
        return error.message.removeprefix("summary 0 ")
    return None
