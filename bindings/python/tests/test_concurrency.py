"""Threads, forks and nested calls."""

import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import subprocess_python
from conftest import IMPLEMENTATIONS, engine, module

from gridbid import BULK, Limits, _core, day_report, decide_outcome, parse_orders, validate_orders


def test_threads_do_not_interfere(core: _core.Core) -> None:
    def use(seed: int) -> int:
        draw = random.Random(seed)
        for turn in range(150):
            count = draw.choice([1, 2, 5, 50, 700, 5000 if turn % 20 == 0 else 3])
            order = '{"record_id":"t%d-%d","parameter_1":"x%d","parameter_2":%d.5}'
            body = "[" + ",".join(order % (seed, n, seed, n) for n in range(count)) + "]"
            assert validate_orders(body, limits=BULK).orders == count
            orders = parse_orders(body, limits=BULK)
            assert orders[-1].record_id == f"t{seed}-{count - 1}"
            assert set(orders.column("parameter_1")) == {f"x{seed}"}
            wrong = validate_orders(f'[{{"key-of-{seed}":1}}]', limits=Limits(listed=seed + 1))
            assert wrong.violations[0].field == f"/0/key-of-{seed}"
            assert decide_outcome(f'{{"order":"rejected","record_id":"{seed}"}}').why.endswith(f"`{seed}`")  # type: ignore[union-attr]
            assert day_report([]).runs == 0
        return seed

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(use, range(8))) == list(range(8))
    assert 1 <= len(core._small) <= 8


def test_pool_keeps_a_bounded_number_of_instances(core: _core.Core) -> None:
    barrier = threading.Barrier(40)

    def use(number: int) -> int:
        instance = core._take(b"")
        barrier.wait(30)
        core._put_back(instance, b"")
        return validate_orders(f"[{number}]").total

    with ThreadPoolExecutor(40) as threads:
        assert set(threads.map(use, range(40))) == {1}
    assert len(core._small) == _core.KEPT_INSTANCES


def test_nested_calls(core: _core.Core) -> None:
    handled = []

    def handle(*_: Any) -> None:
        handled.append(validate_orders("[1]").total)

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        for _ in range(3000):
            assert validate_orders("[1,2]").total == 2
            assert len(validate_orders("[1,2,3]").violations) == 3
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert set(handled) == {1}


FORKED = """
import os, sys, threading, warnings
warnings.simplefilter("ignore")  # Python warns about forks in a process with threads.
import gridbid
from gridbid import _core
body = b'[{"record_id":"a","parameter_1":"x","parameter_2":1.5},' + b"7," * 3000 + b"1]"
LIMITS = gridbid.Limits(orders=10_000)
def use():
    report = gridbid.validate_orders(body, limits=LIMITS)
    assert (report.total, len(report.violations)) == (3001, 100)
    assert gridbid.parse_orders(body[:54] + b"]")[0].record_id == "a"
"""


def test_forked_children_work() -> None:
    result = subprocess_python.run(
        FORKED
        + """
use()
stop = False
def repeat():
    while not stop:
        use()
threads = [threading.Thread(target=repeat) for _ in range(4)]
for thread in threads: thread.start()
codes = []
for _ in range(25):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            for _ in range(5): use()
            code = 0
        finally:
            os._exit(code)
    codes.append(os.waitpid(child, 0)[1])
stop = True
for thread in threads: thread.join()
use()
print(json.dumps(codes))
"""
    )
    assert result == [0] * 25


def test_child_forked_while_a_thread_loads_does_not_block() -> None:
    result = subprocess_python.run(
        FORKED
        + """
held, go = threading.Event(), threading.Event()
def load():
    with _core._loading:
        held.set()
        go.wait(30)
thread = threading.Thread(target=load)
thread.start()
held.wait(30)
child = os.fork()
if child == 0:
    code = 1
    try:
        use()
        code = 0
    finally:
        os._exit(code)
code = os.waitpid(child, 0)[1]
go.set()
thread.join()
use()
print(json.dumps(code))
""",
        seconds=30,
    )
    assert result == 0


def test_forked_child_can_compile() -> None:
    result = subprocess_python.run(
        FORKED
        + """
use()
child = os.fork()
if child == 0:
    code = 1
    try:
        _core._loaded = None
        use()
        code = 0
    finally:
        os._exit(code)
print(json.dumps(os.waitpid(child, 0)[1]))
""",
        seconds=30,
        GRIDBID_CACHE_DIR="",
    )
    assert result == 0


def test_concurrent_threads_load_once() -> None:
    result = subprocess_python.run(
        FORKED
        + """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as threads:
    cores = set(threads.map(lambda _: id(_core.core()), range(8)))
print(json.dumps(len(cores)))
""",
        GRIDBID_CACHE_DIR="",
    )
    assert result == 1


def test_concurrent_calls_get_distinct_instances() -> None:
    for create in IMPLEMENTATIONS.values():
        core = _core.Core(module(), engine(), create)
        one, other = core._take(b""), core._take(b"")
        assert one is not other
        assert one.check(b"[1]", BULK) == other.check(b"[1]", BULK)
        assert one.check(b"[1]", BULK)[:2] == (1, 1)
