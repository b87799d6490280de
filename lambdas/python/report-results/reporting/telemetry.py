"""Logs: JSON on standard output, one line for each invocation, from which alarms are counted.

The alarms' metric filter reads `outcome` at the top of a line; counts and ids stand beside it under the names that all
functions use. Lines never hold bodies or secrets.
"""

import json
from datetime import UTC, datetime
from typing import Any

from . import NAME, VERSION


def outcome_of(status: int) -> str:
    """How an invocation ended that was answered with this HTTP status."""
    if status < 400:
        return "ok"
    return "refused" if status < 500 else "fault"


def line(level: str, message: str, **fields: Any) -> None:
    """Writes one line; a field that is `None` does not appear."""
    timestamp = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    told = {"timestamp": timestamp, "level": level, "message": message, "function": NAME, "version": VERSION} | fields
    shown = {name: value for name, value in told.items() if value is not None}
    print(json.dumps(shown, separators=(",", ":")), flush=True)
