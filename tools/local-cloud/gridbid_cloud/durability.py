"""Sends a response only after the changes before it are in the journal.

A change that cannot be written gets a 500 response, which SDKs retry. Further changes are refused until the journal can
be written again. Reads are still answered.
"""

from gridbid_cloud.asgi import Application, Message, Receive, Scope, Send, respond
from gridbid_cloud.calls import Call
from gridbid_cloud.journal import Journal


def journal_changes(app: Application, journal: Journal) -> Application:
    """Wraps an application so that changes are journaled before they are acknowledged. Requires `name_calls`."""

    async def acknowledge(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        call: Call = scope["call"]
        reason = _reason_not_to_change(call, journal)
        if reason is not None:
            await _refuse(scope, send, call, reason)
            return
        is_refused = False

        async def send_written(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start":
                reason = _write(journal)
                if reason is not None and not call.is_read:
                    is_refused = True
                    await _refuse(scope, send, call, reason)
            if not is_refused:
                await send(message)

        await app(scope, receive, send_written)

    return acknowledge


def _reason_not_to_change(call: Call, journal: Journal) -> str | None:
    return None if call.is_read or journal.failure is None else _write(journal)


def _write(journal: Journal) -> str | None:
    """Writes the journal. Returns the reason when that fails."""
    try:
        journal.flush()
    except OSError as error:
        return f"the journal cannot be written: {error.strerror}"
    return None


async def _refuse(scope: Scope, send: Send, call: Call, reason: str) -> None:
    status, headers, body = call.internal_error(reason)
    await respond(scope, send, status, headers.items(), body)
