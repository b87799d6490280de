"""Times as the API writes them."""

from datetime import datetime


def format_moment(moment: datetime) -> str:
    """Returns a time in UTC as `2026-11-22T07:05:00Z`. (strftime's `%Y` has no leading zeros on Linux.)"""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
