"""Instances of the module: linear memory with an input in it, calls on it, and what they answer.

There are two ways to call. `PublicInstance` uses what wasmtime documents. `UncheckedInstance` makes one native call
without its conversions, twenty times as fast for a single order; it uses names that wasmtime keeps to itself, so it
is chosen only for the versions in `UNCHECKED_VERSIONS`, which the tests run on. Both answer alike.

An instance serves one call at a time. One whose call raised anything is of no more use; the caller drops it.
"""

import ctypes
import struct
from abc import ABC, abstractmethod
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias, cast

import wasmtime

from .errors import InputTooLarge
from .limits import Limits

UNCHECKED_VERSIONS: Final = frozenset({"48.0.0", "49.0.0", "50.0.1"})
"""The versions of wasmtime of which every test has run on `UncheckedInstance`."""

ABI: Final = 3
"""The version of the module's exports that this is written for."""

_SMALLEST_ROOM: Final = 64 * 1024
_ADDRESSES: Final = 2**32
_MOST_PARAMETERS: Final = 5
_PARAMETERS: Final = tuple(struct.Struct("I12x" * count) for count in range(_MOST_PARAMETERS + 1))
_RELEASING_BYTES: Final = 16 * 1024
"""From this length on other threads run during a call. Handing over costs more than a shorter call takes."""


Verdict: TypeAlias = tuple[int, int, str]
"""What a request is found to be: how many orders it has, how many violations, and core's report as JSON if any."""


class Joined(NamedTuple):
    """The values of a request's orders, by field, each followed by U+001F; see `gridbid_join`."""

    verdict: Verdict
    record_id: str
    parameter_1: str
    parameter_2: str


class Instance(ABC):
    """The calls, over four primitives that the two ways differ in."""

    _room = 0

    def __init__(self, module: wasmtime.Module, engine: wasmtime.Engine) -> None:
        self._store = wasmtime.Store(engine)
        no_parameters = wasmtime.FuncType([], [])
        # wasm-bindgen's one import sets up a table for JavaScript's objects, of which there are none.
        imports = [wasmtime.Func(self._store, no_parameters, lambda: None) for _ in module.imports]
        exports = wasmtime.Instance(self._store, module, imports).exports(self._store)
        self._exports = exports
        self._memory = cast(wasmtime.Memory, exports["memory"])
        abi = cast(wasmtime.Func, exports["gridbid_abi"])(self._store)
        if abi != ABI:
            raise RuntimeError(f"the module's exports are of version {abi}, and this package is written for {ABI}")

    @abstractmethod
    def _write(self, source: bytes) -> None:
        """Puts an input into its room."""

    @abstractmethod
    def _call(self, export: str, *parameters: int) -> int:
        """Calls an export and returns its one result."""

    @abstractmethod
    def _read(self, address: int, length: int) -> bytes:
        """A copy of what lies in memory."""

    @abstractmethod
    def _placed(self, address: int) -> None:
        """Takes notice of where the input's room, of `_room` bytes, is now."""

    def size(self) -> int:
        """How many bytes of memory it has."""
        return self._memory.data_len(self._store)

    def check(self, source: bytes, limits: Limits) -> Verdict:
        """Checks a request."""
        self._take(source, limits.bytes)
        answer = self._call("gridbid_check", len(source), limits.orders, limits.bytes, limits.depth, limits.listed)
        return self._judged(*struct.unpack("<4I", self._read(answer, 16)))

    def join(self, source: bytes, limits: Limits) -> Joined:
        """Reads a request into joined values; there are none if there are violations."""
        self._take(source, limits.bytes)
        answer = self._call("gridbid_join", len(source), limits.orders, limits.bytes, limits.depth, limits.listed)
        *judged, a, b, c, d, e, f = struct.unpack("<10I", self._read(answer, 40))
        verdict = self._judged(*judged)
        if verdict[1]:
            return Joined(verdict, "", "", "")
        return Joined(verdict, self._text_at(a, b), self._text_at(c, d), self._text_at(e, f))

    def _judged(self, orders: int, total: int, address: int, length: int) -> Verdict:
        return orders, total, self._text_at(address, length) if total else ""

    def say(self, export: str, source: bytes) -> str:
        """What an export says of a document, as JSON."""
        self._take(source, len(source))
        return self._text(export, len(source))

    def _text(self, export: str, *parameters: int) -> str:
        return self._text_at(*struct.unpack("<2I", self._read(self._call(export, *parameters), 8)))

    def _text_at(self, address: int, length: int) -> str:
        return self._read(address, length).decode()

    def _take(self, source: bytes, most: int) -> None:
        if len(source) > self._room:
            self._make_room(len(source))
        # Core looks at the length of an input beyond the limit and at nothing else, so it need not be there.
        if len(source) <= most:
            self._write(source)

    def _make_room(self, length: int) -> None:
        room = max(_SMALLEST_ROOM, length)
        address = self._call("gridbid_input", room) if room < 2**32 else 0
        if address == 0:
            raise InputTooLarge(f"memory for an input of {length} bytes cannot be had")
        self._room = room
        self._placed(address)


