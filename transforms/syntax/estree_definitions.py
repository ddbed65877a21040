"""What JavaScript and TypeScript define: functions, classes and their members, types, variables."""

from __future__ import annotations

from transforms.syntax.bindings import DEFAULT
from transforms.syntax.estree_modules import (
    FUNCTIONS,
    NAMELESS,
    Hint,
    export_default,
    export_value,
    hint_at,
    hint_of,
    note_required,
)
from transforms.syntax.estree_names import (
    KIND,
    callee,
    doc,
    identifier,
    is_private,
    key_name,
    lines,
    set_parameters,
    type_text,
)
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
    TYPE,
    VARIABLE,
    Inherit,
    Symbol,
    dotted,
)
from transforms.syntax.json_values import Json, children, dict_of, text_of
from transforms.syntax.tree_walk import Handler, TreeWalk

_MEMBER_OWNERS = frozenset({CLASS, INTERFACE})
_LOGICAL_ASSIGNMENTS = frozenset({"&&=", "||=", "??="})


def _define(walk: TreeWalk, kind: str, name: str, node: Json, hint: Hint) -> Symbol:
    symbol = walk.define(kind, name, *lines(node))
    symbol.doc = doc(node) or hint.doc
    symbol.is_exported = hint.is_exported
    if hint.is_default:
        walk.out.default = symbol
    symbol.is_abstract = node.get("abstract") is True or node.get("declare") is True
    if walk.symbol is None:
        walk.out.state.setdefault("tops", {})[name] = symbol
    return symbol


def _set_function(symbol: Symbol, function: Json) -> None:
    set_parameters(symbol, function)
    symbol.is_async = function.get("async") is True


def _function(walk: TreeWalk, node: Json) -> bool:
    hint = hint_of(walk, node)
    if hint.is_part:
        return False
    name = _own_name(node, hint)
    kind = FUNCTION if name else LAMBDA
    if hint.owner is not None and (hint.on_prototype or hint.owner.kind == CLASS):
        kind = METHOD
    symbol = _define(walk, kind, name or "<lambda>", node, hint)
    if hint.owner is not None:
        symbol.parent = hint.owner
        symbol.is_static = not hint.on_prototype
    _set_function(symbol, node)
    return walk.enter(symbol)


def _own_name(node: Json, hint: Hint) -> str:
    """Returns the name in the file: that of the variable of `var a = function b() {}`."""
    name = identifier(dict_of(node, "id"))
    return name if hint.name in ("", DEFAULT) and name else hint.name


def _class(walk: TreeWalk, node: Json) -> bool:
    hint = hint_of(walk, node)
    symbol = _define(walk, CLASS, _own_name(node, hint) or "<anonymous>", node, hint)
    base = dict_of(node, "superClass")
    if base:
        walk.out.inherits.append(Inherit(symbol, dotted(callee(base)), "extends"))
    _inherit(walk, symbol, node, "extends")
    _inherit(walk, symbol, node, "implements")
    return walk.enter(symbol)


def _inherit(walk: TreeWalk, symbol: Symbol, node: Json, key: str) -> None:
    for base in children(node, key):
        # `id` in Flow.
        parts = callee(dict_of(base, "expression") or dict_of(base, "id"))
        walk.out.inherits.append(Inherit(symbol, dotted(parts), key))


def _type_like(kind: str) -> Handler:
    def handler(walk: TreeWalk, node: Json) -> bool:
        name = dict_of(node, "id")
        text = text_of(name, "value") or dotted(callee(name))
        symbol = _define(walk, kind, text, node, hint_of(walk, node))
        if kind == INTERFACE:
            _inherit(walk, symbol, node, "extends")
        return walk.enter(symbol)

    return handler


def _method(walk: TreeWalk, node: Json) -> bool:
    """Handles a method with its function under `value`, or in itself."""
    function = dict_of(node, "value") or node
    name = key_name(node)
    is_static = node.get("static") is True
    is_constructor = walk.in_class() and not is_static and name == "constructor"
    hint = hint_of(walk, node)
    symbol = _define(walk, CONSTRUCTOR if is_constructor else METHOD, name, node, hint)
    if hint.owner is not None:
        symbol.parent = hint.owner
    _set_function(symbol, function)
    _set_member(walk, symbol, node)
    if function is not node:
        walk.notes[id(function)] = Hint(is_part=True)
    return walk.enter(symbol)


def _set_member(walk: TreeWalk, symbol: Symbol, node: Json) -> None:
    symbol.is_static = node.get("static") is True
    symbol.is_abstract = symbol.is_abstract or text_of(node, KIND).startswith("TSAbstract")
    if is_private(node):
        symbol.visibility = "private"
    elif walk.symbol is not None and walk.symbol.kind in _MEMBER_OWNERS:
        symbol.visibility = text_of(node, "accessibility") or "public"


def _field(walk: TreeWalk, node: Json) -> bool:
    if dict_of(node, "value").get(KIND) in FUNCTIONS:
        return _method(walk, node)
    symbol = _define(walk, FIELD, key_name(node), node, hint_of(walk, node))
    symbol.returns = type_text(node.get("typeAnnotation"))
    _set_member(walk, symbol, node)
    return walk.enter(symbol)


def _interface_method(walk: TreeWalk, node: Json) -> bool:
    return _method(walk, node) if _in_interface(walk) else False


def _interface_field(walk: TreeWalk, node: Json) -> bool:
    return _field(walk, node) if _in_interface(walk) else False


