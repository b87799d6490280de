"""Hostile inputs get violations or errors in bounded time and memory."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import subprocess_python
from conftest import IMPLEMENTATIONS, UseCore, engine, module

from gridbid import BULK, InputTooLarge, InvalidOrders, Limits, _core, _instance, parse_orders, validate_orders

VALID = '[{"record_id":"a","parameter_1":"x","parameter_2":1}]'
MEGABYTE = 1024 * 1024

HOSTILE: dict[str, tuple[bytes | str, str]] = {
    "6 MB of garbage": (bytes(range(256)) * (6 * 4096), "not_utf8"),
    "6 MB of ASCII garbage": (b"}{" * (3 * MEGABYTE), "not_json"),
    "6 MB of spaces": (b" " * (6 * MEGABYTE), "not_json"),
    "6 MB of one string": (b'["' + b"a" * (6 * MEGABYTE) + b'"]', "not_an_object"),
    "3 million invalid orders": (b"[" + b"1," * (3 * MEGABYTE) + b"1]", "not_an_object"),
    "6 MB of one key": (b'[{"' + b"k" * (6 * MEGABYTE) + b'":1}]', "unknown_field"),
    "a lone surrogate": ('[{"record_id":"\ud800"}]', "not_utf8"),
    "an escaped lone surrogate": ('[{"record_id":"a","parameter_1":"\\ud800","parameter_2":1}]', "invalid_characters"),
    "a NUL": (b"\0", "not_json"),
    "a NUL in a string": (b'[{"record_id":"a","parameter_1":"x\0","parameter_2":1}]', "not_json"),
    "an escaped NUL": (b'[{"record_id":"a","parameter_1":"x\\u0000","parameter_2":1}]', "invalid_characters"),
    "an array nested 10,000 deep": (b"[" * 10_000, "nested_too_deep"),
    "an array nested 3 million deep": (b"[" * (3 * MEGABYTE), "nested_too_deep"),
    "objects nested 10,000 deep": (b'[{"a":' * 10_000, "nested_too_deep"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("limits", [BULK, Limits(orders=2**32 - 1, bytes=2**32 - 1, depth=255)], ids=["bulk", "max"])
def test_hostile_input_is_a_violation(core: _core.Core, name: str, limits: Limits) -> None:
    source, code = HOSTILE[name]
    began = time.perf_counter()
    report = validate_orders(source, limits=limits)
    assert report.violations[0].code == code
    with pytest.raises(InvalidOrders) as caught:
        parse_orders(source, limits=limits)
    assert caught.value.report == report
    assert time.perf_counter() - began < 5
    assert all(len(violation.message) < 200 for violation in report)
    assert validate_orders(VALID)


@pytest.mark.parametrize("name", [name for name, (source, _) in HOSTILE.items() if len(source) > MEGABYTE])
def test_large_input_is_rejected_by_its_size(core: _core.Core, name: str) -> None:
    assert validate_orders(HOSTILE[name][0]).violations[0].code == "body_too_large"
    assert validate_orders(VALID)


def test_100_megabyte_number_takes_bounded_time_and_memory() -> None:
    result = subprocess_python.run("""
import time
import gridbid
valid = b'[{"record_id":"a","parameter_1":"x","parameter_2":1}]'
gridbid.validate_orders(valid)
number = b'[{"record_id":"a","parameter_1":"x","parameter_2":' + b"1" * 100_000_000 + b"}]"
before, reports = memory(), []
for limits in (gridbid.DEFAULT, gridbid.BULK):
    began = time.perf_counter()
    report = gridbid.validate_orders(number, limits=limits)
    reports.append([report.violations[0].code, len(report.violations[0].message), time.perf_counter() - began])
    assert gridbid.validate_orders(valid)
del report
print(json.dumps({"reports": reports, "kept": memory() - before, "peak": peak() - before}))
""")
    assert [code for code, _, _ in result["reports"]] == ["body_too_large", "too_precise"]
    assert all(length < 200 and seconds < 10 for _, length, seconds in result["reports"])
    assert result["kept"] < 20 * MEGABYTE
    assert result["peak"] < 400 * MEGABYTE


def test_pool_keeps_a_bounded_amount_of_memory(core: _core.Core) -> None:
    source = b"[" + b" " * (20 * MEGABYTE) + b"]"
    instances = [core._take(source) for _ in range(6)]
    for instance in instances:
        assert instance.check(source, BULK)[:2] == (0, 1)
    assert sum(instance.size() for instance in instances) > 120 * MEGABYTE
    for instance in instances:
        core._put_back(instance, source)
    assert 1 <= len(core._grown) <= 3
    assert sum(instance.size() for instance in core._grown) <= _core.KEPT_BYTES
    assert validate_orders(source, limits=BULK).violations[0].code == "empty_batch"


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("length", [2**31, 3 * 2**30, 2**32 - 1, 2**32, 2**40])
def test_excessive_length_raises(implementation: str, length: int) -> None:
    instance = IMPLEMENTATIONS[implementation](module(), engine())
    with pytest.raises(InputTooLarge, match=f"not enough memory for an input of {length} bytes"):
        instance._reserve(length)


def limited(implementation: str) -> tuple[Callable[..., _instance.Instance], list[Any]]:
    """Returns a class whose first instance cannot grow, and the list of its instances."""
    instances: list[Any] = []

    class Limited(IMPLEMENTATIONS[implementation]):  # type: ignore[misc, valid-type]
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            if not instances:
                self._reserve(1)
                self._store.set_limits(memory_size=self.size())
            instances.append(self)

    return Limited, instances


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_instance_without_memory_for_its_input_is_replaced(use_core: UseCore, implementation: str) -> None:
    create, instances = limited(implementation)
    use_core(_core.Core(module(), engine(), create))
    assert validate_orders(VALID)
    large = "[" + " " * (250 * 1024) + "]"
    with pytest.raises(InputTooLarge, match="not enough memory for an input of 256002 bytes"):
        validate_orders(large)
    assert validate_orders(large).violations[0].code == "empty_batch"
    assert len(instances) == 2


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_trapped_instance_is_replaced(use_core: UseCore, implementation: str) -> None:
    create, instances = limited(implementation)
    use_core(_core.Core(module(), engine(), create))
    invalid = "[" + ",".join(["1"] * 30_000) + "]"
    unlimited = Limits(orders=2**32 - 1, listed=2**32 - 1)
    with pytest.raises(InputTooLarge, match="the module stopped, most likely for lack of memory: "):
        validate_orders(invalid, limits=unlimited)
    report = validate_orders(invalid, limits=unlimited)
    assert len(report.violations) == report.total == 30_000
    assert len(instances) == 2
    assert isinstance(InputTooLarge(), MemoryError)
