"""The cache of compiled modules: folders, trust, corruption and concurrency."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import subprocess_python
import wasmtime

import gridbid
from gridbid import _instance, _module
from gridbid.limits import DEFAULT

Load = Callable[[], str]


@pytest.fixture(autouse=True)
def isolated_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets home, cache and temporary folders to new ones."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    for name in ("XDG_CACHE_HOME", "GRIDBID_CACHE_DIR", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Returns a function that loads the module and returns whether it was compiled or loaded."""
    compiled = []
    compile_module = wasmtime.Module.__init__

    def record(self: Any, *arguments: Any) -> None:
        compiled.append(self)
        compile_module(self, *arguments)

    monkeypatch.setattr(wasmtime.Module, "__init__", record)

    def load() -> str:
        compiled.clear()
        engine = _module.engine()
        instance = _instance.UncheckedInstance(_module.load(engine), engine)
        assert instance.check(b"[1]", DEFAULT)[:2] == (1, 1)
        return "compiled" if compiled else "loaded"

    return load


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def cache(tmp_path: Path) -> Path:
    return tmp_path / "home" / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "gridbid"


def test_compiled_module_is_cached(load: Load, tmp_path: Path) -> None:
    assert [load(), load(), load()] == ["compiled", "loaded", "loaded"]
    [file] = files_in(tmp_path)
    assert file.parent == cache(tmp_path)
    assert _module.wasmtime_version() in file.name
    assert _module.host_target() in file.name
    assert (mode(file.parent), mode(file)) == (0o700, 0o600)


def test_cache_folder_can_be_set_and_is_created(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDBID_CACHE_DIR", str(tmp_path / "a" / "b"))
    assert [load(), load()] == ["compiled", "loaded"]
    assert [file.parent for file in files_in(tmp_path)] == [tmp_path / "a" / "b"]
    monkeypatch.delenv("GRIDBID_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert load() == "compiled"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert [load(), load()] == ["compiled", "loaded"] if sys.platform == "linux" else ["loaded", "loaded"]


def test_empty_cache_variable_disables_the_cache(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDBID_CACHE_DIR", "")
    assert [load(), load()] == ["compiled", "compiled"]
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("home", ["/dev/null", "/proc/1"])
def test_temporary_folder_is_used_without_a_home(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("HOME", home)
    assert [load(), load()] == ["compiled", "loaded"]
    [file] = files_in(tmp_path)
    assert file.parent == tmp_path / "temporary" / f"gridbid-{os.geteuid()}"
    assert (mode(file.parent), mode(file)) == (0o700, 0o600)


def test_module_is_compiled_when_no_folder_is_writable(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDBID_CACHE_DIR", "/dev/null/x")
    assert [load(), load()] == ["compiled", "compiled"]
    assert files_in(tmp_path) == []


CORRUPTIONS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "short": lambda whole: whole[: len(whole) // 2],
    "one bit": lambda whole: (int.from_bytes(whole) ^ 1 << len(whole) * 4).to_bytes(len(whole)),
    "longer": lambda whole: whole + b"x",
    "another file": lambda _: b"#!/bin/sh\n" * 1000,
    "valid hash, invalid module": lambda _: _module._seal(b"not a module"),
}


@pytest.mark.parametrize("how", CORRUPTIONS)
def test_corrupted_file_is_skipped_and_replaced(load: Load, tmp_path: Path, how: str) -> None:
    load()
    [file] = files_in(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(CORRUPTIONS[how](whole))
    assert [load(), load()] == ["compiled", "loaded"]
    assert files_in(tmp_path) == [file]
    assert file.read_bytes() == whole


def test_file_or_folder_writable_by_others_is_not_trusted(load: Load, tmp_path: Path) -> None:
    load()
    [file] = files_in(tmp_path)
    file.chmod(0o666)
    assert load() == "compiled"
    assert (mode(file), load()) == (0o600, "loaded")
    file.parent.chmod(0o770)
    assert load() == "compiled"
    assert file.parent != files_in(tmp_path / "temporary")[0].parent
    assert load() == "loaded"


def test_file_of_another_user_is_not_trusted(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load()
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert [load(), load()] == ["compiled", "compiled"]


def test_symbolic_links_are_not_followed(load: Load, tmp_path: Path) -> None:
    load()
    [file] = files_in(tmp_path)
    moved = file.rename(tmp_path / "moved")
    file.symlink_to(moved)
    assert load() == "compiled"
    assert not file.is_symlink()
    folder = file.parent.rename(tmp_path / "folder")
    file.parent.symlink_to(folder)
    assert load() == "compiled"


def test_file_name_depends_on_the_module_and_wasmtime(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load()
    changed = tmp_path / "changed.wasm"
    # A custom section, which is ignored.
    changed.write_bytes(_module.WASM.read_bytes() + b"\0\x02\x01x")
    monkeypatch.setattr(_module, "WASM", changed)
    assert [load(), load()] == ["compiled", "loaded"]
    monkeypatch.setattr(_module, "wasmtime_version", lambda: "50.0.999")
    assert load() == "compiled"
    assert len({file.name for file in files_in(cache(tmp_path))}) == 3


def test_concurrent_processes_leave_one_valid_file(load: Load, tmp_path: Path) -> None:
    use = "import gridbid; assert gridbid.validate_orders(b'[1]').total == 1"
    for _ in range(2):
        environment = subprocess_python.ENVIRONMENT | {"HOME": os.environ["HOME"]}
        processes = [subprocess.Popen([sys.executable, "-c", use], env=environment) for _ in range(6)]
        assert [process.wait(60) for process in processes] == [0] * 6
    [file] = files_in(tmp_path)
    assert file.name.startswith("gridbid-")
    assert load() == "loaded"


def test_precompiled_module_is_loaded_from_the_package(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    one = gridbid.precompile(bundle)
    content = one.read_bytes()
    assert gridbid.precompile(str(bundle), target=_module.host_target()) == one
    assert one.read_bytes() == content, "the same bytes each time"
    monkeypatch.setattr(_module, "PACKAGE", bundle)
    # Permissions do not matter in the package's folder.
    one.chmod(0o664)
    assert load() == "loaded"
    assert files_in(tmp_path / "home") == []
    one.write_bytes(content[:-1])
    assert load() == "compiled"


def test_precompile_rejects_other_targets(tmp_path: Path) -> None:
    for other in ("riscv64gc-unknown-linux-gnu", "x86_64", ""):
        with pytest.raises(
            ValueError, match=f"^cannot compile for `{other}`: this machine is `{_module.host_target()}`$"
        ):
            gridbid.precompile(tmp_path, target=other)
    assert files_in(tmp_path) == []


def test_version_of_wasmtime_is_found_in_its_metadata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = _module.wasmtime_version()
    monkeypatch.setattr(wasmtime, "__file__", str(tmp_path / "wasmtime" / "__init__.py"))
    assert _module.wasmtime_version() == version
