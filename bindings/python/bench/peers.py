"""The compared libraries, each with every check that it can express.

A peer counts the invalid orders of a batch, or parses the orders. It omits the checks in `CANNOT`, which makes it
faster.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from operator import attrgetter, itemgetter
from typing import Annotated, Any

import jsonschema_rs
import msgspec
import orjson
import pydantic
from typing_extensions import TypedDict

import gridbid

ID = r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$"
TEXT = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
MIN, MAX = Decimal("-1e126"), Decimal("1e126")

Count = Callable[[bytes], int]
Read = Callable[[bytes], int]
Objects = Callable[[bytes], Sequence[Any]]

CANNOT = {
    "pydantic": [
        "duplicate keys",
        "exact amounts: numbers are parsed as floats",
        "38 significant digits",
        "the minimum magnitude 1e-130",
        "rejecting an amount in a string",
    ],
    "msgspec": [
        "duplicate keys",
        "38 significant digits and the magnitude of an amount",
        "rejecting an amount in a string",
        "all violations: only the first one of each record, by decoding records one by one",
    ],
    "orjson + jsonschema-rs": [
        "duplicate keys",
        "exact amounts: numbers are parsed as floats",
        "38 significant digits",
        "the minimum magnitude 1e-130",
    ],
    "all of them": ["the position of a syntax error in characters", "the limits of size and depth"],
}


def _duplicates(ids: Iterable[str], count: int) -> int:
    return count - len(set(ids))


class _Struct(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    record_id: Annotated[str, msgspec.Meta(pattern=ID.replace("$", r"\Z"), min_length=1, max_length=128)]
    # Equivalent to TEXT, on which Python's `re` backtracks.
    parameter_1: Annotated[
        str, msgspec.Meta(pattern=r"^(?=.*\S)[^\x00-\x1f\x7f-\x9f]*\Z", min_length=1, max_length=256)
    ]
    parameter_2: Decimal


_structs = msgspec.json.Decoder(list[_Struct])
_struct = msgspec.json.Decoder(_Struct)
_raws = msgspec.json.Decoder(list[msgspec.Raw])


def _msgspec_count(batch: bytes) -> int:
    try:
        orders = _structs.decode(batch)
    except msgspec.ValidationError:
        messages = []
        for raw in _raws.decode(batch):
            try:
                _struct.decode(raw)
            except msgspec.ValidationError as error:
                messages.append(str(error))
        return len(messages)
    return _duplicates((order.record_id for order in orders), len(orders))


def _msgspec_objects(batch: bytes) -> Sequence[Any]:
    orders: list[_Struct] = _structs.decode(batch)
    if _duplicates((order.record_id for order in orders), len(orders)):
        raise ValueError("duplicates")
    return orders


_Id = Annotated[str, pydantic.StringConstraints(pattern=ID, min_length=1, max_length=128)]
_Text = Annotated[str, pydantic.StringConstraints(pattern=TEXT, min_length=1, max_length=256)]
_Amount = Annotated[Decimal, pydantic.Field(gt=MIN, lt=MAX)]


class _Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)
    record_id: _Id
    parameter_1: _Text
    parameter_2: _Amount


class _Typed(TypedDict):
    record_id: _Id
    parameter_1: _Text
    parameter_2: _Amount


_Typed.__pydantic_config__ = pydantic.ConfigDict(extra="forbid")  # type: ignore[attr-defined]


def _pydantic(kind: Any, record_id: Callable[[Any], str]) -> tuple[Count, Objects]:
    validate = pydantic.TypeAdapter(list[kind]).validate_json

    def objects(batch: bytes) -> Sequence[Any]:
        orders: list[Any] = validate(batch)
        if _duplicates(map(record_id, orders), len(orders)):
            raise ValueError("duplicates")
        return orders

    def count(batch: bytes) -> int:
        try:
            orders = validate(batch)
        except pydantic.ValidationError as error:
            return len({problem["loc"][0] for problem in error.errors(include_url=False)})
        return _duplicates(map(record_id, orders), len(orders))

    return count, objects


_schema = jsonschema_rs.validator_for(
    {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["record_id", "parameter_1", "parameter_2"],
            "properties": {
                "record_id": {"type": "string", "pattern": ID, "maxLength": 128},
                "parameter_1": {"type": "string", "pattern": TEXT, "maxLength": 256},
                "parameter_2": {"type": "number", "exclusiveMinimum": -1e126, "exclusiveMaximum": 1e126},
            },
        },
    }
)


def _schema_count(batch: bytes) -> int:
    orders = orjson.loads(batch)
    if not _schema.is_valid(orders):
        return len({error.instance_path[0] for error in _schema.iter_errors(orders)})
    return _duplicates(map(itemgetter("record_id"), orders), len(orders))


def _schema_objects(batch: bytes) -> Sequence[Any]:
    orders: list[Any] = orjson.loads(batch)
    if not _schema.is_valid(orders) or _duplicates(map(itemgetter("record_id"), orders), len(orders)):
        raise ValueError("not valid")
    return orders


NO_LIMITS = gridbid.Limits(orders=2**32 - 1, bytes=2**32 - 1, listed=2**32 - 1)


def _gridbid_verdict(batch: bytes) -> int:
    return gridbid.validate_orders(batch, limits=NO_LIMITS).total


def _gridbid_count(batch: bytes) -> int:
    report = gridbid.validate_orders(batch, limits=NO_LIMITS)
    return 0 if report else len({violation.index for violation in report})


def _gridbid_objects(batch: bytes) -> Sequence[Any]:
    return gridbid.parse_orders(batch, limits=NO_LIMITS)


def _gridbid_column(batch: bytes) -> int:
    return len(gridbid.parse_orders(batch, limits=NO_LIMITS).column("record_id"))


def _attributes(objects: Objects) -> Read:
    """Returns a loop over objects that reads every field."""

    def read(batch: bytes) -> int:
        count = 0
        for order in objects(batch):
            _ = order.record_id, order.parameter_1, order.parameter_2
            count += 1
        return count

    return read


def _items(objects: Objects) -> Read:
    """Returns a loop over dictionaries that reads every field."""

    def read(batch: bytes) -> int:
        count = 0
        for order in objects(batch):
            _ = order["record_id"], order["parameter_1"], order["parameter_2"]
            count += 1
        return count

    return read


def _kept(objects: Objects) -> Read:
    """Returns a function that puts all orders into a list."""
    return lambda batch: len(list(objects(batch)))


_model_count, _model_objects = _pydantic(_Model, attrgetter("record_id"))
_typed_count, _typed_objects = _pydantic(_Typed, itemgetter("record_id"))

OURS = "gridbid"

VALIDATE: dict[str, Count] = {
    OURS: _gridbid_count,
    "gridbid, messages not read": _gridbid_verdict,
    "pydantic models": _model_count,
    "pydantic TypedDict": _typed_count,
    "msgspec": _msgspec_count,
    "orjson + jsonschema-rs": _schema_count,
}
"""Counts invalid orders and creates a message for each violation."""

OBJECTS: dict[str, Read] = {
    OURS: _attributes(_gridbid_objects),
    "gridbid, one column": _gridbid_column,
    "pydantic models": _attributes(_model_objects),
    "pydantic TypedDict": _items(_typed_objects),
    "msgspec": _attributes(_msgspec_objects),
    "orjson + jsonschema-rs": _items(_schema_objects),
}
"""Parses the orders and reads every field of each."""

KEPT: dict[str, Read] = {
    OURS: _kept(_gridbid_objects),
    "pydantic models": _kept(_model_objects),
    "pydantic TypedDict": _kept(_typed_objects),
    "msgspec": _kept(_msgspec_objects),
    "orjson + jsonschema-rs": _kept(_schema_objects),
}
"""Parses the orders into a list."""
