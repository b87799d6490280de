"""Runs code in a new Python process."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "src")}
"""The environment, with the package on the path."""


def run(code: str, *, seconds: float = 60, options: Sequence[str] = (), **environment: str) -> Any:
    """Runs code and parses its last line of output as JSON.

    The code can call `memory()` and `peak()` for its current and maximum resident bytes.
    """
    prelude = (
        "import json, resource\n"
        "def memory(): return int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize()\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
    )
    completed = subprocess.run(
        [sys.executable, *options, "-c", prelude + code],
        capture_output=True,
        text=True,
        timeout=seconds,
        env=ENVIRONMENT | environment,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout.splitlines()[-1])
