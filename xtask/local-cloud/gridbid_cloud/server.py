"""Serves the application by hypercorn, on connections that live as long as their clients want them.

The AWS SDK for Go closes a connection whose response begins before the SDK has finished with its own request
(https://github.com/aws/aws-sdk-go-v2/issues/2737), which happens on a loopback interface once in some thousand requests.
The response is lost if its body comes in a later segment than its head, as hypercorn sends it. Here both are written at
once: what the SDK has already read survives the close, up to the 4 KiB that Go's HTTP client reads at a time.

Hypercorn also ends a connection after 1000 requests or 5 idle seconds, and keeps one that its client closed until the
idle time is over. None of this suits a server of one machine.
"""

import logging
import resource
import sys

import h11
import hypercorn.asyncio.run as hypercorn_run
import hypercorn.protocol as hypercorn_protocol
from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.config import Config
from hypercorn.events import RawData
from hypercorn.protocol.h11 import H11Protocol
from ministack import app as ministack

from gridbid_cloud.asgi import Application

HOST = "127.0.0.1"
# Longer than any client keeps an idle connection (the SDKs for Go and Rust: 90 s): the client closes first, never the
# server under a request that is on its way.
IDLE_SECONDS = 3600
# As many as macOS allows a process at most.
OPEN_FILES = 10_240


class WholeResponses(H11Protocol):
    """Writes the head of a response together with the first part of its body."""

    _head = b""

    async def _send_h11_event(self, event: h11.Event) -> None:
        try:
            data = self.connection.send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
            return
        if isinstance(event, h11.Response) and _has_known_length(event):
            self._head = data
            return
        data, self._head = self._head + data, b""
        if data:
            await self.send(RawData(data=data))


class Connection(TCPServer):
    """Ends with its client, instead of waiting for the idle timeout."""

    async def _read_data(self) -> None:
        await super()._read_data()
        await self.idle_task.stop()


def _has_known_length(response: h11.Response) -> bool:
    return any(name == b"content-length" for name, _ in response.headers)


def port() -> int:
    """The port of the local cloud."""
    return int(ministack._resolve_port())


async def serve(app: Application) -> None:
    """Serves until SIGTERM or SIGINT, through the lifespan events of the application."""
    _require(hypercorn_protocol, "H11Protocol")
    _require(hypercorn_run, "TCPServer")
    hypercorn_protocol.H11Protocol = WholeResponses
    hypercorn_run.TCPServer = Connection
    _raise_file_limit()
    logging.getLogger("hypercorn.access").addFilter(_is_not_health_check)
    await hypercorn_serve(app, _config(), mode="asgi")


def _config() -> Config:
    config = Config()
    config.bind = [f"{HOST}:{port()}"]
    config.loglevel = ministack.LOG_LEVEL
    config.keep_alive_timeout = IDLE_SECONDS
    config.keep_alive_max_requests = sys.maxsize
    # Loading and saving take as long as there is data: whoever started the process watches their progress.
    config.startup_timeout = IDLE_SECONDS
    config.shutdown_timeout = IDLE_SECONDS
    return config


def _require(module: object, name: str) -> None:
    if not hasattr(module, name):
        raise AttributeError(f"hypercorn has no `{name}` in {module!r}: adapt server.py to this version")


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _is_not_health_check(record: logging.LogRecord) -> bool:
    return not any(path in record.getMessage() for path in ministack._HEALTH_PATHS)
