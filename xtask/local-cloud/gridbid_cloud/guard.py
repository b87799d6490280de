"""Refuses requests that a web page could have sent: pages must not reach what runs functions on a laptop.

MiniStack checks no credentials, takes any host and lets any origin read its responses. Refused with 403 are foreign hosts
(DNS rebinding), foreign origins and cross-site requests, preflights and WebSockets among them. The AWS SDKs, Terraform,
functions and curl send neither `Origin` nor `Sec-Fetch-Site`.
"""

import json
from urllib.parse import urlsplit

from gridbid_cloud.asgi import Application, Receive, Scope, Send, header, read_body, respond

# Names that no DNS server decides. Below `.localhost` are the endpoints of APIs: `<id>.execute-api.localhost`.
OWN_NAMES = {"127.0.0.1", "localhost", "::1"}
OWN_SUFFIX = ".localhost"
# What a browser says of a page of this server, and of an address typed by its user.
OWN_SITES = {None, "same-origin", "none"}
DEFAULT_PORTS = {"http": 80, "https": 443}


def guarded(app: Application, port: int) -> Application:
    """The application behind the guard of a server on this port."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        reason = None if scope["type"] == "lifespan" else refusal(scope, port)
        if reason is None:
            await app(scope, receive, send)
            return
        if scope["type"] == "http":
            # A response that overtakes its request can be lost when the connection is closed.
            await read_body(receive)
        body = json.dumps({"message": f"refused: {reason}; only programs on this machine may call the local cloud"})
        await respond(scope, send, 403, [("content-type", "application/json")], body.encode())

    return guard


def refusal(scope: Scope, port: int) -> str | None:
    """Why a request to this port is refused, or None."""
    host = header(scope, b"host")
    if host is None or not _is_own_name(_split(f"//{host}")):
        return f"host `{host or ''}` is not this machine's"
    origin = header(scope, b"origin")
    if origin is not None and not _is_own_origin(origin, port):
        return f"origin `{origin}` is foreign"
    site = header(scope, b"sec-fetch-site")
    return None if site in OWN_SITES else f"a {site} request"


def _is_own_origin(origin: str, port: int) -> bool:
    scheme, _, address = origin.partition("://")
    if scheme not in DEFAULT_PORTS:
        return False
    split = _split(f"//{address}")
    return _is_own_name(split) and split is not None and (split[1] or DEFAULT_PORTS[scheme]) == port


def _is_own_name(split: tuple[str, int | None] | None) -> bool:
    return split is not None and (split[0] in OWN_NAMES or split[0].endswith(OWN_SUFFIX))


def _split(address: str) -> tuple[str, int | None] | None:
    """The name in lower case and the port of `//name:port`, or None when it is anything else."""
    try:
        parts = urlsplit(address)
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not name or parts.path or parts.query or parts.fragment or parts.username is not None:
        return None
    return name, port
