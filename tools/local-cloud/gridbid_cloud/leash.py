"""Binds the process to the folder of the local cloud.

`GRIDBID_CLOUD_FOLDER` is the folder; its file `instance` holds the token of the process that may use it. A process
whose `GRIDBID_INSTANCE` differs exits at once and saves nothing: the folder was removed, or a successor started. The
successor waits for that exit, since both write the same files.

This module does not import MiniStack, which reads S3's files when it is imported.
"""

import fcntl
import os
import sys
import threading
import time
from pathlib import Path
from typing import Self

REQUIRED = ("GRIDBID_CLOUD_FOLDER", "GRIDBID_INSTANCE", "STATE_DIR")
WATCH_SECONDS = 0.5
WAIT_SECONDS = 10.0
ABANDONED = 3


class Leash:
    """A process's exclusive right to its folder."""

    def __init__(self, folder: Path, instance: str, state: Path) -> None:
        self.folder = folder
        self.instance = instance
        self.state = state

    @classmethod
    def from_environment(cls) -> Self:
        """Reads the environment that `cargo xtask` sets. Exits when it is incomplete."""
        missing = [name for name in REQUIRED if not os.environ.get(name)]
        if missing:
            sys.exit(f"{', '.join(missing)} is not set: start the local cloud with `cargo xtask up`")
        folder, instance, state = (os.environ[name] for name in REQUIRED)
        return cls(Path(folder), instance, Path(state))

    def take(self) -> None:
        """Takes the folder when no other process has it. Exits when another process keeps it."""
        if not self.holds():
            sys.exit(f"{self.folder / 'instance'} does not hold the token of this process: run `cargo xtask up`")
        self.state.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + WAIT_SECONDS
        while not _has_locked(lock):
            if time.monotonic() > deadline:
                sys.exit(f"another process uses {self.state}: stop it with `cargo xtask down`")
            time.sleep(WATCH_SECONDS / 10)
        threading.Thread(target=self._watch, name="gridbid-leash", daemon=True).start()

    def holds(self) -> bool:
        """Whether the folder still belongs to this process."""
        try:
            return (self.folder / "instance").read_text().strip() == self.instance
        except OSError:
            return False

    def _watch(self) -> None:
        while self.holds():
            time.sleep(WATCH_SECONDS)
        os._exit(ABANDONED)


def _has_locked(file: int) -> bool:
    """Tries to lock a file for the life of this process."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
