"""Code run in a Python of its own, with what it prints as JSON."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "src")}
"""One in which a Python finds the package."""


def run(code: str, *, seconds: float = 60, **environment: str) -> Any:
    """What the code prints last, as JSON; it may use `memory()`, the resident bytes, and `peak()`, their most."""
    prelude = (
        "import json, resource\n"
        "def memory(): return int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize()\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", prelude + code],
        capture_output=True,
        text=True,
        timeout=seconds,
        env=ENVIRONMENT | environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
