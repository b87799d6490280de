"""Identifies the API call of a request, and whether it only reads.

A call is named as in the API reference (`CreateRole`, `PutItem`), or by its HTTP method when the service has a REST
API. An unknown call counts as a change.
"""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from gridbid_cloud.asgi import Application, Message, Receive, Scope, Send, read_body

FORM = "application/x-www-form-urlencoded"
NAMING_HEADERS = (b"x-amz-target", b"content-type", b"authorization")
READ_METHODS = {"GET", "HEAD", "OPTIONS"}
READ_CALL = re.compile(
    r"(Batch)?(Get|List|Describe|Query|Search|Lookup|Head|Filter|Validate|Test|Simulate)[A-Z]"
    r"|(Query|Scan|TransactGetItems|Encrypt|Decrypt|ReEncrypt|GenerateMac|GenerateRandom|Sign|Verify|VerifyMac)$"
    r"|GenerateDataKey"
)
# Named like a read, but takes a task from a queue.
CHANGES_NAMED_LIKE_READS = {"GetActivityTask"}
RPC_PATH = re.compile(r"/service/\w+/operation/(\w+)$")

Response = tuple[int, dict[str, str], bytes]


class Errors(Enum):
    """The error formats of AWS protocols."""

    JSON = "json"
    QUERY = "query"
    S3 = "s3"


@dataclass(frozen=True, slots=True)
class Call:
    """An API call: its name, whether it only reads, and its error format."""

    name: str
    is_read: bool
    errors: Errors

    @staticmethod
    def parse(
        method: str, path: str, headers: Mapping[str, str], query: Mapping[str, list[str]], body: bytes
    ) -> "Call":
        """Identifies the call of a request. Header names are in lower case; only a form's body is read."""
        if target := headers.get("x-amz-target"):
            return _call(target.rpartition(".")[2], Errors.JSON)
        if rpc := RPC_PATH.search(path):
            return _call(rpc.group(1), Errors.JSON)
        action = query.get("Action")
        if action is None and headers.get("content-type", "").startswith(FORM):
            action = parse_qs(body.decode("utf-8", "replace")).get("Action")
        if action:
            return _call(action[0], Errors.QUERY)
        is_s3 = "/s3/aws4_request" in headers.get("authorization", "")
        return Call(method, method in READ_METHODS, Errors.S3 if is_s3 else Errors.JSON)

    def internal_error(self, reason: str) -> Response:
        """Returns a 500 response, which makes SDKs retry the call."""
        match self.errors:
            case Errors.JSON:
                body = json.dumps({"__type": "InternalServerError", "message": reason})
                headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-errortype": "InternalServerError"}
                return 500, headers, body.encode()
            case Errors.QUERY:
                error = f"<Type>Receiver</Type><Code>InternalFailure</Code><Message>{escape(reason)}</Message>"
                body = f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
            case Errors.S3:
                body = f"<Error><Code>InternalError</Code><Message>{escape(reason)}</Message></Error>"
        return 500, {"content-type": "text/xml"}, body.encode()


@functools.lru_cache
def _call(name: str, errors: Errors) -> Call:
    is_read = READ_CALL.match(name) is not None and name not in CHANGES_NAMED_LIKE_READS
    return Call(name, is_read, errors)


def name_calls(app: Application) -> Application:
    """Wraps an application so that `scope["call"]` holds the call of each HTTP request."""

    async def name(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope, receive = await _with_call(scope, receive)
        await app(scope, receive, send)

    return name


async def _with_call(scope: Scope, receive: Receive) -> tuple[Scope, Receive]:
    fields = dict(scope["headers"])
    headers = {name.decode(): fields[name].decode("latin-1") for name in NAMING_HEADERS if name in fields}
    query = parse_qs(scope["query_string"].decode("latin-1")) if scope["query_string"] else {}
    body = b""
    if "x-amz-target" not in headers and headers.get("content-type", "").startswith(FORM):
        body, is_complete = await read_body(receive)
        receive = _replay_body(body, is_complete, receive)
    call = Call.parse(scope["method"], scope["path"], headers, query, body)
    return {**scope, "call": call}, receive


def _replay_body(body: bytes, is_complete: bool, receive: Receive) -> Receive:
    """Returns a `receive` that delivers a body which was already read."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": not is_complete}]
    if not is_complete:
        pending.append({"type": "http.disconnect"})

    async def receive_again() -> Message:
        return pending.pop(0) if pending else await receive()

    return receive_again
