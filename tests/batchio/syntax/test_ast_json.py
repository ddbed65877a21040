import gzip
import hashlib
import json
import math
import pickle
from pathlib import Path
from typing import Any

import fsspec
import orjson
import pytest

from batchio.errors import InputError
from batchio.syntax.ast_json import BadJson, Contents, Document, read_documents

TREE = b'{"type":"Program","body":[{"type":"EmptyStatement","start":0}]}'
BOMS = {
    "utf-8": b"\xef\xbb\xbf",
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
    "utf-32-le": b"\xff\xfe\0\0",
    "utf-32-be": b"\0\0\xfe\xff",
}


def contents(folder: Path, data: bytes, *, max_bytes: int = 10**8, stream: int = 10**7) -> Contents:
    file = folder / "tree.json"
    file.write_bytes(data)
    return read_documents(str(file), max_bytes=max_bytes, stream_bytes=stream)


def read(folder: Path, data: bytes, **limits: int) -> list[Document | BadJson]:
    return list(contents(folder, data, **limits).documents)


def top(folder: Path, data: bytes) -> Any:
    (document,) = read(folder, data)
    assert isinstance(document, Document), document
    (piece,) = document.pieces
    return piece


def bad(folder: Path, data: bytes, **limits: int) -> BadJson:
    (fault,) = read(folder, data, **limits)
    assert isinstance(fault, BadJson)
    return fault


def test_a_file_is_one_document_of_one_piece(tmp_path):
    found = contents(tmp_path, TREE)
    assert (found.sha256, found.size) == (hashlib.sha256(TREE).hexdigest(), len(TREE))
    (document,) = found.documents
    assert list(document.pieces) == list(document.pieces) == [json.loads(TREE)]
    assert (document.line, document.sha256) == (0, found.sha256)


def test_real_files_are_what_another_decoder_reads(ast_data):
    broken = []
    for file in sorted(ast_data.rglob("*.json")):
        (document,) = read_documents(str(file), max_bytes=10**8, stream_bytes=10**8).documents
        if isinstance(document, BadJson):
            broken.append((file.read_bytes(), document))
        else:
            assert list(document.pieces) == [json.loads(file.read_bytes())], file
    assert len(broken) == 26
    for data, fault in broken:
        with pytest.raises(json.JSONDecodeError) as expected:
            json.loads(data)
        assert (fault.line, fault.column) == (expected.value.lineno, expected.value.colno)
        assert data[fault.byte :].startswith(b"%EVMVERSION%")


def test_gzip_is_told_by_its_content(tmp_path):
    zipped = gzip.compress(TREE)
    found = contents(tmp_path, zipped)
    assert (found.sha256, found.size) == (hashlib.sha256(zipped).hexdigest(), len(TREE))
    (document,) = found.documents
    assert list(document.pieces) == [json.loads(TREE)]
    assert document.sha256 == hashlib.sha256(TREE).hexdigest()


def test_gzip_of_several_members_with_padding(tmp_path):
    members = [gzip.compress(TREE[:20]), gzip.compress(b""), gzip.compress(TREE[20:]), bytes(512)]
    assert top(tmp_path, b"".join(members)) == json.loads(TREE)


def test_a_file_on_another_storage():
    with fsspec.open("memory://trees/a.json.gz", "wb") as file:
        file.write(gzip.compress(TREE))
    found = read_documents("memory://trees/a.json.gz", max_bytes=1000, stream_bytes=1000)
    (document,) = found.documents
    assert list(document.pieces) == [json.loads(TREE)]


@pytest.mark.parametrize("encoding", BOMS)
@pytest.mark.parametrize("mark", [True, False])
def test_every_encoding_of_unicode(tmp_path, encoding, mark):
    text = '{"naïve": "🌳 日本"}'
    data = BOMS[encoding] * mark + text.encode(encoding)
    assert top(tmp_path, data) == {"naïve": "🌳 日本"}


def test_half_a_surrogate_pair_can_be_written_as_utf8(tmp_path):
    source = (
        rb'["\ud800", "a\uDC00b", "\ud83d\ude00", "\\ud800", "\ud800\ud83d\ude00", "\ude00\ud83d"]'
    )
    expected = ["\ufffd", "a\ufffdb", "😀", "\\ud800", "\ufffd😀", "\ufffd\ufffd"]
    assert top(tmp_path, source) == expected


def test_half_a_surrogate_pair_in_a_key(tmp_path):
    assert top(tmp_path, rb'{"\udfff": {"\ud800x": 1}}') == {"\ufffd": {"\ufffdx": 1}}


def test_numbers_that_json_does_not_know(tmp_path):
    nan, *others = top(tmp_path, b"[NaN, Infinity, -Infinity, 1e400, -1e400]")
    assert math.isnan(nan)
    assert others == [math.inf, -math.inf, math.inf, -math.inf]


@pytest.mark.parametrize("more", [b"", b", NaN"])
def test_whole_numbers_of_any_length(tmp_path, more):
    source = b"[1%s, 1%s%s]" % (b"0" * 30, b"0" * 9000, more)
    assert top(tmp_path, b"[%d]" % 2**63) == [2**63]
    assert top(tmp_path, source)[:2] == [10**30, math.inf]


