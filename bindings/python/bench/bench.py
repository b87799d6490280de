"""Measures gridbid against other validators and prints medians in microseconds per batch as JSON.

Each round runs every peer once, so that other load on the machine affects all of them alike. Before measuring, all
peers must give the same result. Task names are those of the TypeScript benchmark. `cargo xtask bench core` runs it.

    python bench.py --inputs FOLDER [--only WORD] [--rounds 15] [--table]
"""

import argparse
import gc
import importlib.metadata
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orders
import peers

SECONDS_PER_TURN = 0.01
PACKAGES = ("wasmtime", "pydantic", "pydantic-core", "msgspec", "orjson", "jsonschema-rs")


def measure(calls: dict[str, Callable[[bytes], int]], batch: bytes, rounds: int) -> dict[str, float]:
    """Returns the median microseconds of each call."""
    turns = {}
    for name, call in calls.items():
        began = time.perf_counter()
        call(batch)
        turns[name] = max(1, int(SECONDS_PER_TURN / (time.perf_counter() - began)))
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            gc.collect()
            turn = range(turns[name])
            began = time.perf_counter()
            for _ in turn:
                call(batch)
            taken[name].append((time.perf_counter() - began) / len(turn) * 1e6)
    return {name: statistics.median(times) for name, times in taken.items()}


def is_expected(request: orders.Request, task: str, name: str, call: Callable[[bytes], int]) -> bool:
    """Whether a peer gives the expected result. In some shapes, it cannot read the numbers or find the violations."""
    if request.is_shape:
        try:
            count = call(request.batch)
        except ValueError:
            return False
        is_right = (count == 0) is request.valid
        if name == peers.OURS and not is_right:
            sys.exit(f"{request.name}: counted {count}")
        return is_right
    invalid = 0 if request.valid else orders.count_invalid(request.orders)
    expected = invalid if task == "validate" else request.orders
    count = call(request.batch)
    if count != expected:
        sys.exit(f"{request.name}, {name}: counted {count}, expected {expected}")
    return True


def cases(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Measures each peer, task and batch, and returns a line for each."""
    lines = []
    for request in orders.requests(arguments.inputs):
        if arguments.only not in request.name:
            continue
        batch = request.batch
        tasks: dict[str, dict[str, Callable[[bytes], int]]] = {"validate": {**peers.VALIDATE}}
        if request.valid and not request.is_shape:
            tasks |= {"objects": {**peers.OBJECTS}, "kept": {**peers.KEPT}}
        for task, all_calls in tasks.items():
            calls = {name: call for name, call in all_calls.items() if is_expected(request, task, name, call)}
            rounds = arguments.rounds if request.orders < 100_000 else max(3, arguments.rounds // 2)
            times = measure(calls, batch, rounds)
            ours = times[peers.OURS]
            for name, median in times.items():
                line = {"orders": request.orders, "text": request.text, "valid": request.valid, "bytes": len(batch)}
                lines.append(line | {"task": task, "subject": name, "microseconds": round(median, 3)})
                if arguments.table:
                    print(f"{task:9}{request.name:40}{name:28}{median:12.2f} µs {median / ours:6.2f}", file=sys.stderr)
    return lines


def main() -> None:
    """Parses the arguments, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="a part of the names of the batches")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--inputs", type=Path, required=True, help="the folder of <orders>-<text or shape>-<valid|invalid>.json"
    )
    parser.add_argument("--table", action="store_true", help="also print a table on standard error")
    arguments = parser.parse_args()
    lines = cases(arguments)
    print(
        json.dumps(
            {
                "machine": {"processor": processor(), "cores": os.cpu_count(), "system": platform.platform()},
                "versions": {"python": platform.python_version()}
                | {package: importlib.metadata.version(package) for package in PACKAGES},
                "rounds": arguments.rounds,
                "cannot": peers.CANNOT,
                "results": lines,
            },
            indent=1,
            ensure_ascii=False,
        )
    )


def processor() -> str:
    """Returns the processor's name, if known."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


if __name__ == "__main__":
    main()
