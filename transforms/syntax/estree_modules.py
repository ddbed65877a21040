"""Imports and exports of JavaScript and TypeScript, in all the ways there are.

ES modules, CommonJS (`require`, `module.exports`), AMD (`define`) and TypeScript's own.
"""

from __future__ import annotations

from dataclasses import dataclass

from transforms.syntax.bindings import DEFAULT
from transforms.syntax.estree_names import (
    KIND,
    callee,
    doc,
    exported_name,
    identifier,
    key_name,
    line,
    literal_text,
)
from transforms.syntax.extraction import LAMBDA, Extraction, Import, Symbol
from transforms.syntax.json_values import Json, children, dict_of
from transforms.syntax.tree_walk import Handler, TreeWalk

FUNCTIONS = frozenset({"ArrowFunctionExpression", "FunctionExpression"})
NAMELESS = FUNCTIONS | {"ClassExpression"}
"""Kinds that take the name of what they are assigned to."""


@dataclass(slots=True)
class Hint:
    """What is known of a definition before the walk comes to it.

    Attributes:
        name: Of what it is assigned to.
        doc: The comment before the statement it is in.
        is_exported: Whether it is, by that statement.
        is_default: Whether it is what the file exports as one thing.
        is_part: Whether it is the function of a method, and no symbol of its own.
        owner: The class or function it is put on, as by `Owner.prototype.name = …`.
        on_prototype: Whether it is put on the prototype.
    """

    name: str = ""
    doc: str = ""
    is_exported: bool = False
    is_default: bool = False
    is_part: bool = False
    owner: Symbol | None = None
    on_prototype: bool = False


def hint_at(walk: TreeWalk, node: Json) -> Hint:
    """Returns what is known of a node further down, to be added to."""
    known = walk.notes.get(id(node))
    if type(known) is not Hint:
        known = walk.notes[id(node)] = Hint()
    return known


def hint_of(walk: TreeWalk, node: Json) -> Hint:
    """Returns what is known of the node that the walk has come to."""
    known = walk.notes.pop(id(node), None) if walk.notes else None
    return known if type(known) is Hint else Hint()


def mark_exported(out: Extraction, first: int) -> None:
    """Marks the symbols whose names are exported apart from where they are defined.

    One of them may be the default.

    Args:
        out: With all symbols so far.
        first: The first symbol of the last piece; those before are looked at only if there is
            something new.
    """
    exported = out.state.get("exported")
    if not exported:
        return
    if "default" in out.state:
        out.default = out.state.get("tops", {}).get(out.state["default"])
    if out.state.get("exported before") != len(exported):
        first = 0
    out.state["exported before"] = len(exported)
    for symbol in out.symbols[first:]:
        if symbol.parent is None and symbol.kind != LAMBDA and symbol.name in exported:
            symbol.is_exported = True


def _export_name(walk: TreeWalk, name: str) -> None:
    if name:
        walk.out.state.setdefault("exported", set()).add(name)


def export_value(walk: TreeWalk, value: Json) -> None:
    """Exports what a name, a function, a class or each entry of an object stands for."""
    kind = value.get(KIND)
    if kind == "Identifier":
        _export_name(walk, identifier(value))
    elif kind in NAMELESS:
        hint_at(walk, value).is_exported = True
    elif kind == "ObjectExpression":
        for entry in children(value, "properties"):
            hint_at(walk, entry).is_exported = True
            entry_value = dict_of(entry, "value")
            if entry_value.get(KIND) != "ObjectExpression":
                export_value(walk, entry_value)


def export_default(walk: TreeWalk, value: Json) -> None:
    """Exports a value as what the file is as one thing."""
    export_value(walk, value)
    if value.get(KIND) == "Identifier":
        walk.out.state["default"] = identifier(value)
    else:
        hint_at(walk, value).is_default = True


def _add(walk: TreeWalk, node: Json, module: str, found: tuple[str, str], kind: str) -> None:
    name, alias = found
    alias = "" if alias == name else alias
    relative = module.startswith(".")
    walk.out.imports.append(Import(module, name, alias, kind, line(node), relative))


def _import(walk: TreeWalk, node: Json) -> None:
    module = literal_text(dict_of(node, "source"))
    specifiers = children(node, "specifiers")
    for specifier in specifiers:
        local = identifier(dict_of(specifier, "local"))
        kind = specifier.get(KIND)
        if kind == "ImportDefaultSpecifier":
            name = DEFAULT
        elif kind == "ImportNamespaceSpecifier":
            name = "*"
        else:
            name = exported_name(dict_of(specifier, "imported"))
        _add(walk, node, module, (name, local), "import")
    if not specifiers:
        _add(walk, node, module, ("", ""), "import")


