"""C and C++ trees as clang prints them with `-Xclang -ast-dump=json`.

There is no specification; the printer is `clang/lib/AST/JSONNodeDumper.cpp` of
https://github.com/llvm/llvm-project. It writes a line only where it differs from the last one
written, whatever that belonged to, so that places have to be read in the order of the dump.

Headers are part of the tree: their nodes count, but only what stands in the main file makes
symbols, calls and bases. clang marks every place of a header with `includedFrom`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from transforms.syntax.extraction import (
    CLASS,
    CONSTRUCTOR,
    ENUM,
    FIELD,
    FUNCTION,
    LAMBDA,
    METHOD,
    NAMESPACE,
    STRUCT,
    TYPE,
    VARIABLE,
    Call,
    Extraction,
    Inherit,
    Node,
    Symbol,
    caller_in,
    dotted,
    first_line,
)
from transforms.syntax.json_values import dict_of, is_node, list_of, text_of

_FUNCTIONS = {
    "FunctionDecl": FUNCTION,
    "CXXMethodDecl": METHOD,
    "CXXConversionDecl": METHOD,
    "CXXDestructorDecl": METHOD,
    "CXXConstructorDecl": CONSTRUCTOR,
}
_RECORDS = {
    "RecordDecl",
    "CXXRecordDecl",
    "ClassTemplateSpecializationDecl",
    "ClassTemplatePartialSpecializationDecl",
}
_OTHERS = {
    "EnumDecl": ENUM,
    "NamespaceDecl": NAMESPACE,
    "TypedefDecl": TYPE,
    "TypeAliasDecl": TYPE,
    "FieldDecl": FIELD,
    "VarDecl": VARIABLE,
    "LambdaExpr": LAMBDA,
}
_DECLARATIONS = {*_FUNCTIONS, *_RECORDS, *_OTHERS}
_SCOPES = {CLASS, STRUCT, NAMESPACE}
_CALLS = {"CallExpr", "CXXMemberCallExpr", "CXXOperatorCallExpr"}
_CREATIONS = {"CXXNewExpr", "CXXTemporaryObjectExpr"}
_CONTROL = {
    "IfStmt",
    "ForStmt",
    "WhileStmt",
    "DoStmt",
    "CXXForRangeStmt",
    "SwitchStmt",
    "CXXTryStmt",
}
_BRANCHES = (_CONTROL - {"SwitchStmt", "CXXTryStmt"}) | {
    "ConditionalOperator",
    "BinaryConditionalOperator",
    "CaseStmt",
    "CXXCatchStmt",
}
# clang prints what stands behind these again: the default of a parameter at each call without it,
# the first operand of `a ?: b` at each of its uses.
_REPEATED = {"CXXDefaultArgExpr", "CXXDefaultInitExpr", "OpaqueValueExpr"}
_NOTED = _DECLARATIONS | _CALLS | _CREATIONS | _BRANCHES | _CONTROL | _REPEATED
_NOTED |= {"AccessSpecDecl", "BinaryOperator"}
# What clang puts around an expression, and what leaves its name what it is: `(*f)(1)` calls `f`.
_WRAPPERS = {
    "ImplicitCastExpr",
    "ParenExpr",
    "UnaryOperator",
    "MaterializeTemporaryExpr",
    "CXXBindTemporaryExpr",
    "ExprWithCleanups",
}
_MEMBERS = {"MemberExpr", "CXXDependentScopeMemberExpr", "UnresolvedMemberExpr"}
_NAMED = {"UnresolvedLookupExpr", "DependentScopeDeclRefExpr"}
_BODIES = {"CompoundStmt", "CXXTryStmt"}
_OWN_TYPES = 8  # more than clang declares before the source's first declaration
_CHAIN = 10  # more parts of a called name than are kept
_TYPE_ENDS = re.compile(r"^(?:const |volatile )+|(?:[ *&]|\bconst|\bvolatile)+$")

_Frame = tuple[dict[str, Any], int, "Symbol | None", int, bool]


class Clang:
    """Dumps of clang.

    What clang adds itself (implicit members, instances of templates, the loop of a range-based
    `for`) makes neither symbols nor calls. Calls are the calls that are written as calls, `new` and
    `T(…)` of a class among them; operators and the constructors behind declarations are none. There
    are no imports: the dump has no `#include`. A function and its declaration are two symbols, of
    which the declaration is abstract.
    """

    name = "clang"

    def matches(self, top: Any) -> bool:
        """Tells whether the top is a translation unit."""
        return is_node(top, "kind") and top["kind"] == "TranslationUnitDecl"

    def extract(self, top: dict[str, Any], out: Extraction) -> None:
        """Takes everything out of a translation unit, or of its next piece."""
        unit = out.state.get("unit")
        if unit is None:
            unit = out.state["unit"] = _Unit(top, out)
        unit.take(_nodes(top))

    def walk(self, top: dict[str, Any]) -> Iterator[Node]:
        """Yields the nodes of a translation unit, with lines of the file each stands in."""
        places = _Places()
        stack = [(top, -1, 1)]
        number = 0
        while stack:
            node, parent, depth = stack.pop()
            yield Node(number, parent, node["kind"], depth, places.read(node)[0])
            stack.extend((child, number, depth + 1) for child in reversed(_nodes(node)))
            number += 1


class _Places:
    """Reads the places of nodes, which have to come in the order of the dump."""

    def __init__(self) -> None:
        self._line = 0

    def read(self, node: Mapping[str, Any]) -> tuple[int, int, bool]:
        """Returns the first and last line of a node and whether it is in the main file."""
        extent = dict_of(node, "range")
        name, named_here = self._carry(dict_of(node, "loc"))
        first, begins_here = self._carry(dict_of(extent, "begin"))
        last, _ = self._carry(dict_of(extent, "end"))
        first = first or name
        return first, last or first, named_here if name else begins_here

    def _carry(self, place: dict[str, Any]) -> tuple[int, bool]:
        if "col" in place:
            self._line = place.get("line", self._line)
            return self._line, "includedFrom" not in place
        if "expansionLoc" not in place:
            return 0, False
        # A macro: first where its text stands, then where it is used, which is what counts.
        for written in ("spellingLoc", "expansionLoc"):
            self._line = dict_of(place, written).get("line", self._line)
        return self._line, "includedFrom" not in dict_of(place, "expansionLoc")


class _Unit:
    """A translation unit that is being taken apart, piece by piece."""

    def __init__(self, top: dict[str, Any], out: Extraction) -> None:
        self._out = out
        self._places = _Places()
        # Symbols by clang's ids, as later declarations name earlier ones; the unit itself is none.
        self._declared: dict[str, Symbol | None] = {text_of(top, "id"): None}
        self._access: dict[Symbol | None, str] = {}
        out.parser = "clang"
        self._knows_language = False

    def take(self, inner: list[dict[str, Any]]) -> None:
        """Takes the next children of the unit."""
        if not self._knows_language:
            self._set_language(inner)
        stack: list[_Frame] = [(node, 2, None, 0, True) for node in reversed(inner)]
        kinds = ["TranslationUnitDecl"]
        deepest = 1
        while stack:
            node, depth, owner, nesting, written = stack.pop()
            kind = node["kind"]
            kinds.append(kind)
            deepest = max(deepest, depth)
            place = self._places.read(node)
            written = written and not _is_added(node)
            if written and kind in _NOTED:
                if kind in _CONTROL:
                    nesting += 1
                    _nest(owner, nesting)
                written = kind not in _REPEATED
                owner, nesting = self._note(node, owner, nesting, place)
            if owner is not None:
                owner.nodes += 1
            if place[2]:
                self._widen(place)
            if "isInvalid" in node or kind == "RecoveryExpr":
                self._out.errors += 1
            if "inner" in node:
                stack.extend(_frames(node, depth + 1, owner, nesting, written))
        self._out.add_kinds(kinds)
        self._out.max_depth = max(self._out.max_depth, deepest)

    def _set_language(self, inner: list[dict[str, Any]]) -> None:
        """Tells C from C++ by the types that clang declares before the source's own."""
        for node in inner[:_OWN_TYPES]:
            for child in _nodes(node):
                declared = text_of(dict_of(child, "decl"), "kind")
                if declared in ("CXXRecordDecl", "RecordDecl"):
                    self._out.language = "cpp" if declared == "CXXRecordDecl" else "c"
                    self._knows_language = True
                    return

    def _widen(self, place: tuple[int, int, bool]) -> None:
        first, last, _ = place
        self._out.line_first = min(self._out.line_first or first, first)
        self._out.line_last = max(self._out.line_last, last)

    def _note(
        self,
        node: dict[str, Any],
        owner: Symbol | None,
        nesting: int,
        place: tuple[int, int, bool],
    ) -> tuple[Symbol | None, int]:
        """Takes a node that matters; returns the symbol and the nesting that hold inside it."""
        kind = node["kind"]
        if kind in _DECLARATIONS:
            symbol = self._declare(node, owner, place) if place[2] else None
            return (owner, nesting) if symbol is None else (symbol, 0)
        if kind == "AccessSpecDecl":
            if owner in self._access:
                self._access[owner] = text_of(node, "access")
        elif kind in _BRANCHES or node.get("opcode") in ("&&", "||"):
            if owner is not None and owner.complexity:
                owner.complexity += 1
        elif place[2] and kind in _CALLS:
            self._call(node, caller_in(owner), place[0])
        elif place[2] and kind in _CREATIONS:
            self._create(node, caller_in(owner), place[0])
        return owner, nesting

    def _declare(
        self, node: dict[str, Any], owner: Symbol | None, place: tuple[int, int, bool]
    ) -> Symbol | None:
        kind = _symbol_kind(node, owner)
        if not kind:
            return None
        previous = self._declared.get(text_of(node, "previousDecl"))
        parent = self._declared.get(text_of(node, "parentDeclContextId"), owner)
        symbol = self._out.define(kind, _name(node), parent, place[0], place[1])
        symbol.visibility = previous.visibility if previous else self._access.get(parent, "")
        symbol.is_static = node.get("storageClass") == "static" or bool(
            previous and previous.is_static
        )
        symbol.doc = _documentation(node)
        self._declared[text_of(node, "id")] = symbol
        if node["kind"] in _RECORDS:
            self._describe_record(symbol, node)
        elif node["kind"] == "LambdaExpr":
            _describe_function(symbol, _call_operator(node))
        elif node["kind"] in _FUNCTIONS:
            _describe_function(symbol, node)
            symbol.is_abstract = not _has_body(node)
        elif kind in (FIELD, VARIABLE):
            symbol.returns = text_of(dict_of(node, "type"), "qualType")
        return symbol

    def _describe_record(self, symbol: Symbol, node: dict[str, Any]) -> None:
        self._access[symbol] = "private" if symbol.kind == CLASS else "public"
        symbol.is_abstract = bool(dict_of(node, "definitionData").get("isAbstract"))
        for base in list_of(node, "bases"):
            name = text_of(dict_of(base, "type"), "qualType")
            self._out.inherits.append(Inherit(symbol, name, "extends"))

    def _call(self, node: dict[str, Any], caller: Symbol | None, line: int) -> None:
        operands = _written_operands(node)
        if not operands:
            return
        called = _unwrapped(operands[0])
        if node["kind"] == "CXXOperatorCallExpr":
            if text_of(dict_of(called, "referencedDecl"), "name") != "operator()":
                return
            operands = operands[1:]
            called = _unwrapped(operands[0]) if operands else {}
        callee = dotted(_parts(called))
        receiver = ""
        if called.get("kind") in _MEMBERS:
            base = _unwrapped(_first_child(called))
            receiver = _bare_type(text_of(dict_of(base, "type"), "qualType"))
        self._out.calls.append(Call(caller, callee, max(len(operands) - 1, 0), line, receiver))

    def _create(self, node: dict[str, Any], caller: Symbol | None, line: int) -> None:
        made = [node]
        if node["kind"] == "CXXNewExpr":  # `new int` calls nothing
            made = [child for child in _nodes(node) if child["kind"] == "CXXConstructExpr"]
        if made:
            callee = _bare_type(text_of(dict_of(node, "type"), "qualType"))
            self._out.calls.append(Call(caller, callee, len(_written_operands(made[0])), line))


