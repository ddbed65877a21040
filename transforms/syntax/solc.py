"""Solidity trees as the compiler solc prints them.

Since 0.4.12 a node is `{"nodeType": …}` with its parts under keys of their own
(https://docs.soliditylang.org/en/latest/using-the-compiler.html, output `ast`). Before that, and as
`legacyAST` until 0.7, it is `{"name": …, "attributes": …, "children": […]}`.

Places are in bytes of the source, which is not there: there are no lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from transforms.syntax.expressions import Link, chain
from transforms.syntax.extraction import (
    CLASS,
    CONSTRUCTOR,
    ENUM,
    FIELD,
    FUNCTION,
    INTERFACE,
    METHOD,
    STRUCT,
    TYPE,
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
from transforms.syntax.json_values import Json, children, dict_of, length, text_of
from transforms.syntax.tree_walk import Handler, Rule, TreeWalk, decides, decides_and_nests, nests

_CONTRACTS = {CLASS, INTERFACE}
# What a contract keeps for itself and those derived from it is `internal`.
_VISIBILITY = {
    "public": "public",
    "external": "public",
    "internal": "protected",
    "private": "private",
}
_UNNAMED = {"constructor", "fallback", "receive"}
_OLD_KEY = "name"
_TYPE_PARTS = 50


class Solc:
    """Trees with `nodeType`: one source unit, or a list of them.

    Libraries are classes; modifiers and the functions of inline assembly are methods and functions;
    events, errors and user-defined value types are types. `internal` is shown as protected and
    `external` as public. Conversions such as `uint(x)` are no calls. A base is always extended, as
    the source says `is` of interfaces too.
    """

    name = "solc"
    _kind_key = "nodeType"
    _skip = frozenset({"typeDescriptions"})

    def matches(self, top: Any) -> bool:
        """Tells whether the top is a source unit, or a list that starts with one."""
        first = top[0] if type(top) is list and top else top
        return type(first) is dict and first.get("nodeType") == "SourceUnit"

    def extract(self, top: Any, out: Extraction) -> None:
        """Takes everything out of source units, or out of the next piece of one."""
        out.language = "solidity"
        out.parser = "solc"
        for unit in top if type(top) is list else [top]:
            if type(unit) is dict:
                walk = TreeWalk(out, self._kind_key)
                walk.run(unit, _RULES, skip=self._skip)

    def walk(self, top: Any) -> Iterator[Node]:
        """Yields the nodes of source units in the order of the dump."""
        return walk_keys(top, self._kind_key, skip=self._skip, line=_no_line)


class OldSolc(Solc):
    """Trees with `name`, `attributes` and `children`; the same comes out as of the newer ones."""

    name = "solc-old"
    _kind_key = _OLD_KEY
    _skip = frozenset({"attributes"})

    def matches(self, top: Any) -> bool:
        """Tells whether the top is a source unit of the older kind."""
        if type(top) is not dict or top.get(_OLD_KEY) != "SourceUnit" or "nodeType" in top:
            return False
        return "children" in top or "attributes" in top


def _no_line(_node: Json) -> int:
    return 0


def _contract(walk: TreeWalk, node: Json) -> bool:
    facts = _facts(walk, node)
    is_interface = facts.get("contractKind") == "interface"
    symbol = _define(walk, INTERFACE if is_interface else CLASS, facts)
    # Before 0.6 nothing is called abstract; what is not implemented is.
    symbol.is_abstract = bool(facts.get("abstract", facts.get("fullyImplemented") is False))
    for specifier in children(facts, "baseContracts"):
        base = dict_of(_facts(walk, specifier), "baseName")
        walk.out.inherits.append(Inherit(symbol, _type_name(walk, base), "extends"))
    return walk.enter(symbol)


def _function(walk: TreeWalk, node: Json) -> bool:
    facts = _facts(walk, node)
    in_contract = walk.symbol is not None and walk.symbol.kind in _CONTRACTS
    role = _role(facts, walk.symbol)
    kind = CONSTRUCTOR if role == "constructor" else METHOD if in_contract else FUNCTION
    symbol = _define(walk, kind, facts, name=role)
    symbol.is_abstract = facts.get("implemented") is False
    _parameters(walk, symbol, facts)
    returned = _types(walk, dict_of(facts, "returnParameters"))
    symbol.returns = returned[0] if len(returned) == 1 else f"({', '.join(returned)})"
    if not returned:
        symbol.returns = ""
    return walk.enter(symbol)


def _role(facts: Json, contract: Symbol | None) -> str:
    """Returns the name of a function; constructors and fallbacks have none of their own."""
    kind, name = text_of(facts, "kind"), text_of(facts, "name")
    if kind in _UNNAMED:
        return kind
    if facts.get("isConstructor") is True:
        return "constructor"
    return name or ("fallback" if contract is not None else "")


def _modifier(walk: TreeWalk, node: Json) -> bool:
    facts = _facts(walk, node)
    symbol = _define(walk, METHOD, facts)
    _parameters(walk, symbol, facts)
    return walk.enter(symbol)


def _event(walk: TreeWalk, node: Json) -> bool:
    facts = _facts(walk, node)
    symbol = _define(walk, TYPE, facts)
    _parameters(walk, symbol, facts)
    return walk.enter(symbol)


def _plain(kind: str) -> Handler:
    def handler(walk: TreeWalk, node: Json) -> bool:
        return walk.enter(_define(walk, kind, _facts(walk, node)))

    return handler


def _variable(walk: TreeWalk, node: Json) -> bool:
    """Takes what a contract, a struct or a file declares; not parameters and local variables."""
    holder = walk.symbol
    if holder is not None and holder.kind not in (*_CONTRACTS, STRUCT):
        return False
    facts = _facts(walk, node)
    symbol = _define(walk, VARIABLE if holder is None else FIELD, facts)
    if holder is not None and holder.kind == STRUCT:
        symbol.visibility = ""
    symbol.returns = _type_of(walk, facts)
    return walk.enter(symbol)


def _assembly_function(walk: TreeWalk, node: Json) -> bool:
    symbol = _define(walk, FUNCTION, node)
    names = [text_of(parameter, "name") for parameter in children(node, "parameters")]
    symbol.sign(names, len(names))
    return walk.enter(symbol)


def _define(walk: TreeWalk, kind: str, facts: Json, *, name: str = "") -> Symbol:
    symbol = walk.define(kind, name or text_of(facts, "name"), 0, 0)
    symbol.visibility = _VISIBILITY.get(text_of(facts, "visibility"), "")
    documentation = dict_of(facts, "documentation")
    symbol.doc = first_line(text_of(facts, "documentation") or text_of(documentation, "text"))
    return symbol


def _parameters(walk: TreeWalk, symbol: Symbol, facts: Json) -> None:
    types = _types(walk, dict_of(facts, "parameters"))
    symbol.sign(types, len(types))


def _types(walk: TreeWalk, parameters: Json) -> list[str]:
    listed = children(_facts(walk, parameters), "parameters")
    return [_type_of(walk, _facts(walk, parameter)) for parameter in listed]


def _type_of(walk: TreeWalk, facts: Json) -> str:
    resolved = text_of(dict_of(facts, "typeDescriptions"), "typeString")
    return resolved or _type_name(walk, dict_of(facts, "typeName"))


def _type_name(walk: TreeWalk, node: Json) -> str:
    """Returns a type as the source names it, as far as it is simple."""
    ending = ""
    for _ in range(_TYPE_PARTS):
        facts = _facts(walk, node)
        name = text_of(facts, "name") or text_of(dict_of(facts, "pathNode"), "name")
        if name or not dict_of(facts, "baseType"):
            kind = text_of(facts, "nodeType").removesuffix("TypeName").lower()
            return (name or kind) + ending
        ending += "[]"
        node = dict_of(facts, "baseType")
    return "?"


def _import(walk: TreeWalk, node: Json) -> None:
    facts = _facts(walk, node)
    module, alias = text_of(facts, "file"), text_of(facts, "unitAlias")
    relative = module.startswith(".")
    names = [
        (text_of(dict_of(taken, "foreign"), "name"), text_of(taken, "local"))
        for taken in children(facts, "symbolAliases")
    ]
    for name, new_name in names:
        # The older trees name what is taken by number only; its name is then the new one.
        taken = Import(module, name or new_name, new_name, "from", 0, relative)
        walk.out.imports.append(taken)
    if not names:
        name = "" if alias else "*"
        walk.out.imports.append(Import(module, name, alias, "import", 0, relative))


def _call(walk: TreeWalk, node: Json) -> None:
    facts = _facts(walk, node)
    called = dict_of(facts, "expression")
    kind = called.get(walk.kind_key)
    if facts.get("kind") == "typeConversion" or kind == "ElementaryTypeNameExpression":
        return
    while kind == "FunctionCallOptions":  # f{value: 1}(…)
        called = dict_of(called, "expression")
        kind = called.get(walk.kind_key)
    links = _OLD_LINKS if walk.kind_key == _OLD_KEY else _LINKS
    callee = dotted(chain(called, walk.kind_key, links))
    if kind == "NewExpression":
        callee = _type_name(walk, dict_of(_facts(walk, called), "typeName"))
    receiver = ""
    if kind == "MemberAccess":
        receiver = _type_of(walk, _facts(walk, dict_of(_facts(walk, called), "expression")))
    passed = length(facts, "arguments")
    walk.out.calls.append(Call(walk.caller, callee, passed, 0, receiver))


def _assembly_call(walk: TreeWalk, node: Json) -> None:
    callee = text_of(dict_of(node, "functionName"), "name")
    walk.out.calls.append(Call(walk.caller, callee, length(node, "arguments"), 0))


def _if(walk: TreeWalk, node: Json) -> bool:
    otherwise = dict_of(_facts(walk, node), "falseBody")
    is_if = otherwise.get(walk.kind_key) == "IfStatement"
    return walk.enter_if(node, otherwise if is_if else None)


def _try(walk: TreeWalk, node: Json) -> bool:
    # The first clause is what follows when nothing fails.
    walk.decisions += max(0, length(node, "clauses") - 1)
    return walk.enter_control()


def _operation(walk: TreeWalk, node: Json) -> None:
    if _facts(walk, node).get("operator") in ("&&", "||"):
        walk.decisions += 1


def _assembly_case(walk: TreeWalk, node: Json) -> None:
    if node.get("value") != "default":
        walk.decisions += 1


def _facts(walk: TreeWalk, node: Json) -> Json:
    """Returns a node with its parts under their names, whichever kind of tree it is of."""
    return _renewed(node) if walk.kind_key == _OLD_KEY else node


def _renewed(node: Json) -> Json:
    """Returns a node of an older tree as a newer one has it; its parts are still old."""
    kind = text_of(node, _OLD_KEY)
    parts = children(node, "children")
    facts: Json = {**dict_of(node, "attributes"), "nodeType": kind}
    if "type" in facts:
        facts["typeDescriptions"] = {"typeString": facts["type"]}
    arrange = _ARRANGEMENTS.get(kind)
    if arrange is not None:
        facts.update(arrange(facts, parts))
    return facts


def _old_contract(facts: Json, parts: list[Json]) -> Json:
    bases = [part for part in parts if part.get(_OLD_KEY) == "InheritanceSpecifier"]
    return {"baseContracts": bases}


def _old_function(_facts: Json, parts: list[Json]) -> Json:
    lists = [part for part in parts if part.get(_OLD_KEY) == "ParameterList"]
    return dict(zip(("parameters", "returnParameters"), lists, strict=False))


def _old_call(facts: Json, parts: list[Json]) -> Json:
    kind = "typeConversion" if facts.get("type_conversion") is True else ""
    return {"expression": parts[0] if parts else {}, "arguments": parts[1:], "kind": kind}


def _old_member(facts: Json, parts: list[Json]) -> Json:
    return {"memberName": facts.get("member_name"), "expression": parts[0] if parts else {}}


def _old_parts(*names: str) -> Callable[[Json, list[Json]], Json]:
    return lambda _facts, parts: dict(zip(names, parts, strict=False))


_ARRANGEMENTS: dict[str, Callable[[Json, list[Json]], Json]] = {
    "ArrayTypeName": _old_parts("baseType"),
    "ContractDefinition": _old_contract,
    "EventDefinition": _old_function,
    "FunctionCall": _old_call,
    "FunctionDefinition": _old_function,
    "Identifier": lambda facts, _parts: {"name": facts.get("value")},
    "IfStatement": _old_parts("condition", "trueBody", "falseBody"),
    "IndexAccess": _old_parts("baseExpression"),
    "InheritanceSpecifier": _old_parts("baseName"),
    "MemberAccess": _old_member,
    "ModifierDefinition": _old_function,
    "NewExpression": _old_parts("typeName"),
    "ParameterList": lambda _facts, parts: {"parameters": parts},
    "VariableDeclaration": _old_parts("typeName"),
}

_RULES: dict[str, Rule] = {
    "BinaryOperation": _operation,
    "Conditional": decides,
    "ContractDefinition": _contract,
    "DoWhileStatement": decides_and_nests,
    "EnumDefinition": _plain(ENUM),
    "ErrorDefinition": _event,
    "EventDefinition": _event,
    "ForStatement": decides_and_nests,
    "FunctionCall": _call,
    "FunctionDefinition": _function,
    "IfStatement": _if,
    "ImportDirective": _import,
    "ModifierDefinition": _modifier,
    "StructDefinition": _plain(STRUCT),
    "TryStatement": _try,
    "UserDefinedValueTypeDefinition": _plain(TYPE),
    "VariableDeclaration": _variable,
    "WhileStatement": decides_and_nests,
    "YulCase": _assembly_case,
    "YulForLoop": decides_and_nests,
    "YulFunctionCall": _assembly_call,
    "YulFunctionDefinition": _assembly_function,
    "YulIf": decides_and_nests,
    "YulSwitch": nests,
    # Leaves without children.
    "ElementaryTypeName": "",
    "Identifier": "",
    "IdentifierPath": "",
    "Literal": "",
}

_LINKS: dict[str, Link] = {
    "FunctionCall": lambda node: ("()", dict_of(node, "expression")),
    "FunctionCallOptions": lambda node: ("", dict_of(node, "expression")),
    "Identifier": lambda node: (text_of(node, "name"), None),
    "IndexAccess": lambda node: ("[]", dict_of(node, "baseExpression")),
    "MemberAccess": lambda node: (text_of(node, "memberName"), dict_of(node, "expression")),
}


def _old_link(link: Link) -> Link:
    return lambda node: link(_renewed(node))


_OLD_LINKS = {kind: _old_link(link) for kind, link in _LINKS.items()}
