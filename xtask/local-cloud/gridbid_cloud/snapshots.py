"""Saves the state of a service before a change of it is acknowledged, except what the journal holds.

MiniStack keeps the state of each service in one JSON file and writes it at a clean stop. Here it is written after every
call that changes something, by a rename, before the response leaves; a failure is the call's failure. Requests that
wait for the same service share one save. The state is copied on the event loop, where no handler is halfway through a
change, and written by threads of its own, so that one service does not hold up the others.

Calls that have another way to the disk save nothing: items, messages and executions (`journal`), objects (`objects`),
log events and metrics (`telemetry`, at a clean stop only). What a service changes in the background (the polls of event
source mappings, the end of a one-time schedule) is saved with its next change by a call, or at a clean stop.
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
# A thread that changes a dict while it is copied makes the copy fail, not go wrong.
COPY_ATTEMPTS = 10
# Calls that leave a service's snapshot as it is.
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
# These change other services through their functions instead of their handlers.
CHANGE_OTHERS = {"cloudformation", "cloudcontrol", "tagging"}

Reduction = Callable[[AccountRegionScopedDict], AccountRegionScopedDict]
State = Callable[[], dict[str, Any] | None]
Answer = Callable[[], Awaitable[Response]]

MODULES_OF = {
    config["module"]: (config["module"], *config.get("sub_modules", ())) for config in app.SERVICE_REGISTRY.values()
}


class NotSavedError(Exception):
    """A change that is not on the disk."""


class Snapshots:
    """The snapshots of all services, in MiniStack's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._failed: set[str] = set()
        self._writers = ThreadPoolExecutor(WRITERS, "gridbid-snapshot")
        self._wrapped: set[str] = set()
        self._blobs = CodeBlobs()
        self._get_module = replace(app, "_get_module", self._module)
        self._answer_s3_control = replace(app, "_handle_s3_control_request", self._handle_s3_control_request)

    def load(self, key: str) -> dict[str, Any] | None:
        """The saved state of a service.

        Raises:
            RuntimeError: when it cannot be read, for the next save would replace it.
        """
        path = self._path(key)
        if not path.exists():
            return None
        state = load_state(key)
        if state is None:
            raise RuntimeError(f"cannot read {path}: restore it from a copy, or wipe the local cloud")
        return state

    def save_now(self, key: str, state: State) -> None:
        """Saves a service while nothing else runs."""
        current = _copied(state)
        if current is not None:
            self._write(key, current)

    async def save(self, key: str) -> None:
        """Saves a service as it is now, together with the others that wait for it."""
        if (task := self._waiting.get(key)) is None:
            task = self._waiting[key] = asyncio.create_task(self._save_when_free(key))
        await asyncio.shield(task)

    async def _save_when_free(self, key: str) -> None:
        async with self._locks[key]:
            del self._waiting[key]
            try:
                state = _copied(loaded_services()[key])
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

    def _module(self, name: str) -> ModuleType:
        module = self._get_module(name)
        if name not in self._wrapped:
            self._wrapped.add(name)
            # Some modules are only parts of others: they have a state, but answer no requests themselves.
            if hasattr(module, "handle_request"):
                module.handle_request = self._saving(name, module.handle_request)
        return module

    def _saving(self, name: str, handle: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
        @functools.wraps(handle)
        async def handle_request(
            method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
        ) -> Response:
            call = Call.parse(method, path, headers, query, body)
            answer: Answer = functools.partial(handle, method, path, headers, body, query)
            if name == "s3" and not call.is_read:
                answer = functools.partial(objects.answer_if_stored, call, answer)
            if changes_snapshot(name, call, path):
                return await self._answer_if_saved(name, call, answer)
            return await answer()

        return handle_request

    async def _answer_if_saved(self, name: str, call: Call, answer: Answer) -> Response:
        try:
            # What could not be saved comes first: a call is not carried out while it cannot be acknowledged.
            await asyncio.gather(*(self.save(key) for key in self._keys(name) if key in self._failed))
            response = await answer()
            if response[0] < 400:
                await asyncio.gather(*map(self.save, self._keys(name)))
        except NotSavedError as error:
            logger.exception("%s is not acknowledged", call.name)
            return call.internal_error(str(error))
        return response

    async def _handle_s3_control_request(self, path: str, method: str, *rest: Any) -> Response | None:
        response = await self._answer_s3_control(path, method, *rest)
        if response is None or method in READ_METHODS:
            return response

        async def answer() -> Response:
            return response

        return await self._answer_if_saved("s3", Call.parse(method, path, {}, {}, b""), answer)

    def _keys(self, name: str) -> list[str]:
        """The files that a change by this service's handler is in."""
        loaded = loaded_services()
        if name in CHANGE_OTHERS:
            return list(loaded)
        return [key for key in loaded if app._state_map[key] in MODULES_OF.get(name, (name,))]


class CodeBlobs:
    """The code of functions, which MiniStack keeps in files named by their digest.

    MiniStack digests all code for each save, and removes unused files before the state that no longer names them is
    written. Here code is digested once, and files are removed afterwards.
    """

    def __init__(self) -> None:
        self._digests: dict[int, tuple[bytes, str]] = {}
        self._referenced: set[str] = set()
        lambda_svc = app._get_module("lambda_svc")
        self._write = replace(lambda_svc, "_write_code_blob", self._digest)
        self._prune = replace(lambda_svc, "_prune_orphan_code_blobs", self._remember)

    def prune(self) -> None:
        """Removes the files that the last saved state does not name."""
        self._prune(self._referenced)

    def _digest(self, code: bytes) -> str:
        known = self._digests.get(id(code))
        if known is None:
            # Keeping the code itself keeps its id from being given to something else.
            known = self._digests[id(code)] = code, self._write(code)
        return known[1]

    def _remember(self, referenced: set[str]) -> None:
        self._referenced = referenced
        self._digests = {key: known for key, known in self._digests.items() if known[1] in referenced}


def changes_snapshot(name: str, call: Call, path: str) -> bool:
    """Whether a call of a service changes what its snapshot holds."""
    if call.is_read or call.name in DATA_CALLS.get(name, ()):
        return False
    if name == "lambda_svc":
        return not path.rstrip("/").endswith(INVOCATION)
    return name != "s3" or "/" not in path.strip("/")


def reduce_state(module: ModuleType, reductions: Mapping[str, Reduction]) -> None:
    """Leaves parts out of a service's snapshot; before any state is loaded."""
    stores = {key: f"_{key}" for key in module.get_state()}
    for key, store in stores.items():
        if not hasattr(module, store):
            raise AttributeError(f"{module.__name__} keeps `{key}` elsewhere than in `{store}`: adapt snapshots.py")
    for key in reductions:
        if key not in stores:
            raise AttributeError(f"{module.__name__} does not save `{key}` any more: adapt snapshots.py")

    def get_state() -> dict[str, Any]:
        return {key: reductions.get(key, copy.deepcopy)(getattr(module, store)) for key, store in stores.items()}

    replace(module, "get_state", get_state)


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".tmp")
    try:
        new.write_bytes(content)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def _copied(state: State) -> dict[str, Any] | None:
    for _ in range(COPY_ATTEMPTS - 1):
        try:
            return state()
        except RuntimeError:
            continue
    return state()
