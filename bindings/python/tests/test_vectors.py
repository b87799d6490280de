"""Every vector comes out to the letter, in both ways to call; a module that says other things fails them."""

import re
from typing import Any, get_args

import pytest
import vectors
import wasmtime
from conftest import UseCore, engine, module

from gridbid import ViolationCode, _core, _instance, _module
from gridbid.limits import Limits

CASES = dict(vectors.cases())


@pytest.mark.parametrize("name", CASES)
def test_a_vector_comes_out_as_it_says(core: _core.Core, name: str) -> None:
    given, expected = vectors.given_and_expected(CASES[name])
    assert given == expected


def test_the_codes_are_those_of_the_vectors() -> None:
    listed = [violation for case in CASES.values() for violation in case.get("violations", [])]
    assert {violation["code"] for violation in listed} == set(get_args(ViolationCode))
    assert len(CASES) >= 300


def failing() -> set[str]:
    """The vectors that do not come out."""
    failed = set()
    for name, case in CASES.items():
        try:
            given, expected = vectors.given_and_expected(case)
            if given != expected:
                failed.add(name)
        except AssertionError:
            failed.add(name)
    return failed


SENTENCES = [b" must not be empty or blank", b"duplicate_record_id", b"a comma must not come last"]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_module_with_another_sentence_fails(use_core: UseCore, sentence: bytes) -> None:
    wasm = _module.WASM.read_bytes()
    assert wasm.count(sentence) == 1
    broken = wasm.replace(sentence, sentence[:-1] + b"!")
    use_core(_core.Core(wasmtime.Module(engine(), broken), engine(), _instance.UncheckedInstance))
    failed = failing()
    assert failed
    assert all(re.search(sentence.decode(), str(CASES[name])) for name in failed)


class Lenient(_instance.UncheckedInstance):
    """An instance that overlooks duplicates."""

    def check(self, source: bytes, limits: Limits) -> _instance.Verdict:
        orders, total, written = super().check(source, limits)
        return orders, total - written.count("duplicate_record_id"), written

    def _call(self, export: str, *parameters: Any) -> int:
        return super()._call(export, *parameters)


def test_another_verdict_fails(use_core: UseCore) -> None:
    use_core(_core.Core(module(), engine(), Lenient))
    failed = failing()
    assert failed == {name for name, case in CASES.items() if "duplicate_record_id" in str(case.get("violations"))}
