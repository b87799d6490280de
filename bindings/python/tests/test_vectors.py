"""Runs the vectors with both implementations, and with corrupted modules, which must fail them."""

import re
from typing import get_args

import pytest
import vectors
import wasmtime
from conftest import UseCore, engine, module

from gridbid import ViolationCode, _core, _instance, _module
from gridbid.limits import Limits

CASES = dict(vectors.cases())


@pytest.mark.parametrize("name", CASES)
def test_vector(core: _core.Core, name: str) -> None:
    actual, expected = vectors.run(CASES[name])
    assert actual == expected


def test_typed_codes_equal_those_of_the_vectors() -> None:
    listed = [violation for case in CASES.values() for violation in case.get("violations", [])]
    assert {violation["code"] for violation in listed} == set(get_args(ViolationCode))
    assert len(CASES) >= 300


def find_failures() -> set[str]:
    """Returns the names of the vectors that fail."""
    failed = set()
    for name, case in CASES.items():
        try:
            actual, expected = vectors.run(case)
            if actual != expected:
                failed.add(name)
        except AssertionError:
            failed.add(name)
    return failed


SENTENCES = [b" must not be empty or blank", b"duplicate_record_id", b"a comma must not come last"]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_module_with_another_sentence_fails(use_core: UseCore, sentence: bytes) -> None:
    wasm = _module.WASM.read_bytes()
    assert wasm.count(sentence) == 1
    corrupted = wasm.replace(sentence, sentence[:-1] + b"!")
    use_core(_core.Core(wasmtime.Module(engine(), corrupted), engine(), _instance.UncheckedInstance))
    failed = find_failures()
    assert failed
    assert all(re.search(sentence.decode(), str(CASES[name])) for name in failed)


class Lenient(_instance.UncheckedInstance):
    """An instance that ignores duplicates."""

    def check(self, source: bytes, limits: Limits) -> _instance.Verdict:
        orders, total, report = super().check(source, limits)
        return orders, total - report.count("duplicate_record_id"), report


def test_instance_with_another_verdict_fails(use_core: UseCore) -> None:
    use_core(_core.Core(module(), engine(), Lenient))
    failed = find_failures()
    assert failed == {name for name, case in CASES.items() if "duplicate_record_id" in str(case.get("violations"))}
