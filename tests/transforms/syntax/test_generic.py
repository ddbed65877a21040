import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from taken_trees import all_of, named, take, take_pieces

from transforms.syntax.clang import Clang
from transforms.syntax.generic import Generic
from transforms.syntax.solc import Solc

Json = dict[str, Any]


def dicts_with(value: Any, key: str) -> Iterator[Json]:
    if isinstance(value, list):
        for item in value:
            yield from dicts_with(item, key)
    elif isinstance(value, dict) and isinstance(value.get(key), str):
        yield value
        for item in value.values():
            yield from dicts_with(item, key)


@pytest.mark.parametrize(
    ("folder", "key", "line"),
    [("estree_acorn", "type", "loc.start.line"), ("python_ast", "_type", "lineno")],
)
def test_nodes_of_real_dumps_are_counted(ast_data: Path, folder: str, key: str, line: str) -> None:
    shape = Generic(key, line_key=line)
    for path in sorted((ast_data / folder).rglob("*.json"))[:20]:
        top = json.loads(path.read_text())
        out = take(shape, top)
        walked = list(shape.walk(top))
        assert out.kinds == Counter(node[key] for node in dicts_with(top, key))
        assert out.kinds == Counter(node.kind for node in walked)
        assert (out.nodes, out.max_depth) == (len(walked), max(node.depth for node in walked))
        assert out.line_last == max(node.line for node in walked)


def test_the_children_are_those_under_the_key(ast_data: Path) -> None:
    packed = ast_data / "clang/ujson/ultrajsondec.c.json.gz"
    top = json.loads(gzip.decompress(packed.read_bytes()))
    assert take(Generic("kind", "inner"), top).kinds == take(Clang(), top).kinds
    assert take(Generic("kind"), top).nodes > take(Generic("kind", "inner"), top).nodes


def test_solidity_is_counted_as_by_its_own_shape(ast_data: Path) -> None:
    top = json.loads((ast_data / "solidity/two_base_functions.json").read_text())
    generic, solc = take(Generic("nodeType"), top), take(Solc(), top)
    assert generic.kinds == solc.kinds
    assert [(s.kind, s.name) for s in generic.symbols] == [
        ("function", "f"),
        ("function", "f"),
        ("function", "f"),
    ]


def node(kind: str, **more: Any) -> Json:
    return {"k": kind, "line": 5, **more}


@pytest.mark.parametrize(
    ("kind", "symbol"),
    [
        ("FunctionDecl", "function"),
        ("async_function_definition", "function"),
        ("Enum", "enum"),
        ("ClassDeclaration", "class"),
        ("fn_item", "function"),
        ("CXXMethodDecl", "method"),
        ("HTTPInterface", "interface"),
    ],
)
def test_words_of_a_kind_tell_what_is_defined(kind: str, symbol: str) -> None:
    out = take(Generic("k", "", "line"), node(kind, name="a"))
    assert [(s.kind, s.name, s.line_start) for s in out.symbols] == [(symbol, "a", 5)]
    assert out.symbols[0].complexity == 0


@pytest.mark.parametrize("kind", ["FunctionCall", "ClassBody", "EnumValue", "Malfunction", "decl"])
def test_other_words_define_nothing(kind: str) -> None:
    assert take(Generic("k"), node(kind, name="a")).symbols == []


def test_names_stand_under_several_keys() -> None:
    named_by = [{"identifier": "b"}, {"id": {"k": "Identifier", "name": "c"}}, {"id": "0x7f"}]
    top = node("Module", body=[node("Function", **names) for names in named_by])
    assert [s.name for s in take(Generic("k"), top).symbols] == ["b", "c"]


def test_calls_have_their_caller() -> None:
    called = node("Ident", name="g")
    call = node("method_call", callee=called, args=[node("Number"), node("Number")])
    bare = node("Invocation", children=[node("Ident", name="h")])
    out = take(Generic("k", "", "line"), node("Function", name="f", body=[call, bare]))
    assert [tuple(c) for c in out.calls] == [
        (named(out, "f"), "g", 2, 5, ""),
        (named(out, "f"), "h", 0, 5, ""),
    ]


def test_symbols_own_their_nodes() -> None:
    method = node("Method", name="m", body=[node("If")])
    out = take(Generic("k"), node("Class", name="A", body=[node("Comment"), method]))
    assert [(s.name, s.nodes, s.parent and s.parent.name) for s in out.symbols] == [
        ("A", 2, None),
        ("m", 2, "A"),
    ]


def test_pieces_give_what_the_whole_gives() -> None:
    items = [node("Function", name=f"f{number}", line=number) for number in range(1, 8)]
    top = node("Module", line=1, body=items)
    shape = Generic("k", "body", "line")
    assert all_of(take_pieces(shape, top, "body", 3)) == all_of(take(shape, top))


def test_deep_trees_are_taken() -> None:
    deep = node("Leaf")
    for _ in range(5000):
        deep = node("Call", children=[deep])
    out = take(Generic("k"), deep)
    assert (out.nodes, out.max_depth, len(out.calls)) == (5001, 5001, 5000)
    assert sum(1 for _ in Generic("k").walk(deep)) == 5001


@pytest.mark.parametrize("top", [None, [], {}, {"k": 1}, [{"x": "y"}], "k"])
def test_other_documents_are_not_taken(top: Any) -> None:
    assert not Generic("k").matches(top)