def test_the_last_of_equal_keys_counts(tmp_path):
    assert top(tmp_path, b'{"a": 1, "b": 2, "a": 3}') == {"a": 3, "b": 2}
    assert top(tmp_path, b'{"a": NaN, "b": 2, "a": 3}') == {"a": 3, "b": 2}


def test_one_tree_a_line(tmp_path):
    lines = [b'{"a":1}', b"", b" [2] ", b"  ", b'{"c":"\xc3\xa9"}\r', b'["\\ud800", NaN]']
    documents = read(tmp_path, b"\n".join(lines))
    assert [document.line for document in documents] == [1, 3, 5, 6]
    first, second, third, fourth = (next(iter(document.pieces)) for document in documents)
    assert (first, second, third, fourth[0]) == ({"a": 1}, [2], {"c": "é"}, "\ufffd")
    assert documents[2].sha256 == hashlib.sha256(b'{"c":"\xc3\xa9"}').hexdigest()


@pytest.mark.parametrize("encoding", BOMS)
def test_a_broken_line_costs_only_itself(tmp_path, encoding):
    lines = ['{"é🌳":1}', '{"é🌳":[1,,2]}', '{"b":', '{"c":3}']
    text = "\r\n".join(lines)
    documents = read(tmp_path, BOMS[encoding] + text.encode(encoding))
    assert [type(document) for document in documents] == [Document, BadJson, BadJson, Document]
    _, comma, cut, last = documents
    assert (last.line, list(last.pieces)) == (4, [{"c": 3}])
    assert (comma.kind, comma.line, comma.column) == ("invalid_json", 2, 10)
    before = text.encode(encoding).index(",,".encode(encoding)) + len(",".encode(encoding))
    assert comma.byte == len(BOMS[encoding]) + before
    assert (cut.kind, cut.line, cut.column) == ("truncated", 3, 7)


def test_a_broken_first_line_costs_only_itself(tmp_path):
    fault, document = read(tmp_path, b'{"a":[1,2\n{"b":1}\n')
    assert (fault.kind, fault.line, fault.column, fault.byte) == ("truncated", 1, 10, 9)
    assert (document.line, list(document.pieces)) == (2, [{"b": 1}])


def test_a_comment_above_a_tree_makes_no_lines(tmp_path):
    fault = bad(tmp_path, b"// made by hand\n[1]")
    assert (fault.kind, fault.byte) == ("invalid_json", 0)


def test_a_line_that_is_no_json_above_trees_costs_only_itself(tmp_path):
    fault, *documents = read(tmp_path, b"3 files\n[1]\n[2]")
    assert (fault.kind, fault.line, fault.column) == ("invalid_json", 1, 3)
    assert [list(document.pieces) for document in documents] == [[[1]], [[2]]]


def test_a_line_in_another_encoding_costs_only_itself(tmp_path):
    good, fault, last = read(tmp_path, b'{"a":1}\n{"\xc3\xa9":"\xff"}\n{"c":1}')
    assert (fault.kind, fault.byte, fault.line, fault.column) == ("invalid_encoding", 15, 2, 7)
    assert list(good.pieces) + list(last.pieces) == [{"a": 1}, {"c": 1}]


def test_documents_that_follow_one_another_otherwise_are_invalid(tmp_path):
    pretty = json.dumps(json.loads(TREE), indent=2)
    fault = bad(tmp_path, f"{pretty}\n{pretty}\n".encode())
    assert fault.kind == "invalid_json"
    assert (fault.line, fault.column, fault.byte) == (pretty.count("\n") + 2, 1, len(pretty) + 1)


def test_few_trees_on_one_line_among_many_lines_make_no_lines(tmp_path):
    pretty = json.dumps(json.loads(TREE), indent=2)
    fault = bad(tmp_path, f"[1]\n[2]\n{pretty}".encode())
    assert (fault.kind, fault.line, fault.column) == ("invalid_json", 2, 1)


def test_an_error_says_where_and_what_to_do(tmp_path):
    fault = bad(tmp_path, b'{"a": tru, "b": 1}')
    assert isinstance(fault, InputError)
    assert str(fault) == (
        f"{tmp_path}/tree.json: read: expected a value, found 'tru' at line 1, column 7 (byte 6); "
        "dump or fetch it again"
    )


def test_an_error_survives_pickling(tmp_path):
    fault = bad(tmp_path, b"[1,]")
    again = pickle.loads(pickle.dumps(fault))
    assert (str(again), vars(again)) == (str(fault), vars(fault))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BadJson, match="No such file") as caught:
        read_documents(str(tmp_path / "none.json"), max_bytes=1, stream_bytes=1)
    assert (caught.value.kind, caught.value.line) == ("unreadable", None)


def test_a_file_is_not_read_when_it_is_too_large(tmp_path):
    (tmp_path / "a.json").write_bytes(bytes(1001))
    with pytest.raises(BadJson, match="larger than 1,000 bytes") as caught:
        read_documents(str(tmp_path / "a.json"), max_bytes=1000, stream_bytes=1000)
    assert caught.value.kind == "too_large"


def test_orjson_is_asked_first(tmp_path, monkeypatch):
    monkeypatch.setattr(orjson, "loads", lambda data: ("orjson", data))
    assert top(tmp_path, TREE) == ("orjson", TREE)
