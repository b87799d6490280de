"""What is compared: each library as a careful user sets it up, with every check that it can express.

A contender answers how many orders of a batch are wrong, or gives the orders. What it cannot check stands in `CANNOT`
and is left out of its work, which makes it faster, not slower.
"""

import re
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
LEAST, MOST = Decimal("-1e126"), Decimal("1e126")

Wrong = Callable[[bytes], int]
Read = Callable[[bytes], int]
Objects = Callable[[bytes], Sequence[Any]]

CANNOT = {
    "pydantic": [
        "a field given twice",
        "exact amounts: a JSON number goes through a float",
        "38 significant digits",
        "the least magnitude 1e-130",
        "an amount given as a string",
    ],
    "msgspec": [
        "a field given twice",
        "38 significant digits and the magnitude of an amount",
        "an amount given as a string",
        "all violations at once: records are decoded again one by one, and each tells its first",
    ],
    "orjson + jsonschema-rs": [
        "a field given twice",
        "exact amounts: a JSON number is a float",
        "38 significant digits",
        "the least magnitude 1e-130",
    ],
    "all of them": ["where in the text it stops being JSON in characters", "the limits of size and depth"],
}


def _duplicates(ids: Iterable[str], count: int) -> int:
    return count - len(set(ids))


class _Struct(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    record_id: Annotated[str, msgspec.Meta(pattern=ID.replace("$", r"\Z"), min_length=1, max_length=128)]
    # Python's `re` backtracks on TEXT; this says the same.
    parameter_1: Annotated[
        str, msgspec.Meta(pattern=r"^(?=.*\S)[^\x00-\x1f\x7f-\x9f]*\Z", min_length=1, max_length=256)
    ]
    parameter_2: Decimal


_structs = msgspec.json.Decoder(list[_Struct])
_struct = msgspec.json.Decoder(_Struct)
_raws = msgspec.json.Decoder(list[msgspec.Raw])


def _msgspec_wrong(batch: bytes) -> int:
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
_Amount = Annotated[Decimal, pydantic.Field(gt=LEAST, lt=MOST)]


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


def _pydantic(kind: Any, record_id: Callable[[Any], str]) -> tuple[Wrong, Objects]:
    validate = pydantic.TypeAdapter(list[kind]).validate_json

    def objects(batch: bytes) -> Sequence[Any]:
        orders: list[Any] = validate(batch)
        if _duplicates(map(record_id, orders), len(orders)):
            raise ValueError("duplicates")
        return orders

    def wrong(batch: bytes) -> int:
        try:
            orders = validate(batch)
        except pydantic.ValidationError as error:
            return len({problem["loc"][0] for problem in error.errors(include_url=False)})
        return _duplicates(map(record_id, orders), len(orders))

    return wrong, objects


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


def _schema_wrong(batch: bytes) -> int:
    orders = orjson.loads(batch)
    if not _schema.is_valid(orders):
        return len({error.instance_path[0] for error in _schema.iter_errors(orders)})
    return _duplicates(map(itemgetter("record_id"), orders), len(orders))


def _schema_objects(batch: bytes) -> Sequence[Any]:
    orders: list[Any] = orjson.loads(batch)
    if not _schema.is_valid(orders) or _duplicates(map(itemgetter("record_id"), orders), len(orders)):
        raise ValueError("not valid")
    return orders


LISTING = gridbid.Limits(orders=2**32 - 1, bytes=2**32 - 1, listed=2**32 - 1)
_INDEX = re.compile(r"/(\d+)")


def _gridbid_verdict(batch: bytes) -> int:
    return gridbid.validate_orders(batch, limits=LISTING).total


def _gridbid_wrong(batch: bytes) -> int:
    report = gridbid.validate_orders(batch, limits=LISTING)
    return 0 if report else len({violation.index for violation in report})


def _gridbid_objects(batch: bytes) -> Sequence[Any]:
    return gridbid.parse_orders(batch, limits=LISTING)


def _gridbid_column(batch: bytes) -> int:
    return len(gridbid.parse_orders(batch, limits=LISTING).column("record_id"))


def _attributes(objects: Objects) -> Read:
    """A loop over the orders that reads every field."""

    def read(batch: bytes) -> int:
        count = 0
        for order in objects(batch):
            _ = order.record_id, order.parameter_1, order.parameter_2
            count += 1
        return count

    return read


def _items(objects: Objects) -> Read:
    """The same for orders that are dictionaries."""

    def read(batch: bytes) -> int:
        count = 0
        for order in objects(batch):
            _ = order["record_id"], order["parameter_1"], order["parameter_2"]
            count += 1
        return count

    return read


def _kept(objects: Objects) -> Read:
    """All orders in a list."""
    return lambda batch: len(list(objects(batch)))


_model_wrong, _model_objects = _pydantic(_Model, attrgetter("record_id"))
_typed_wrong, _typed_objects = _pydantic(_Typed, itemgetter("record_id"))

OURS = "gridbid"

VALIDATE: dict[str, Wrong] = {
    OURS: _gridbid_wrong,
    "gridbid, messages not read": _gridbid_verdict,
    "pydantic models": _model_wrong,
    "pydantic TypedDict": _typed_wrong,
    "msgspec": _msgspec_wrong,
    "orjson + jsonschema-rs": _schema_wrong,
}
"""How many orders are wrong; where any are, with a sentence made for each."""

OBJECTS: dict[str, Read] = {
    OURS: _attributes(_gridbid_objects),
    "gridbid, one column": _gridbid_column,
    "pydantic models": _attributes(_model_objects),
    "pydantic TypedDict": _items(_typed_objects),
    "msgspec": _attributes(_msgspec_objects),
    "orjson + jsonschema-rs": _items(_schema_objects),
}
"""A loop over the orders that reads every field of each."""

KEPT: dict[str, Read] = {
    OURS: _kept(_gridbid_objects),
    "pydantic models": _kept(_model_objects),
    "pydantic TypedDict": _kept(_typed_objects),
    "msgspec": _kept(_msgspec_objects),
    "orjson + jsonschema-rs": _kept(_schema_objects),
}
"""All orders in a list at once."""