def _export_named(walk: TreeWalk, node: Json) -> None:
    declaration = dict_of(node, "declaration")
    if declaration:
        hint = hint_at(walk, declaration)
        hint.is_exported, hint.doc = True, doc(node)
    module = literal_text(dict_of(node, "source"))
    for specifier in children(node, "specifiers"):
        local = exported_name(dict_of(specifier, "local"))
        alias = exported_name(dict_of(specifier, "exported"))
        if not module:
            _export_name(walk, local)
            if alias == DEFAULT:
                walk.out.state["default"] = local
            continue
        name = _RE_EXPORTED.get(str(specifier.get(KIND)), local)
        _add(walk, node, module, (name, alias), "export-from")


# `export * as a from` and the proposed `export a from`, in Babel.
_RE_EXPORTED = {"ExportNamespaceSpecifier": "*", "ExportDefaultSpecifier": DEFAULT}


def _export_all(walk: TreeWalk, node: Json) -> None:
    module = literal_text(dict_of(node, "source"))
    alias = exported_name(dict_of(node, "exported"))
    _add(walk, node, module, ("*", alias), "export-from")


def _export_default(walk: TreeWalk, node: Json) -> None:
    declaration = dict_of(node, "declaration")
    export_default(walk, declaration)
    hint = hint_at(walk, declaration)
    hint.name, hint.is_exported, hint.doc = DEFAULT, True, doc(node)


def _export_assignment(walk: TreeWalk, node: Json) -> None:
    export_default(walk, dict_of(node, "expression"))


def _import_equals(walk: TreeWalk, node: Json) -> None:
    reference = dict_of(node, "moduleReference")
    module = literal_text(dict_of(reference, "expression"))
    if module:
        alias = identifier(dict_of(node, "id"))
        _add(walk, node, module, ("", alias), "require")


def _import_expression(walk: TreeWalk, node: Json) -> None:
    module = literal_text(dict_of(node, "source"))
    if module:
        _add(walk, node, module, ("", ""), "import")


def import_called(walk: TreeWalk, node: Json, parts: list[str]) -> None:
    """Adds the imports of a call of `import`, `require` or `define`."""
    arguments = children(node, "arguments")
    if parts == ["define"]:
        _import_amd(walk, node, arguments)
        return
    module = literal_text(arguments[0]) if arguments else ""
    if module:
        kind = "require" if parts == ["require"] else "import"
        names = walk.notes.pop(id(node), None)
        for found in names if type(names) is list else [("", "")]:
            _add(walk, node, module, found, kind)


def _import_amd(walk: TreeWalk, node: Json, arguments: list[Json]) -> None:
    """Adds the modules of `define("name", ["module", …], function (alias, …) …)`."""
    lists = [argument for argument in arguments[:2] if argument.get(KIND) == "ArrayExpression"]
    aliases = [identifier(alias) for alias in children(arguments[-1], "params")] if lists else []
    for listed in lists:
        modules = [literal_text(element) for element in children(listed, "elements")]
        aliases += [""] * len(modules)
        for module, alias in zip(modules, aliases, strict=False):
            if module:
                _add(walk, node, module, ("", alias), "require")


def note_required(walk: TreeWalk, target: Json, value: Json) -> bool:
    """Notes the names given to a `require`; tells whether the value is one."""
    taken = ""
    if value.get(KIND) == "MemberExpression" and value.get("computed") is not True:
        taken, value = identifier(dict_of(value, "property")), dict_of(value, "object")
    if value.get(KIND) != "CallExpression" or callee(dict_of(value, "callee")) != ["require"]:
        return False
    if target.get(KIND) == "ObjectPattern":
        walk.notes[id(value)] = [
            (key_name(entry), identifier(dict_of(entry, "value")))
            for entry in children(target, "properties")
        ]
    else:
        walk.notes[id(value)] = [(taken, identifier(target))]
    return True


MODULE_HANDLERS: dict[str, Handler] = {
    "ExportAllDeclaration": _export_all,
    "ExportDefaultDeclaration": _export_default,
    "ExportNamedDeclaration": _export_named,
    "ImportDeclaration": _import,
    "ImportExpression": _import_expression,
    "TSExportAssignment": _export_assignment,
    "TSImportEqualsDeclaration": _import_equals,
}
