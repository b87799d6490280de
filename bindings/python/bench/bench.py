"""Measures gridbid against other validators and prints medians in microseconds per batch as JSON.

Each round runs every peer once, so that other load on the machine affects all of them alike. Before measuring, all
peers must give the same result. Task names are those of the TypeScript benchmark. `cargo xtask bench core` runs it.

    python bench.py --inputs FOLDER [--orders 1 100 10000 100000] [--rounds 15] [--table]
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

import orders as batches
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


def verify(calls: dict[str, Callable[[bytes], int]], batch: bytes, expected: int) -> None:
    """Exits when a peer gives another result."""
    for name, call in calls.items():
        count = call(batch)
        if count != expected:
            sys.exit(f"{name}: counted {count}, expected {expected}")


def cases(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Measures each peer, task and batch, and returns a line for each."""
    lines = []
    for text in batches.TEXTS:
        for count in arguments.orders:
            for invalid in (False, True):
                batch = batches.batch(arguments.inputs, count, text=text, invalid=invalid)
                tasks: dict[str, dict[str, Callable[[bytes], int]]] = {"validate": {**peers.VALIDATE}}
                if not invalid:
                    tasks |= {"objects": {**peers.OBJECTS}, "kept": {**peers.KEPT}}
                for task, calls in tasks.items():
                    invalid_orders = batches.count_invalid(count) if invalid else 0
                    verify(calls, batch, invalid_orders if task == "validate" else count)
                    rounds = arguments.rounds if count < 100_000 else max(3, arguments.rounds // 2)
                    times = measure(calls, batch, rounds)
                    ours = times[peers.OURS]
                    for name, median in times.items():
                        line = {"orders": count, "text": text, "valid": not invalid, "bytes": len(batch)}
                        lines.append(line | {"task": task, "subject": name, "microseconds": round(median, 3)})
                        if arguments.table:
                            print(f"{task:9}{count:7} {'1 % invalid' if invalid else 'valid':12}{text:10}"
                                  f"{name:28}{median:12.2f} µs {median / ours:6.2f}", file=sys.stderr)  # fmt: skip
    return lines


def main() -> None:
    """Parses the arguments, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, nargs="+", default=[1, 100, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--inputs", type=Path, required=True, help="the folder of <orders>-<text>-<valid|invalid>.json")
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
