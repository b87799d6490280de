"""Ends the functions' processes when this process ends, even by a kill.

A watcher process in the same process group reads from a pipe whose other end only this process holds. At the end of
file it kills the group. Linux's `PR_SET_PDEATHSIG` is not an option: it fires when the thread that started a function
ends.
"""

import os
import subprocess
import threading

from ministack.core import lambda_runtime

end_all = lambda_runtime.reset
WATCHER = ("/bin/sh", "-c", "read -r _; kill -KILL 0")


def watch() -> None:
    """Starts the watcher. Functions are children of this process, in its process group."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    read_end, _write_end = os.pipe()
    subprocess.Popen(WATCHER, stdin=read_end, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(read_end)


def end() -> None:
    """Ends the functions in the background: MiniStack's stop waits for them, up to 15 minutes."""
    threading.Thread(target=end_all, name="gridbid-end-of-functions").start()
