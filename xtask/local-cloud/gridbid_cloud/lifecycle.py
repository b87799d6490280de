"""Restores the local cloud at its start, saves it at its stop, and ends it when its folder is no longer its own.

`GRIDBID_CLOUD_FOLDER` is the folder of the cloud; its file `instance` holds the token of the process that may use it. A
process whose `GRIDBID_INSTANCE` is another ends at once and saves nothing: the folder was removed, or a successor
started.

Two files tell `cargo xtask` what happened: `recovery.json` what was found at the start, `stopped.json` what could not
be saved at the stop. The time of the file `saving` moves on while there is progress.
"""

import contextlib
import fcntl
import functools
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from ministack import app
from ministack.core import persistence

from gridbid_cloud.executions import Executions, stepfunctions, without_executions
from gridbid_cloud.journal import Journal, Store
from gridbid_cloud.patching import replace
from gridbid_cloud.queues import Queues, sqs, without_messages
from gridbid_cloud.snapshots import Snapshots, State, reduce_state, replace_file
from gridbid_cloud.tables import Tables, dynamodb, without_items
from gridbid_cloud.telemetry import Telemetry

logger = logging.getLogger("gridbid.lifecycle")

LEASH_SECONDS = 0.5
# A predecessor ends when it looks at its leash.
PREDECESSOR_SECONDS = 20 * LEASH_SECONDS
ABANDONED = 3


class Leash:
    """A process's right to its folder."""

    def __init__(self, folder: Path, instance: str) -> None:
        self.folder = folder
        self.instance = instance

    @classmethod
    def from_environment(cls) -> Self:
        """The folder and the token that `cargo xtask` gave; exits without them."""
        missing = [name for name in ("GRIDBID_CLOUD_FOLDER", "GRIDBID_INSTANCE") if not os.environ.get(name)]
        if missing or not persistence.PERSIST_STATE:
            what = ", ".join(missing) or "PERSIST_STATE=1"
            sys.exit(f"{what} is not set: start the local cloud by `cargo xtask up`")
        leash = cls(Path(os.environ["GRIDBID_CLOUD_FOLDER"]), os.environ["GRIDBID_INSTANCE"])
        if not leash.holds():
            sys.exit(f"{leash.folder / 'instance'} does not hold the token of this process: run `cargo xtask up`")
        return leash

    def holds(self) -> bool:
        """Whether the folder is still this process's."""
        try:
            return (self.folder / "instance").read_text().strip() == self.instance
        except OSError:
            return False

    def wait_for_predecessor(self, state: Path) -> None:
        """Waits until no other process uses the state; exits when one goes on."""
        state.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + PREDECESSOR_SECONDS
        while not _is_locked(self._lock):
            if time.monotonic() > deadline:
                sys.exit(f"another process uses {state}: stop it with `cargo xtask down`")
            time.sleep(LEASH_SECONDS / 10)

    def watch(self) -> None:
        """Ends the process as soon as the leash does not hold."""
        threading.Thread(target=self._watch, name="gridbid-leash", daemon=True).start()

    def _watch(self) -> None:
        while self.holds():
            time.sleep(LEASH_SECONDS)
        os._exit(ABANDONED)


