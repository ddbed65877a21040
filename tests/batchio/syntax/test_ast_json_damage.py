import gc
import gzip
import itertools
import json
import random
import re
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchio.syntax.ast_json import BadJson, Document, read_documents

_LONE_SURROGATE = re.compile(r"(?<!\\)\\ud[89a-f][0-9a-f]{2}")
KINDS = {"empty", "truncated", "invalid_json", "invalid_encoding", "too_large", "bad_gzip"}
SMALL = (
    '{"type": "Pro\\u00e9\\n\\ud83d\\ude00gram", "start": -12.5e+10, "é🌳": [true, false, null], '
    '"o": {}, "body": [{"a": [], "b": 10}, -0.5, 1E-7, "x\\\\"]}'
).encode()
SPOTS = {
    b"": ("empty", None),
    b" \n\t": ("empty", None),
    b"\xef\xbb\xbf \n": ("empty", None),
    b"[1,]": ("invalid_json", 3),
    b'{"a":1,}': ("invalid_json", 7),
    b"// a comment\n[1]": ("invalid_json", 0),
    b"/* a */ {}": ("invalid_json", 0),
    b'{"a":1 "b":2}': ("invalid_json", 7),
    b'{"a" 1}': ("invalid_json", 5),
    b"{'a':1}": ("invalid_json", 1),
    b"{1:1}": ("invalid_json", 1),
    b"[1 2]": ("invalid_json", 3),
    b"[01]": ("invalid_json", 2),
    b"[1.]": ("invalid_json", 2),
    b"[1.5.": ("invalid_json", 4),
    b"[.5]": ("invalid_json", 1),
    b"[+1]": ("invalid_json", 1),
    b"[nul]": ("invalid_json", 1),
    b"[1}": ("invalid_json", 2),
    b'{"a":1]': ("invalid_json", 6),
    b"]": ("invalid_json", 0),
    b'["a\nb"]': ("invalid_json", 3),
    b'["a\\xb"]': ("invalid_json", 3),
    b'["a\\u12g4"]': ("invalid_json", 3),
    b"[1] x": ("invalid_json", 4),
    b"[1]x\xff": ("invalid_json", 3),
    b"[1]e\xff": ("invalid_json", 3),
    b"[1]]": ("invalid_json", 3),
    b'["\xff"]': ("invalid_encoding", 2),
    b'["\xed\xa0\x80"]': ("invalid_encoding", 2),
    b'["\xc3': ("truncated", 2),
    b"[1,2": ("truncated", 4),
    b'["a\\u12': ("truncated", 7),
    b"[tru": ("truncated", 4),
    b"[-1.": ("truncated", 4),
    b"[1e+": ("truncated", 4),
}


def read(file: Path, data: bytes, *, max_bytes: int = 10**8, stream: int = 10**7) -> list[Any]:
    file.write_bytes(data)
    return list(read_documents(str(file), max_bytes=max_bytes, stream_bytes=stream).documents)


def bad(file: Path, data: bytes, **limits: int) -> BadJson:
    (fault,) = read(file, data, **limits)
    assert isinstance(fault, BadJson)
    return fault


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("damage") / "tree.json"


@pytest.mark.parametrize("stream", [10**7, 0], ids=["whole", "streamed"])
@pytest.mark.parametrize("data", SPOTS, ids=repr)
def test_the_first_fault_is_found(file, data, stream):
    kind, byte = SPOTS[data]
    fault = bad(file, data, stream=stream)
    assert (fault.kind, fault.byte) == (kind, byte)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("stream", [10**7, 0], ids=["whole", "streamed"])
def test_a_place_counts_bytes_of_the_file_and_characters_of_the_line(file, encoding, stream):
    before = '{"é":\r\n  ["🌳日", '
    fault = bad(file, (before + "oops]}").encode(encoding), stream=stream)
    assert (fault.kind, fault.line, fault.column) == ("invalid_json", 2, 10)
    assert fault.byte == len(before.encode(encoding))


@pytest.mark.parametrize(
    ("encoding", "junk"),
    [
        ("utf-8-sig", b"\xff"),
        ("utf-16-le", b"\0\xdc"),
        ("utf-16", b"\0\xdc"),
        ("utf-32", b"\xff" * 4),
    ],
)
def test_a_byte_that_does_not_fit_has_its_place(file, encoding, junk):
    before = '["é🌳",\n "'.encode(encoding)
    fault = bad(file, before + junk + '"]'.encode(encoding)[len("".encode(encoding)) :])
    assert (fault.kind, fault.byte) == ("invalid_encoding", len(before))
    assert (fault.line, fault.column) == (2, 3)


@pytest.mark.parametrize("stream", [10**7, 0], ids=["whole", "streamed"])
def test_cut_at_each_byte_it_is_truncated_there(file, stream):
    for size in range(1, len(SMALL)):
        fault = bad(file, SMALL[:size], stream=stream)
        whole = len(SMALL[:size].decode(errors="ignore").encode())
        assert (fault.kind, fault.byte) == ("truncated", whole), SMALL[:size]


def test_gzip_cut_at_each_byte_is_truncated(file):
    zipped = gzip.compress(SMALL)
    for size in range(2, len(zipped)):
        assert bad(file, zipped[:size]).kind == "truncated"


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(SMALL) + b"junk",
        b"\x1f\x8b\x07" + bytes(20),
        gzip.compress(SMALL)[:-8] + bytes(8),
        gzip.compress(SMALL)[:15] + b"\xff\xff\xff" + gzip.compress(SMALL)[18:],
    ],
    ids=["junk behind", "other method", "wrong checksum", "damaged"],
)
def test_gzip_that_is_damaged(file, data):
    fault = bad(file, data)
    assert (fault.kind, fault.byte) == ("bad_gzip", None)


