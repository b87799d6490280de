"""Restricted processes: no writable folder, no metadata, little address space, subinterpreters, musl."""

import errno
import os
import sys
from pathlib import Path

import pytest
import subprocess_python
import wasmtime

from gridbid import _module

USE = """
import gridbid
def use():
    report = gridbid.validate_orders('[{"record_id":"a","parameter_1":"x","parameter_2":"1"}]')
    order = gridbid.parse_orders('[{"record_id":"a","parameter_1":"x","parameter_2":2.10}]')[0]
    return [report.violations[0].code, str(order.parameter_2), gridbid.day_report([]).runs]
"""
USED = ["wrong_type", "2.1", 0]
LIMIT_ADDRESSES = """
resource.setrlimit(resource.RLIMIT_AS, ({0}, {0}))
"""


def test_read_only_file_system() -> None:
    # Every attempt to write fails, so that Python finds no temporary folder either.
    result = subprocess_python.run(
        """
import errno, os, sys, tempfile
def refuse(event, arguments):
    writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes or event == "os.mkdir":
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), arguments[0])
sys.addaudithook(refuse)
"""
        + USE
        + """
try:
    temporary = tempfile.gettempdir()
except FileNotFoundError:
    temporary = None
print(json.dumps([use(), temporary]))
""",
        HOME="/nonexistent",
        XDG_CACHE_HOME="/nonexistent",
    )
    assert result == [USED, None]


def test_packages_without_metadata(tmp_path: Path) -> None:
    (tmp_path / "wasmtime").symlink_to(Path(wasmtime.__file__).parent)
    code = USE + "from gridbid import _module\nprint(json.dumps([use(), _module.wasmtime_version()]))"
    path = f"{tmp_path}:{subprocess_python.ENVIRONMENT['PYTHONPATH']}"
    # Without `site`, only these folders are on the path.
    result = subprocess_python.run(code, options=["-S"], PYTHONPATH=path, GRIDBID_CACHE_DIR=str(tmp_path / "cache"))
    assert result == [USED, "unknown"]


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("gigabytes", [1, 2, 6])
def test_limited_address_space(tmp_path: Path, gigabytes: int, cached: bool) -> None:
    code = (
        LIMIT_ADDRESSES.format(gigabytes * 1024**3)
        + USE
        + """
from concurrent.futures import ThreadPoolExecutor
large = b"[" + b"7," * 1_000_000 + b"7]"
def check(_):
    return gridbid.validate_orders(large, limits=gridbid.BULK).total
with ThreadPoolExecutor(8) as threads:
    totals = set(threads.map(check, range(16)))
print(json.dumps([use(), list(totals)]))
"""
    )
    folder = str(tmp_path) if cached else ""
    for _ in range(2):
        assert subprocess_python.run(code, GRIDBID_CACHE_DIR=folder) == [USED, [1_000_001]]
    assert len(list(tmp_path.glob("*-small.cwasm"))) == cached


def test_address_space_that_runs_out_is_the_documented_error() -> None:
    result = subprocess_python.run(
        USE
        + """
use()
addresses = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
"""
        + LIMIT_ADDRESSES.format("addresses + 1024**3")
        + """
from gridbid import _core
kept = _core.core()._take(b"")
try:
    use()
    error = None
except gridbid.InputTooLarge as caught:
    error = str(caught)
_core.core()._put_back(kept, b"")
print(json.dumps([error, use()]))
"""
    )
    assert result[0].startswith("not enough memory for an instance of the module: ")
    assert result[1] == USED


def test_subinterpreters() -> None:
    result = subprocess_python.run(
        """
try:
    import _interpreters as interpreters
    new = lambda: interpreters.create("legacy")
except ImportError:
    import _xxsubinterpreters as interpreters
    new = lambda: interpreters.create(isolated=False)
import os
"""
        + USE
        + f"""
CODE = {USE!r} + '''
import json, os
for _ in range(100): result = use()
os.write(%d, json.dumps(result).encode())
'''
results = [use()]
for _ in range(3):
    reader, writer = os.pipe()
    interpreter = new()
    failure = interpreters.run_string(interpreter, CODE % writer)
    assert failure is None, failure
    results.append(json.loads(os.read(reader, 1000)))
    interpreters.destroy(interpreter)
results.append(use())
print(json.dumps(results))
"""
    )
    assert result == [USED] * 5


@pytest.mark.parametrize(
    ("libc", "expected"), [("glibc 2.36", "gnu"), (OSError(errno.EINVAL, ""), "musl"), (ValueError(), "musl")]
)
def test_target_is_that_of_the_running_libc(
    monkeypatch: pytest.MonkeyPatch, libc: str | Exception, expected: str
) -> None:
    def confstr(name: str) -> str:
        assert name == "CS_GNU_LIBC_VERSION"
        if isinstance(libc, Exception):
            raise libc
        return libc

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "confstr", confstr)
    assert _module.host_target().endswith(f"-unknown-linux-{expected}")