def _is_added(node: Mapping[str, Any]) -> bool:
    """Tells whether clang has made up a node; the range of a `for` loop is written all the same."""
    if "TemplateInstantiationPattern" in node:
        return True
    return bool(node.get("isImplicit")) and not text_of(node, "name").startswith("__range")


def _frames(
    node: dict[str, Any], depth: int, owner: Symbol | None, nesting: int, written: bool
) -> list[_Frame]:
    """Returns what is to be walked below a node, the first child last."""
    children = _nodes(node)
    frames = [(child, depth, owner, nesting, written) for child in children]
    kind = node["kind"]
    if kind.endswith("TemplateDecl"):
        # After the parameters and the template come its instances, which nobody has written.
        written_so_far = True
        for at, child in enumerate(children):
            frames[at] = (child, depth, owner, nesting, written and written_so_far)
            written_so_far = written_so_far and child["kind"].endswith("ParmDecl")
    elif kind == "IfStmt" and node.get("hasElse") and children[-1:]:
        last = children[-1]
        if last["kind"] == "IfStmt":  # else if: as deep as the if before it
            frames[-1] = (last, depth, owner, nesting - 1, written)
    frames.reverse()
    return frames


def _nest(owner: Symbol | None, nesting: int) -> None:
    if owner is not None and owner.complexity:
        owner.nesting = max(owner.nesting, nesting)


