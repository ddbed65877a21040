"""From what was taken out of a tree to the rows of a part: ids, whole names, what names mean."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from batchio.syntax.parts import key_of
from transforms.syntax.bindings import local_name
from transforms.syntax.extraction import Extraction, Symbol
from transforms.syntax.lookup_rules import cached_key, called_name, last_part
from transforms.syntax.modules import candidates, place_of, provided
from transforms.syntax.resolve import Names

Row = tuple[Any, ...]

# Languages in which a name that a file has imported can be imported from there.
_HANDS_ON = frozenset({"python", "javascript", "typescript", "rust", "solidity"})


class Linked(NamedTuple):
    """Rows of one tree, their values in the order of the fields of `batchio.syntax.parts`.

    Attributes:
        symbols: As `SYMBOL`.
        calls: As `CALL`.
        imports: As `IMPORT`.
        inherits: As `INHERIT`.
        provides: Keys under which other files import this one.
    """

    symbols: list[Row]
    calls: list[Row]
    imports: list[Row]
    inherits: list[Row]
    provides: list[int]


def link(out: Extraction, path: str) -> Linked:
    """Returns the rows of what was taken out of a tree.

    What is called or inherited is looked up in the file; what an import leads to, or the whole run
    may know, is left as keys. A call of a class means the class, whether or not a constructor is
    written. `out` is left as it is.

    Args:
        out: What was taken out; its path is that of the source.
        path: The dump's relative path, by which its ids are made.
    """
    names = Names(out, path)
    inherits = _inherits(out, names)  # before the calls, which may be of inherited members
    return Linked(
        _symbols(out, names),
        _calls(out, names),
        _imports(out, names),
        inherits,
        [key_of(name) for name in provided(out.language, out.path, out.symbols)],
    )


def _symbols(out: Extraction, names: Names) -> list[Row]:
    nodes = _nodes(out.symbols)
    rows = []
    for symbol in out.symbols:
        qualified = names.qualified[symbol]
        rows.append(
            (
                names.ids[symbol],
                names.ids[symbol.parent],
                symbol.kind,
                symbol.name,
                qualified,
                symbol.signature,
                symbol.visibility,
                symbol.is_static,
                symbol.is_abstract,
                symbol.is_async,
                symbol.is_exported,
                symbol.line_start,
                symbol.line_end,
                symbol.params,
                symbol.returns,
                symbol.nesting,
                symbol.complexity,
                nodes[symbol],
                symbol.doc,
                names.key_in_file(symbol),
                names.global_key(symbol),
                symbol is out.default,
            )
        )
    return rows


def _nodes(symbols: list[Symbol]) -> dict[Symbol, int]:
    """Returns how many nodes each symbol has, those of nested symbols too."""
    nodes = {symbol: symbol.nodes for symbol in symbols}
    for symbol in reversed(symbols):  # a symbol stands before what is nested in it
        if symbol.parent is not None:
            nodes[symbol.parent] += nodes[symbol]
    return nodes


def _calls(out: Extraction, names: Names) -> list[Row]:
    rows = []
    for caller, callee, args, line, receiver_type in out.calls:
        name = called_name(out.language, callee, receiver_type)
        target = names.resolve(caller, name)
        row = (names.ids[caller], last_part(name), callee, receiver_type, args, line, *target)
        rows.append(row)
    return rows


def _imports(out: Extraction, names: Names) -> list[Row]:
    place = place_of(out.language, out.path)
    hands_on = out.language in _HANDS_ON
    rows = []
    for import_ in out.imports:
        keys, whole = _candidate_keys(out.language, place, import_.module, import_.name)
        local = local_name(out.language, import_) if hands_on else ""
        # `import a.b` binds `a`, which is not what it imports.
        binds = 0 if "." in local else cached_key(local)
        rows.append((*import_, keys, whole, binds, names.key_of_taken(import_)))
    return rows


def _inherits(out: Extraction, names: Names) -> list[Row]:
    return [
        (names.ids[symbol], base, kind, *names.add_base(symbol, base, kind))
        for symbol, base, kind in out.inherits
    ]


@lru_cache(maxsize=1 << 14)
def _candidate_keys(language: str, place: str, module: str, name: str) -> tuple[list[int], int]:
    """Returns the keys of an import's candidates; files of one place import the same again."""
    names, whole = candidates(language, place, module, name)
    return [cached_key(each) for each in names], whole
