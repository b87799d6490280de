"""Adds up a day's summaries and lists the objects that are not summaries."""

from collections.abc import Mapping
from dataclasses import dataclass

import gridbid

from .bucket import Unreadable


@dataclass(frozen=True, slots=True)
class Day:
    """The totals of a day."""

    report: gridbid.DayReport
    """The totals of the valid summaries."""
    unreadable: dict[str, str]
    """The reason for each other object, by its key."""


def add_up(objects: Mapping[str, bytes | Unreadable]) -> Day:
    """Adds up a day's objects, given by key in the order of their slots.

    Raises:
        gridbid.InvalidSummaries: when summaries that are valid one by one cannot be added up.
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
    """Returns core's message about an object that is not a summary."""
    try:
        gridbid.day_report([content])
    except gridbid.InvalidSummaries as error:
        # core's message starts with the index of the summary.
        return error.message.removeprefix("summary 0 ")
    return None
