"""Replays the response to a call that an AWS SDK retries because the response was lost.

An SDK gives each call an `amz-sdk-invocation-id`, which its retries share. The response to a successful change is
recorded under that id: a retry gets the same response, and waits for it if necessary. Errors are not recorded, since
the SDK retries those calls on purpose. The recorded responses are bounded by age and size.
"""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass

from gridbid_cloud.asgi import Application, Headers, Message, Receive, Scope, Send

INVOCATION_ID = b"amz-sdk-invocation-id"
MAX_AGE_SECONDS = 300.0
MAX_BYTES = 16 << 20
MAX_RESPONSE_BYTES = 1 << 20
# Approximate size of an entry's headers and Python objects.
ENTRY_BYTES = 2048

Key = tuple[bytes, str, str, str]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded response."""

    status: int
    headers: Headers
    body: bytes
    at: float

    @property
    def size(self) -> int:
        return len(self.body) + ENTRY_BYTES


class Responses:
    """The recorded responses, oldest first."""

    def __init__(self) -> None:
        self._by_key: OrderedDict[Key, Recorded] = OrderedDict()
        self._bytes = 0

    def find(self, key: Key) -> Recorded | None:
        """Returns the recorded response to a call, if there is one."""
        self._forget_old()
        return self._by_key.get(key)

    def add(self, key: Key, response: Recorded) -> None:
        """Records a response and drops old ones."""
        replaced = self._by_key.pop(key, None)
        self._bytes += response.size - (replaced.size if replaced else 0)
        self._by_key[key] = response
        self._forget_old()

    def _forget_old(self) -> None:
        oldest_kept = time.monotonic() - MAX_AGE_SECONDS
        while self._by_key and (self._bytes > MAX_BYTES or next(iter(self._by_key.values())).at < oldest_kept):
            self._bytes -= self._by_key.popitem(last=False)[1].size


def replay_responses(app: Application) -> Application:
    """Wraps an application so that lost responses to changes are replayed. Requires `name_calls`."""
    responses = Responses()
    running: dict[Key, asyncio.Event] = {}

    async def replay(scope: Scope, receive: Receive, send: Send) -> None:
        key = _key(scope)
        if key is None:
            await app(scope, receive, send)
            return
        while (ended := running.get(key)) is not None:
            await ended.wait()
        recorded = responses.find(key)
        if recorded is not None:
            await send({"type": "http.response.start", "status": recorded.status, "headers": recorded.headers})
            await send({"type": "http.response.body", "body": recorded.body, "more_body": False})
            return
        ended = running[key] = asyncio.Event()
        recorder = _Recorder(send)
        try:
            await app(scope, receive, recorder.send)
        finally:
            # Recorded even if sending failed: that is the response a retry asks for.
            if recorder.response is not None:
                responses.add(key, recorder.response)
            del running[key]
            ended.set()

    return replay


def _key(scope: Scope) -> Key | None:
    if scope["type"] != "http" or scope["call"].is_read:
        return None
    invocation = dict(scope["headers"]).get(INVOCATION_ID)
    return None if invocation is None else (invocation, scope["method"], scope["path"], scope["call"].name)


class _Recorder:
    """Forwards a response and records it if it is a small success."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body: list[bytes] = []
        self._size = 0
        self.response: Recorded | None = None

    async def send(self, message: Message) -> None:
        self._keep(message)
        await self._send(message)

    def _keep(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message if message["status"] < 300 else None
        elif message["type"] == "http.response.body" and self._start is not None:
            self._body.append(message.get("body", b""))
            self._size += len(self._body[-1])
            if self._size > MAX_RESPONSE_BYTES:
                self._start = None
            elif not message.get("more_body", False):
                headers = list(self._start["headers"])
                self.response = Recorded(self._start["status"], headers, b"".join(self._body), time.monotonic())
