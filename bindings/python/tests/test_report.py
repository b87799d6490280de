"""Reports: inputs, lazy violations, limits and pickling."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError

import pytest

import gridbid
from gridbid import BULK, Limits, Report, Source, Violation, _core, validate_orders

INVALID = '[{"record_id":"a","parameter_1":" ","parameter_2":"1","é/~":0},7]'
VALID = '[{"record_id":"a","parameter_1":"ж","parameter_2":1}]'


@pytest.mark.parametrize("text", [INVALID, VALID])
def test_all_kinds_of_source_give_the_same_report(core: _core.Core, text: str) -> None:
    data = text.encode()
    spread = memoryview(bytes(byte for pair in zip(data, data, strict=True) for byte in pair))[::2]
    sources: list[Source] = [text, data, bytearray(data), memoryview(data), spread]
    reports = [validate_orders(source) for source in sources]
    assert all(report == reports[0] for report in reports)
    assert len({hash(report) for report in reports}) == 1
    assert reports[0] != validate_orders("[]")
    assert reports[0] != text


def test_other_types_raise_type_error(core: _core.Core) -> None:
    for other in (None, 1, ["[]"], {"a": 1}):
        with pytest.raises(TypeError, match="a document must be bytes or str, not"):
            validate_orders(other)  # type: ignore[arg-type]


def test_report_lists_violations(core: _core.Core) -> None:
    report = validate_orders(INVALID)
    assert (report.valid, bool(report), report.orders, report.total) == (False, False, 2, 4)
    assert list(report) == list(report.violations)
    assert [(violation.index, violation.field, violation.code) for violation in report] == [
        (0, "/0/parameter_1", "empty"),
        (0, "/0/parameter_2", "wrong_type"),
        (0, "/0/é~1~0", "unknown_field"),
        (1, "/1", "not_an_object"),
    ]
    assert report.violations[3] == Violation(1, "/1", "not_an_object", "an order must be an object, not a number")
    assert validate_orders("").violations[0].index is None
    with pytest.raises(FrozenInstanceError):
        report.violations[0].message = ""  # type: ignore[misc]


def test_violations_are_created_on_first_access(core: _core.Core) -> None:
    report = validate_orders(INVALID)
    assert report._violations is None
    assert len(report.violations) == report.total == 4
    assert report.violations is report.violations
    assert not report._json


def test_changing_the_input_does_not_change_the_report(core: _core.Core) -> None:
    data = bytearray(INVALID.encode())
    report = validate_orders(data)
    data[:] = b" " * len(data)
    assert report.violations[0].code == "empty"


def test_large_input_is_reported_by_its_size(core: _core.Core) -> None:
    report = validate_orders(b" " * 300_000)
    assert [violation.message for violation in report] == ["300000 bytes are too many for one request: at most 262144"]


def test_limits_apply(core: _core.Core) -> None:
    many = "[" + ",".join(["1"] * 200) + "]"
    assert validate_orders(many).total == 201
    assert len(validate_orders(many).violations) == 100
    assert validate_orders(many, limits=BULK).total == 200
    assert len(validate_orders(many, limits=Limits(orders=1000, listed=7)).violations) == 7
    assert validate_orders(many, limits=Limits(listed=0)).violations == ()
    assert validate_orders("[[]]", limits=Limits(depth=1)).violations[0].code == "nested_too_deep"
    for limit in ({"orders": -1}, {"bytes": 2**32}, {"depth": 256}, {"listed": 2**40}):
        with pytest.raises(ValueError, match=r"^limit `"):
            Limits(**limit)


def test_lone_surrogate_is_not_utf8(core: _core.Core) -> None:
    for surrogate in ("\ud800", "\udfff", "\udc00\ud800"):
        report = validate_orders(f'[{{"record_id":"é{surrogate}"}}]')
        assert [(violation.code, violation.message) for violation in report] == [("not_utf8", "not UTF-8 at byte 17")]
    assert validate_orders('[{"record_id":"a","parameter_1":"\U0001f600","parameter_2":1}]')


def test_reports_can_be_pickled(core: _core.Core) -> None:
    for report in (validate_orders(INVALID), validate_orders(VALID)):
        copy = pickle.loads(pickle.dumps(report))
        assert copy == report
        assert repr(copy) == repr(report)


def test_concurrent_threads_read_the_same_violations(core: _core.Core) -> None:
    with ThreadPoolExecutor(8) as threads:
        for _ in range(200):
            report = validate_orders(INVALID)
            read = [threads.submit(list[Violation], report) for _ in range(8)]
            assert {len(future.result()) for future in read} == {4}


def test_valid_reports_of_all_sizes(core: _core.Core) -> None:
    for count in (1, 128, 129, 1000):
        body = "[" + ",".join(f'{{"record_id":"a{n}","parameter_1":"x","parameter_2":1}}' for n in range(count)) + "]"
        report = validate_orders(body, limits=BULK)
        assert (report.valid, report.orders, report.total, report.violations) == (True, count, 0, ())
        assert report == Report(count, 0)


def test_exported_names_exist() -> None:
    assert all(hasattr(gridbid, name) for name in gridbid.__all__)
