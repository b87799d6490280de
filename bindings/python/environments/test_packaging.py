"""The wheel as its users see it: its metadata, its types, and the platforms that have all of its requirements."""

import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[1]
PLATFORMS = [
    "manylinux_2_28_x86_64",
    "manylinux_2_28_aarch64",
    "musllinux_1_2_x86_64",
    "musllinux_1_2_aarch64",
    "macosx_11_0_arm64",
    "macosx_11_0_x86_64",
    "win_amd64",
    "win_arm64",
]
CONSUMER = """
from collections.abc import Iterator
from decimal import Decimal

from gridbid import BULK, Accepted, DayReport, InvalidOrders, Malformed, Order, Rejected, day_report, decide_outcome
from gridbid import parse_orders, validate_orders

def amounts(body: bytes) -> Iterator[Decimal]:
    for order in parse_orders(body, limits=BULK):
        yield order.parameter_2

def describe(order: str) -> str:
    match decide_outcome(order):
        case Accepted(canonical=canonical):
            return canonical
        case Rejected(why):
            return why
        case Malformed(code=code):
            return code

first: Order = parse_orders("[]")[0]
day: DayReport = day_report([b"{}"])
codes: list[str] = [violation.code for violation in validate_orders("[]")]
try:
    describe("{}")
except InvalidOrders as error:
    print(error.report.total, first, day.total_power, codes)
"""
WRONG = """
from gridbid import parse_orders, validate_orders
validate_orders(7)
parse_orders("[]")[0].parameter_2 + "a"
"""


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, arguments)), capture_output=True, text=True, check=False)


def succeed(*arguments: object) -> str:
    completed = run(*arguments)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    succeed(*pip, "--wheel-dir", folder, PROJECT)
    [wheel] = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as content:
        name = next(name for name in content.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_string(content.read(name).decode())


@pytest.fixture(scope="session")
def consumer(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment in which only the wheel is installed."""
    folder = tmp_path_factory.mktemp("consumer")
    venv.create(folder / "venv", with_pip=True)
    succeed(folder / "venv/bin/python", "-m", "pip", "install", "--quiet", "--no-deps", wheel)
    (folder / "right.py").write_text(CONSUMER)
    (folder / "wrong.py").write_text(WRONG)
    return folder


def test_twine_accepts_the_metadata(wheel: Path) -> None:
    assert "PASSED" in succeed(sys.executable, "-m", "twine", "check", "--strict", wheel)


def test_metadata_is_complete(metadata: Message) -> None:
    assert metadata["Name"] == "gridbid"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata["Author"]
    assert metadata["Keywords"]
    classifiers = set(metadata.get_all("Classifier", []))
    minors = {int(found[1]) for found in (re.fullmatch(r".*:: 3\.(\d+)", text) for text in classifiers) if found}
    assert minors == set(range(11, max(minors) + 1))
    kinds = ("Development Status", "Intended Audience", "Operating System", "Topic", "Typing")
    assert all(any(text.startswith(kind) for text in classifiers) for kind in kinds)
    # A licence expression replaces licence classifiers.
    assert not any(text.startswith("License") for text in classifiers)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_requirement_has_a_wheel(metadata: Message, platform: str, tmp_path: Path) -> None:
    requirements = [str(Requirement(text)) for text in metadata.get_all("Requires-Dist", [])]
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--platform", platform)
    succeed(*pip, "--python-version", "3.11", "--dest", tmp_path, *requirements)
    assert len(list(tmp_path.glob("wasmtime-*.whl"))) == 1


def test_consumer_is_typed_for_mypy(consumer: Path) -> None:
    mypy = (sys.executable, "-m", "mypy", "--strict", "--python-executable", consumer / "venv/bin/python")
    cache = ("--cache-dir", os.devnull)
    succeed(*mypy, *cache, consumer / "right.py")
    wrong = run(*mypy, *cache, consumer / "wrong.py").stdout
    assert "[arg-type]" in wrong
    assert "[operator]" in wrong


def test_consumer_is_typed_for_pyright(consumer: Path) -> None:
    pyright = ("node", os.environ["PYRIGHT"], "--outputjson", "--pythonpath", consumer / "venv/bin/python")

    def rules(file: str) -> list[str]:
        (consumer / "pyrightconfig.json").write_text(json.dumps({"include": [file], "typeCheckingMode": "strict"}))
        completed = run(*pyright, "--project", consumer)
        return [problem["rule"] for problem in json.loads(completed.stdout)["generalDiagnostics"]]

    assert rules("right.py") == []
    assert {"reportArgumentType", "reportOperatorIssue"} <= set(rules("wrong.py"))
