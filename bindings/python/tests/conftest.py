"""Shared fixtures: both implementations of instances, and a fresh core."""

from collections.abc import Callable
from functools import cache

import pytest
import wasmtime

from gridbid import _core, _instance, _module

CreateInstance = Callable[[wasmtime.Module, wasmtime.Engine], _instance.Instance]
IMPLEMENTATIONS: dict[str, CreateInstance] = {
    "unchecked": _instance.UncheckedInstance,
    "public": _instance.PublicInstance,
}

UseCore = Callable[[_core.Core], _core.Core]


@cache
def engine() -> wasmtime.Engine:
    # Created lazily, since the engine's signal handlers must be installed after pytest's.
    return _module.engine()


@cache
def module() -> wasmtime.Module:
    return wasmtime.Module(engine(), _module.WASM.read_bytes())


@pytest.fixture
def use_core(monkeypatch: pytest.MonkeyPatch) -> UseCore:
    """Returns a function that makes the package use a core until the test ends."""

    def use(core: _core.Core) -> _core.Core:
        monkeypatch.setattr(_core, "_loaded", core)
        return core

    return use


@pytest.fixture(params=IMPLEMENTATIONS)
def core(request: pytest.FixtureRequest, use_core: UseCore) -> _core.Core:
    """A fresh core. Tests that use it run with both implementations."""
    return use_core(_core.Core(module(), engine(), IMPLEMENTATIONS[request.param]))
