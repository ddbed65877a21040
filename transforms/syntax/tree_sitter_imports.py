"""Imports in tree-sitter dumps, a function a language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from transforms.syntax.extraction import Import
from transforms.syntax.tree_sitter_names import unquoted
from transforms.syntax.tree_sitter_nodes import (
    Tree,
    children_of,
    field_of,
    line_of,
    named_children,
    pick,
    text_of_node,
)

_EVERYTHING = "*"
_PYTHON_NONE = ("comment", "line_continuation")
_RUST_RELATIVE = ("crate", "self", "super")


def imports_of(node: Tree, language: str) -> list[Import]:
    """Returns what a node of one of the kinds in `Words.imports` imports."""
    return list(_READERS[language](node))


def _text(node: Tree | None) -> str:
    return "" if node is None else text_of_node(node)


def _python(node: Tree) -> Iterator[Import]:
    line = line_of(node)
    parts = [child for child in named_children(node) if child["type"] not in _PYTHON_NONE]
    if node["type"] == "import_statement":
        for module, alias in map(_aliased, parts):
            yield Import(module, "", alias, "import", line)
        return
    module = "__future__"
    if node["type"] == "import_from_statement" and parts:
        module = "".join(_text(parts.pop(0)).split())
    for name, alias in map(_aliased, parts):
        yield Import(module, name, alias, "from", line, module.startswith("."))


def _aliased(node: Tree) -> tuple[str, str]:
    if node["type"] == "wildcard_import":
        return _EVERYTHING, ""
    if node["type"] != "aliased_import":
        return _text(node), ""
    parts = named_children(node)
    return _text(parts[0]), _text(parts[-1])


def _javascript(node: Tree) -> Iterator[Import]:
    line = line_of(node)
    required = pick(node, ("import_require_clause",))
    source = pick(required or node, ("source", "string"))
    if source is None:
        return
    module = unquoted(source)
    kind = "export-from" if node["type"] == "export_statement" else "import"
    kind = "require" if required else kind
    for name, alias in _bindings(required or node, kind):
        yield Import(module, name, alias, kind, line, module.startswith("."))


def _bindings(node: Tree, kind: str) -> list[tuple[str, str]]:
    if kind == "require":
        return [("", _text(pick(node, ("identifier",))))]
    clause = pick(node, ("import_clause", "export_clause", "namespace_export"))
    if clause is None:
        return [(_EVERYTHING if kind == "export-from" else "", "")]
    if clause["type"] == "namespace_export":
        return [(_EVERYTHING, _last(clause))]
    return [binding for child in named_children(clause) for binding in _binding(child)]


def _binding(node: Tree) -> list[tuple[str, str]]:
    if node["type"] == "identifier":
        return [("default", _text(node))]
    if node["type"] == "namespace_import":
        return [(_EVERYTHING, _last(node))]
    if node["type"] == "named_imports":
        return [binding for child in named_children(node) for binding in _binding(child)]
    if node["type"].endswith("_specifier"):
        parts = named_children(node)
        return [(unquoted(parts[0]), unquoted(parts[-1]) if len(parts) > 1 else "")]
    return []


def _last(node: Tree) -> str:
    return unquoted(named_children(node)[-1])


def _java(node: Tree) -> Iterator[Import]:
    whole = "".join(_text(pick(node, ("scoped_identifier", "identifier"))).split())
    module, _, name = whole.rpartition(".")
    if any(child["type"] == "asterisk" for child in children_of(node)):
        module, name = whole, _EVERYTHING
    yield Import(module or name, name if module else "", "", "import", line_of(node))


def _go(node: Tree) -> Iterator[Import]:
    parts = named_children(node)
    path = pick(node, ("path",)) or (parts[-1] if parts else None)
    if path is None:
        return
    alias = _text(parts[0]) if parts[0] is not path else ""
    module = unquoted(path)
    relative = module.startswith(("./", "../"))
    name, alias = (_EVERYTHING, "") if alias == "." else ("", alias)
    yield Import(module, name, alias, "import", line_of(node), relative)


class _Use(NamedTuple):
    node: Tree
    prefix: str
    alias: str = ""


def _rust(node: Tree) -> Iterator[Import]:
    line = line_of(node)
    if node["type"] == "mod_item":
        if pick(node, ("body", "declaration_list")) is None:
            yield Import(_text(pick(node, ("name", "identifier"))), "", "", "use", line, True)
        return
    if node["type"] == "extern_crate_declaration":
        names = [child for child in named_children(node) if child["type"] == "identifier"]
        if names:
            alias = _text(names[-1]) if len(names) > 1 else ""
            yield Import(_text(names[0]), "", alias, "use", line)
        return
    parts = [child for child in named_children(node) if child["type"] != "visibility_modifier"]
    stack = [_Use(parts[-1], "")] if parts else []
    while stack:
        use = stack.pop()
        further = _inside(use)
        if further is None:
            yield _used(use, line)
        else:
            stack.extend(reversed(further))


def _inside(use: _Use) -> list[_Use] | None:
    """Returns the parts of a group, an alias or a wildcard; None of what is just a path."""
    kind, parts = use.node["type"], named_children(use.node)
    if kind == "use_list":
        return [_Use(child, use.prefix) for child in parts]
    if kind == "scoped_use_list":
        prefix = _joined(use.prefix, _text(parts[0])) if len(parts) > 1 else use.prefix
        return [_Use(child, prefix) for child in named_children(parts[-1])]
    if kind == "use_as_clause":
        return [_Use(parts[0], use.prefix, _text(parts[-1]))]
    return None


def _used(use: _Use, line: int) -> Import:
    if use.node["type"] == "use_wildcard":
        parts = named_children(use.node)
        module = _joined(use.prefix, _text(parts[0]) if parts else "")
        name = _EVERYTHING
    elif use.node["type"] == "self" and use.prefix:
        module, name = use.prefix, ""
    else:
        module, _, name = _joined(use.prefix, "".join(_text(use.node).split())).rpartition("::")
        module, name = (module, name) if module else (name, "")
    relative = module.split("::")[0] in _RUST_RELATIVE
    return Import(module, name, use.alias, "use", line, relative)


def _joined(prefix: str, path: str) -> str:
    return f"{prefix}::{path}" if prefix and path else prefix or path


def _c(node: Tree) -> Iterator[Import]:
    parts = named_children(node)
    if not parts:
        return
    if node["type"] == "using_declaration":
        yield from _using(node, parts[-1])
        return
    path = parts[0]
    quoted = path["type"] == "string_literal"
    yield Import(_text(path).strip('<>"'), "", "", "include", line_of(node), quoted)


def _using(node: Tree, used: Tree) -> Iterator[Import]:
    whole = "".join(_text(used).split())
    module, _, name = whole.rpartition("::")
    if not module or any(child["type"] == "namespace" for child in children_of(node)):
        module, name = whole, _EVERYTHING
    yield Import(module, name, "", "use", line_of(node))


def _csharp(node: Tree) -> Iterator[Import]:
    parts = named_children(node)
    if not parts:
        return
    named = len(parts) > 1 or field_of(parts[0]) == "name"
    alias = _text(parts[0]) if named and parts[0] is not parts[-1] else ""
    module = "".join(_text(parts[-1]).split())
    yield Import(module, "" if alias else _EVERYTHING, alias, "use", line_of(node))


_READERS: dict[str, Callable[[Tree], Iterator[Import]]] = {
    "python": _python,
    "javascript": _javascript,
    "typescript": _javascript,
    "java": _java,
    "go": _go,
    "rust": _rust,
    "c": _c,
    "cpp": _c,
    "csharp": _csharp,
}