@pytest.mark.parametrize("stream", [10**6, 10**8], ids=["streamed", "whole"])
def test_a_gzip_bomb_costs_no_more_than_the_limit(file, stream):
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(1 << 20)
    bomb = b"".join([packer.compress(zeros) for _ in range(200)] + [packer.flush()])
    file.write_bytes(bomb)
    tracemalloc.start()
    found = read_documents(str(file), max_bytes=10**7, stream_bytes=stream)
    (fault,) = found.documents
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert fault.kind == "too_large"
    assert 10**7 < found.size < 2 * 10**7
    assert peak < 5 * 10**7


def depth(value: Any) -> int:
    levels = 0
    while value:
        levels += 1
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
        if not isinstance(value, dict | list):
            break
    return levels


@pytest.mark.parametrize(
    ("levels", "leaf"),
    [
        *itertools.product([900, 1100, 5000], [b"1", b"NaN", rb'"\ud800"', b"1" * 5000]),
        (100_000, b"1"),
        (100_000, rb'"\ud800"'),
    ],
)
@pytest.mark.parametrize("stream", [10**7, 0], ids=["whole", "streamed"])
def test_any_depth_is_read_and_freed(file, levels, leaf, stream):
    data = b'[{"a":' * (levels // 2) + leaf + b"}]" * (levels // 2)
    (document,) = read(file, data, stream=stream)
    (piece,) = document.pieces
    assert depth(piece) == levels
    del document, piece
    gc.collect()


@pytest.mark.parametrize("stream", [10**7, 0], ids=["whole", "streamed"])
@pytest.mark.parametrize("part", [b"[", b'{"a":', b'[{"a":'])
def test_openings_without_end_are_truncated(file, part, stream):
    fault = bad(file, part * 100_000, stream=stream)
    assert (fault.kind, fault.byte) == ("truncated", 100_000 * len(part))


def test_a_fault_far_down_has_its_place(file):
    fault = bad(file, b"[\n" * 100_000 + b" %")
    assert (fault.line, fault.column, fault.byte) == (100_001, 2, 200_001)


def outcome(file: Path, data: bytes, **limits: int) -> list[Any]:
    results = []
    for document in read(file, data, **limits):
        if isinstance(document, Document):
            results.extend(document.pieces)
        else:
            assert document.kind in KINDS
            results.append(document)
    return results


@given(data=st.binary(max_size=300), stream=st.sampled_from([0, 10**6]))
@settings(max_examples=300)
def test_any_bytes_give_a_result_or_our_error(tmp_path_factory, data, stream):
    file = tmp_path_factory.getbasetemp() / "any.json"
    outcome(file, data, stream=stream)
    outcome(file, b"\x1f\x8b\x08" + data, stream=stream)


@given(
    data=st.lists(
        st.sampled_from([*'{}[]",:.-+0e \n\\u', "true", "nul", "12", '"a"', "\ud7ff", "NaN"])
    ),
    stream=st.sampled_from([0, 10**6]),
)
@settings(max_examples=500)
def test_marks_in_any_order_are_judged_as_by_another_decoder(tmp_path_factory, data, stream):
    file = tmp_path_factory.getbasetemp() / "marks.json"
    agrees_with_json(file, "".join(data), stream)


@given(
    at=st.integers(0, len(SMALL.decode()) - 1),
    length=st.integers(0, 3),
    put=st.text('{}[]",:x0.-e\n\\', max_size=3),
    stream=st.sampled_from([0, 10**6]),
)
@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
def test_a_mutation_is_judged_as_by_another_decoder(tmp_path_factory, at, length, put, stream):
    text = SMALL.decode()
    file = tmp_path_factory.getbasetemp() / "mutation.json"
    agrees_with_json(file, text[:at] + put + text[at + length :], stream)


def agrees_with_json(file: Path, text: str, stream: int) -> None:
    found = outcome(file, text.encode(), stream=stream)
    expected, error = judged_by_json(text)
    faults = [each for each in found if isinstance(each, BadJson)]
    if error is None:
        assert repr(found) == _LONE_SURROGATE.sub("\ufffd", repr([expected]))
    elif len(found) == 1 and found[0].kind == "invalid_json" and error.msg in SAME_PLACE:
        assert (found[0].line, found[0].column) == (error.lineno, error.colno), text
    else:
        assert faults or len(found) > 1


def judged_by_json(text: str) -> tuple[Any, json.JSONDecodeError | None]:
    try:
        return json.loads(text), None
    except json.JSONDecodeError as error:
        return None, error


SAME_PLACE = {
    "Expecting value",
    "Expecting ',' delimiter",
    "Expecting ':' delimiter",
    "Invalid control character at",
    "Extra data",
}


def test_flipped_bytes_in_real_files(ast_data, file):
    rng = random.Random(7)
    for source in sorted(ast_data.rglob("*.json"))[::40]:
        data = bytearray(source.read_bytes()[:20_000])
        for _ in range(5):
            data[rng.randrange(len(data))] = rng.randrange(256)
            outcome(file, bytes(data))
            outcome(file, gzip.compress(bytes(data)), stream=1000)