def _symbol_kind(node: dict[str, Any], owner: Symbol | None) -> str:
    """Returns the kind of symbol that a declaration makes, empty if it makes none."""
    kind = node["kind"]
    if kind in _RECORDS:
        if "completeDefinition" not in node:
            return ""
        return CLASS if node.get("tagUsed") == "class" else STRUCT
    if kind == "VarDecl" and owner is not None:
        if owner.kind not in _SCOPES:
            return ""
        return VARIABLE if owner.kind == NAMESPACE else FIELD
    if kind == "FieldDecl" and not text_of(node, "name"):
        return ""
    return _FUNCTIONS.get(kind) or _OTHERS[kind]


def _name(node: dict[str, Any]) -> str:
    if node["kind"] == "LambdaExpr":
        return "<lambda>"
    return text_of(node, "name") or "<anonymous>"


def _describe_function(symbol: Symbol, node: dict[str, Any]) -> None:
    params = [
        n for n in list_of(node, "inner") if is_node(n, "kind") and n["kind"] == "ParmVarDecl"
    ]
    written = [f"{text_of(dict_of(p, 'type'), 'qualType')} {text_of(p, 'name')}" for p in params]
    if node.get("variadic"):
        written.append("...")
    symbol.sign((text.strip() for text in written), len(params))
    symbol.complexity = 1
    if node.get("kind") not in ("CXXConstructorDecl", "CXXDestructorDecl"):
        symbol.returns = _returned(text_of(dict_of(node, "type"), "qualType"))


