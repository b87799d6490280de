"""Acknowledges a change of S3 only if it reached the disk.

MiniStack writes objects, their metadata and their versions to files at once. It only logs a failure to do so, so this
module watches the log.
"""

import inspect
import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from ministack import app

from gridbid_cloud.calls import Call, Response

s3 = app._get_module("s3")

FAILURE = "Failed to persist"
_failures: ContextVar[list[str] | None] = ContextVar("gridbid_s3_failures", default=None)


class _FailureHandler(logging.Handler):
    """Collects the failures of the current request."""

    def emit(self, record: logging.LogRecord) -> None:
        failures = _failures.get()
        if failures is not None and str(record.msg).startswith(FAILURE):
            failures.append(record.getMessage())


def watch() -> None:
    """Starts watching the log of S3."""
    for function in (s3._persist_object, s3._persist_delete_marker, s3._persist_displaced_version):
        if f'logger.warning("{FAILURE}' not in inspect.getsource(function):
            raise AttributeError(f"{function.__qualname__} of MiniStack no longer logs its errors: adapt objects.py")
    s3.logger.addHandler(_FailureHandler())


async def respond_if_stored(call: Call, respond: Callable[[], Awaitable[Response]]) -> Response:
    """Returns the response to a call, or an error if something did not reach the disk."""
    failures: list[str] = []
    token = _failures.set(failures)
    try:
        response = await respond()
    finally:
        _failures.reset(token)
    return call.internal_error("; ".join(failures)) if failures else response
