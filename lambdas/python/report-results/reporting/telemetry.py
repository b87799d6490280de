"""Structured logs: one JSON line on standard output per invocation, with the field names of all functions.

The metric filter of the alarms reads `outcome` at the top level of a line. Lines never contain bodies or secrets.
"""

import json
from datetime import UTC, datetime
from typing import Any

from . import NAME, VERSION


def outcome_of(status: int) -> str:
    """Classifies an HTTP status."""
    if status < 400:
        return "ok"
    return "refused" if status < 500 else "fault"


def write_line(level: str, message: str, **fields: Any) -> None:
    """Writes a line, without the fields that are None."""
    timestamp = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    line = {"timestamp": timestamp, "level": level, "message": message, "function": NAME, "version": VERSION} | fields
    present = {name: value for name, value in line.items() if value is not None}
    print(json.dumps(present, separators=(",", ":")), flush=True)
