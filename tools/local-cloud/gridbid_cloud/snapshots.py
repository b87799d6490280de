"""Saves the state of a service before a change to it is acknowledged.

MiniStack writes the state of each service to a JSON file at a clean stop. This module also writes it after each call
that changes it, before the response leaves, by an atomic rename; if that fails, so does the call. Requests that wait
for the same service share a save. The state is copied on the event loop, where no handler is in the middle of a change,
and written by a thread pool, so that a slow service does not block the others.

Snapshots exclude items, messages and executions (see `journal`), objects (see `objects`), and log events and metrics,
which are saved at a clean stop only (see `telemetry`). Background changes of a service, such as the positions of event
source mappings or the end of a one-time schedule, are saved with its next call, or at a clean stop.
"""

import asyncio
import copy
import functools
import json
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

from ministack import app
from ministack.app import _build_persistence_save_dict as loaded_services
from ministack.core.persistence import _json_default as encode_store
from ministack.core.persistence import _state_format_version as format_version
from ministack.core.persistence import load_state
from ministack.core.responses import AccountRegionScopedDict

from gridbid_cloud import objects
from gridbid_cloud.calls import READ_METHODS, Call, Response
from gridbid_cloud.patching import replace

logger = logging.getLogger("gridbid.snapshots")

WRITERS = 4
# Copying a dict fails with RuntimeError when another thread inserts a key.
COPY_ATTEMPTS = 10
# Calls that do not change the snapshot of a service.
DATA_CALLS: dict[str, set[str]] = {
    "dynamodb": {
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "BatchWriteItem",
        "TransactWriteItems",
        "ExecuteStatement",
        "BatchExecuteStatement",
        "ExecuteTransaction",
    },
    "sqs": {
        "SendMessage",
        "SendMessageBatch",
        "ReceiveMessage",
        "DeleteMessage",
        "DeleteMessageBatch",
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "PurgeQueue",
    },
    "stepfunctions": {
        "StartExecution",
        "StartSyncExecution",
        "StopExecution",
        "SendTaskSuccess",
        "SendTaskFailure",
        "SendTaskHeartbeat",
    },
    "cloudwatch": {"PutMetricData"},
    "cloudwatch_logs": {"PutLogEvents"},
    "eventbridge": {"PutEvents"},
    "sns": {"Publish", "PublishBatch"},
}
INVOCATION = ("/invocations", "/invoke-async", "/response-streaming-invocations")
# These services change others directly instead of through their handlers.
CHANGE_OTHERS = {"cloudformation", "cloudcontrol", "tagging"}

Reduction = Callable[[AccountRegionScopedDict], AccountRegionScopedDict]
State = Callable[[], dict[str, Any] | None]
Respond = Callable[[], Awaitable[Response]]

MODULES_OF = {
    config["module"]: (config["module"], *config.get("sub_modules", ())) for config in app.SERVICE_REGISTRY.values()
}


class NotSavedError(Exception):
    """A state that could not be saved."""


