import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from taken_trees import all_of

from batchio.syntax import ast_json_stream
from batchio.syntax.ast_json import Document, read_documents
from transforms.syntax.estree import ESTree
from transforms.syntax.extraction import Extraction
from transforms.syntax.file_rows import TreeFile
from transforms.syntax.shapes import ShapeChoice, shape_of
from transforms.syntax.take_trees import extract
from transforms.syntax.tree_sitter_tree import TreeSitter

Json = dict[str, Any]
VAULT = Path(__file__).parent / "vault"


def document_of(path: Path, stream_bytes: int) -> Document:
    contents = read_documents(str(path), max_bytes=10**8, stream_bytes=stream_bytes)
    (document,) = contents.documents
    assert isinstance(document, Document), document
    return document


def taken(path: Path, stream_bytes: int) -> tuple[str, Json]:
    """The shape of a file, and everything in it."""
    document = document_of(path, stream_bytes)
    shape = shape_of(next(iter(document.pieces)), ShapeChoice(kind_key="@type").shapes())
    assert shape is not None
    return shape.name, all_of(extract(shape, document, TreeFile(str(path), "dump.json", 0)))


def with_imports_and_errors(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*.json") if path.is_file()]
    tops = {path: json.loads(path.read_bytes()) for path in found}
    return [
        path for path, top in tops.items() if top.get("errors") or top["program"].get("directives")
    ]


def with_several_nodes(folder: Path) -> list[Path]:
    texts = {path: path.read_text() for path in folder.rglob("*.json")}
    tops = {path: json.loads(text) for path, text in texts.items() if "%EVM" not in text}
    return [
        path for path, top in tops.items() if type(top) is dict and len(top.get("nodes", ())) > 1
    ]


def all_classes(ast_data: Path, folder: Path) -> Path:
    """The seven summaries as one, for each has just one class."""
    paths = sorted((ast_data / "snake_pipe_java").rglob("*.json"))
    tops = [json.loads(path.read_text()) for path in paths]
    whole = {**tops[1], "classes": [found for top in tops for found in top["classes"]]}
    assert whole["imports"]
    (folder / "all.json").write_text(json.dumps(whole))
    return folder / "all.json"


def as_other(ast_data: Path, folder: Path) -> Path:
    """A Python tree with another key for the kind, and a top that is a symbol."""
    text = (ast_data / "python_ast/copy.py.json").read_text().replace('"_type"', '"@type"')
    top = {**json.loads(text), "@type": "ClassDefinition", "name": "Copy"}
    (folder / "other.json").write_text(json.dumps(top))
    return folder / "other.json"


def biggest(ast_data: Path, pattern: str) -> list[Path]:
    found = [path for path in ast_data.glob(pattern) if path.is_file()]
    return sorted(found, key=lambda path: path.stat().st_size)[-3:]


FILES: dict[str, Callable[[Path, Path], list[Path]]] = {
    "estree": lambda data, _: biggest(data, "estree_acorn/**/*.json"),
    "babel": lambda data, _: with_imports_and_errors(data / "babel"),
    "python": lambda data, _: biggest(data, "python_ast/*.json"),
    "clang": lambda data, _: biggest(data, "clang/made_here/*.json"),
    "solc": lambda data, _: with_several_nodes(data / "solidity"),
    "solc-old": lambda _, __: [VAULT / "vault.legacy.json"],
    "php-parser": lambda data, _: biggest(data, "php_parser/**/*.json"),
    "tree-sitter": lambda data, _: biggest(data, "tree_sitter/**/*.json"),
    "symbol-summary": lambda data, folder: [all_classes(data, folder)],
    "generic": lambda data, folder: [as_other(data, folder)],
}


@pytest.mark.parametrize("shape", FILES)
def test_a_streamed_file_gives_what_it_gives_as_a_whole(
    ast_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    monkeypatch.setattr(ast_json_stream, "_PIECE_CHARACTERS", 50)
    paths = FILES[shape](ast_data, tmp_path)
    pieces = [sum(1 for _ in document_of(path, 10).pieces) for path in paths]
    assert max(pieces) > 1
    for path in paths:
        name, whole = taken(path, 10**8)
        assert name == shape
        assert taken(path, 10) == (shape, whole), path


def in_pieces(shape: Any, *pieces: Json, spine: str) -> Extraction:
    """What is taken out of pieces that are the same but for their spine."""
    frame = {**pieces[0], spine: []}
    again = tuple({**frame, spine: piece[spine]} for piece in pieces)
    return extract(shape, Document(again, 0, "", frame), TreeFile("a.json", "a.json", 0))


def test_what_stands_beside_the_spine_is_taken_once() -> None:
    call = {"type": "CallExpression", "callee": {"type": "Identifier", "name": "f"}}
    top = {"type": "Program", "body": [], "extra_calls": [call], "errors": [1, 2]}
    pieces = [{**top, "body": [{"type": "EmptyStatement"}]} for _ in range(3)]
    out = in_pieces(ESTree(), *pieces, spine="body")
    assert ([c.callee for c in out.calls], out.errors, out.nodes) == (["f"], 2, 6)
    assert out.kinds == {"Program": 1, "CallExpression": 1, "Identifier": 1, "EmptyStatement": 3}


def test_a_top_that_is_an_error_is_one() -> None:
    place = {"startPosition": {"row": 0, "column": 0}, "endPosition": {"row": 3, "column": 0}}
    leaf = {"type": "identifier", "text": "a", **place}
    pieces = [{"type": "ERROR", **place, "children": [leaf]} for _ in range(3)]
    out = in_pieces(TreeSitter(), *pieces, spine="children")
    assert (out.errors, out.nodes, out.line_first, out.line_last) == (1, 4, 1, 3)
