"""Measures checking and reading orders in Python against what people use instead, side by side, and prints JSON.

Each round takes every contender once, so that what else the machine does meets all alike; told are medians over the
rounds in microseconds per batch, in the words that the TypeScript package's benchmark uses too. Before anything is
measured, each contender has to come to the same result. Called by `cargo xtask bench core`.

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

import contenders
import orders as batches

SECONDS_A_TURN = 0.01
PACKAGES = ("wasmtime", "pydantic", "pydantic-core", "msgspec", "orjson", "jsonschema-rs")


def measured(calls: dict[str, Callable[[bytes], int]], batch: bytes, rounds: int) -> dict[str, float]:
    """The median microseconds of each call."""
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
    return {name: statistics.median(one) for name, one in taken.items()}


def agreed(calls: dict[str, Callable[[bytes], int]], batch: bytes, expected: int) -> None:
    """Stops when a contender comes to another result."""
    for name, call in calls.items():
        count = call(batch)
        if count != expected:
            sys.exit(f"{name} comes to {count}, not {expected}")


def cases(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """A line for each contender, task and batch."""
    lines = []
    for text in batches.TEXTS:
        for count in arguments.orders:
            for invalid in (False, True):
                batch = batches.batch(arguments.inputs, count, text=text, invalid=invalid)
                tasks: dict[str, dict[str, Callable[[bytes], int]]] = {"validate": {**contenders.VALIDATE}}
                if not invalid:
                    tasks |= {"objects": {**contenders.OBJECTS}, "kept": {**contenders.KEPT}}
                for task, calls in tasks.items():
                    wrong = batches.wrong_orders(count) if invalid else 0
                    agreed(calls, batch, wrong if task == "validate" else count)
                    rounds = arguments.rounds if count < 100_000 else max(3, arguments.rounds // 2)
                    times = measured(calls, batch, rounds)
                    ours = times[contenders.OURS]
                    for name, median in times.items():
                        line = {"orders": count, "text": text, "valid": not invalid, "bytes": len(batch)}
                        lines.append(line | {"task": task, "subject": name, "microseconds": round(median, 3)})
                        if arguments.table:
                            print(f"{task:9}{count:7} {'1 % invalid' if invalid else 'valid':12}{text:10}"
                                  f"{name:28}{median:12.2f} µs {median / ours:6.2f}", file=sys.stderr)  # fmt: skip
    return lines


def main() -> None:
    """Reads the arguments, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, nargs="+", default=[1, 100, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--inputs", type=Path, required=True, help="the folder of <orders>-<text>-<valid|invalid>.json")
    parser.add_argument("--table", action="store_true", help="show lines on standard error as they come")
    arguments = parser.parse_args()
    lines = cases(arguments)
    print(
        json.dumps(
            {
                "machine": {"processor": processor(), "cores": os.cpu_count(), "system": platform.platform()},
                "versions": {"python": platform.python_version()}
                | {package: importlib.metadata.version(package) for package in PACKAGES},
                "rounds": arguments.rounds,
                "cannot": contenders.CANNOT,
                "results": lines,
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
