"""Appends each change to a file, so that a killed process loses nothing that was acknowledged.

The first line names the format. Each other line is a JSON list of changes that are restored together or not at all. A
change is a list of its kind and its arguments; `tables`, `queues` and `executions` define the kinds. All changes pass
through one buffer, so the restored state is a prefix of history. The buffer is written before a response leaves the
process (see `durability`), and at most `BACKGROUND_SECONDS` after a change in the background.

The journal protects against the end of the process, not against a power failure: only compaction and a clean stop
call fsync. A failed write (full disk) is truncated and repeated later, together with the changes after it. A line
that a kill left incomplete is truncated at the next start.

Not journaled: the stream records of DynamoDB. `pipes` writes those that a pipe may have missed again at the start.
"""

import gc
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

logger = logging.getLogger("gridbid.journal")

FORMAT = ["gridbid-journal", 1]
BACKGROUND_SECONDS = 0.05
# A journal is compacted when it holds this many changes more than twice the number needed.
GARBAGE_ALLOWED = 20_000
COMPACTION_CHUNK = 1 << 20

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode

Change = list[Any]


class JournalError(Exception):
    """A journal that cannot be read."""


class Store(Protocol):
    """A part of MiniStack's state that the journal holds."""

    @property
    def kinds(self) -> Mapping[str, Callable[..., None]]:
        """The function that restores each kind of change."""

    def is_unjournaled(self, snapshot: dict[str, Any]) -> bool:
        """Whether a snapshot contains this part, since it was written before there was a journal."""

    def begin(self) -> None:
        """Called after the snapshot was restored, before the first change."""

    def finish(self) -> None:
        """Called after the last change was restored."""

    def count(self) -> int:
        """Returns about how many changes a compacted journal has."""

    def changes(self) -> Iterator[Change]:
        """Yields the changes that produce the present state."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The result of a replay."""

    changes: int
    torn_bytes: int


