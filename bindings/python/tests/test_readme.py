"""Runs the README's examples."""

import doctest
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_examples_of_the_readme_pass() -> None:
    failed, attempted = doctest.testfile(str(README), module_relative=False)
    assert failed == 0
    assert attempted >= 12