def _has_body(node: dict[str, Any]) -> bool:
    """Tells whether a function is defined here: not by a prototype, nor `= 0`."""
    if "explicitlyDefaulted" in node:
        return True
    return any(child["kind"] in _BODIES for child in _nodes(node))


def _returned(function_type: str) -> str:
    """Returns what stands before the parameters of a function's type, `int` of `int (char)`."""
    angles = 0
    for at, letter in enumerate(function_type):
        if letter == "<":
            angles += 1
        elif letter == ">":
            angles -= 1
        elif letter == "(" and not angles and at:
            before = function_type[:at].rstrip()
            after = function_type.rpartition(" -> ")[2]
            return after if before == "auto" and after != function_type else before
    return ""


def _call_operator(node: dict[str, Any]) -> dict[str, Any]:
    """Returns the function of a lambda, which stands in a class that clang adds."""
    for member in _nodes(_first_child(node)):
        if text_of(member, "name") == "operator()":
            # With `auto` among its parameters it is a template.
            methods = [n for n in (member, *_nodes(member)) if n["kind"] == "CXXMethodDecl"]
            return methods[0] if methods else {}
    return {}


def _documentation(node: dict[str, Any]) -> str:
    stack = [child for child in _nodes(node) if child["kind"] == "FullComment"]
    while stack:
        comment = stack.pop()
        text = first_line(text_of(comment, "text"))
        if text:
            return text
        stack.extend(reversed(_nodes(comment)))
    return ""


def _nodes(node: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the children of a node; clang writes an empty object for one that is left out."""
    return [child for child in list_of(node, "inner") if is_node(child, "kind")]


def _first_child(node: Mapping[str, Any]) -> dict[str, Any]:
    for child in _nodes(node):
        return child
    return {}


def _unwrapped(node: dict[str, Any]) -> dict[str, Any]:
    while node.get("kind") in _WRAPPERS:
        node = _first_child(node)
    return node


def _written_operands(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [child for child in _nodes(node) if child["kind"] != "CXXDefaultArgExpr"]


def _parts(node: dict[str, Any]) -> list[str]:
    """Returns the parts of the name of what is called, see `dotted`."""
    parts: list[str] = []
    while len(parts) < _CHAIN:
        kind = node.get("kind")
        if kind in _MEMBERS:
            parts.append(text_of(node, "name") or text_of(node, "member") or "?")
        elif kind in _CALLS:
            parts.append("()")
        elif kind == "ArraySubscriptExpr":
            parts.append("[]")
        else:
            parts.extend(_last_part(node))
            break
        node = _unwrapped(_first_child(node))
    return parts[::-1]


def _last_part(node: dict[str, Any]) -> list[str]:
    kind = node.get("kind")
    if kind == "CXXThisExpr":
        return [] if node.get("implicit") else ["this"]
    if kind == "CXXTemporaryObjectExpr":
        return ["()", _bare_type(text_of(dict_of(node, "type"), "qualType"))]
    if kind == "DeclRefExpr":
        return [text_of(dict_of(node, "referencedDecl"), "name") or "?"]
    return [(text_of(node, "name") if kind in _NAMED else "") or "?"]


def _bare_type(text: str) -> str:
    """Returns a type without pointers, references and qualifiers around it."""
    return _TYPE_ENDS.sub("", text)