class PublicInstance(Instance):
    """Calls through wasmtime's documented interface."""

    _input = 0

    def _write(self, source: bytes) -> None:
        if source:
            ctypes.memmove(self._memory.get_buffer_ptr(self._store, len(source), self._input), source, len(source))

    def _call(self, export: str, *parameters: int) -> int:
        function = cast(wasmtime.Func, self._exports[export])
        try:
            # A parameter is an `i32`: large ones are negative there.
            return cast(int, function(self._store, *(ctypes.c_int32(word).value for word in parameters))) % 2**32
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            raise _trapped(str(error)) from error

    def _read(self, address: int, length: int) -> bytes:
        return bytes(self._memory.get_buffer_ptr(self._store, length, address)) if length else b""

    def _placed(self, address: int) -> None:
        self._input = address


class UncheckedInstance(Instance):
    """Calls through one native function, with everything that it needs prepared.

    The engine is configured so that memory never moves, and all of what it may ever grow to has its addresses from
    the beginning: views on it are made once.
    """

    def __init__(self, module: wasmtime.Module, engine: wasmtime.Engine) -> None:
        super().__init__(module, engine)
        from wasmtime import _ffi

        base = ctypes.addressof(self._memory.data_ptr(self._store).contents)
        self._bytes = _view(base, _ADDRESSES)
        self._words = self._bytes.cast("I")
        # Each parameter, and after the call the result, is a word in the first quarter of sixteen bytes.
        raw = (_ffi.wasmtime_val_raw_t * _MOST_PARAMETERS)()
        self._raw = _view(ctypes.addressof(raw), ctypes.sizeof(raw)).cast("I")
        self._trap = ctypes.c_void_p()
        native = ctypes.cast(_ffi.dll.wasmtime_func_call_unchecked, ctypes.c_void_p).value or 0
        self._holding: Any = ctypes.PYFUNCTYPE(ctypes.c_void_p)(native)
        self._releasing: Any = ctypes.CFUNCTYPE(ctypes.c_void_p)(native)
        # Arguments that are made once cost nothing to convert. They keep alive what they refer to.
        context = ctypes.c_void_p.from_param(ctypes.cast(self._store._context(), ctypes.c_void_p).value)
        count = ctypes.c_size_t.from_param(_MOST_PARAMETERS)
        self._arguments = {
            name: (context, ctypes.byref(export._func), ctypes.byref(raw), count, ctypes.byref(self._trap))
            for name, export in self._exports._extern_map.items()
            if isinstance(export, wasmtime.Func)
        }
        self._check = self._arguments["gridbid_check"]
        self._limits: Limits | None = None
        self._input = self._bytes[:0]

    def check(self, source: bytes, limits: Limits) -> Verdict:
        # What the base class does, without calls in between: this is what a small batch's time goes into.
        length = len(source)
        if length > self._room:
            self._make_room(length)
        if length <= limits.bytes:
            self._input[:length] = source
        raw = self._raw
        if limits is not self._limits:
            raw[4], raw[8], raw[12], raw[16] = limits.orders, limits.bytes, limits.depth, limits.listed
            self._limits = limits
        raw[0] = length
        native = self._holding if length < _RELEASING_BYTES else self._releasing
        if native(*self._check) is not None or self._trap:
            self._fail()
        words, at = self._words, raw[0] >> 2
        total = words[at + 1]
        return words[at], total, self._text_at(words[at + 2], words[at + 3]) if total else ""

    def _write(self, source: bytes) -> None:
        self._input[: len(source)] = source

    def _call(self, export: str, *parameters: int) -> int:
        self._limits = None
        _PARAMETERS[len(parameters)].pack_into(self._raw, 0, *parameters)
        native = self._holding if parameters[0] < _RELEASING_BYTES else self._releasing
        if native(*self._arguments[export]) is not None or self._trap:
            self._fail()
        return self._raw[0]

    def _read(self, address: int, length: int) -> bytes:
        return self._bytes[address : address + length].tobytes()

    def _text_at(self, address: int, length: int) -> str:
        return str(self._bytes[address : address + length], "utf-8")

    def _placed(self, address: int) -> None:
        self._input = self._bytes[address : address + self._room]

    def _fail(self) -> NoReturn:
        from wasmtime import _ffi

        what = "it could not be called"
        if self._trap:
            trap = ctypes.cast(self._trap, ctypes.POINTER(_ffi.wasm_trap_t))
            what = str(wasmtime.Trap._from_ptr(trap))
        raise _trapped(what)


def _trapped(what: str) -> InputTooLarge:
    # Core does not panic: memory that it cannot have is what makes it trap.
    return InputTooLarge(f"the module stopped, for want of memory: {what}")


def _view(address: int, length: int) -> memoryview:
    return memoryview((ctypes.c_ubyte * length).from_address(address)).cast("B")
