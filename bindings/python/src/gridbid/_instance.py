"""Instances of core's module.

`PublicInstance` calls exports through wasmtime's documented API. `UncheckedInstance` makes one native call without
conversions, twenty times as fast for a single order, but uses private names of wasmtime: it is used only with the
wasmtime versions in `UNCHECKED_VERSIONS`, which the tests cover. Tests verify that both give the same results.

An instance serves one call at a time. After a call that raised, the caller must drop it.
"""

import ctypes
import struct
from abc import ABC, abstractmethod
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias, cast

import wasmtime

from .errors import InputTooLarge
from .limits import Limits

UNCHECKED_VERSIONS: Final = frozenset({"48.0.0", "49.0.0", "50.0.1"})
"""The wasmtime versions with which all tests have passed on `UncheckedInstance`."""

ABI: Final = 3
"""The version of the module's ABI that this file implements."""

_MIN_CAPACITY: Final = 64 * 1024
_ADDRESS_SPACE: Final = 2**32
_MAX_PARAMETERS: Final = 5
_PARAMETERS: Final = tuple(struct.Struct("I12x" * count) for count in range(_MAX_PARAMETERS + 1))
_GIL_RELEASE_THRESHOLD: Final = 16 * 1024
"""Inputs of at least this many bytes release the GIL; for shorter ones the switch costs more than the call."""


Verdict: TypeAlias = tuple[int, int, str]
"""Number of orders, number of violations, and core's report as JSON if there are any."""


class Columns(NamedTuple):
    """The values of each field of a request's orders, each value followed by U+001F (`gridbid_join`)."""

    verdict: Verdict
    record_id: str
    parameter_1: str
    parameter_2: str


class Instance(ABC):
    """Calls of the exports, based on four primitives that the subclasses implement."""

    _capacity = 0

    def __init__(self, module: wasmtime.Module, engine: wasmtime.Engine) -> None:
        self._store = wasmtime.Store(engine)
        no_parameters = wasmtime.FuncType([], [])
        # wasm-bindgen's one import initializes a table of JavaScript objects, which is not used.
        imports = [wasmtime.Func(self._store, no_parameters, lambda: None) for _ in module.imports]
        try:
            exports = wasmtime.Instance(self._store, module, imports).exports(self._store)
        except wasmtime.WasmtimeError as error:
            raise InputTooLarge(f"not enough memory for an instance of the module: {error}") from error
        self._exports = exports
        self._memory = cast(wasmtime.Memory, exports["memory"])
        abi = cast(wasmtime.Func, exports["gridbid_abi"])(self._store)
        if abi != ABI:
            raise RuntimeError(f"gridbid.wasm has ABI version {abi}, expected {ABI}")

    @abstractmethod
    def _write(self, source: bytes) -> None:
        """Writes an input into its buffer."""

    @abstractmethod
    def _call(self, export: str, *parameters: int) -> int:
        """Calls an export and returns its result."""

    @abstractmethod
    def _read(self, address: int, length: int) -> bytes:
        """Copies bytes out of the memory."""

    @abstractmethod
    def _set_buffer(self, address: int) -> None:
        """Sets the address of the input's buffer, which has `_capacity` bytes."""

    def size(self) -> int:
        """Returns the size of the memory in bytes."""
        return self._memory.data_len(self._store)

    def check(self, source: bytes, limits: Limits) -> Verdict:
        """Checks a request."""
        self._load(source, limits.bytes)
        address = self._call("gridbid_check", len(source), limits.orders, limits.bytes, limits.depth, limits.listed)
        return self._read_verdict(*struct.unpack("<4I", self._read(address, 16)))

    def parse(self, source: bytes, limits: Limits) -> Columns:
        """Parses a request into columns, which are empty if there are violations."""
        self._load(source, limits.bytes)
        address = self._call("gridbid_join", len(source), limits.orders, limits.bytes, limits.depth, limits.listed)
        # The verdict is followed by one (address, length) pair for each column.
        words = struct.unpack("<10I", self._read(address, 40))
        verdict = self._read_verdict(*words[:4])
        if verdict[1]:
            return Columns(verdict, "", "", "")
        record_id, parameter_1, parameter_2 = (self._read_text(*words[at : at + 2]) for at in (4, 6, 8))
        return Columns(verdict, record_id, parameter_1, parameter_2)

    def _read_verdict(self, orders: int, total: int, address: int, length: int) -> Verdict:
        return orders, total, self._read_text(address, length) if total else ""

    def query(self, export: str, source: bytes) -> str:
        """Calls an export with `source` and returns the JSON it produced."""
        self._load(source, len(source))
        return self._read_text(*struct.unpack("<2I", self._read(self._call(export, len(source)), 8)))

    def _read_text(self, address: int, length: int) -> str:
        return self._read(address, length).decode()

    def _load(self, source: bytes, max_bytes: int) -> None:
        if len(source) > self._capacity:
            self._reserve(len(source))
        # core rejects a longer input without reading it.
        if len(source) <= max_bytes:
            self._write(source)

    def _reserve(self, length: int) -> None:
        capacity = max(_MIN_CAPACITY, length)
        address = self._call("gridbid_input", capacity) if capacity < _ADDRESS_SPACE else 0
        if address == 0:
            raise InputTooLarge(f"not enough memory for an input of {length} bytes")
        self._capacity = capacity
        self._set_buffer(address)


