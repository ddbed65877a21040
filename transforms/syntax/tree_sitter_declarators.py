"""Definitions in C and C++, which name what they define somewhere in its declarator."""

from __future__ import annotations

from transforms.syntax.extraction import FIELD, FUNCTION, TYPE, Symbol
from transforms.syntax.tree_sitter_definitions import BODIES, Definitions, Place
from transforms.syntax.tree_sitter_names import parts_of
from transforms.syntax.tree_sitter_nodes import (
    Tree,
    children_of,
    declarators_of,
    field_of,
    pick,
    text_of_node,
)
from transforms.syntax.tree_sitter_owners import CALLABLE


class Declarators(Definitions):
    """Definitions, also those in declarators."""

    def _declared(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        local = scope is not None and scope.kind in CALLABLE
        if local and node["type"] != "function_definition":
            return scope, nesting
        if node["type"] == "type_definition":
            self._typedef(node, scope)
            return scope, nesting
        found = [self._declarator(node, child, scope) for child in _declarators_in(node)]
        symbols = [symbol for symbol in found if symbol is not None]
        if len(symbols) == 1 and self._defined_types(node) == []:
            return symbols[0], 0
        return scope, nesting

    def _defined_types(self, node: Tree) -> list[Tree]:
        return [
            child
            for child in children_of(node)
            if child["type"] in self.words.bodied and pick(child, BODIES) is not None
        ]

    def _declarator(self, node: Tree, declarator: Tree, scope: Symbol | None) -> Symbol | None:
        chain = declarators_of(declarator)
        kinds = [part["type"] for part in chain]
        pointed_to = "parenthesized_declarator" in kinds
        *owner, name = self._declared_parts(chain[-1])
        if "function_declarator" in kinds and not pointed_to:
            function = chain[kinds.index("function_declarator")]
            symbol = self.define(
                node, FUNCTION, name, scope, owner=".".join(owner), signed=function
            )
            symbol.is_abstract = node["type"] != "function_definition" or _is_pure(node)
        else:
            kind = {"field_declaration": FIELD, "function_definition": FUNCTION}.get(node["type"])
            if kind is None:
                return None
            symbol = self.define(node, kind, name, scope)
        if symbol.returns and not pointed_to and "pointer_declarator" in kinds:
            symbol.returns += " " + "*" * kinds.count("pointer_declarator")
        return symbol

    def _declared_parts(self, name: Tree) -> list[str]:
        if name["type"] in self.words.links:
            return parts_of(name, self.words)
        return [text_of_node(name)]

    def _typedef(self, node: Tree, scope: Symbol | None) -> None:
        """Defines the types of a `typedef`; the first names the struct that has no name itself."""
        types = self._defined_types(node)
        nameless = [part for part in types if pick(part, ("name", "type_identifier")) is None]
        for declarator in _declarators_in(node):
            name = text_of_node(declarators_of(declarator)[-1])
            if nameless:
                self.given[id(nameless.pop())] = (name, "")
            else:
                self.define(node, TYPE, name, scope)


def _declarators_in(node: Tree) -> list[Tree]:
    children = children_of(node)
    if any(field_of(child) for child in children):
        return [child for child in children if field_of(child) == "declarator"]
    found = [child for child in children if child["type"].endswith("_declarator")]
    return found or [child for child in children if child["type"].endswith("_identifier")][-1:]


def _is_pure(node: Tree) -> bool:
    value = pick(node, ("default_value",))
    return value is not None and text_of_node(value) == "0"
