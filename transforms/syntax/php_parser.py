"""PHP trees as the library PHP-Parser writes them as JSON, a list of statements.

https://github.com/nikic/PHP-Parser/blob/master/doc/component/JSON_representation.markdown; the
names of version 4 are taken as well as those of version 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from transforms.syntax.expressions import Link, Spelling, chain, listed, spell
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
    VARIABLE,
    Call,
    Extraction,
    Import,
    Inherit,
    Node,
    Symbol,
    dotted,
    first_line,
    walk_keys,
)
from transforms.syntax.json_values import Json, children, dict_of, number, text_of
from transforms.syntax.tree_walk import Handler, Rule, TreeWalk, decides, decides_and_nests, nests

_KIND = "nodeType"
_SKIP = frozenset({"attributes"})
# PhpParser\Modifiers
_PUBLIC, _PROTECTED, _PRIVATE, _STATIC, _ABSTRACT = 1, 2, 4, 8, 16
_INCLUDES = {1: "include", 2: "include", 3: "require", 4: "require"}
_CALLED = "called member"
_CLASSES = {CLASS, INTERFACE, ENUM}


class PhpParser:
    """Dumps of PHP-Parser.

    Traits are classes, and a class that uses one extends it: it takes its methods over. Constants
    of classes are static fields, those of files variables. `new T(…)` is a call of `T`; callees
    keep the `$` of variables and the `\\` of namespaces, also that before a full name, with `.` for
    `->` and `::`. Of a `use` the module is all before the last `\\`. A file that is included by a
    computed name has the module `?`.
    """

    name = "php-parser"

    def matches(self, top: Any) -> bool:
        """Tells whether the top is a list that starts with a statement."""
        if type(top) is not list or not top or type(top[0]) is not dict:
            return False
        return text_of(top[0], _KIND).startswith("Stmt_")

    def extract(self, top: list[Any], out: Extraction) -> None:
        """Takes everything out of statements, or out of the next of them."""
        out.language = "php"
        out.parser = "PHP-Parser"
        for statement in top:
            if type(statement) is dict:
                TreeWalk(out, _KIND).run(statement, _RULES, skip=_SKIP)
                out.line_first = out.line_first or _line(statement)
                out.line_last = max(out.line_last, _last_line(statement))

    def walk(self, top: list[Any]) -> Iterator[Node]:
        """Yields the nodes of a file in the order of the dump."""
        return walk_keys(top, _KIND, skip=_SKIP, line=_line)


def _line(node: Json) -> int:
    return number(dict_of(node, "attributes"), "startLine")


def _last_line(node: Json) -> int:
    return number(dict_of(node, "attributes"), "endLine")


def _namespace(walk: TreeWalk, node: Json) -> bool:
    name = _name(node.get("name"))
    return walk.enter(_define(walk, NAMESPACE, name, node)) if name else False


def _class_like(kind: str) -> Handler:
    def handler(walk: TreeWalk, node: Json) -> bool:
        symbol = _define(walk, kind, _name(node.get("name")) or "<anonymous>", node)
        symbol.is_abstract = bool(number(node, "flags") & _ABSTRACT)
        extended = node.get("extends")  # interfaces extend a list of others
        for base in extended if type(extended) is list else [extended]:
            if type(base) is dict:
                walk.out.inherits.append(Inherit(symbol, _name(base), "extends"))
        for base in children(node, "implements"):
            walk.out.inherits.append(Inherit(symbol, _name(base), "implements"))
        return walk.enter(symbol)

    return handler


def _trait_use(walk: TreeWalk, node: Json) -> None:
    if walk.symbol is not None:
        for trait in children(node, "traits"):
            walk.out.inherits.append(Inherit(walk.symbol, _name(trait), "extends"))


def _function(walk: TreeWalk, node: Json) -> bool:
    symbol = _define(walk, FUNCTION, _name(node.get("name")), node)
    return _enter_function(walk, symbol, node)


def _method(walk: TreeWalk, node: Json) -> bool:
    name = _name(node.get("name"))
    kind = CONSTRUCTOR if name.lower() == "__construct" else METHOD
    symbol = _define(walk, kind, name, node)
    flags = number(node, "flags")
    symbol.visibility = _visibility(flags)
    in_interface = walk.symbol is not None and walk.symbol.kind == INTERFACE
    symbol.is_abstract = bool(flags & _ABSTRACT) or in_interface
    symbol.is_static = bool(flags & _STATIC)
    return _enter_function(walk, symbol, node)


def _closure(walk: TreeWalk, node: Json) -> bool:
    symbol = _define(walk, LAMBDA, "<lambda>", node)
    symbol.is_static = node.get("static") is True
    return _enter_function(walk, symbol, node)


def _hook(walk: TreeWalk, node: Json) -> bool:
    """Takes the `get` or `set` of a property."""
    return _enter_function(walk, _define(walk, METHOD, _name(node.get("name")), node), node)


def _enter_function(walk: TreeWalk, symbol: Symbol, node: Json) -> bool:
    shown = []
    parameters = children(node, "params")
    for parameter in parameters:
        name = _variable_name(dict_of(parameter, "var"))
        dots = "..." if parameter.get("variadic") is True else ""
        shown.append(f"{dots}{name}{'=…' if parameter.get('default') else ''}")
        walk.notes[id(parameter)] = symbol.parent
    symbol.sign(shown, len(parameters))
    symbol.returns = _type(node.get("returnType"))
    return walk.enter(symbol)


def _parameter(walk: TreeWalk, node: Json) -> bool:
    """Takes a parameter of a constructor that declares a property at once."""
    holder = walk.notes.pop(id(node), None)
    flags = number(node, "flags")
    if not flags or holder is None:
        return False
    name = _variable_name(dict_of(node, "var")).removeprefix("$")
    symbol = walk.out.define(FIELD, name, holder, _line(node), _last_line(node))
    _describe_field(symbol, node, flags)
    return walk.enter(symbol)


def _property(walk: TreeWalk, node: Json) -> None:
    for item in children(node, "props"):
        walk.notes[id(item)] = node


def _property_item(walk: TreeWalk, node: Json) -> bool:
    declared = walk.notes.pop(id(node), node)
    symbol = _define(walk, FIELD, _name(node.get("name")), declared)
    _describe_field(symbol, declared, number(declared, "flags"))
    return walk.enter(symbol)


def _describe_field(symbol: Symbol, node: Json, flags: int) -> None:
    symbol.visibility = _visibility(flags)
    symbol.is_static = bool(flags & _STATIC)
    symbol.returns = _type(node.get("type"))


def _constants(walk: TreeWalk, node: Json) -> None:
    for item in children(node, "consts"):
        walk.notes[id(item)] = node


def _constant(walk: TreeWalk, node: Json) -> bool:
    declared = walk.notes.pop(id(node), None)
    if declared is None:
        return False
    in_class = walk.symbol is not None and walk.symbol.kind in _CLASSES
    symbol = _define(walk, FIELD if in_class else VARIABLE, _name(node.get("name")), declared)
    if in_class:
        _describe_field(symbol, declared, number(declared, "flags"))
        symbol.is_static = True
    return walk.enter(symbol)


def _define(walk: TreeWalk, kind: str, name: str, node: Json) -> Symbol:
    symbol = walk.define(kind, name, _line(node), _last_line(node))
    symbol.doc = _documentation(node)
    return symbol


def _visibility(flags: int) -> str:
    if flags & _PRIVATE:
        return "private"
    return "protected" if flags & _PROTECTED else "public"


def _documentation(node: Json) -> str:
    for comment in reversed(children(dict_of(node, "attributes"), "comments")):
        if comment.get(_KIND) == "Comment_Doc":
            return first_line(text_of(comment, "text"))
    return ""


def _use(walk: TreeWalk, node: Json) -> None:
    before = _name(node.get("prefix"))
    for used in children(node, "uses"):
        whole = _name(used.get("name"))
        whole = f"{before}\\{whole}" if before else whole
        module, _, name = whole.rpartition("\\")
        alias = _name(used.get("alias"))
        taken = Import(module or name, name if module else "", alias, "use", _line(used))
        walk.out.imports.append(taken)


def _include(walk: TreeWalk, node: Json) -> None:
    module, relative = _included(dict_of(node, "expr"))
    kind = _INCLUDES.get(number(node, "type"), "include")
    walk.out.imports.append(Import(module, "", "", kind, _line(node), relative))


def _included(expression: Json) -> tuple[str, bool]:
    """Returns what file is named, and whether by its place: `__DIR__ . '/a.php'` is."""
    if expression.get(_KIND) == "Expr_BinaryOp_Concat":
        here, rest = dict_of(expression, "left"), dict_of(expression, "right")
        path = text_of(rest, "value") if rest.get(_KIND) == "Scalar_String" else ""
        if path and here.get(_KIND) == "Scalar_MagicConst_Dir":
            return "." + path, True
        return "?", False
    path = text_of(expression, "value") if expression.get(_KIND) == "Scalar_String" else ""
    return path or "?", path.startswith(".")


def _function_call(walk: TreeWalk, node: Json) -> None:
    _add_call(walk, node, dict_of(node, "name"))


def _method_call(walk: TreeWalk, node: Json) -> None:
    _add_call(walk, node, _called(node))


def _static_call(walk: TreeWalk, node: Json) -> None:
    receiver = _name(node.get("class"))
    known = receiver.lower() not in ("self", "static", "parent")
    _add_call(walk, node, _called(node), receiver=receiver if known else "")


def _new(walk: TreeWalk, node: Json) -> None:
    made = dict_of(node, "class")
    if made.get(_KIND) == "Stmt_Class":
        made = {_KIND: "Name", "name": "<anonymous>"}
    _add_call(walk, node, made)


def _add_call(walk: TreeWalk, node: Json, called: Json, *, receiver: str = "") -> None:
    passed = children(node, "args")
    if passed and passed[0].get(_KIND) == "VariadicPlaceholder":
        return  # `f(...)` makes a closure of `f`
    callee = dotted(chain(called, _KIND, _LINKS))
    walk.out.calls.append(Call(walk.caller, callee, len(passed), _line(node), receiver))


def _if(walk: TreeWalk, node: Json) -> bool:
    # The tree does not tell `else if` from an `if` alone under `else`.
    alone = children(dict_of(node, "else"), "stmts")
    return walk.enter_if(node, alone[0] if len(alone) == 1 else None)


def _case(walk: TreeWalk, node: Json) -> None:
    if node.get("cond") or node.get("conds"):
        walk.decisions += 1


def _error(walk: TreeWalk, _node: Json) -> None:
    walk.out.errors += 1


def _name(node: Any) -> str:
    """Returns the text of a name or identifier, which is a node or bare."""
    if type(node) is str:
        return node
    if type(node) is not dict:
        return ""
    parts = node.get("parts")  # before version 5
    whole = "\\".join(map(str, parts)) if type(parts) is list else text_of(node, "name")
    return f"\\{whole}" if node.get(_KIND) == "Name_FullyQualified" else whole


def _variable_name(node: Json) -> str:
    name = text_of(node, "name")
    return f"${name}" if name else "?"


def _type(node: Any) -> str:
    return spell(node, _KIND, _TYPES)


def _called(node: Json) -> Json:
    """Returns what a method call calls, as a node that the links below know."""
    return {_KIND: _CALLED, "name": node.get("name"), "var": node.get("var") or node.get("class")}


def _member(node: Json, holder: str) -> tuple[str, Json]:
    name = dict_of(node, "name")
    known = name.get(_KIND) in ("Identifier", "VarLikeIdentifier")
    return _name(name) if known else "?", dict_of(node, holder)


_RULES: dict[str, Rule] = {
    "Const": _constant,
    "Expr_ArrowFunction": _closure,
    "Expr_BinaryOp_BooleanAnd": decides,
    "Expr_BinaryOp_BooleanOr": decides,
    "Expr_BinaryOp_Coalesce": decides,
    "Expr_BinaryOp_LogicalAnd": decides,
    "Expr_BinaryOp_LogicalOr": decides,
    "Expr_Closure": _closure,
    "Expr_Error": _error,
    "Expr_FuncCall": _function_call,
    "Expr_Include": _include,
    "Expr_Match": nests,
    "Expr_MethodCall": _method_call,
    "Expr_New": _new,
    "Expr_NullsafeMethodCall": _method_call,
    "Expr_StaticCall": _static_call,
    "Expr_Ternary": decides,
    "MatchArm": _case,
    "Param": _parameter,
    "PropertyHook": _hook,
    "PropertyItem": _property_item,
    "Stmt_Case": _case,
    "Stmt_Catch": decides,
    "Stmt_Class": _class_like(CLASS),
    "Stmt_ClassConst": _constants,
    "Stmt_ClassMethod": _method,
    "Stmt_Const": _constants,
    "Stmt_Do": decides_and_nests,
    "Stmt_ElseIf": decides,
    "Stmt_Enum": _class_like(ENUM),
    "Stmt_Enum_": _class_like(ENUM),
    "Stmt_For": decides_and_nests,
    "Stmt_Foreach": decides_and_nests,
    "Stmt_Function": _function,
    "Stmt_GroupUse": _use,
    "Stmt_If": _if,
    "Stmt_Interface": _class_like(INTERFACE),
    "Stmt_Namespace": _namespace,
    "Stmt_Property": _property,
    "Stmt_PropertyProperty": _property_item,
    "Stmt_Switch": nests,
    "Stmt_Trait": _class_like(CLASS),
    "Stmt_TraitUse": _trait_use,
    "Stmt_TryCatch": nests,
    "Stmt_Use": _use,
    "Stmt_While": decides_and_nests,
    # Leaves without children.
    "Identifier": "",
    "Name": "",
    "Name_FullyQualified": "",
}

_LINKS: dict[str, Link] = {
    _CALLED: lambda node: _member(node, "var"),
    "Expr_ArrayDimFetch": lambda node: ("[]", dict_of(node, "var")),
    "Expr_FuncCall": lambda node: ("()", dict_of(node, "name")),
    "Expr_MethodCall": lambda node: ("()", _called(node)),
    "Expr_NullsafeMethodCall": lambda node: ("()", _called(node)),
    "Expr_NullsafePropertyFetch": lambda node: _member(node, "var"),
    "Expr_PropertyFetch": lambda node: _member(node, "var"),
    "Expr_StaticCall": lambda node: ("()", _called(node)),
    "Expr_StaticPropertyFetch": lambda node: _member(node, "class"),
    "Expr_Variable": lambda node: (_variable_name(node), None),
    "Name": lambda node: (_name(node), None),
    "Name_FullyQualified": lambda node: (_name(node), None),
    "Name_Relative": lambda node: (_name(node), None),
}

_TYPES: dict[str, Spelling] = {
    "Identifier": lambda node: [_name(node)],
    "IntersectionType": lambda node: listed(children(node, "types"), "&"),
    "Name": lambda node: [_name(node)],
    "Name_FullyQualified": lambda node: [_name(node)],
    "Name_Relative": lambda node: ["namespace\\" + _name(node)],
    "NullableType": lambda node: ["?", node.get("type")],
    "UnionType": lambda node: listed(children(node, "types"), "|"),
}
