"""Refuses requests that a web page could have sent, since the local cloud runs code on a laptop.

The local cloud checks no signatures, accepts any host and lets any origin read its responses. The guard answers 403 to
foreign hosts (DNS rebinding), foreign origins and cross-site requests, including preflights and WebSockets. AWS SDKs,
Terraform, functions and curl send neither `Origin` nor `Sec-Fetch-Site`.
"""

import functools
import json
from urllib.parse import urlsplit

from gridbid_cloud.asgi import Application, Receive, Scope, Send, read_body, respond

# Names that no DNS server resolves. HTTP APIs are at `<id>.execute-api.localhost`.
OWN_NAMES = {"127.0.0.1", "localhost", "::1"}
OWN_SUFFIX = ".localhost"
# Sent for pages of this server, and for an address that the user typed.
OWN_SITES = {b"same-origin", b"none"}
DEFAULT_PORTS = {"http": 80, "https": 443}


def add_guard(app: Application, port: int) -> Application:
    """Wraps the application of a server on this port."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        reason = None if scope["type"] == "lifespan" else refusal(scope, port)
        if reason is None:
            await app(scope, receive, send)
            return
        if scope["type"] == "http":
            # Closing a connection with unread data resets it, and the response can be lost.
            await read_body(receive)
        body = json.dumps({"message": f"refused: {reason}; only programs on this machine may call the local cloud"})
        await respond(scope, send, 403, [("content-type", "application/json")], body.encode())

    return guard


def refusal(scope: Scope, port: int) -> str | None:
    """Returns the reason to refuse a request, if there is one."""
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
    """Returns the port of a host that names this machine, None for any other host."""
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    is_bare = not (parts.path or parts.query or parts.fragment or "@" in host)
    is_own = name is not None and (name in OWN_NAMES or name.endswith(OWN_SUFFIX))
    return (port or default) if is_bare and is_own else None
