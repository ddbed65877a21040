"""What a node of a tree-sitter dump defines: its symbol, with all that is said about it."""

from __future__ import annotations

from transforms.syntax.extraction import (
    CLASS,
    CONSTRUCTOR,
    ENUM,
    FIELD,
    FUNCTION,
    INTERFACE,
    LAMBDA,
    METHOD,
    NAMESPACE,
    STRUCT,
    TYPE,
    VARIABLE,
    Extraction,
    Inherit,
    Symbol,
    dotted,
)
from transforms.syntax.python_tree import ABSTRACT, visibility_of
from transforms.syntax.tree_sitter_bases import base_name, bases_of
from transforms.syntax.tree_sitter_comments import Comments, docstring_of
from transforms.syntax.tree_sitter_imports import imports_of
from transforms.syntax.tree_sitter_names import (
    modifiers_of,
    name_of,
    named_value,
    parameters_of,
    parts_of,
    returns_of,
    unquoted,
)
from transforms.syntax.tree_sitter_nodes import (
    Tree,
    children_of,
    field_of,
    innermost,
    leaves_of,
    lines_of,
    named_children,
    pick,
    text_of_node,
)
from transforms.syntax.tree_sitter_owners import CALLABLE, SPACES, TYPES, Owners
from transforms.syntax.tree_sitter_words import CALLED, EXTENDS, Words

BODIES = frozenset({"body", "declaration_list", "field_declaration_list", "enumerator_list"})

_MEMBERS = frozenset({METHOD, CONSTRUCTOR, FIELD})
_FIELD_NAMES = frozenset({"field_identifier", "property_identifier", "private_property_identifier"})
_NOT_IMPLEMENTED = frozenset({"type_parameters", "declaration_list", "where_clause"})
_GO_TYPES = {"struct_type": STRUCT, "interface_type": INTERFACE}
_FUNCTION_VALUES = frozenset({"arrow_function", "function_expression", "generator_function"})
_ALL_EXPORTS = ["module", "exports"]
_SEPARATORS = frozenset({"*", "/"})
_ANONYMOUS = "<lambda>"

Place = tuple[Symbol | None, int]


