"""An append-only file of what changes between two snapshots: nothing acknowledged is lost by a kill of the process.

The first line names the format. Each other line is a JSON list of changes that belong together: all are restored or
none. A change is a list of its kind and its arguments; `tables`, `queues` and `executions` define the kinds. What is
restored is a prefix of history, since every change passes through one buffer in its order. The buffer is written before
a response leaves the process (see `durability`), and at most `BACKGROUND_SECONDS` after a change that no request waits
for.

`write` is enough against the end of the process; a power failure is not guarded against, so there is no fsync but where
the file is replaced. A write that fails (full disk) is cut off again and repeated later, with all that has come after
it. A line that was torn by a kill is cut off at the next start.

Not journaled yet: the stream records of DynamoDB and the positions of their readers. Each is to become a `Store`.
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
# A journal is rewritten when it holds more than twice as many changes as are needed, and more than these on top.
GARBAGE_ALLOWED = 20_000
COMPACTION_CHUNK = 1 << 20

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode

Change = list[Any]


class JournalError(Exception):
    """A journal that cannot be read."""


class Store(Protocol):
    """What a part of MiniStack's state needs to live in the journal."""

    @property
    def kinds(self) -> Mapping[str, Callable[..., None]]:
        """How to restore each kind of change."""

    def is_unjournaled(self, snapshot: dict[str, Any]) -> bool:
        """Whether a snapshot has this part after all: it was written before there was a journal."""

    def begin(self) -> None:
        """Called when the snapshot is restored, before the first change is."""

    def finish(self) -> None:
        """Called after the last change was restored."""

    def count(self) -> int:
        """How many changes a new journal needs, about."""

    def changes(self) -> Iterator[Change]:
        """The changes that lead to the present state, for a new journal."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What was read at the start."""

    changes: int
    torn_bytes: int


class Journal:
    """The journal file and the changes that are not in it yet. All methods may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failure: OSError | None = None
        self._new = path.with_suffix(".new")
        # Held by a store from a change until it is recorded, so that both have one order.
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
        """Adds a part of the state; before `replay`."""
        self._stores.append(store)
        self._kinds.update(store.kinds)

    def before_write(self, collect: Callable[[], None]) -> None:
        """Calls a function before each write, to record changes that cannot be hooked."""
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
        """Keeps the changes that are made inside together: they are restored all or not at all."""
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
        """Writes the buffer. On an error the file ends where it did before, and the buffer is kept."""
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
        """Restores every change of the file and opens it for more.

        Raises:
            JournalError: when a line is damaged, or the file has a newer format.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._new.unlink(missing_ok=True)
        count, self._end = 0, 0
        # Hundreds of thousands of new objects: a collection of garbage among them finds none and takes seconds.
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
        """Replaces the file by one with the changes that lead to the present state."""
        with self.lock:
            self.flush()
            try:
                self._write_new()
            except OSError:
                self._new.unlink(missing_ok=True)
                raise
            os.replace(self._new, self.path)
            _sync_folder(self.path.parent)
            self._end = self.path.stat().st_size
            self._open()

    def is_mostly_garbage(self, replayed: int) -> bool:
        """Whether most of the replayed changes are not needed any more."""
        if replayed <= GARBAGE_ALLOWED:
            return False
        return replayed > 2 * sum(store.count() for store in self._stores) + GARBAGE_ALLOWED

    def start_background_writes(self) -> None:
        """Writes what no request waits for, from a thread."""
        threading.Thread(target=self._write_in_background, name="gridbid-journal", daemon=True).start()

    def close(self) -> None:
        """Writes the rest to the disk."""
        self.flush()
        os.fsync(self._file)

    def _write_new(self) -> None:
        with open(self._new, "wb") as file:
            file.write(_line(FORMAT))
            for lines in _chunks(self._present()):
                file.write(lines)
            file.flush()
            os.fsync(file.fileno())

    def _present(self) -> Iterator[Change]:
        for store in self._stores:
            yield from store.changes()

    def _replay_lines(self) -> tuple[int, int]:
        count = end = 0
        with open(self.path, "rb") as file:
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
        """Opens the file and cuts off what is after its last whole line; the number of bytes that were cut off."""
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
            logger.error("cannot cut off a torn line of %s yet: %s", self.path, error)

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
    """The lines of a new journal, in pieces of about `COMPACTION_CHUNK` bytes."""
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
