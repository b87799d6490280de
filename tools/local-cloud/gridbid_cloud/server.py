"""Serves the application with hypercorn, adapted to SDK clients on the loopback interface.

The AWS SDK for Go closes its connection when a response begins before the SDK has finished its own request
(https://github.com/aws/aws-sdk-go-v2/issues/2737). On the loopback interface that happens once in some thousand
requests. Hypercorn sends the head and the body of a response in two segments, and the SDK loses a body that arrives
after the close. `WholeResponses` sends both at once: Go's HTTP client then has the response in its read buffer (4 KiB).

Hypercorn also closes a connection after 1000 requests and after an idle timeout, which can hit a request in flight, and
keeps a connection whose client has left until the timeout. Here a connection ends with its client or with the server.
"""

import asyncio
import logging
import resource
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, cast

import h11
import hypercorn.asyncio.run as hypercorn_run
import hypercorn.protocol as hypercorn_protocol
from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import AsyncioSingleTask
from hypercorn.config import Config
from hypercorn.events import RawData
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Response
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import ASGIFramework, H11SendableEvent, TaskGroup
from ministack import app as ministack

from gridbid_cloud.asgi import Application
from gridbid_cloud.patching import replace

HOST = "127.0.0.1"
# Loading and saving may take long: `cargo xtask` watches their progress instead.
LIFESPAN_SECONDS = 3600
GRACE_SECONDS = 3
# The most that macOS allows a process.
OPEN_FILES = 10_240


class WholeResponses(H11Protocol):
    """Sends the head of a response together with the first part of its body."""

    _head = b""
    _has_length = False

    async def stream_send(self, event: StreamEvent) -> None:
        if isinstance(event, Response):
            # A response without a length is a stream whose body may begin much later.
            self._has_length = any(name.lower() == b"content-length" for name, _ in event.headers)
        await super().stream_send(event)

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        try:
            data = self.connection.send(event) or b""
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
            return
        if isinstance(event, h11.Response) and self._has_length:
            self._head = data
            return
        data, self._head = self._head + data, b""
        if data:
            await self.send(RawData(data=data))


class Connection(TCPServer):
    """A connection without an idle timeout."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.idle_task = self._idle = IdleState(self)

    async def _read_data(self) -> None:
        try:
            await super()._read_data()
        finally:
            self._idle.end()


class IdleState(AsyncioSingleTask):
    """Closes an idle connection when the server stops.

    Replaces hypercorn's idle timer, which starts a task for each request.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection
        self._is_idle = True
        self._task: asyncio.Task[None] | None = None

    async def restart(self, task_group: TaskGroup, _action: Callable[..., Awaitable[None]]) -> None:
        """Called when the connection becomes idle."""
        self._is_idle = True
        if self._task is None:
            tasks: asyncio.TaskGroup = task_group._task_group  # type: ignore[attr-defined]  # hypercorn does the same.
            self._task = tasks.create_task(self._close_at_the_end())

    async def stop(self) -> None:
        """Called when a request arrives."""
        self._is_idle = False

    def end(self) -> None:
        """Called when the client has left."""
        if self._task is not None:
            self._task.cancel()

    async def _close_at_the_end(self) -> None:
        await self._connection.context.terminated.wait()
        if self._is_idle:
            await self._connection._initiate_server_close()


def port() -> int:
    """Returns the port of the local cloud."""
    return int(ministack._resolve_port())


async def serve(app: Application, end_late_requests: Callable[[], None]) -> None:
    """Serves until SIGTERM or SIGINT, then finishes requests for up to `GRACE_SECONDS`."""
    replace(hypercorn_protocol, "H11Protocol", WholeResponses)
    replace(hypercorn_run, "TCPServer", Connection)
    _raise_file_limit()
    logging.getLogger("hypercorn.access").addFilter(_is_not_health_check)
    loop, asked_to_stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked_to_stop.set)

    async def wait_for_stop() -> None:
        await asked_to_stop.wait()
        loop.call_later(GRACE_SECONDS, end_late_requests)

    await hypercorn_serve(cast(ASGIFramework, app), _config(), shutdown_trigger=wait_for_stop, mode="asgi")


def _config() -> Config:
    config = Config()
    config.bind = [f"{HOST}:{port()}"]
    config.loglevel = ministack.LOG_LEVEL
    config.graceful_timeout = GRACE_SECONDS
    config.keep_alive_max_requests = sys.maxsize
    config.startup_timeout = config.shutdown_timeout = LIFESPAN_SECONDS
    return config


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _is_not_health_check(record: logging.LogRecord) -> bool:
    return not any(path in record.getMessage() for path in ministack._HEALTH_PATHS)
