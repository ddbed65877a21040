"""Reads source files into the trees that dumps of them hold.

Python becomes what ast2json writes, without its doubled keys; every other language what is written
of tree-sitter's nodes: `type`, `isNamed`, `startPosition`, `fieldName`, `text` on leaves.
"""

from __future__ import annotations

import ast
import importlib
import warnings
from functools import cache
from importlib.util import decode_source
from typing import TYPE_CHECKING, Any

from batchio.errors import CannotRun, InputError
from batchio.syntax.ast_json import NO_PLACE, FaultPlace
from batchio.syntax.python_dump import dump_python
from transforms.syntax.languages import language_of

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_BOM = b"\xef\xbb\xbf"

# Module of the grammar and the function in it, by language; by extension where it is another.
_GRAMMARS = {
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    ".tsx": ("tree_sitter_typescript", "language_tsx"),
    "java": ("tree_sitter_java", "language"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
}


class SourceError(InputError):
    """A source file is broken.

    Attributes:
        kind: `invalid_source`; `unknown_language` where the name tells none that can be read.
        byte: Where, from 0; None where that is not known, as `line` and `column`.
        line: From 1.
        column: From 1, in characters.
    """

    def __init__(
        self, cause: str, *, kind: str = "invalid_source", place: FaultPlace = NO_PLACE
    ) -> None:
        super().__init__(cause)
        self.kind = kind
        self.byte, self.line, self.column = place


def parse_source(data: bytes, path: str) -> Any:
    """Returns the tree of a source file, whose language its path tells.

    tree-sitter reads anything: what it does not understand is an `ERROR` in the tree.

    Raises:
        SourceError: Python that does not parse, or a path of no known language.
        CannotRun: the grammar is not installed.
    """
    language = language_of(path)
    if not language:
        raise SourceError(
            "no language that can be read has this file name", kind="unknown_language"
        )
    if language == "python":
        return _python_tree(data)
    key = ".tsx" if path.lower().endswith(".tsx") else language
    text = data.removeprefix(_BOM)
    return _node_tree(_parser(key).parse(text).root_node, text)


def _python_tree(data: bytes) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the source's own: escapes, `is` with a literal
            module = ast.parse(decode_source(data))  # of bytes it counts columns in bytes
    except SyntaxError as error:
        raise _syntax_error(error, data) from error
    except (MemoryError, RecursionError) as error:
        raise SourceError("is nested too deeply to be parsed") from error
    except UnicodeDecodeError as error:
        raise SourceError(str(error), place=(error.start, None, None)) from error
    except ValueError as error:
        raise SourceError(str(error)) from error
    return dump_python(module)


def _syntax_error(error: SyntaxError, data: bytes) -> SourceError:
    if not error.lineno:
        return SourceError(error.msg)
    column = max(error.offset or 1, 1)
    lines = data.split(b"\n")[: error.lineno]
    before = sum(len(line) + 1 for line in lines[: error.lineno - 1])
    text = lines[-1].decode("utf-8", "replace") if len(lines) == error.lineno else ""
    byte = before + len(text[: column - 1].encode())
    return SourceError(error.msg, place=(min(byte, len(data)), error.lineno, column))


@cache
def _parser(key: str) -> Parser:
    module, function = _GRAMMARS[key]
    try:
        tree_sitter = importlib.import_module("tree_sitter")
        grammar = getattr(importlib.import_module(module), function)
    except ImportError as error:
        raise CannotRun(
            f"sources of this language need {error.name or module}",
            action="pip install 'headrace[source]'",
        ) from error
    parser: Parser = tree_sitter.Parser(tree_sitter.Language(grammar()))
    return parser


def _node_tree(root: Node, text: bytes) -> dict[str, Any]:
    """Returns the nodes as dicts, in one walk with a cursor, however deep they are."""
    cursor = root.walk()
    top = _node_dict(root, None, text)
    top.setdefault("children", [])
    open_lists: list[list[dict[str, Any]]] = []
    children = top["children"]
    down = cursor.goto_first_child()
    while down:
        node = _node_dict(cursor.node, cursor.field_name, text)
        children.append(node)
        if cursor.goto_first_child():
            open_lists.append(children)
            children = node["children"]
            continue
        while not cursor.goto_next_sibling():
            cursor.goto_parent()
            if not open_lists:
                return top
            children = open_lists.pop()
    return top


def _node_dict(node: Any, field: str | None, text: bytes) -> dict[str, Any]:
    start, end = node.start_point, node.end_point
    written: dict[str, Any] = {
        "type": node.type,
        "isNamed": node.is_named,
        "startPosition": {"row": start[0], "column": start[1]},
        "endPosition": {"row": end[0], "column": end[1]},
    }
    if field is not None:
        written["fieldName"] = field
    if node.child_count:
        written["children"] = []
        return written
    written["text"] = text[node.start_byte : node.end_byte].decode("utf-8", "replace")
    if node.is_missing:
        written["isMissing"] = True
    return written
