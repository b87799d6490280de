"""Core: the module, and as many instances of it as calls go on at once.

Instances are taken from a queue and put back, so that no lock is held during a call: threads run side by side, and a
call inside a call (a signal's handler, a destructor) or a fork at any moment finds nothing half done. An instance
that raised is not put back. Idle instances hold at most `KEPT_INSTANCES` times a small memory and `KEPT_BYTES` of
those that grew; what grew beyond is given back to the system.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    import wasmtime

    from ._instance import Instance, Joined, Verdict
    from .limits import Limits

    MakeInstance = Callable[[wasmtime.Module, wasmtime.Engine], Instance]

SMALL_BYTES: Final = 256 * 1024
"""Inputs up to this length leave an instance's memory small."""
KEPT_INSTANCES: Final = 32
KEPT_BYTES: Final = 64 * 1024 * 1024


class Core:
    """The module's calls, for any number of threads."""

    def __init__(self, module: wasmtime.Module, engine: wasmtime.Engine, make: MakeInstance) -> None:
        self._module = module
        self._engine = engine
        self._make = make
        self._small: deque[Instance] = deque(maxlen=KEPT_INSTANCES)
        self._grown: deque[Instance] = deque(maxlen=KEPT_INSTANCES)

    def check(self, source: bytes, limits: Limits) -> Verdict:
        """What a request is found to be."""
        if len(source) > SMALL_BYTES:
            instance = self._take(source)
            verdict = instance.check(source, limits)
            self._put_back(instance, source)
            return verdict
        # The same for a small batch, whose time these calls would be.
        try:
            instance = self._small.pop()
        except IndexError:
            instance = self._make(self._module, self._engine)
        verdict = instance.check(source, limits)
        self._small.append(instance)
        return verdict

    def join(self, source: bytes, limits: Limits) -> Joined:
        """The values of a request's orders."""
        instance = self._take(source)
        joined = instance.join(source, limits)
        self._put_back(instance, source)
        return joined

    def say(self, export: str, source: bytes) -> str:
        """What one of the exports for documents says, as JSON."""
        instance = self._take(source)
        text = instance.say(export, source)
        self._put_back(instance, source)
        return text

    def _take(self, source: bytes) -> Instance:
        try:
            return (self._small if len(source) <= SMALL_BYTES else self._grown).pop()
        except IndexError:
            return self._make(self._module, self._engine)

    def _put_back(self, instance: Instance, source: bytes) -> None:
        if len(source) <= SMALL_BYTES:
            self._small.append(instance)
        elif instance.size() + sum(other.size() for other in tuple(self._grown)) <= KEPT_BYTES:
            self._grown.append(instance)


_loaded: Core | None = None
_loading = threading.Lock()


def core() -> Core:
    """The one that the package's functions share; loaded when it is first needed."""
    return _loaded or _load()


def _load() -> Core:
    global _loaded
    with _loading:
        if _loaded is None:
            # Importing wasmtime takes longer than everything else here: who only imports the package is spared it.
            from . import _instance, _module

            unchecked = _module.wasmtime_version() in _instance.UNCHECKED_VERSIONS
            engine = _module.engine()
            make = _instance.UncheckedInstance if unchecked else _instance.PublicInstance
            _loaded = Core(_module.load(engine), engine, make)
        return _loaded


def _renew_lock() -> None:
    global _loading
    _loading = threading.Lock()


if hasattr(os, "register_at_fork"):
    # A thread that was loading does not exist in the child, and would never give the lock back.
    os.register_at_fork(after_in_child=_renew_lock)
