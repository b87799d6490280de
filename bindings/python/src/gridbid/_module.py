"""Loads the module precompiled, or compiles it and caches the result.

Compiling takes a tenth of a second, loading a compiled file a thousandth. A compiled file is as trusted as code: it is
loaded from this package's folder, or from a cache folder that belongs to the user and that nobody else can write. It
starts with its SHA-256, because wasmtime does not detect corruption. Unreadable, unwritable and untrusted files are
skipped; the module is then compiled in memory. The code runs on any processor of the architecture, at no cost in speed,
so that files can be copied to other machines.
"""

import contextlib
import hashlib
import math
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

_SYSTEMS = {"linux": "unknown-linux", "darwin": "apple-darwin", "win32": "pc-windows-msvc"}
_MACHINES = {"AMD64": "x86_64", "x86_64": "x86_64", "arm64": "aarch64", "ARM64": "aarch64", "aarch64": "aarch64"}
_DIGEST_BYTES: Final = hashlib.sha256().digest_size


def host_target() -> str:
    """Returns the target triple of this machine, which wasmtime compares with its own."""
    triple = f"{_MACHINES[platform.machine()]}-{_SYSTEMS[sys.platform]}"
    return f"{triple}-{'gnu' if _is_glibc() else 'musl'}" if sys.platform == "linux" else triple


def _is_glibc() -> bool:
    # musl has no such value.
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (OSError, ValueError):
        return False


def address_space() -> float:
    """Returns the limit of the process's address space in bytes (`ulimit -v`)."""
    try:
        import resource
    except ImportError:
        # Windows has no such limit.
        return math.inf
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if limit == resource.RLIM_INFINITY else limit


def engine(*, reserve: bool = True) -> wasmtime.Engine:
    """Creates an engine for this machine.

    Args:
        reserve: Whether a memory reserves all addresses that it can grow to, 4 GiB, and never moves.
    """
    config = wasmtime.Config()
    # An explicit target selects the baseline of the architecture instead of this processor's features.
    config.target = host_target()
    # A forked child would wait for threads that it does not have: for compilation, and for traps on macOS.
    config.parallel_compilation = False
    config.macos_use_mach_ports = False
    # `UncheckedInstance` keeps views of memory.
    config.memory_may_move = not reserve
    if not reserve:
        config.memory_reservation = 0
        config.memory_reservation_for_growth = 0
        config.memory_guard_size = 0
    return wasmtime.Engine(config)


def wasmtime_version() -> str:
    """Returns the installed version of wasmtime."""
    # Importing `importlib.metadata` takes as long as importing wasmtime.
    found = list(Path(wasmtime.__file__).parents[1].glob("wasmtime-*.dist-info"))
    if len(found) == 1:
        return found[0].name.removeprefix("wasmtime-").removesuffix(".dist-info")
    import importlib.metadata

    try:
        return importlib.metadata.version("wasmtime")
    except importlib.metadata.PackageNotFoundError:
        # A bundle without metadata. wasmtime itself refuses files that another version has compiled.
        return "unknown"


def precompile(folder: str | os.PathLike[str], *, target: str | None = None) -> Path:
    """Implements `bundle.precompile`."""
    # wasmtime aborts the process for other targets.
    if target not in (None, host_target()):
        raise ValueError(f"cannot compile for `{target}`: this machine is `{host_target()}`")
    wasm = WASM.read_bytes()
    file = Path(folder) / _file_name(wasm)
    file.write_bytes(_seal(bytes(wasmtime.Module(engine(), wasm).serialize())))
    return file


def load(engine: wasmtime.Engine, *, reserve: bool = True) -> wasmtime.Module:
    """Returns the compiled module for an engine of this machine."""
    wasm = WASM.read_bytes()
    name = _file_name(wasm, reserve=reserve)
    found = _deserialize(engine, PACKAGE / name)
    if found is not None:
        return found
    folders = list(_cache_folders())
    for folder in folders:
        found = _deserialize(engine, folder / name) if _is_private(folder) and _is_private(folder / name) else None
        if found is not None:
            return found
    module = wasmtime.Module(engine, wasm)
    compiled = _seal(bytes(module.serialize()))
    for folder in folders:
        if _store(folder, name, compiled):
            break
    return module


def _file_name(wasm: bytes, *, reserve: bool = True) -> str:
    digest = hashlib.sha256(wasm).hexdigest()[:32]
    kind = "" if reserve else "-small"
    return f"gridbid-{digest}-wasmtime-{wasmtime_version()}-{host_target()}{kind}.cwasm"


def _seal(compiled: bytes) -> bytes:
    return hashlib.sha256(compiled).digest() + compiled


def _deserialize(engine: wasmtime.Engine, file: Path) -> wasmtime.Module | None:
    try:
        sealed = file.read_bytes()
        compiled = sealed[_DIGEST_BYTES:]
        if hashlib.sha256(compiled).digest() != sealed[:_DIGEST_BYTES]:
            return None
        return wasmtime.Module.deserialize(engine, compiled)
    except (OSError, wasmtime.WasmtimeError):
        return None


def _cache_folders() -> Iterator[Path]:
    """Yields cache folders in order of preference; none if `GRIDBID_CACHE_DIR` is empty."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen is not None:
        if chosen:
            yield Path(chosen)
        return
    # Raised when the home folder is unknown.
    with contextlib.suppress(RuntimeError):
        yield _user_cache() / "gridbid"
    # A slow import.
    import tempfile

    user = os.geteuid() if hasattr(os, "geteuid") else "user"
    # Raised when no folder is writable.
    with contextlib.suppress(FileNotFoundError):
        yield Path(tempfile.gettempdir()) / f"gridbid-{user}"


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return chosen if chosen.is_absolute() else Path.home() / ".cache"


def _is_private(path: Path) -> bool:
    """Whether a path is not a symbolic link, belongs to the user, and is not writable by anyone else."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    if stat.S_ISLNK(status.st_mode):
        return False
    # On Windows, ACLs protect users' folders.
    return not hasattr(os, "geteuid") or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)


def _store(folder: Path, name: str, compiled: bytes) -> bool:
    """Writes a file atomically, also with concurrent writers. Returns whether that succeeded."""
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