class Definitions:
    """Makes symbols, and keeps what nodes know of others before those are walked.

    Attributes:
        given: Name and kind of the function or class that a node is the value of, by identity.
        owners: The type that a function in Rust's `impl` belongs to, by identity.
        decorators: Their names, by identity of what they decorate.
        exported: Nodes that are exported where they stand.
        exported_names: What is exported elsewhere; None where nothing says so.
        defaults: Nodes that define what a script exports as one thing.
        default_name: The name of that where it is defined elsewhere.
        before: The node before this one in document order.
    """

    def __init__(self, language: str, words: Words, out: Extraction) -> None:
        self.language = language
        self.words = words
        self.out = out
        self.given: dict[int, tuple[str, str]] = {}
        self.owners: dict[int, str] = {}
        self.decorators: dict[int, set[str]] = {}
        self.exported: set[int] = set()
        self.exported_names: set[str] | None = None
        self.defaults: set[int] = set()
        self.default_name = ""
        self.before: Tree | None = None
        self._links = Owners(out)
        self._comments = Comments()
        self._access_in: dict[Symbol, str] = {}
        self._package_names = words.names | words.links.keys()
        self._assigned: set[tuple[Symbol | None, str]] = set()
        self._file_space: Symbol | None = None  # the package or C#'s namespace around the rest

    def define(
        self,
        node: Tree,
        kind: str,
        name: str,
        scope: Symbol | None,
        *,
        owner: str = "",
        signed: Tree | None = None,
    ) -> Symbol:
        """Adds the symbol that a node defines.

        Args:
            node: The node.
            kind: Its kind; of a function in a type it is a method.
            name: Its name.
            scope: The symbol it stands in.
            owner: The type it belongs to where it does not stand in it.
            signed: The node that has its parameters where that is another.
        """
        in_type = scope is not None and scope.kind in TYPES
        if kind == FUNCTION and (owner or in_type):
            kind = METHOD
        if kind == METHOD and self._constructs(name, owner or (scope.name if scope else "")):
            kind = CONSTRUCTOR
        symbol = self.out.define(kind, name, scope, *lines_of(node))
        if kind in CALLABLE:
            symbol.complexity = 1
            shown = parameters_of(signed or node, self.words)
            symbol.sign(shown, sum(each not in _SEPARATORS for each in shown))
        if owner:
            self._links.own(symbol, owner)
        self._describe(node, symbol)
        return symbol

    def _constructs(self, name: str, type_name: str) -> bool:
        if self.language == "cpp":
            return bool(name) and name == type_name.rpartition(".")[2]
        return name == {"javascript": "constructor", "python": "__init__"}.get(self.language)

    def _describe(self, node: Tree, symbol: Symbol) -> None:
        modifiers = modifiers_of(node, self.words) | self.decorators.get(id(node), set())
        symbol.is_static = not modifiers.isdisjoint({"static", "staticmethod"})
        symbol.is_abstract = "abstract" in modifiers or not modifiers.isdisjoint(ABSTRACT)
        symbol.is_async = "async" in modifiers
        if symbol.kind in CALLABLE or symbol.kind in (FIELD, VARIABLE):
            symbol.returns = returns_of(node, self.words)
        symbol.visibility = self._visibility(symbol, modifiers)
        if self.language in ("go", "rust"):
            symbol.is_exported = symbol.visibility == "public"
        else:
            symbol.is_exported = id(node) in self.exported
        if self.language == "python":
            symbol.doc = docstring_of(node) if symbol.kind not in (LAMBDA, VARIABLE, FIELD) else ""
        else:
            is_xml = self.language == "csharp"
            symbol.doc = self._comments.take(symbol.line_start, is_xml=is_xml)

    def _visibility(self, symbol: Symbol, modifiers: set[str]) -> str:
        name = symbol.name
        if symbol.kind in SPACES | {LAMBDA} and "pub" not in modifiers:
            return ""
        said = next((word for word in ("public", "protected", "private") if word in modifiers), "")
        if said:
            return said
        if "internal" in modifiers:
            return "package"
        if "pub" in modifiers:
            return "package" if modifiers & {"crate", "super", "(crate)", "(super)"} else "public"
        if self.language == "go":
            return "public" if name[:1].isupper() else "package"
        if self.language == "python":
            return visibility_of(name)
        if self.language == "javascript":
            return "private" if name.startswith("#") else ""
        return self._unsaid_visibility(symbol)

    def _unsaid_visibility(self, symbol: Symbol) -> str:
        parent = symbol.parent
        if self.language == "cpp":
            if parent is None or parent.kind not in (CLASS, STRUCT):
                return ""
            return self._access_in.get(parent, "private" if parent.kind == CLASS else "public")
        if not self.words.visibility or (parent is not None and parent.kind in CALLABLE):
            return ""
        if parent is not None and parent.kind == INTERFACE:
            return "public"
        return self.words.visibility if symbol.kind in _MEMBERS else "package"

    def _symbol(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        if node["type"] in self.words.bodied and pick(node, BODIES) is None:
            if node["type"] in self.words.imports:  # Rust's `mod x;`
                self.out.imports += imports_of(node, self.language)
            return scope, nesting  # `struct x *p` only names one
        name, kind = self._named(node, self.words.symbols[node["type"]])
        if kind == TYPE and self.language == "go":
            inside = [child["type"] for child in children_of(node)]
            kind = next((_GO_TYPES[part] for part in inside if part in _GO_TYPES), TYPE)
        symbol = self.define(node, kind, name, scope, owner=self._owner_of(node))
        if id(node) in self.defaults:
            self.out.default = symbol
        if node["type"] == "file_scoped_namespace_declaration":
            self._file_space = symbol
        if kind in TYPES and (kind, self.language) != (ENUM, "csharp"):  # there it is a size
            self.out.inherits += bases_of(node, symbol, self.language, self.words)
        return symbol, 0

    def _package(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        named = [child for child in named_children(node) if child["type"] in self._package_names]
        if not named:
            return scope, nesting
        name = dotted(parts_of(named[-1], self.words))
        self._file_space = self.define(node, NAMESPACE, name, scope)
        return self._file_space, 0

    def _named(self, node: Tree, kind: str) -> tuple[str, str]:
        given, given_kind = self.given.get(id(node), ("", ""))
        if kind != LAMBDA:
            return name_of(node, self.words) or given, kind
        own = pick(node, ("name",))
        if given:
            return given, given_kind
        return (text_of_node(own), FUNCTION) if own is not None else (_ANONYMOUS, LAMBDA)

    def _owner_of(self, node: Tree) -> str:
        if self.language == "go" and node["type"] == "method_declaration":
            receiver = pick(node, ("receiver", "parameter_list"))
            types = [] if receiver is None else named_children(receiver)
            parts = named_children(types[0]) if types else []
            return parts_of(parts[-1], self.words)[-1] if parts else ""
        return self.owners.get(id(node), "")

    def _access(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        """Takes C++'s `public:`, which holds for what follows."""
        if scope is not None:
            self._access_in[scope] = text_of_node(node).rstrip(": ")
        return scope, nesting

    def _value(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        """Takes what gives its name to the function or class that is its value."""
        name_node, value = named_value(node, self.words.values[node["type"]])
        if value is None or name_node is None:
            return scope, nesting
        if name_node["type"] == "string":
            name = unquoted(name_node)
        else:
            *before, name = parts_of(name_node, self.words)
            if [*before, name] == _ALL_EXPORTS:
                self.export_default(value)
        if name not in ("", "?", "[]", "()"):
            self.given[id(value)] = (name, METHOD if node["type"] == "pair" else FUNCTION)
        if id(node) in self.exported:
            self.exported.add(id(value))
        return scope, nesting

    def export_default(self, value: Tree) -> None:
        """Takes what a script exports as one thing: a definition, or the name of one."""
        if value["type"] == "identifier":
            self.default_name = text_of_node(value)
        else:
            self.defaults.add(id(value))

    def _field(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        names, typed = _field_names(node)
        if node["type"] in self.words.values:
            self._value(node, scope, nesting)
            value = pick(node, ("value",))
            if value is not None and value["type"] in _FUNCTION_VALUES:
                return scope, nesting
        if not names and scope is not None and self.language == "go":
            self._embed(node, scope)
        symbols = [self.define(node, FIELD, unquoted(name), scope) for name in names]
        for symbol in symbols:
            symbol.returns = symbol.returns or returns_of(typed, self.words)
        return (symbols[0] if len(symbols) == 1 else scope), nesting

    def _embed(self, node: Tree, scope: Symbol) -> None:
        base = pick(node, ("type",)) or next(iter(named_children(node)), None)
        if base is not None:
            self.out.inherits.append(Inherit(scope, base_name(base, self.words), EXTENDS))

    def _assignment(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        """Takes Python's, which defines in a module or class the names that are new."""
        if scope is not None and scope.kind != CLASS:
            return scope, nesting
        first: Symbol | None = None
        for name in _assigned_names(node):
            if scope is None and name == "__all__":
                self._set_all(node)
            if (scope, name) not in self._assigned:
                self._assigned.add((scope, name))
                symbol = self.define(node, FIELD if scope else VARIABLE, name, scope)
                first = first or symbol
        return (scope if first is None else first), nesting

    def _set_all(self, node: Tree) -> None:
        value = pick(node, ("right", "list", "tuple"))
        if value is not None and value["type"] in ("list", "tuple"):
            leaves = leaves_of(value)
            self.exported_names = {
                text_of_node(leaf) for leaf in leaves if leaf["type"] == "string_content"
            }

    def _decorated(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        names: set[str] = set()
        for child in children_of(node):
            if child["type"] == "decorator":
                parts = [parts_of(part, self.words) for part in named_children(child)]
                names.update(part for found in parts for part in found[-2:] if part != CALLED)
            else:
                self.decorators[id(child)] = names
        return scope, nesting

    def _impl(self, node: Tree, scope: Symbol | None, nesting: int) -> Place:
        """Takes Rust's `impl`, whose functions are methods of a type that may stand anywhere."""
        types = [
            child
            for child in named_children(node)
            if child["type"] not in _NOT_IMPLEMENTED and child["type"] not in self.words.comments
        ]
        if types:
            owner = parts_of(types[-1], self.words)[-1]
            body = pick(node, ("declaration_list",))
            for child in children_of(body) if body is not None else ():
                self.owners[id(child)] = owner
            if len(types) > 1:
                self._links.implement(owner, dotted(parts_of(types[0], self.words)))
        return scope, nesting

    def finish_piece(self) -> None:
        """Forgets nodes, whose identity others may take over, and links what is linked by name."""
        for marks in (self.given, self.owners, self.decorators):
            marks.clear()
        self.exported.clear()
        self.defaults.clear()
        self._links.link()
        for symbol in self.out.symbols:
            if symbol.parent is None and symbol.kind != LAMBDA:
                self._export_by_name(symbol)
                if symbol is not self._file_space:
                    symbol.parent = self._file_space

    def _export_by_name(self, symbol: Symbol) -> None:
        if self.default_name and symbol.name == self.default_name:
            self.out.default = symbol
        if self.language == "python":
            public = not symbol.name.startswith("_")
            names = self.exported_names
            symbol.is_exported = public if names is None else symbol.name in names
        elif self.exported_names is not None and symbol.name in self.exported_names:
            symbol.is_exported = True


def _field_names(node: Tree) -> tuple[list[Tree], Tree]:
    """Returns what names the fields of a node, and the node that has their type."""
    held = pick(node, ("variable_declaration",)) or node
    holders = [child for child in children_of(held) if child["type"] == "variable_declarator"]
    if holders:
        return [innermost(holder) for holder in holders], held
    children = children_of(node)
    names = [child for child in children if field_of(child) in ("name", "property")]
    return names or [child for child in children if child["type"] in _FIELD_NAMES], node


def _assigned_names(node: Tree) -> list[str]:
    names = []
    assignment: Tree | None = node
    while assignment is not None:
        parts = named_children(assignment)
        if parts and parts[0]["type"] == "identifier":
            names.append(text_of_node(parts[0]))
        assignment = next((part for part in parts[1:] if part["type"] == "assignment"), None)
    return names
