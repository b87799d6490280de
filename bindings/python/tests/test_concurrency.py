"""Threads, forks and calls inside calls."""

import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import measured
from conftest import WAYS, engine, module

from gridbid import BULK, Limits, _core, day_report, decide_outcome, parse_orders, validate_orders


def test_eight_threads_hammering_never_see_one_another(core: _core.Core) -> None:
    def hammer(seed: int) -> int:
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
        assert list(threads.map(hammer, range(8))) == list(range(8))
    assert 1 <= len(core._small) <= 8


def test_more_threads_than_instances_that_are_kept(core: _core.Core) -> None:
    together = threading.Barrier(40)

    def one(number: int) -> int:
        instance = core._take(b"")
        together.wait(30)
        core._put_back(instance, b"")
        return validate_orders(f"[{number}]").total

    with ThreadPoolExecutor(40) as threads:
        assert set(threads.map(one, range(40))) == {1}
    assert len(core._small) == _core.KEPT_INSTANCES


def test_a_call_inside_a_call(core: _core.Core) -> None:
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
warnings.simplefilter("ignore")  # That a process with threads forks is what is tried here.
import gridbid
from gridbid import _core
body = b'[{"record_id":"a","parameter_1":"x","parameter_2":1.5},' + b"7," * 3000 + b"1]"
LIMITS = gridbid.Limits(orders=10_000)
def use():
    report = gridbid.validate_orders(body, limits=LIMITS)
    assert (report.total, len(report.violations)) == (3001, 100)
    assert gridbid.parse_orders(body[:54] + b"]")[0].record_id == "a"
"""


def test_children_forked_at_any_moment_go_on() -> None:
    told = measured.run(
        FORKED
        + """
use()
stop = False
def hammer():
    while not stop:
        use()
threads = [threading.Thread(target=hammer) for _ in range(4)]
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
    assert told == [0] * 25


def test_a_child_forked_while_a_thread_loads_does_not_wait_for_it() -> None:
    told = measured.run(
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
    assert told == 0


def test_a_child_can_compile() -> None:
    told = measured.run(
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
    assert told == 0


def test_threads_that_load_at_once_load_once() -> None:
    told = measured.run(
        FORKED
        + """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as threads:
    cores = set(threads.map(lambda _: id(_core.core()), range(8)))
print(json.dumps(len(cores)))
""",
        GRIDBID_CACHE_DIR="",
    )
    assert told == 1


def test_each_way_serves_threads_with_instances_of_its_own() -> None:
    for make in WAYS.values():
        core = _core.Core(module(), engine(), make)
        one, other = core._take(b""), core._take(b"")
        assert one is not other
        assert one.check(b"[1]", BULK) == other.check(b"[1]", BULK)
        assert one.check(b"[1]", BULK)[:2] == (1, 1)
