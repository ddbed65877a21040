import gzip
import hashlib
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchio.syntax import ast_json, ast_json_content, ast_json_stream
from batchio.syntax.ast_json import BadJson, Document, read_documents

NODES = [
    {"type": "N", "start": i, "name": "é🌳" * (i % 5), "kids": [i] * (i % 7)} for i in range(90)
]


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(ast_json_stream, "_PIECE_CHARACTERS", 500)
    monkeypatch.setattr(ast_json_stream, "_WINDOW_CHARACTERS", 64)
    monkeypatch.setattr(ast_json, "_CHUNK_BYTES", 13)
    monkeypatch.setattr(ast_json_content, "_PART_BYTES", 17)


def streamed(folder: Path, data: bytes) -> list[Any]:
    file = folder / "big.json"
    file.write_bytes(data)
    found = read_documents(str(file), max_bytes=10**8, stream_bytes=100)
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    (document,) = found.documents
    assert isinstance(document, Document), document
    assert document.line == 0
    return list(document.pieces)


def joined(pieces: list[Any], *path: str) -> list[Any]:
    items: list[Any] = []
    for piece in pieces:
        for key in path:
            piece = piece[key]
        assert piece
        items.extend(piece)
    return items


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("key", ["body", "inner", "nodes", "children", "classes"])
def test_each_piece_is_the_top_with_the_next_children(tmp_path, tiny, key, pack, indent):
    small = {"kind": "Top", "loc": {"line": 1}, "after": ["x"]}
    tree = {"kind": "Top", "loc": {"line": 1}, key: NODES, "after": ["x"]}
    pieces = streamed(tmp_path, pack(json.dumps(tree, indent=indent).encode()))
    assert len(pieces) > 5
    assert joined(pieces, key) == NODES
    assert all({k: v for k, v in piece.items() if k != key} == small for piece in pieces)
    assert all(list(piece) == list(tree) for piece in pieces)


def test_a_list_comes_in_lists(tmp_path, tiny):
    pieces = streamed(tmp_path, json.dumps(NODES).encode())
    assert len(pieces) > 5
    assert joined(pieces) == NODES


def test_the_body_of_a_babel_program(tmp_path, tiny):
    program = {"type": "Program", "body": NODES, "tokens": NODES, "directives": []}
    tree = {"comments": NODES, "type": "File", "program": program, "tokens": NODES, "errors": []}
    pieces = streamed(tmp_path, json.dumps(tree).encode())
    assert joined(pieces, "program", "body") == NODES
    for piece in pieces:
        assert piece["program"] | {"body": []} == {"type": "Program", "body": [], "directives": []}
        assert set(piece) == {"type", "program", "errors"}


def test_the_last_of_equal_spines_counts(tmp_path, tiny):
    source = json.dumps({"body": NODES[:60], "Body": NODES[60:], "type": "Module"})
    pieces = streamed(tmp_path, source.replace("Body", "body").encode())
    assert joined(pieces, "body") == NODES[60:]


def test_an_empty_spine_and_one_that_is_no_list_are_ordinary_keys(tmp_path, tiny):
    tree = {"body": [], "inner": {"a": NODES[:9]}, "nodes": None, "children": NODES}
    pieces = streamed(tmp_path, json.dumps(tree).encode())
    assert joined(pieces, "children") == NODES
    assert all(piece | {"children": NODES} == tree for piece in pieces)


@pytest.mark.parametrize("tree", [{"ast": NODES}, {"body": []}, [], {}, "x" * 500, 1.5])
def test_without_a_spine_there_is_one_piece(tmp_path, tiny, tree):
    assert streamed(tmp_path, b" " * 101 + json.dumps(tree).encode()) == [tree]


def test_what_only_slower_readers_take(tmp_path, tiny):
    source = b'\xef\xbb\xbf{"body":[' + b"[NaN]," * 50 + rb'"\ud800","\ud83d\ude00"],"n":NaN}'
    last = streamed(tmp_path, source)[-1]
    assert last["body"][-2:] == ["\ufffd", "😀"]
    assert str(last["n"]) == "nan"


def test_utf16(tmp_path, tiny):
    tree = {"type": "Program", "body": NODES}
    pieces = streamed(tmp_path, json.dumps(tree, ensure_ascii=False).encode("utf-16"))
    assert joined(pieces, "body") == NODES


def test_deep_children_of_a_big_file(tmp_path, tiny):
    source = b'{"body":[%s,%s],"type":"Program"}' % (b"[" * 3000 + b"]" * 3000, b"[]," * 300 + b"1")
    pieces = streamed(tmp_path, source)
    assert len(pieces) > 1
    assert joined(pieces, "body")[1:] == [[]] * 300 + [1]
    assert pieces[-1]["type"] == "Program"


def test_a_file_from_elsewhere_and_its_pieces_twice(tiny):
    with fsspec.open("memory://big/a.json", "wb") as file:
        file.write(json.dumps({"body": NODES}).encode())
    found = read_documents("memory://big/a.json", max_bytes=10**6, stream_bytes=100)
    (document,) = found.documents
    assert joined(list(document.pieces), "body") == joined(list(document.pieces), "body") == NODES


def test_real_files_streamed_are_what_another_decoder_reads(ast_data, tmp_path, tiny):
    for source in sorted(ast_data.rglob("*.json"))[::25]:
        try:
            tree = json.loads(source.read_bytes())
        except json.JSONDecodeError:
            continue
        (document,) = read_documents(str(source), max_bytes=10**8, stream_bytes=0).documents
        assert merged(document.pieces) == without_tokens(tree), source


