"""Ends the functions' processes together with this one, however it ends.

A watcher in the same process group waits for the end of a pipe whose other end only this process holds, and then kills
the group. It works on Linux and macOS; `PR_SET_PDEATHSIG` would not do on Linux, for it fires when the thread ends that
started a function.
"""

import os
import subprocess
import threading

from ministack.core import lambda_runtime

end_all = lambda_runtime.reset
WATCHER = ("/bin/sh", "-c", "read -r _; kill -KILL 0")


def watch() -> None:
    """Starts the watcher; the functions must be started by this process and in its group."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    read_end, _write_end = os.pipe()
    subprocess.Popen(WATCHER, stdin=read_end, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(read_end)


def end() -> None:
    """Ends the functions, for MiniStack waits for them at its stop: up to 15 minutes."""
    threading.Thread(target=end_all, name="gridbid-end-of-functions").start()
