"""Both implementations of instances give the same results on thousands of mutated requests."""

import random
from collections.abc import Iterator

from conftest import engine, module

from gridbid import _instance, _module
from gridbid.limits import BULK, DEFAULT, Limits

SMALL = Limits(orders=3, bytes=400, depth=4, listed=5)

BODIES = [
    '[{"record_id":"unique_id_1","parameter_1":"abc","parameter_2":4},'
    '{"record_id":"b","parameter_1":" déf","parameter_2":-2.10}]',
    ' [ {"parameter_2" : 1e-7, "record_id" : "A.b:c-d_e", "parameter_1" : "\\ud83d\\ude00 x"} ] ',
    '[{"record_id":"a","x":[{"y":[]}],"parameter_1":"","parameter_2":"1"},7,{"record_id":"a"}]',
]
TOKENS = [
    *(b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b" ", b"0", b"-", b".", b"e", b"1e400", b"00", b"null", b"\0"),
    *(b"\\u", b"\\ud83d", b"\\u0041", b"\xff", b"\xc3\xa9", b"\xed\xa0\x80", b"\xe3\x80\x80", b"[[[[", b'{"a":{'),
    *(b'"record_id"', b'"parameter_1":', b'"parameter_2":1,', b'{"record_id":"a","parameter_1":"x","parameter_2":1},'),
]


def mutate_requests(count: int) -> Iterator[bytes]:
    """Yields requests with random changes, the same ones each time."""
    draw = random.Random(1)
    body = bytearray()
    for number in range(count):
        if number % 6 == 0:
            body = bytearray(draw.choice(BODIES).encode())
        at, length = draw.randrange(len(body) + 1), draw.randrange(1, 7)
        match draw.randrange(3):
            case 0:
                body[at:at] = draw.choice(TOKENS)
            case 1:
                del body[at : at + length]
            case _:
                body[at:at] = body[draw.randrange(len(body) + 1) :][: length * 10]
        yield bytes(body)


def test_installed_wasmtime_is_a_tested_version() -> None:
    assert _module.wasmtime_version() in _instance.UNCHECKED_VERSIONS


def test_implementations_agree() -> None:
    unchecked, public = _instance.UncheckedInstance(module(), engine()), _instance.PublicInstance(module(), engine())
    valid = 0
    for number, body in enumerate(mutate_requests(6000)):
        limits = (DEFAULT, SMALL, BULK, Limits(listed=1))[number % 4]
        verdict = unchecked.check(body, limits)
        assert verdict == public.check(body, limits), body
        assert unchecked.parse(body, limits) == public.parse(body, limits), body
        assert unchecked.query("gridbid_decision", body) == public.query("gridbid_decision", body), body
        assert unchecked.check(body, limits) == verdict, body
        valid += not verdict[1]
    assert 40 < valid < 5900


def test_implementations_agree_while_memory_grows() -> None:
    unchecked, public = _instance.UncheckedInstance(module(), engine()), _instance.PublicInstance(module(), engine())
    for count in (1, 100, 20_000, 3, 60_000, 1):
        orders = (f'{{"record_id":"a{n}","parameter_1":"ж","parameter_2":{n}.50}}' for n in range(count))
        body = ("[" + ",".join(orders) + "]").encode()
        for limits in (BULK, DEFAULT, Limits(orders=2**31, bytes=2**32 - 1, depth=255, listed=2**32 - 1)):
            assert unchecked.check(body, limits) == public.check(body, limits)
            assert unchecked.parse(body, limits) == public.parse(body, limits)
    assert unchecked.size() == public.size() > 5_000_000