def merged(pieces: Any) -> Any:
    whole, *others = pieces
    for piece in others:
        into, new = whole, piece
        if isinstance(into, dict) and "program" in into:
            into, new = into["program"], new["program"]
        if isinstance(into, dict):
            (key,) = [k for k in into if k in ast_json_stream.SPINES and into[k] != []][:1]
            into, new = into[key], new[key]
        into.extend(new)
    return whole


def without_tokens(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    kept = {
        key: value
        for key, value in tree.items()
        if key not in ("tokens", "comments") or not isinstance(value, list)
    }
    if "program" in kept:
        kept["program"] = without_tokens(kept["program"])
    return kept


@pytest.mark.parametrize("cut", [b"", b"]", b'],"a":tru'])
def test_a_big_file_that_breaks_off_has_no_pieces(tmp_path, tiny, cut):
    data = json.dumps({"type": "Program", "body": NODES}).encode()[:-2] + cut
    (tmp_path / "cut.json").write_bytes(data)
    found = read_documents(str(tmp_path / "cut.json"), max_bytes=10**6, stream_bytes=100)
    (fault,) = found.documents
    assert (fault.kind, fault.byte, fault.line) == ("truncated", len(data), 1)


def test_a_fault_in_a_big_file_has_its_place(tmp_path, tiny):
    text = json.dumps({"type": "Program", "body": NODES}, indent=1, ensure_ascii=False)
    at = text.index('"start": 55') + len('"start"')
    broken = text[:at] + ";" + text[at + 1 :]
    (tmp_path / "a.json").write_bytes(broken.encode())
    found = read_documents(str(tmp_path / "a.json"), max_bytes=10**6, stream_bytes=100)
    (fault,) = found.documents
    with pytest.raises(json.JSONDecodeError) as expected:
        json.loads(broken)
    assert (fault.line, fault.column) == (expected.value.lineno, expected.value.colno)
    assert fault.byte == len(text[:at].encode())


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_big_file_of_one_tree_a_line(tmp_path, tiny, pack):
    lines = [json.dumps(node, ensure_ascii=False) for node in NODES]
    lines[3] = "{broken"
    (tmp_path / "a.ndjson").write_bytes(pack("\n".join(lines).encode()))
    found = read_documents(str(tmp_path / "a.ndjson"), max_bytes=10**6, stream_bytes=100)
    documents = list(found.documents)
    assert [d.line for d in documents] == list(range(1, 91))
    assert [d.line for d in documents if isinstance(d, BadJson)] == [4]
    good = [piece for d in documents if isinstance(d, Document) for piece in d.pieces]
    assert good == NODES[:3] + NODES[4:]


def test_a_file_that_changes_meanwhile_gives_our_error(tmp_path, tiny):
    file = tmp_path / "a.json"
    file.write_bytes(json.dumps({"body": NODES}).encode())
    (document,) = read_documents(str(file), max_bytes=10**6, stream_bytes=100).documents
    file.write_bytes(b"")
    with pytest.raises(BadJson, match="changed"):
        list(document.pieces)
    file.unlink()
    with pytest.raises(BadJson, match="No such file"):
        list(document.pieces)


def test_a_file_that_is_gone_meanwhile_gives_our_error(tmp_path, tiny):
    file = tmp_path / "a.json"
    file.write_bytes(json.dumps({"body": NODES}).encode())
    found = read_documents(str(file), max_bytes=10**6, stream_bytes=100)
    file.unlink()
    (fault,) = found.documents
    assert (fault.kind, fault.path) == ("unreadable", str(file))


def test_lines_before_one_in_another_encoding_are_read(tmp_path, tiny):
    good = "[1]\n" * 30
    file = tmp_path / "a.ndjson"
    file.write_bytes(good.encode("utf-16") + b"\0\xdc[\0]\0")
    *documents, fault = read_documents(str(file), max_bytes=10**6, stream_bytes=100).documents
    assert [list(document.pieces) for document in documents] == [[[1]]] * 30
    assert (fault.kind, fault.byte, fault.line) == ("invalid_encoding", 2 + 2 * len(good), 31)


def test_memory_stays_flat(tmp_path):
    file = tmp_path / "big.json.gz"
    item = json.dumps({"type": "N", "kids": [{"type": "M", "n": n} for n in range(400)]})
    file.write_bytes(gzip.compress(f'{{"body":[{",".join([item] * 1000)}]}}'.encode(), 1))
    tracemalloc.start()
    (document,) = read_documents(str(file), max_bytes=10**8, stream_bytes=10**6).documents
    count = sum(len(piece["body"]) for piece in document.pieces)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 1000
    assert peak < len(item) * 1000 * 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


def cuts(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


@given(items=st.lists(JSON, min_size=1), after=JSON, size=st.integers(1, 9), indent=st.booleans())
@settings(max_examples=200)
def test_cut_anywhere_the_text_is_the_same(items, after, size, indent):
    tree = {"type": "Program", "body": items, "after": after}
    text = json.dumps(tree, indent=2 if indent else None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ast_json_stream, "_WINDOW_CHARACTERS", 1)
        outline = ast_json_stream.read_outline(cuts(text, size))
        pieces = list(ast_json_stream.read_pieces(cuts(text, size), outline))
    assert joined(pieces, "body") == items
    assert pieces[0] == tree