def _in_interface(walk: TreeWalk) -> bool:
    return walk.symbol is not None and walk.symbol.kind == INTERFACE


def _property(walk: TreeWalk, node: Json) -> bool:
    """Handles an entry of an object: a method, or a value that takes the key's name."""
    value = dict_of(node, "value")
    if value.get(KIND) not in NAMELESS:
        return False
    if node.get("method") is True or node.get("kind") in ("get", "set"):
        return _method(walk, node)
    hint = hint_at(walk, value)
    outer = hint_of(walk, node)
    hint.name, hint.doc = key_name(node), doc(node)
    hint.owner, hint.on_prototype = outer.owner, outer.on_prototype
    return False


def _declaration(walk: TreeWalk, node: Json) -> None:
    """Hands on what is known of `export const a = …, b = …` to its parts."""
    hint = hint_of(walk, node)
    comment = doc(node) or hint.doc
    if comment or hint.is_exported:
        for declarator in children(node, "declarations"):
            part = hint_at(walk, declarator)
            part.is_exported, part.doc = hint.is_exported, comment


def _declarator(walk: TreeWalk, node: Json) -> bool:
    hint = hint_of(walk, node)
    target, value = dict_of(node, "id"), dict_of(node, "init")
    name = identifier(target)
    if value.get(KIND) in NAMELESS:
        hint.name = name
        walk.notes[id(value)] = hint
        return False
    if (value and note_required(walk, target, value)) or not name or not _at_top(walk):
        return False
    symbol = _define(walk, VARIABLE, name, node, hint)
    symbol.returns = type_text(target.get("typeAnnotation"))
    return walk.enter(symbol)


def _at_top(walk: TreeWalk) -> bool:
    """Tells whether a variable declared here is one of the module or a namespace."""
    at_top = walk.symbol is None or walk.symbol.kind == NAMESPACE
    return at_top and walk.nesting == 0


def _assignment(walk: TreeWalk, node: Json) -> None:
    if node.get("operator") in _LOGICAL_ASSIGNMENTS:
        walk.decisions += 1
    target, value = dict_of(node, "left"), dict_of(node, "right")
    kind = value.get(KIND)
    is_object = kind == "ObjectExpression"
    if not is_object and kind not in NAMELESS and kind != "Identifier":
        return
    path = callee(target)
    if path == ["module", "exports"]:
        export_default(walk, value)
    elif path[0] == "exports" or path[:2] == ["module", "exports"]:
        export_value(walk, value)
    if is_object:
        if path[-1] == "prototype":
            _put_on_prototype(walk, path[:-1], value)
    elif kind != "Identifier":
        hint = hint_at(walk, value)
        hint.name = path[-1] if path[-1] not in ("[]", "?") else ""
        hint.on_prototype = path[-2:-1] == ["prototype"]
        hint.owner = _known(walk, path[:-2] if hint.on_prototype else path[:-1])


def _put_on_prototype(walk: TreeWalk, path: list[str], value: Json) -> None:
    owner = _known(walk, path)
    for entry in children(value, "properties") if owner is not None else []:
        hint = hint_at(walk, entry)
        hint.owner, hint.on_prototype = owner, True


def _known(walk: TreeWalk, path: list[str]) -> Symbol | None:
    """Returns the symbol at the top of the file that has the name, if there was one so far."""
    if len(path) != 1:
        return None
    found = walk.out.state.get("tops", {}).get(path[0])
    return found if isinstance(found, Symbol) else None


def _statement(walk: TreeWalk, node: Json) -> None:
    """Hands on the comment before `a.b = function () {}`."""
    if "leadingComments" in node:
        value = dict_of(dict_of(node, "expression"), "right")
        if value.get(KIND) in NAMELESS:
            hint_at(walk, value).doc = doc(node)


DEFINITION_HANDLERS: dict[str, Handler] = {
    "AccessorProperty": _field,
    "ArrowFunctionExpression": _function,
    "AssignmentExpression": _assignment,
    "ClassAccessorProperty": _field,
    "ClassDeclaration": _class,
    "ClassExpression": _class,
    "ClassMethod": _method,
    "ClassPrivateMethod": _method,
    "ClassPrivateProperty": _field,
    "ClassProperty": _field,
    "DeclareClass": _class,
    "EnumDeclaration": _type_like(ENUM),
    "ExpressionStatement": _statement,
    "FunctionDeclaration": _function,
    "FunctionExpression": _function,
    "InterfaceDeclaration": _type_like(INTERFACE),
    "MethodDefinition": _method,
    "ObjectMethod": _method,
    "ObjectProperty": _property,
    "OpaqueType": _type_like(TYPE),
    "Property": _property,
    "PropertyDefinition": _field,
    "TSAbstractAccessorProperty": _field,
    "TSAbstractMethodDefinition": _method,
    "TSAbstractPropertyDefinition": _field,
    "TSDeclareFunction": _function,
    "TSDeclareMethod": _method,
    "TSEmptyBodyFunctionExpression": _function,
    "TSEnumDeclaration": _type_like(ENUM),
    "TSInterfaceDeclaration": _type_like(INTERFACE),
    "TSMethodSignature": _interface_method,
    "TSModuleDeclaration": _type_like(NAMESPACE),
    "TSPropertySignature": _interface_field,
    "TSTypeAliasDeclaration": _type_like(TYPE),
    "TypeAlias": _type_like(TYPE),
    "VariableDeclaration": _declaration,
    "VariableDeclarator": _declarator,
}
