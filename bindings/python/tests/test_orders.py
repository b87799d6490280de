"""Orders: exact amounts, sequence behaviour and columns."""

import dataclasses
import json
import pickle
from collections.abc import Sequence
from decimal import Decimal, localcontext

import pytest

from gridbid import BULK, InvalidOrders, Order, Orders, _core, parse_orders


def body(*amounts: str, text: str = "x") -> str:
    orders = (
        f'{{"record_id":"a{n}","parameter_1":"{text}{n}","parameter_2":{amount}}}' for n, amount in enumerate(amounts)
    )
    return "[" + ",".join(orders) + "]"


AMOUNTS = [
    *("4", "2.10", "-0", "-0.0", "1e2", "0.1", "9007199254740993", "0.10000000000000000000000000001"),
    *("99999999999999999999999999999999999999", "-1.2345678901234567890123456789012345678"),
    *("1E-130", "9.9999999999999999999999999999999999999e125"),
]


def test_amounts_are_exact_in_any_decimal_context(core: _core.Core) -> None:
    orders = parse_orders(body(*AMOUNTS))
    expected = [Decimal(amount) for amount in AMOUNTS]
    with localcontext(prec=3, Emax=9, Emin=-9):
        parsed = [order.parameter_2 for order in orders]
        column = orders.column("parameter_2")
    assert parsed == column == expected
    assert str(parsed[1]) == "2.1"
    assert str(parsed[2]) == str(parsed[3]) == "0"


SOURCES = {
    "ascii": body("1", "2.5", "3"),
    "ascii with amounts in other notations": body("1.0", "2.5", "3e0"),
    "escapes": '[{"record_id":"\\u0061","parameter_1":"\\u00e9\\ud83d\\ude00","parameter_2":1},'
    '{"record_id":"b","parameter_1":"\\"","parameter_2":1}]',
    "not ascii": body("1", "2.50", "3", text="данные 😀 "),
    "not ascii, escapes": body("1", "2.50", "3", text="данные \\u0062 \\u00e9"),
    "ascii, escapes of ascii": body("1", "2.50", text="\\u0062"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_bytes_and_str_give_the_same_orders(core: _core.Core, name: str) -> None:
    text = SOURCES[name]
    expected = [Order(**fields) for fields in json.loads(text, parse_float=Decimal, parse_int=Decimal)]
    for orders in (parse_orders(text), parse_orders(text.encode()), parse_orders(bytearray(text.encode()))):
        assert list(orders) == expected
        assert [orders[at] for at in range(len(orders))] == expected
        assert orders.column("record_id") == [order.record_id for order in expected]
        assert orders.column("parameter_1") == [order.parameter_1 for order in expected]
        assert orders.column("parameter_2") == [order.parameter_2 for order in expected]
        assert all(type(value) is str for value in orders.column("parameter_1"))


def test_order_is_a_frozen_dataclass() -> None:
    order = Order("a", "x", Decimal("2.1"))
    assert dataclasses.asdict(order) == {"record_id": "a", "parameter_1": "x", "parameter_2": Decimal("2.1")}
    parsed = parse_orders('[{"record_id":"a","parameter_1":"x","parameter_2":2.10}]')[0]
    assert parsed == order
    assert hash(parsed) == hash(order)
    assert repr(parsed) == "Order(record_id='a', parameter_1='x', parameter_2=Decimal('2.1'))"
    assert dataclasses.replace(parsed, record_id="b") == Order("b", "x", Decimal("2.1"))
    assert pickle.loads(pickle.dumps(parsed)) == parsed
    with pytest.raises(dataclasses.FrozenInstanceError):
        parsed.record_id = "b"  # type: ignore[misc]
    match parsed:
        case Order(record_id, parameter_1, parameter_2):
            assert (record_id, parameter_1, parameter_2) == ("a", "x", Decimal("2.1"))


@pytest.mark.parametrize("text", ["x", "ж"])
def test_orders_are_a_sequence(core: _core.Core, text: str) -> None:
    count = 3000
    orders = parse_orders(body(*(f"{n}.50" for n in range(count)), text=text), limits=BULK)
    plain = list(orders)
    assert isinstance(orders, Sequence)
    assert len(orders) == len(plain) == count
    assert orders[0] == plain[0]
    assert orders[-1] == plain[-1] == Order(f"a{count - 1}", f"{text}{count - 1}", Decimal(f"{count - 1}.5"))
    for part in (
        *(slice(None), slice(10), slice(-10, None), slice(5, 2), slice(1, 2990, 7), slice(None, None, -1)),
        *(slice(2990, 1, -7), slice(1023, 1026), slice(0, 0)),
    ):
        sliced = orders[part]
        assert isinstance(sliced, Orders)
        assert list(sliced) == plain[part]
        assert len(sliced) == len(plain[part])
        assert sliced.column("record_id") == [order.record_id for order in plain[part]]
    assert list(reversed(orders)) == plain[::-1]
    assert plain[1500] in orders
    assert Order("b", "x", Decimal(1)) not in orders
    assert orders.index(plain[70]) == 70
    assert orders == orders[:] == pickle.loads(pickle.dumps(orders))
    assert orders != orders[1:]
    assert orders != plain
    assert orders[:0] == orders[5:5]
    for beyond in (count, -count - 1):
        with pytest.raises(IndexError):
            orders[beyond]
    with pytest.raises(KeyError):
        orders.column("parameter_3")  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        hash(orders)


def test_repr_shows_the_first_order() -> None:
    assert repr(parse_orders(body("1"))) == (
        "Orders([Order(record_id='a0', parameter_1='x0', parameter_2=Decimal('1'))])"
    )
    assert repr(parse_orders(body("1", "2", "3"))).endswith("Decimal('1')), and 2 more])")
    assert repr(parse_orders(body("1"))[:0]) == "Orders([])"


def test_orders_do_not_change_with_their_source(core: _core.Core) -> None:
    data = bytearray(body("1", "2").encode())
    orders = parse_orders(data)
    data[:] = b" " * len(data)
    parse_orders(body("7", "8", "9", text="other"))
    assert [order.record_id for order in orders] == ["a0", "a1"]


def test_invalid_request_raises_one_error_with_the_report(core: _core.Core) -> None:
    with pytest.raises(InvalidOrders) as caught:
        parse_orders(body("1", '"2"', "1e999"))
    assert isinstance(caught.value, ValueError)
    assert [violation.field for violation in caught.value.report] == ["/1/parameter_2", "/2/parameter_2"]
    assert str(caught.value) == "/1/parameter_2: `parameter_2` must be a number, not a string (and 1 more)"
    with pytest.raises(InvalidOrders, match=r"^the array holds no order: at least 1 is needed$"):
        parse_orders("[]")
    sent = pickle.loads(pickle.dumps(caught.value))
    assert sent.report == caught.value.report
    with pytest.raises(InvalidOrders, match=r"^not UTF-8 at byte 16$"):
        parse_orders('[{"record_id": "\ud800"}]')
