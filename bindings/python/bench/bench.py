"""Measures checking and reading orders in Python against what people use instead, side by side, and prints JSON.

Each round takes every contender once, so that what else the machine does meets all alike; told are medians over the
rounds in microseconds per batch, and how many times gridbid's own median that is. Before anything is measured, each
contender has to come to the same result.

    python bench.py [--orders 1 100 10000 100000] [--rounds 15] [--inputs FOLDER] [--table]
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

import contenders
import orders as batches

SECONDS_A_TURN = 0.01
PACKAGES = ("wasmtime", "pydantic", "pydantic-core", "msgspec", "orjson", "jsonschema-rs")


def measured(calls: dict[str, Callable[[bytes], int]], batch: bytes, rounds: int) -> dict[str, tuple[float, float]]:
    """The median and the least microseconds of each call."""
    turns = {}
    for name, call in calls.items():
        began = time.perf_counter()
        call(batch)
        turns[name] = max(1, int(SECONDS_A_TURN / (time.perf_counter() - began)))
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            gc.collect()
            turn = range(turns[name])
            began = time.perf_counter()
            for _ in turn:
                call(batch)
            taken[name].append((time.perf_counter() - began) / len(turn) * 1e6)
    return {name: (statistics.median(one), min(one)) for name, one in taken.items()}


def agreed(calls: dict[str, Callable[[bytes], int]], batch: bytes, expected: int) -> None:
    """Stops when a contender comes to another result."""
    for name, call in calls.items():
        count = call(batch)
        if count != expected:
            sys.exit(f"{name} comes to {count}, not {expected}")


def cases(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """A line for each contender, task and batch."""
    lines = []
    for text in batches.WORDS:
        for count in arguments.orders:
            for invalid in (False, True):
                made: dict[str, Any] = {"invalid": invalid, "text": text}
                if arguments.inputs:
                    batch = batches.of_folder(arguments.inputs, count, **made)
                else:
                    batch = batches.batch(count, **made)
                tasks: dict[str, dict[str, Callable[[bytes], int]]] = {"validate": {**contenders.VALIDATE}}
                if not invalid:
                    tasks |= {"objects": {**contenders.OBJECTS}, "kept": {**contenders.KEPT}}
                for task, calls in tasks.items():
                    wrong = batches.wrong_orders(count) if invalid else 0
                    agreed(calls, batch, wrong if task == "validate" else count)
                    rounds = arguments.rounds if count < 100_000 else max(3, arguments.rounds // 2)
                    times = measured(calls, batch, rounds)
                    ours, _ = times[contenders.OURS]
                    for name, (median, least) in times.items():
                        line = {"task": task, "orders": count, "invalid": invalid, "text": text, "bytes": len(batch)}
                        line |= {"contender": name, "median_us": round(median, 3), "least_us": round(least, 3)}
                        lines.append(line | {"times_gridbid": round(median / ours, 2)})
                        if arguments.table:
                            print(f"{task:9}{count:7} {'1 % invalid' if invalid else 'valid':12}{text:10}"
                                  f"{name:28}{median:12.2f} µs {median / ours:6.2f}", file=sys.stderr)  # fmt: skip
    return lines


def main() -> None:
    """Reads the arguments, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, nargs="+", default=[1, 100, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--inputs", type=Path, help="take batches from here: <orders>-<valid|invalid>-<text>.json")
    parser.add_argument("--table", action="store_true", help="show lines on standard error as they come")
    arguments = parser.parse_args()
    lines = cases(arguments)
    print(
        json.dumps(
            {
                "language": "python",
                "machine": {"processor": processor(), "cores": os.cpu_count(), "system": platform.platform()},
                "versions": {"python": platform.python_version()}
                | {package: importlib.metadata.version(package) for package in PACKAGES},
                "rounds": arguments.rounds,
                "cannot": contenders.CANNOT,
                "lines": lines,
            },
            indent=1,
            ensure_ascii=False,
        )
    )


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


if __name__ == "__main__":
    main()
