"""Answers a call that an AWS SDK sends again with the response that got lost.

An SDK gives each call an `amz-sdk-invocation-id` and keeps it when it sends the call again. A change that succeeded is
remembered by that id: the second request gets the first one's response, at once or as soon as there is one. A response
that reports an error is not remembered, since the SDK repeats the call on purpose. The memory is bounded by age and
size.
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
# What Python needs for the headers and the entry itself, about.
ENTRY_BYTES = 2048

Key = tuple[bytes, str, str, str]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A response as it was sent."""

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
        """The response to a call, unless it was forgotten."""
        self._forget_old()
        return self._by_key.get(key)

    def add(self, key: Key, response: Recorded) -> None:
        """Records a response, in place of older ones if need be."""
        replaced = self._by_key.pop(key, None)
        self._bytes += response.size - (replaced.size if replaced else 0)
        self._by_key[key] = response
        self._forget_old()

    def _forget_old(self) -> None:
        oldest_kept = time.monotonic() - MAX_AGE_SECONDS
        while self._by_key and (self._bytes > MAX_BYTES or next(iter(self._by_key.values())).at < oldest_kept):
            self._bytes -= self._by_key.popitem(last=False)[1].size


def replayed(app: Application) -> Application:
    """The application, with lost responses to changes sent again. Needs `scope["call"]`."""
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
            # Recorded even when it could not be sent: that is the case it is for.
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
    """Sends a response on, and keeps it if it reports success and is small."""

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
