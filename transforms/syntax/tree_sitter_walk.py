"""The walk over a tree-sitter dump: calls, imports, branches, and what is defined where."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from transforms.syntax.bindings import DEFAULT
from transforms.syntax.extraction import FUNCTION, Call, Extraction, Import, Symbol, caller_in
from transforms.syntax.tree_sitter_declarators import Declarators
from transforms.syntax.tree_sitter_definitions import Place
from transforms.syntax.tree_sitter_imports import imports_of
from transforms.syntax.tree_sitter_names import arguments_of, callee_of, unquoted
from transforms.syntax.tree_sitter_nodes import (
    ERROR,
    Tree,
    children_of,
    field_of,
    is_missing,
    line_of,
    named_children,
    pick,
    text_of_node,
)
from transforms.syntax.tree_sitter_words import CALLED, Words

_OPERATORS = frozenset({"&&", "||", "??", "and", "or"})
_GUARDS = frozenset({"if_clause", "when_clause"})
_EXPORTED = frozenset(
    {
        "lexical_declaration",
        "variable_declaration",
        "variable_declarator",
        "ambient_declaration",
        "expression_statement",
    }
)

_Role = Callable[[Tree, Symbol | None, int], Place]


class Walk(Declarators):
    """One walk, in as many pieces as the tree comes in.

    A node of a kind that means something has a role: a method that takes the node, the symbol it
    stands in and how deeply it is nested, and returns both for its children.
    """

    def __init__(self, language: str, words: Words, out: Extraction) -> None:
        super().__init__(language, words, out)
        self._roles = self._roles_of(words)
        self.errors = 0
        self._flat: set[int] = set()  # the `if` of an `else if`: no deeper than the first
        self._free: set[int] = set()  # guards of cases

    def _roles_of(self, words: Words) -> dict[str, _Role]:
        roles: dict[str, _Role] = dict.fromkeys(words.nests, self._nest)
        roles |= dict.fromkeys(words.branches, self._branch)
        roles |= dict.fromkeys(words.with_else, self._with_else)
        roles |= dict.fromkeys(words.cases, self._case)
        roles |= dict.fromkeys(words.operators, self._operator)
        roles |= dict.fromkeys(words.imports, self._import)
        roles |= {kind: self._call for kind, link in words.links.items() if link.mark == CALLED}
        roles |= dict.fromkeys(words.values, self._value)
        roles |= dict.fromkeys(words.attached, self._attached)
        roles |= dict.fromkeys(words.variables, self._assignment)
        roles |= dict.fromkeys(words.fields, self._field)
        roles |= dict.fromkeys(words.declared, self._declared)
        roles |= dict.fromkeys(words.symbols, self._symbol)
        roles |= dict.fromkeys(words.packages, self._package)
        roles |= dict.fromkeys(words.comments, self._comment)
        roles |= {
            "impl_item": self._impl,
            "access_specifier": self._access,
            "decorated_definition": self._decorated,
        }
        if "export_statement" in words.imports:
            roles["export_statement"] = self._export
        return roles

    def run(self, top: Tree) -> None:
        """Walks the top and all below it."""
        roles, comments = self._roles, self.words.comments
        kinds: list[str] = []
        most = self.out.max_depth
        missing = 0
        stack: list[tuple[Any, Symbol | None, int, int]] = [(top, None, 1, 0)]
        while stack:
            node, scope, depth, nesting = stack.pop()
            if type(node) is not dict:
                continue
            kind = node.get("type")
            if type(kind) is not str:
                continue
            kinds.append(kind)
            if depth > most:
                most = depth
            children = node.get("children")
            if kind in roles and (children or kind in comments):  # a leaf is a keyword
                scope, nesting = roles[kind](node, scope, nesting)
            if scope is not None:
                scope.nodes += 1
            if type(children) is list and children:
                depth += 1
                stack.extend([(child, scope, depth, nesting) for child in reversed(children)])
            else:
                missing += is_missing(node)
            self.before = node
        self.out.max_depth = most
        self.out.add_kinds(kinds)
        self.errors += missing + kinds.count(ERROR)
        self.finish_piece()

    def finish_piece(self) -> None:
        """Forgets nodes, and links what is linked by name."""
        self._flat.clear()
        self._free.clear()
        super().finish_piece()

    def _comment(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        self._comments.add(node, self.before)
        return scope, nesting

    def _attached(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        self._comments.pass_over(node)
        return scope, nesting

    def _nest(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        kind = node["type"]
        if kind.startswith("if_"):
            self._flatten(node, kind)
        if id(node) not in self._flat:
            nesting += 1
        if scope is not None:
            scope.nesting = max(scope.nesting, nesting)
        return scope, nesting

    def _flatten(self, node: Tree, kind: str) -> None:
        children = children_of(node)
        self._flat.update(
            id(other)
            for child in children
            if child["type"] == "else_clause"
            for other in children_of(child)
            if other["type"] == kind
        )
        self._flat.update(
            id(child)
            for before, child in pairwise(children)
            if child["type"] == kind
            and (before["type"] == "else" or field_of(child) == "alternative")
        )

    def _branch(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        if id(node) not in self._free:
            _add(scope, 1)
        return (
            self._nest(node, scope, nesting)
            if node["type"] in self.words.nests
            else (scope, nesting)
        )

    def _with_else(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        _add(scope, sum(child["type"] == "else_clause" for child in children_of(node)))
        if node["type"] in self.words.branches:
            return self._branch(node, scope, nesting)
        return self._nest(node, scope, nesting)

    def _case(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        self._free.update(id(child) for child in children_of(node) if child["type"] == "if_clause")
        if not _is_default(node):
            _add(scope, 1)
        return scope, nesting

    def _operator(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        if node["type"] == "boolean_operator":  # Python's, which says so without its operator
            _add(scope, 1)
        elif scope is not None and scope.complexity:
            _add(scope, sum(child["type"] in _OPERATORS for child in children_of(node)))
        return scope, nesting

    def _import(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        self.out.imports += imports_of(node, self.language)
        return scope, nesting

    def _call(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        callee, arguments = callee_of(node, self.words), arguments_of(node)
        source = arguments[0] if len(arguments) == 1 else None
        imports = callee in ("require", "import") and self.language == "javascript"
        if imports and source is not None and source["type"] == "string":
            module = unquoted(source)
            alias = self.given.get(id(node), ("", ""))[0]
            relative = module.startswith(".")
            self.out.imports.append(Import(module, "", alias, callee, line_of(node), relative))
        if callee != "import":
            self.out.calls.append(Call(caller_in(scope), callee, len(arguments), line_of(node)))
        return scope, nesting

    def _export(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        imports = imports_of(node, self.language)
        self.out.imports += imports
        stack = [] if imports else children_of(node)
        if any(child["type"] == DEFAULT for child in stack):
            self._export_default(named_children(node)[-1])
        while stack:
            child = stack.pop()
            self.exported.add(id(child))
            if child["type"] in _EXPORTED:
                stack += children_of(child)
            elif child["type"] == "export_clause":
                for specifier in filter(children_of, named_children(child)):
                    names = children_of(specifier)
                    self._export_name(text_of_node(names[0]), text_of_node(names[-1]))
            elif child["type"] == "identifier":
                self._export_name(text_of_node(child))
        return scope, nesting

    def _export_name(self, name: str, new_name: str = "") -> None:
        self.exported_names = {*(self.exported_names or ()), name}
        if new_name == DEFAULT:
            self.default_name = name

    def _export_default(self, value: Tree) -> None:
        self.export_default(value)
        if pick(value, ("name",)) is None:
            self.given[id(value)] = (DEFAULT, FUNCTION)


def _add(scope: Symbol | None, count: int) -> None:
    """Adds to the complexity of a function; nothing else has any."""
    if scope is not None and scope.complexity:
        scope.complexity += count


def _is_default(case: Tree) -> bool:
    """Tells whether a case is for everything else: `default`, `_`, in Python also a bare name."""
    children = children_of(case)
    if any(child["type"] == "default" for child in children):
        return True
    pattern = pick(case, ("case_pattern", "match_pattern", "pattern", "discard"))
    if pattern is None or any(child["type"] in _GUARDS for child in children):
        return False
    inside = children_of(pattern)
    if any(child["type"] == "if" or field_of(child) == "condition" for child in inside):
        return False
    first = inside[0] if inside else pattern
    is_name = first["type"] == "dotted_name" and "." not in text_of_node(first)
    return is_name or first["type"] in ("_", "discard") or text_of_node(first) == "_"