class Journal:
    """The journal file and the buffer of changes. Any thread may call its methods."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failure: OSError | None = None
        self._new = path.with_suffix(".new")
        # A store holds it from a change until the change is recorded, so that both have the same order.
        self.lock = threading.RLock()
        self._stores: list[Store] = []
        self._collectors: list[Callable[[], None]] = []
        self._kinds: dict[str, Callable[..., None]] = {}
        self._pending: list[bytes] = []
        self._unit: list[bytes] | None = None
        self._file = -1
        self._end = 0
        self._is_torn = False

    def add_store(self, store: Store) -> None:
        """Adds a part of the state. Must precede `replay`."""
        self._stores.append(store)
        self._kinds.update(store.kinds)

    def before_write(self, collect: Callable[[], None]) -> None:
        """Registers a function that records changes which cannot be hooked; called before each write."""
        self._collectors.append(collect)

    def record(self, kind: str, *arguments: Any) -> None:
        """Adds a change to the buffer."""
        change = _encode([kind, *arguments]).encode()
        with self.lock:
            if self._unit is None:
                self._pending.append(b"[%b]\n" % change)
            else:
                self._unit.append(change)

    @contextmanager
    def unit(self) -> Iterator[list[bytes]]:
        """Joins the changes of a block: they are restored together or not at all."""
        with self.lock:
            if self._unit is not None:
                yield self._unit
                return
            unit: list[bytes] = []
            self._unit = unit
            try:
                yield unit
            finally:
                self._unit = None
                if unit:
                    self._pending.append(b"[%b]\n" % b",".join(unit))

    def flush(self) -> None:
        """Writes the buffer.

        Raises:
            OSError: when the write fails. The file is truncated to its former length, and the buffer is kept.
        """
        with self.lock:
            for collect in self._collectors:
                collect()
            if not self._pending:
                return
            data = b"".join(self._pending)
            try:
                self._cut_torn_line()
                self._is_torn = True
                _write_all(self._file, data)
            except OSError as error:
                self._pending = [data]
                if self.failure is None:
                    logger.error("cannot write %s: %s; changes are refused until it can be written", self.path, error)
                self.failure = error
                self._try_to_cut_torn_line()
                raise
            self._is_torn = False
            self._end += len(data)
            self._pending.clear()
            if self.failure is not None:
                logger.warning("%s can be written again", self.path)
            self.failure = None

    def replay(self) -> Replay:
        """Restores every change of the file, then opens it for appending.

        Raises:
            JournalError: when a line is damaged, or the file has a newer format.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._new.unlink(missing_ok=True)
        count, self._end = 0, 0
        # The garbage collector would scan hundreds of thousands of new objects for seconds, and free none.
        gc.disable()
        try:
            for store in self._stores:
                store.begin()
            if self.path.exists():
                count, self._end = self._replay_lines()
            for store in self._stores:
                store.finish()
        finally:
            gc.enable()
        gc.freeze()
        torn = self._open()
        return Replay(count, torn)

    def compact(self) -> None:
        """Replaces the file with the changes that produce the present state."""
        with self.lock:
            self.flush()
            try:
                self._write_new()
            except OSError:
                self._new.unlink(missing_ok=True)
                raise
            self._new.replace(self.path)
            _sync_folder(self.path.parent)
            self._end = self.path.stat().st_size
            self._open()

    def is_mostly_garbage(self, replayed: int) -> bool:
        """Whether most of the replayed changes are superseded."""
        if replayed <= GARBAGE_ALLOWED:
            return False
        return replayed > 2 * sum(store.count() for store in self._stores) + GARBAGE_ALLOWED

    def start_background_writes(self) -> None:
        """Starts the thread that writes the changes made in the background."""
        threading.Thread(target=self._write_in_background, name="gridbid-journal", daemon=True).start()

    def close(self) -> None:
        """Writes the buffer and syncs the file."""
        self.flush()
        os.fsync(self._file)

    def _write_new(self) -> None:
        with self._new.open("wb") as file:
            file.write(_line(FORMAT))
            file.writelines(_chunks(self._present()))
            file.flush()
            os.fsync(file.fileno())

    def _present(self) -> Iterator[Change]:
        for store in self._stores:
            yield from store.changes()

    def _replay_lines(self) -> tuple[int, int]:
        count = end = 0
        with self.path.open("rb") as file:
            header = file.readline()
            if header.endswith(b"\n"):
                self._check_format(header)
                end = len(header)
            for number, line in enumerate(file, start=2):
                if not line.endswith(b"\n"):
                    break
                count += self._restore(line, number)
                end += len(line)
        return count, end

    def _check_format(self, header: bytes) -> None:
        if header != _line(FORMAT):
            raise JournalError(
                f"{self.path} has another format ({header[:80]!r} instead of {FORMAT}): "
                "start the version that wrote it, or wipe the local cloud"
            )

    def _restore(self, line: bytes, number: int) -> int:
        try:
            changes = json.loads(line)
            for kind, *arguments in changes:
                self._kinds[kind](*arguments)
        except (ValueError, KeyError, TypeError) as error:
            raise JournalError(
                f"line {number} of {self.path} is damaged ({type(error).__name__}: {error}): "
                "restore the file from a copy, or wipe the local cloud"
            ) from error
        return len(changes)

    def _open(self) -> int:
        """Opens the file and truncates an incomplete last line. Returns the number of bytes removed."""
        if self._file >= 0:
            os.close(self._file)
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        torn = os.fstat(self._file).st_size - self._end
        os.ftruncate(self._file, self._end)
        if self._end == 0:
            _write_all(self._file, _line(FORMAT))
            self._end = len(_line(FORMAT))
        return torn

    def _cut_torn_line(self) -> None:
        if self._is_torn:
            os.ftruncate(self._file, self._end)
            self._is_torn = False

    def _try_to_cut_torn_line(self) -> None:
        try:
            self._cut_torn_line()
        except OSError as error:
            logger.error("cannot truncate the torn line of %s yet: %s", self.path, error)

    def _write_in_background(self) -> None:
        while True:
            time.sleep(BACKGROUND_SECONDS)
            try:
                self.flush()
            except OSError:
                # Logged by the first flush that failed; the buffer is kept.
                continue


def _line(value: Any) -> bytes:
    return _encode(value).encode() + b"\n"


def _chunks(changes: Iterable[Change]) -> Iterator[bytes]:
    """Yields the lines of a journal in chunks of about `COMPACTION_CHUNK` bytes."""
    lines: list[bytes] = []
    size = 0
    for change in changes:
        lines.append(_line([change]))
        size += len(lines[-1])
        if size >= COMPACTION_CHUNK:
            yield b"".join(lines)
            lines, size = [], 0
    yield b"".join(lines)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