class Cloud:
    """What lives in the folder of the local cloud."""

    def __init__(self, leash: Leash) -> None:
        self._leash = leash
        self._state = Path(persistence.STATE_DIR)
        leash.wait_for_predecessor(self._state)
        self._clean_stop = self._state / "clean-stop"
        self.exit_code = 0
        reduce_state(dynamodb, {"tables": without_items})
        reduce_state(sqs, {"queues": without_messages})
        reduce_state(stepfunctions, {"executions": without_executions})
        self.snapshots = Snapshots(self._state)
        self.journal = Journal(self._state / "journal")
        self._tables, self._queues = Tables(self.journal), Queues(self.journal)
        self._executions = Executions(self.journal)
        self._telemetry = Telemetry(self._state / "telemetry")
        self._stores: dict[str, Store] = {
            "dynamodb": self._tables,
            "sqs": self._queues,
            "stepfunctions": self._executions,
        }
        for store in self._stores.values():
            self.journal.add_store(store)
        replace(app, "_load_persisted_state", self._restore_or_exit)
        replace(app, "save_all", self._save_all)

    def _restore_or_exit(self) -> None:
        try:
            self._restore()
        except Exception as error:
            logger.exception("the local cloud cannot start")
            sys.exit(f"the local cloud cannot start: {error}")

    def _restore(self) -> None:
        for name in ("recovery.json", "stopped.json", "saving"):
            (self._leash.folder / name).unlink(missing_ok=True)
        last_write = self._last_write()
        is_clean = last_write is None or self._clean_stop.exists()
        self._clean_stop.unlink(missing_ok=True)

        # The pollers that start with other services must find the messages and items in place.
        unjournaled = [key for key, store in self._stores.items() if self._load(key, store)]
        replay = self.journal.replay()
        if unjournaled or self.journal.is_mostly_garbage(replay.changes):
            self._compact(must_succeed=bool(unjournaled))
        for key in unjournaled:
            self.snapshots.save_now(key, app._get_module(key).get_state)
        self._executions.end_cut_off()
        self.journal.flush()
        self.journal.start_background_writes()
        for key in app._state_map:
            if key not in self._stores:
                self._load(key, None)
        self._telemetry.load()

        if replay.torn_bytes:
            logger.warning("cut off %d bytes of a change that was being written at the last end", replay.torn_bytes)
        recovery = {
            "instance": self._leash.instance,
            "clean": is_clean,
            "last_write": last_write,
            "items": self._tables.count(),
            "messages": self._queues.count(),
            "cut_off_executions": self._executions.summary(),
        }
        self._write("recovery.json", recovery)

    def _load(self, key: str, store: Store | None) -> bool:
        """Restores a service; whether its snapshot holds what belongs into the journal."""
        state = self.snapshots.load(key)
        if not state:
            return False
        is_unjournaled = store is not None and store.is_unjournaled(state)
        app._get_module(app._state_map[key]).load_persisted_state(state)
        return is_unjournaled

    def _compact(self, must_succeed: bool) -> None:
        try:
            self.journal.compact()
        except OSError as error:
            if must_succeed:
                raise
            logger.error("the journal stays as large as it is: %s", error)

    def _save_all(self, services: dict[str, State]) -> None:
        failed = []
        parts: dict[str, Callable[[], None]] = {
            key: functools.partial(self.snapshots.save_now, key, state) for key, state in services.items()
        }
        parts |= {"telemetry": self._telemetry.save, "journal": self.journal.close}
        for name, save in parts.items():
            self._show_progress()
            try:
                save()
            except Exception as error:
                logger.exception("%s is not saved", name)
                failed.append(f"{name}: {error}")
        try:
            if not failed:
                self._clean_stop.touch()
            self._write("stopped.json", {"instance": self._leash.instance, "failed": failed})
        except OSError:
            logger.exception("cannot say that the local cloud has stopped")
            failed.append("stopped.json")
        self.exit_code = 1 if failed else 0

    def _last_write(self) -> str | None:
        files = [*self._state.glob("*.json"), self.journal.path]
        times = [file.stat().st_mtime for file in files if file.is_file()]
        if not times:
            return None
        return datetime.fromtimestamp(max(times), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _show_progress(self) -> None:
        # A disk that is too full for this file may have room for others.
        with contextlib.suppress(OSError):
            (self._leash.folder / "saving").touch()

    def _write(self, name: str, content: dict[str, Any]) -> None:
        replace_file(self._leash.folder / name, json.dumps(content).encode())


def _is_locked(file: int) -> bool:
    """Locks a file for as long as this process lives, unless another one has done so."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
