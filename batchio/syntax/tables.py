"""The tables of the syntax pipeline: their columns, types and meanings.

Ids are 16 hexadecimal digits, the same in every run and on every machine: `file_id` is a hash of
the dump's relative path, `symbol_id` of that path, the qualified name, and its ordinal where a file
defines one name several times. What is not known is null.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa


def _column(name: str, kind: pa.DataType, meaning: str, *, required: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=not required, metadata={"description": meaning})


def _columns(*columns: tuple[Any, ...]) -> pa.Schema:
    return pa.schema([_column(*column[:3], required=len(column) > 3) for column in columns])


_TEXT, _COUNT, _FLAG, _LONG = pa.string(), pa.int32(), pa.bool_(), pa.int64()
_REQUIRED = True
_FILE_ID = ("file_id", _TEXT, "The file, see `files`", _REQUIRED)

TABLES = {
    "files": _columns(
        ("file_id", _TEXT, "Hash of `path`", _REQUIRED),
        ("path", _TEXT, "The dump, relative to the root of the inputs", _REQUIRED),
        ("source_path", _TEXT, "The source file, as the dump's name tells it", _REQUIRED),
        ("language", _TEXT, "Programming language"),
        ("language_from", _TEXT, "What told the language: `nodes`, `file name` or `directory`"),
        ("shape", _TEXT, "How the tree is written"),
        ("parser", _TEXT, "What wrote it, where the dump says so"),
        ("bytes", _LONG, "Size, after decompression", _REQUIRED),
        ("content_sha256", _TEXT, "SHA-256 of the content, without time stamps of the dump"),
        ("duplicate_of", _TEXT, "The first file, by path, of the same content"),
        ("nodes", _COUNT, "Nodes of the tree"),
        ("max_depth", _COUNT, "Nodes on the longest way down"),
        ("distinct_kinds", _COUNT, "Kinds of nodes"),
        ("symbols", _COUNT, "Rows in `symbols`"),
        ("calls", _COUNT, "Rows in `calls`"),
        ("imports", _COUNT, "Rows in `imports`"),
        ("errors_in_tree", _COUNT, "Errors that the parser left in the tree"),
        ("loc_first", _COUNT, "First line with a node"),
        ("loc_last", _COUNT, "Last line with a node"),
        ("complexity_sum", _COUNT, "Of all functions and methods"),
        ("complexity_max", _COUNT, "Of the most complex one"),
        ("status", _TEXT, "`ok`, `not_ast` or `quarantined`", _REQUIRED),
        ("cause", _TEXT, "Why it is quarantined, in a word"),
        ("message", _TEXT, "Why it is quarantined"),
        ("json_line", _LONG, "Where the JSON is broken"),
        ("json_column", _LONG, "Where in the line, from 1, in characters"),
    ),
    "symbols": _columns(
        _FILE_ID,
        ("symbol_id", _TEXT, "Hash of path, qualified name and ordinal", _REQUIRED),
        ("parent_id", _TEXT, "The symbol it is defined in"),
        ("kind", _TEXT, "`class`, `function`, `method` …", _REQUIRED),
        ("name", _TEXT, "Last name"),
        ("qualified_name", _TEXT, "Names from the top of the file, dotted", _REQUIRED),
        ("signature", _TEXT, "Name and parameters"),
        ("visibility", _TEXT, "`public`, `protected`, `private` or `package`"),
        ("is_static", _FLAG, "Static", _REQUIRED),
        ("is_abstract", _FLAG, "Abstract, or declared without a body", _REQUIRED),
        ("is_async", _FLAG, "Asynchronous", _REQUIRED),
        ("is_exported", _FLAG, "Offered to other files", _REQUIRED),
        ("line_start", _COUNT, "First line, from 1"),
        ("line_end", _COUNT, "Last line"),
        ("params", _COUNT, "Parameters"),
        ("returns", _TEXT, "Declared type of the result, or of the field"),
        ("nesting", _COUNT, "Depth to which control structures are nested"),
        ("complexity", _COUNT, "Cyclomatic complexity of a function, from 1"),
        ("nodes", _COUNT, "Nodes in it, those of nested symbols too"),
        ("doc", _TEXT, "First line of its documentation"),
    ),
    "calls": _columns(
        _FILE_ID,
        ("caller_id", _TEXT, "The symbol that calls; none at the top of a file"),
        ("callee", _TEXT, "Last name of what is called", _REQUIRED),
        ("callee_full", _TEXT, "All of it, dotted", _REQUIRED),
        ("callee_id", _TEXT, "The symbol that is called, where the names tell it"),
        ("receiver_type", _TEXT, "Type of what it is called on, where the dump knows it"),
        ("args", _COUNT, "Arguments passed", _REQUIRED),
        ("line", _COUNT, "Line of the call"),
    ),
    "imports": _columns(
        _FILE_ID,
        ("module", _TEXT, "Module, file or package, as written", _REQUIRED),
        ("name", _TEXT, "What is taken out of it; `*` for all, none for the module itself"),
        ("alias", _TEXT, "Its name in this file, where that is another one"),
        ("kind", _TEXT, "`import`, `from`, `require`, `include`, `use`, `export-from`", _REQUIRED),
        ("line", _COUNT, "Line of the import"),
        ("is_relative", _FLAG, "Named by its place relative to this file", _REQUIRED),
        ("resolved_file_id", _TEXT, "The file it means, where that is among the inputs"),
    ),
    "inherits": _columns(
        _FILE_ID,
        ("symbol_id", _TEXT, "The class", _REQUIRED),
        ("base", _TEXT, "Its base, as written", _REQUIRED),
        ("kind", _TEXT, "`extends` or `implements`", _REQUIRED),
        ("base_id", _TEXT, "The symbol of the base, where the names tell it"),
    ),
    "kinds": _columns(
        _FILE_ID,
        ("kind", _TEXT, "Kind of node", _REQUIRED),
        ("count", _COUNT, "How many there are", _REQUIRED),
    ),
    "nodes": _columns(
        _FILE_ID,
        ("node", _COUNT, "Number in document order, from 0", _REQUIRED),
        ("parent", _COUNT, "Number of the node around it"),
        ("kind", _TEXT, "Kind of node", _REQUIRED),
        ("depth", _COUNT, "From 1 at the top", _REQUIRED),
        ("line", _COUNT, "First line"),
    ),
    "quarantine": _columns(
        _FILE_ID,
        ("path", _TEXT, "The dump, relative to the root of the inputs", _REQUIRED),
        ("cause", _TEXT, "Why it could not be read, in a word", _REQUIRED),
        ("message", _TEXT, "Why it could not be read", _REQUIRED),
        ("byte", _LONG, "Offset of the fault"),
        ("line", _LONG, "Line of the fault, from 1"),
        ("column", _LONG, "Column of the fault, from 1, in characters"),
        ("bytes", _LONG, "Size of the file", _REQUIRED),
        ("attempts", _COUNT, "How often it was tried", _REQUIRED),
    ),
}
