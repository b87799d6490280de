"""What tests share: both ways to call the module, and a core of one's own."""

from collections.abc import Callable
from functools import cache

import pytest
import wasmtime

from gridbid import _core, _instance, _module

Make = Callable[[wasmtime.Module, wasmtime.Engine], _instance.Instance]
WAYS: dict[str, Make] = {"unchecked": _instance.UncheckedInstance, "public": _instance.PublicInstance}

UseCore = Callable[[_core.Core], _core.Core]


@cache
def engine() -> wasmtime.Engine:
    # Not made before pytest has installed its handlers of signals: the engine's, which make traps of some, come on top.
    return _module.engine()


@cache
def module() -> wasmtime.Module:
    return wasmtime.Module(engine(), _module.WASM.read_bytes())


@pytest.fixture
def use_core(monkeypatch: pytest.MonkeyPatch) -> UseCore:
    """Makes the package's functions use this core until the test ends."""

    def use(core: _core.Core) -> _core.Core:
        monkeypatch.setattr(_core, "_loaded", core)
        return core

    return use


@pytest.fixture(params=WAYS)
def core(request: pytest.FixtureRequest, use_core: UseCore) -> _core.Core:
    """A fresh core that calls in one of the two ways; a test that asks for it runs for both."""
    return use_core(_core.Core(module(), engine(), WAYS[request.param]))
