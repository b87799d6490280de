"""Restores the local cloud at the start and saves it at the stop.

Two files report to `cargo xtask`: `recovery.json` what was restored at the start, `stopped.json` which services could
not be saved at the stop. The modification time of the file `saving` advances while there is progress.
"""

import contextlib
import functools
import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ministack import app

from gridbid_cloud.executions import Executions, stepfunctions, without_executions
from gridbid_cloud.journal import Journal, Store
from gridbid_cloud.leash import Leash
from gridbid_cloud.patching import replace
from gridbid_cloud.queues import Queues, sqs, without_messages
from gridbid_cloud.snapshots import Snapshots, State, reduce_state, replace_file
from gridbid_cloud.tables import Tables, dynamodb, without_items
from gridbid_cloud.telemetry import Telemetry

logger = logging.getLogger("gridbid.lifecycle")


class Cloud:
    """The state in the folder of the local cloud."""

    def __init__(self, leash: Leash) -> None:
        self._leash = leash
        self._clean_stop = leash.state / "clean-stop"
        self.exit_code = 0
        reduce_state(dynamodb, {"tables": without_items})
        reduce_state(sqs, {"queues": without_messages})
        reduce_state(stepfunctions, {"executions": without_executions})
        self.snapshots = Snapshots(leash.state)
        self.journal = Journal(leash.state / "journal")
        self._tables, self._queues = Tables(self.journal), Queues(self.journal)
        self._executions = Executions(self.journal)
        self._telemetry = Telemetry(leash.state / "telemetry")
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

        # Loading other services starts pollers, which expect items and messages to be complete.
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
            logger.warning("truncated %d bytes of a change that was incomplete at the last exit", replay.torn_bytes)
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
        """Restores a service. Returns whether its snapshot contains what belongs in the journal."""
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
            logger.error("cannot compact the journal: %s", error)

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
                logger.exception("cannot save %s", name)
                failed.append(f"{name}: {error}")
        try:
            if not failed:
                self._clean_stop.touch()
            self._write("stopped.json", {"instance": self._leash.instance, "failed": failed})
        except OSError:
            logger.exception("cannot write stopped.json")
            failed.append("stopped.json")
        self.exit_code = 1 if failed else 0

    def _last_write(self) -> str | None:
        files = [*self._leash.state.glob("*.json"), self.journal.path]
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
