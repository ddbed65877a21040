import gzip
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
import tree_sitter_go
from syntax_trees import python_tree
from tree_sitter import Language, Node, Parser

from batchio.syntax.ast_encode import clang_dump, python_dump, tree_sitter_dump
from batchio.syntax.samples import sample_files
from batchio.syntax.samples_compiled import GATE, GATE_NODES, TIDE, TIDE_NODES

FILES = dict(sample_files())
DUMPS = {
    path: gzip.decompress(data) if path.endswith(".gz") else data
    for path, data in FILES.items()
    if ".json" in path
}
PYTHON = [path for path in FILES if path.endswith(".py")]


def test_the_bytes_are_the_same_each_time() -> None:
    assert dict(sample_files()) == FILES


def test_the_python_dumps_are_the_same_on_every_version_of_python() -> None:
    digest = hashlib.sha256(b"".join(DUMPS[f"{path}.json"] for path in PYTHON)).hexdigest()
    assert digest == "19e9a6368b1fcd6fd47689c36c788c90d3c354b6357a7bdd88b392464a136cca"


def test_one_dump_is_damaged_and_the_others_are_json() -> None:
    broken = []
    for path, data in DUMPS.items():
        try:
            json.loads(data)
        except json.JSONDecodeError:
            broken.append(path)
    assert broken == ["web/map.js.json"]


@pytest.mark.parametrize("path", PYTHON)
def test_python_is_dumped_as_ast2json_does(path: str) -> None:
    source = FILES[path].decode()
    assert python_dump(source) == without_aliases(python_tree(source))


def without_aliases(value: Any) -> Any:
    if isinstance(value, list):
        return [without_aliases(each) for each in value]
    if not isinstance(value, dict):
        return value
    unwanted = {"n", "s", "dims", "type_params"}
    return {key: without_aliases(each) for key, each in value.items() if key not in unwanted}


def test_go_is_dumped_with_the_tokens_of_tree_sitter() -> None:
    tree = Parser(Language(tree_sitter_go.language())).parse(GATE.encode())
    assert list(dumped_leaves(tree_sitter_dump(GATE, GATE_NODES))) == list(leaves(tree.root_node))


def dumped_leaves(node: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    if "text" in node:
        start = node["startPosition"]
        yield node["type"], node["isNamed"], (start["row"], start["column"]), node["text"]
    for child in node.get("children", []):
        yield from dumped_leaves(child)


def leaves(node: Node) -> Iterator[tuple[Any, ...]]:
    if not node.children or node.type == "interpreted_string_literal":
        if node.text != b"\n":
            start = (node.start_point[0], node.start_point[1])
            yield node.type, node.is_named, start, (node.text or b"").decode()
        return
    for child in node.children:
        yield from leaves(child)


def test_a_node_of_tree_sitter_spans_its_tokens() -> None:
    dump = tree_sitter_dump("f (\n  a )", "call\n  function: name\n  list\n    (\n    name\n    )")
    assert dump["startPosition"] == {"row": 0, "column": 0}
    assert dump["endPosition"] == {"row": 1, "column": 5}
    function, arguments = dump["children"]
    assert (function["fieldName"], function["text"]) == ("function", "f")
    assert arguments["startPosition"] == {"row": 0, "column": 2}
    assert [child["isNamed"] for child in arguments["children"]] == [False, True, False]


def test_clang_prints_a_line_only_where_it_differs_from_the_last_one() -> None:
    dump = clang_dump("Unit 0\n  FunctionDecl 2-4 name=f type=int (int)\n    IfStmt 3\n  VarDecl 3")
    function, variable = dump["inner"]
    assert (function["name"], function["type"]) == ("f", {"qualType": "int (int)"})
    assert function["loc"]["line"] == 2
    assert "line" not in function["range"]["begin"]
    assert function["range"]["end"]["line"] == 4
    assert function["inner"][0]["range"]["begin"]["line"] == 3
    assert "line" not in function["inner"][0]["range"]["end"]
    assert "line" not in variable["loc"]


def test_names_of_the_c_dump_stand_on_their_lines_in_the_source() -> None:
    lines = TIDE.splitlines()
    named = [line.split() for line in TIDE_NODES.splitlines() if " name=" in line]
    for words in named:
        line = int(words[1].partition("-")[0])
        name = next(word.removeprefix("name=") for word in words if word.startswith("name="))
        assert line == 0 or name in lines[line - 1]