class PublicInstance(Instance):
    """Calls through wasmtime's documented API."""

    _input = 0

    def _write(self, source: bytes) -> None:
        if source:
            ctypes.memmove(self._memory.get_buffer_ptr(self._store, len(source), self._input), source, len(source))

    def _call(self, export: str, *parameters: int) -> int:
        function = cast(wasmtime.Func, self._exports[export])
        try:
            # wasmtime takes i32 parameters as signed integers.
            return cast(int, function(self._store, *(ctypes.c_int32(word).value for word in parameters))) % 2**32
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            raise _trap_error(str(error)) from error

    def _read(self, address: int, length: int) -> bytes:
        return bytes(self._memory.get_buffer_ptr(self._store, length, address)) if length else b""

    def _set_buffer(self, address: int) -> None:
        self._input = address


class UncheckedInstance(Instance):
    """Calls one native function with prepared arguments.

    The engine reserves the whole address space of a memory and never moves it, so views of it stay valid.
    """

    def __init__(self, module: wasmtime.Module, engine: wasmtime.Engine) -> None:
        super().__init__(module, engine)
        from wasmtime import _ffi

        base = ctypes.addressof(self._memory.data_ptr(self._store).contents)
        self._bytes = _view(base, _ADDRESS_SPACE)
        self._words = self._bytes.cast("I")
        # Each parameter occupies 16 bytes, of which the first word is used; the first one also receives the result.
        raw = (_ffi.wasmtime_val_raw_t * _MAX_PARAMETERS)()
        self._raw = _view(ctypes.addressof(raw), ctypes.sizeof(raw)).cast("I")
        self._trap = ctypes.c_void_p()
        native = ctypes.cast(_ffi.dll.wasmtime_func_call_unchecked, ctypes.c_void_p).value or 0
        self._call_with_gil: Any = ctypes.PYFUNCTYPE(ctypes.c_void_p)(native)
        self._call_without_gil: Any = ctypes.CFUNCTYPE(ctypes.c_void_p)(native)
        # Converts the arguments once; the tuples also keep the ctypes objects alive.
        context = ctypes.c_void_p.from_param(ctypes.cast(self._store._context(), ctypes.c_void_p).value)
        count = ctypes.c_size_t.from_param(_MAX_PARAMETERS)
        self._arguments = {
            name: (context, ctypes.byref(export._func), ctypes.byref(raw), count, ctypes.byref(self._trap))
            for name, export in self._exports._extern_map.items()
            if isinstance(export, wasmtime.Func)
        }
        self._check = self._arguments["gridbid_check"]
        self._limits: Limits | None = None
        self._input = self._bytes[:0]

    def check(self, source: bytes, limits: Limits) -> Verdict:
        # Inlines the base class's `check`: for a small batch, Python call overhead would dominate.
        length = len(source)
        if length > self._capacity:
            self._reserve(length)
        if length <= limits.bytes:
            self._input[:length] = source
        raw = self._raw
        if limits is not self._limits:
            raw[4], raw[8], raw[12], raw[16] = limits.orders, limits.bytes, limits.depth, limits.listed
            self._limits = limits
        raw[0] = length
        native = self._call_with_gil if length < _GIL_RELEASE_THRESHOLD else self._call_without_gil
        if native(*self._check) is not None or self._trap:
            self._fail()
        words, at = self._words, raw[0] >> 2
        total = words[at + 1]
        return words[at], total, self._read_text(words[at + 2], words[at + 3]) if total else ""

    def _write(self, source: bytes) -> None:
        self._input[: len(source)] = source

    def _call(self, export: str, *parameters: int) -> int:
        self._limits = None
        _PARAMETERS[len(parameters)].pack_into(self._raw, 0, *parameters)
        native = self._call_with_gil if parameters[0] < _GIL_RELEASE_THRESHOLD else self._call_without_gil
        if native(*self._arguments[export]) is not None or self._trap:
            self._fail()
        return self._raw[0]

    def _read(self, address: int, length: int) -> bytes:
        return self._bytes[address : address + length].tobytes()

    def _read_text(self, address: int, length: int) -> str:
        return str(self._bytes[address : address + length], "utf-8")

    def _set_buffer(self, address: int) -> None:
        self._input = self._bytes[address : address + self._capacity]

    def _fail(self) -> NoReturn:
        from wasmtime import _ffi

        reason = "the call failed"
        if self._trap:
            trap = ctypes.cast(self._trap, ctypes.POINTER(_ffi.wasm_trap_t))
            reason = str(wasmtime.Trap._from_ptr(trap))
        raise _trap_error(reason)


def _trap_error(reason: str) -> InputTooLarge:
    # core never panics: any other cause is a bug of it.
    return InputTooLarge(f"the module stopped, most likely for lack of memory: {reason}")


def _view(address: int, length: int) -> memoryview:
    return memoryview((ctypes.c_ubyte * length).from_address(address)).cast("B")
