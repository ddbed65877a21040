"""Parts: what was taken out of some source trees, as the tables are built from it.

A part is an Arrow IPC file with a row a tree; symbols, calls, imports and so on are lists in that
row, so that the rows of a file that has changed since are dropped with it. Ids and keys are 64-bit
hashes (see `key_of`); 0 stands for none.
"""

from __future__ import annotations

import hashlib

import pyarrow as pa

OK = "ok"
NOT_AST = "not_ast"
QUARANTINED = "quarantined"
SKIPPED = "skipped"

_ID = pa.uint64()
_TEXT = pa.string()
_COUNT = pa.int32()
_FLAG = pa.bool_()

# How a call or a base is resolved: `target_id` where it is in the same file; else through import
# number `via` of the file, as `rest_key` in it if the import turns out to be of a whole file and as
# `member_key` in it if it is of a name in a file; else by `global_key`, if just one symbol has it.
_RESOLVING = (
    ("target_id", _ID),
    ("via", _COUNT),  # -1 for none
    ("rest_key", _ID),
    ("member_key", _ID),
    ("global_key", _ID),
)

SYMBOL = pa.struct(
    [
        ("symbol_id", _ID),
        ("parent_id", _ID),
        ("kind", _TEXT),
        ("name", _TEXT),
        ("qualified_name", _TEXT),
        ("signature", _TEXT),
        ("visibility", _TEXT),
        ("is_static", _FLAG),
        ("is_abstract", _FLAG),
        ("is_async", _FLAG),
        ("is_exported", _FLAG),
        ("line_start", _COUNT),
        ("line_end", _COUNT),
        ("params", _COUNT),  # null for what takes none by its nature
        ("returns", _TEXT),
        ("nesting", _COUNT),
        ("complexity", _COUNT),
        ("nodes", _COUNT),
        ("doc", _TEXT),
        ("name_key", _ID),  # of the qualified name; 0 if an earlier symbol of the file has it
        ("global_key", _ID),  # under which it is known to the whole run; 0 if it is not
    ]
)
CALL = pa.struct(
    [
        ("caller_id", _ID),
        ("callee", _TEXT),
        ("callee_full", _TEXT),
        ("receiver_type", _TEXT),
        ("args", _COUNT),
        ("line", _COUNT),
        *_RESOLVING,
    ]
)
IMPORT = pa.struct(
    [
        ("module", _TEXT),
        ("name", _TEXT),
        ("alias", _TEXT),
        ("kind", _TEXT),
        ("line", _COUNT),
        ("is_relative", _FLAG),
        ("candidates", pa.list_(_ID)),  # keys of files that may be meant, best first
        ("whole", _COUNT),  # so many of the first candidates are files that `name` itself means
        ("binds_key", _ID),  # of the name that it gives to the file, for who imports it from there
        ("name_key", _ID),  # of `name`, as it is defined in the imported file
    ]
)
INHERIT = pa.struct([("symbol_id", _ID), ("base", _TEXT), ("kind", _TEXT), *_RESOLVING])
KIND = pa.struct([("kind", _TEXT), ("count", _COUNT)])
NODE = pa.struct(
    [("node", _COUNT), ("parent", _COUNT), ("kind", _TEXT), ("depth", _COUNT), ("line", _COUNT)]
)

LISTS = {
    "symbols": SYMBOL,
    "calls": CALL,
    "imports": IMPORT,
    "inherits": INHERIT,
    "kinds": KIND,
    "nodes": NODE,
}

FILE_FIELDS = (
    ("input", _TEXT),  # the input file's whole path: what the ledger knows it by
    ("path", _TEXT),  # relative, the same on every machine; `#LINE` at its end for a tree of many
    ("file_id", _ID),
    ("source_path", _TEXT),
    ("language", _TEXT),
    ("language_from", _TEXT),
    ("shape", _TEXT),
    ("parser", _TEXT),
    ("bytes", pa.int64()),
    ("content_sha256", _TEXT),
    ("node_count", _COUNT),
    ("max_depth", _COUNT),
    ("distinct_kinds", _COUNT),
    ("errors_in_tree", _COUNT),
    ("line_first", _COUNT),
    ("line_last", _COUNT),
    ("status", _TEXT),
    ("cause", _TEXT),
    ("message", _TEXT),
    ("json_byte", pa.int64()),  # this and the next two are null where there is no place
    ("json_line", pa.int64()),
    ("json_column", pa.int64()),
    ("attempts", _COUNT),
    ("provides", pa.list_(_ID)),  # keys under which other files import it
)

PART_SCHEMA = pa.schema(
    [*FILE_FIELDS, *((name, pa.list_(struct)) for name, struct in LISTS.items())]
)


def key_of(text: str) -> int:
    """Returns the 64-bit key of a text, the same on every machine; never 0."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") or 1