class Snapshots:
    """The snapshots of all services."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._failed: set[str] = set()
        self._writers = ThreadPoolExecutor(WRITERS, "gridbid-snapshot")
        self._wrapped: set[str] = set()
        self._blobs = CodeBlobs()
        self._get_module = replace(app, "_get_module", self._module)
        self._respond_to_s3_control = replace(app, "_handle_s3_control_request", self._handle_s3_control_request)

    def load(self, key: str) -> dict[str, Any] | None:
        """Returns the saved state of a service.

        Raises:
            RuntimeError: when the file cannot be read; the next save would replace it.
        """
        path = self._path(key)
        if not path.exists():
            return None
        state: dict[str, Any] | None = load_state(key)
        if state is None:
            raise RuntimeError(f"cannot read {path}: restore it from a copy, or wipe the local cloud")
        return state

    def save_now(self, key: str, state: State) -> None:
        """Saves a service at the start or the stop."""
        current = _copy_state(state)
        if current is not None:
            self._write(key, current)

    async def save(self, key: str) -> None:
        """Saves a service, in one save with other requests that wait for it."""
        if (task := self._waiting.get(key)) is None:
            task = self._waiting[key] = asyncio.create_task(self._save_when_free(key))
        await asyncio.shield(task)

    async def _save_when_free(self, key: str) -> None:
        async with self._locks[key]:
            del self._waiting[key]
            try:
                state = _copy_state(loaded_services()[key])
                if state is not None:
                    await asyncio.get_running_loop().run_in_executor(self._writers, self._write, key, state)
            except Exception as error:
                self._failed.add(key)
                raise NotSavedError(f"the state of `{key}` cannot be saved: {error}") from error
            self._failed.discard(key)

    def _write(self, key: str, state: dict[str, Any]) -> None:
        wrapped = {"__ministack_format__": format_version(key), "payload": state}
        replace_file(self._path(key), json.dumps(wrapped, default=encode_store).encode())
        if key == "lambda":
            self._blobs.prune()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"

    def _module(self, name: str) -> Any:
        module = self._get_module(name)
        if name not in self._wrapped:
            self._wrapped.add(name)
            # Some modules are only parts of others: they have a state, but handle no requests.
            if hasattr(module, "handle_request"):
                module.handle_request = self._saving(name, module.handle_request)
        return module

    def _saving(self, name: str, handle: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
        @functools.wraps(handle)
        async def handle_request(
            method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
        ) -> Response:
            call = Call.parse(method, path, headers, query, body)
            respond: Respond = functools.partial(handle, method, path, headers, body, query)
            if name == "s3" and not call.is_read:
                respond = functools.partial(objects.respond_if_stored, call, respond)
            if changes_snapshot(name, call, path):
                return await self._respond_if_saved(name, call, respond)
            return await respond()

        return handle_request

    async def _respond_if_saved(self, name: str, call: Call, respond: Respond) -> Response:
        try:
            # After a failed save, a call is carried out only if the state can be saved again.
            await asyncio.gather(*(self.save(key) for key in self._keys(name) if key in self._failed))
            response = await respond()
            if response[0] < 400:
                await asyncio.gather(*map(self.save, self._keys(name)))
        except NotSavedError as error:
            logger.exception("%s is not acknowledged", call.name)
            return call.internal_error(str(error))
        return response

    async def _handle_s3_control_request(self, path: str, method: str, *rest: Any) -> Response | None:
        response: Response | None = await self._respond_to_s3_control(path, method, *rest)
        if response is None or method in READ_METHODS:
            return response
        changed = response

        async def respond() -> Response:
            return changed

        return await self._respond_if_saved("s3", Call.parse(method, path, {}, {}, b""), respond)

    def _keys(self, name: str) -> list[str]:
        """Returns the state files that a call of this service may change."""
        loaded = loaded_services()
        if name in CHANGE_OTHERS:
            return list(loaded)
        return [key for key in loaded if app._state_map[key] in MODULES_OF.get(name, (name,))]


class CodeBlobs:
    """The code of functions, which MiniStack stores in files named by digest.

    MiniStack hashes all code at each save, and removes unused files before it writes the state that no longer refers to
    them. This class hashes code once, and removes files after the state was written.
    """

    def __init__(self) -> None:
        self._digests: dict[int, tuple[bytes, str]] = {}
        self._referenced: set[str] = set()
        lambda_svc = app._get_module("lambda_svc")
        self._write = replace(lambda_svc, "_write_code_blob", self._digest)
        self._prune = replace(lambda_svc, "_prune_orphan_code_blobs", self._remember)

    def prune(self) -> None:
        """Removes the files that the last saved state does not refer to."""
        self._prune(self._referenced)

    def _digest(self, code: bytes) -> str:
        known = self._digests.get(id(code))
        if known is None:
            # Keeping the code prevents another object from getting its id.
            known = self._digests[id(code)] = code, self._write(code)
        return known[1]

    def _remember(self, referenced: set[str]) -> None:
        self._referenced = referenced
        self._digests = {key: known for key, known in self._digests.items() if known[1] in referenced}


def changes_snapshot(name: str, call: Call, path: str) -> bool:
    """Whether a call changes the snapshot of its service."""
    if call.is_read or call.name in DATA_CALLS.get(name, ()):
        return False
    if name == "lambda_svc":
        return not path.rstrip("/").endswith(INVOCATION)
    return name != "s3" or "/" not in path.strip("/")


def reduce_state(module: ModuleType, reductions: Mapping[str, Reduction]) -> None:
    """Excludes parts of the state from a service's snapshot. Must precede loading."""
    stores = {key: f"_{key}" for key in module.get_state()}
    for key, store in stores.items():
        if not hasattr(module, store):
            raise AttributeError(f"{module.__name__} does not keep `{key}` in `{store}`: adapt snapshots.py")
    for key in reductions:
        if key not in stores:
            raise AttributeError(f"{module.__name__} no longer saves `{key}`: adapt snapshots.py")

    def get_state() -> dict[str, Any]:
        return {key: reductions.get(key, copy.deepcopy)(getattr(module, store)) for key, store in stores.items()}

    replace(module, "get_state", get_state)


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".tmp")
    try:
        new.write_bytes(content)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def _copy_state(state: State) -> dict[str, Any] | None:
    for _ in range(COPY_ATTEMPTS - 1):
        try:
            return state()
        except RuntimeError:
            continue
    return state()
