"""What a class extends and implements in tree-sitter dumps."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.syntax.extraction import INTERFACE, STRUCT, Inherit, Symbol, dotted
from transforms.syntax.tree_sitter_names import parts_of
from transforms.syntax.tree_sitter_nodes import Tree, children_of, named_children, pick
from transforms.syntax.tree_sitter_words import EXTENDS, IMPLEMENTS, ITEM, Words

_NO_BASES = frozenset(
    {
        "access_specifier",
        "comment",
        "dictionary_splat",
        "keyword_argument",
        "lifetime",
        "list_splat",
        "type_arguments",
    }
)


def bases_of(node: Tree, symbol: Symbol, language: str, words: Words) -> Iterator[Inherit]:
    """Yields what the class that a node defines extends and implements."""
    stack = [child for child in reversed(children_of(node)) if child["type"] in words.bases]
    while stack:
        clause = stack.pop()
        relation = words.bases[clause["type"]]
        for number, base in enumerate(_bases_in(clause)):
            if base["type"] in words.bases:
                stack.insert(0, base)  # TypeScript: a clause each in one heritage
                continue
            name = base_name(base, words)
            if language == "csharp":
                relation = _csharp_relation(symbol, name, number)
            yield Inherit(symbol, name, relation)
    if symbol.kind == INTERFACE and language == "go":
        yield from _embedded_interfaces(node, symbol, words)


def base_name(base: Tree, words: Words) -> str:
    """Returns the whole name of a base, without its type arguments."""
    parts = parts_of(base, words)
    if len(parts) > 1 and parts[-1] == ITEM:
        parts.pop()  # `Generic[T]` extends `Generic`
    return dotted(parts)


def _bases_in(clause: Tree) -> list[Tree]:
    bases: list[Tree] = []
    for child in named_children(clause):
        if child["type"] == "type_list":
            bases += named_children(child)
        elif child["type"] not in _NO_BASES:
            bases.append(child)
    return bases


def _csharp_relation(symbol: Symbol, name: str, number: int) -> str:
    """Returns how C# relates: of a class only the first can be one, which its name tells."""
    if symbol.kind == INTERFACE:
        return EXTENDS
    last = name.rpartition(".")[2]
    by_name = last[:1] == "I" and last[1:2].isupper()
    return IMPLEMENTS if symbol.kind == STRUCT or number or by_name else EXTENDS


def _embedded_interfaces(node: Tree, symbol: Symbol, words: Words) -> Iterator[Inherit]:
    body = pick(node, ("interface_type",))
    for part in children_of(body) if body is not None else ():
        types = named_children(part)
        if part["type"] in words.bases and len(types) == 1:
            yield Inherit(symbol, base_name(types[0], words), EXTENDS)
