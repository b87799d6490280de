"""Refuses requests that a web page could have sent: pages must not reach what runs functions on a laptop.

MiniStack checks no credentials, takes any host and lets any origin read its responses. Refused with 403 are foreign
hosts (DNS rebinding), foreign origins and cross-site requests, preflights and WebSockets among them. The AWS SDKs,
Terraform, functions and curl send neither `Origin` nor `Sec-Fetch-Site`.
"""

import functools
import json
from urllib.parse import urlsplit

from gridbid_cloud.asgi import Application, Receive, Scope, Send, read_body, respond

# Names that no DNS server decides. Below `.localhost` are the endpoints of APIs: `<id>.execute-api.localhost`.
OWN_NAMES = {"127.0.0.1", "localhost", "::1"}
OWN_SUFFIX = ".localhost"
# What a browser says of a page of this server, and of an address typed by its user.
OWN_SITES = {b"same-origin", b"none"}
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
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"").decode("latin-1")
    if not _is_own_host(host):
        return f"host `{host}` is not this machine's"
    origin = headers.get(b"origin")
    if origin is not None and not _is_own_origin(origin.decode("latin-1"), port):
        return f"origin `{origin.decode('latin-1')}` is foreign"
    site = headers.get(b"sec-fetch-site")
    return None if site is None or site in OWN_SITES else f"a {site.decode('latin-1')} request"


@functools.lru_cache
def _is_own_host(host: str) -> bool:
    return _own_port(host, default=0) is not None


def _is_own_origin(origin: str, port: int) -> bool:
    scheme, _, host = origin.partition("://")
    return scheme in DEFAULT_PORTS and _own_port(host, DEFAULT_PORTS[scheme]) == port


def _own_port(host: str, default: int) -> int | None:
    """The port in a host, or None when the host is not one of the own names."""
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    is_bare = not (parts.path or parts.query or parts.fragment or "@" in host)
    is_own = name is not None and (name in OWN_NAMES or name.endswith(OWN_SUFFIX))
    return (port or default) if is_bare and is_own else None
