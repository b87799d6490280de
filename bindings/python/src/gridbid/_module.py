"""The module compiled: taken from where it was precompiled, or compiled once and kept for the next process.

Compiling takes a tenth of a second, loading what is compiled a thousandth. Compiled code is trusted as code is: it is
taken from this package's own folder, or from a folder and a file that belong to the user and that nobody else can
write; its hash goes before it, because wasmtime does not notice a broken file. What cannot be read, written or
trusted is passed over; in the end the module is compiled in memory. It is compiled for any processor of its kind,
which costs no speed here, so that a file can go from the machine that made it to others.
"""

import contextlib
import hashlib
import os
import platform
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import wasmtime

PACKAGE: Final = Path(__file__).parent
WASM: Final = PACKAGE / "gridbid.wasm"
CACHE_VARIABLE: Final = "GRIDBID_CACHE_DIR"

_SYSTEMS = {"linux": "unknown-linux-gnu", "darwin": "apple-darwin", "win32": "pc-windows-msvc"}
_MACHINES = {"AMD64": "x86_64", "x86_64": "x86_64", "arm64": "aarch64", "ARM64": "aarch64", "aarch64": "aarch64"}
_DIGEST_BYTES: Final = hashlib.sha256().digest_size


def host_target() -> str:
    """The target triple of this machine."""
    return f"{_MACHINES[platform.machine()]}-{_SYSTEMS[sys.platform]}"


def engine() -> wasmtime.Engine:
    """An engine for this machine."""
    config = wasmtime.Config()
    # Named, it is any machine of this kind; not named, it would be this very processor.
    config.target = host_target()
    # Threads that compile, and on macOS one that handles traps, would be missing, and waited for, in a forked child.
    config.parallel_compilation = False
    config.macos_use_mach_ports = False
    # Instances keep views on memory.
    config.memory_may_move = False
    return wasmtime.Engine(config)


def wasmtime_version() -> str:
    """The version of wasmtime that is installed."""
    # The import of `importlib.metadata` takes as long as that of wasmtime.
    found = list(Path(wasmtime.__file__).parents[1].glob("wasmtime-*.dist-info"))
    if len(found) == 1:
        return found[0].name.removeprefix("wasmtime-").removesuffix(".dist-info")
    import importlib.metadata

    return importlib.metadata.version("wasmtime")


def precompile(folder: str | os.PathLike[str], *, target: str | None = None) -> Path:
    """Compiles the module into a file that `load` looks for in the package's folder; see `bundle.precompile`."""
    # For any other target, wasmtime ends the process.
    if target not in (None, host_target()):
        raise ValueError(f"wasmtime compiles for {host_target()} here, not for {target}")
    wasm = WASM.read_bytes()
    file = Path(folder) / _name(wasm)
    file.write_bytes(_sealed(bytes(wasmtime.Module(engine(), wasm).serialize())))
    return file


def load(engine: wasmtime.Engine) -> wasmtime.Module:
    """The module, compiled for this machine; the engine is one for it."""
    wasm = WASM.read_bytes()
    name = _name(wasm)
    found = _deserialized(engine, PACKAGE / name)
    if found is not None:
        return found
    folders = list(_cache_folders())
    for folder in folders:
        found = _deserialized(engine, folder / name) if _is_private(folder) and _is_private(folder / name) else None
        if found is not None:
            return found
    module = wasmtime.Module(engine, wasm)
    compiled = _sealed(bytes(module.serialize()))
    for folder in folders:
        if _kept(folder, name, compiled):
            break
    return module


def _name(wasm: bytes) -> str:
    return f"gridbid-{hashlib.sha256(wasm).hexdigest()[:32]}-wasmtime-{wasmtime_version()}-{host_target()}.cwasm"


def _sealed(compiled: bytes) -> bytes:
    return hashlib.sha256(compiled).digest() + compiled


def _deserialized(engine: wasmtime.Engine, file: Path) -> wasmtime.Module | None:
    try:
        sealed = file.read_bytes()
        compiled = sealed[_DIGEST_BYTES:]
        if hashlib.sha256(compiled).digest() != sealed[:_DIGEST_BYTES]:
            return None
        return wasmtime.Module.deserialize(engine, compiled)
    except (OSError, wasmtime.WasmtimeError):
        return None


def _cache_folders() -> Iterator[Path]:
    """Where compiled modules may be kept, best first; an empty `GRIDBID_CACHE_DIR` means nowhere."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen is not None:
        if chosen:
            yield Path(chosen)
        return
    # There may be no home.
    with contextlib.suppress(RuntimeError):
        yield _user_cache() / "gridbid"
    # Importing it takes longer than loading a module.
    import tempfile

    user = os.geteuid() if hasattr(os, "geteuid") else "user"
    yield Path(tempfile.gettempdir()) / f"gridbid-{user}"


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return chosen if chosen.is_absolute() else Path.home() / ".cache"


def _is_private(path: Path) -> bool:
    """Whether a file or folder, itself and no link, belongs to the user and can be written by nobody else."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    if stat.S_ISLNK(status.st_mode):
        return False
    # Windows keeps users' folders apart by other means.
    return not hasattr(os, "geteuid") or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)


def _kept(folder: Path, name: str, compiled: bytes) -> bool:
    """Puts a file into a folder, whole or not at all, whoever else is doing the same."""
    part = folder / f".{name}.{os.getpid()}.{threading.get_ident()}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        if not _is_private(folder):
            return False
        try:
            part.touch(mode=0o600, exist_ok=False)
            part.write_bytes(compiled)
            part.replace(folder / name)
        finally:
            part.unlink(missing_ok=True)
    except OSError:
        return False
    return True
