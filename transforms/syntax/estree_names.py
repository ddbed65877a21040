"""What ESTree nodes are called: names of members, chains of calls, parameters, types.

The nodes: https://github.com/estree/estree, and
https://github.com/babel/babel/blob/main/packages/babel-parser/ast/spec.md for those of Babel.
"""

from __future__ import annotations

from typing import Any

from transforms.syntax.expressions import Link, Spelling, chain, listed, spell
from transforms.syntax.extraction import Symbol, dotted, first_line
from transforms.syntax.json_values import Json, children, dict_of, length, number, text_of

KIND = "type"

_PRIVATE = frozenset({"PrivateIdentifier", "PrivateName"})
_BLOCK_COMMENTS = frozenset({"Block", "CommentBlock"})


def lines(node: Json) -> tuple[int, int]:
    """Returns the first and the last line of a node, 0 where the dump has none."""
    place = dict_of(node, "loc")
    return number(dict_of(place, "start"), "line"), number(dict_of(place, "end"), "line")


def line(node: Json) -> int:
    """Returns the first line of a node."""
    return number(dict_of(dict_of(node, "loc"), "start"), "line")


def literal_text(node: Json) -> str:
    """Returns the text of a string literal, empty of anything else."""
    return text_of(node, "value") if node.get(KIND) in ("Literal", "StringLiteral") else ""


def identifier(node: Json) -> str:
    """Returns the name of an identifier, empty of anything else."""
    return text_of(node, "name") if node.get(KIND) == "Identifier" else ""


def exported_name(node: Json) -> str:
    """Returns a name in an import or export, which may be written as a string."""
    return identifier(node) or literal_text(node)


def is_private(member: Json) -> bool:
    """Tells whether a member's name starts with `#`."""
    key = dict_of(member, "key")
    return key.get(KIND) in _PRIVATE


def key_name(member: Json) -> str:
    """Returns the name of a member of a class, an object or an interface."""
    key = dict_of(member, "key")
    if member.get("computed") is True:
        return f"[{dotted(callee(key))}]"
    if key.get(KIND) in _PRIVATE:
        return _private_name(key)
    name = identifier(key) or text_of(key, "value")
    return name if name or "value" not in key else str(key["value"])


def _private_name(node: Json) -> str:
    """Returns `#x`; the name lies in the node, or in Babel in an identifier under `id`."""
    return "#" + (text_of(node, "name") or text_of(dict_of(node, "id"), "name"))


def callee(node: Json) -> list[str]:
    """Returns the parts of what is called or extended, for `dotted`."""
    return chain(node, KIND, _LINKS)


def _member(node: Json) -> tuple[str, Json | None]:
    before, last = dict_of(node, "object"), dict_of(node, "property")
    if last.get(KIND) in _PRIVATE:
        return _private_name(last), before
    if node.get("computed") is True:
        return "[]", before
    return text_of(last, "name") or "?", before


def _called(node: Json) -> tuple[str, Json | None]:
    return "()", dict_of(node, "callee")


def _wrapped(node: Json) -> tuple[str, Json | None]:
    return "", dict_of(node, "expression")


_LINKS: dict[str, Link] = {
    "Identifier": lambda node: (text_of(node, "name"), None),
    "MemberExpression": _member,
    "OptionalMemberExpression": _member,
    "CallExpression": _called,
    "OptionalCallExpression": _called,
    "NewExpression": _called,
    "TaggedTemplateExpression": lambda node: ("()", dict_of(node, "tag")),
    "ThisExpression": lambda _node: ("this", None),
    "Super": lambda _node: ("super", None),
    "Import": lambda _node: ("import", None),
    "ImportExpression": lambda _node: ("import()", None),
    "ChainExpression": _wrapped,
    "ParenthesizedExpression": _wrapped,
    "TSAsExpression": _wrapped,
    "TSInstantiationExpression": _wrapped,
    "TSNonNullExpression": _wrapped,
    "TSTypeAssertion": _wrapped,
    "TSQualifiedName": lambda node: (
        text_of(dict_of(node, "right"), "name"),
        dict_of(node, "left"),
    ),
    "QualifiedTypeIdentifier": lambda node: (
        text_of(dict_of(node, "id"), "name"),
        dict_of(node, "qualification"),
    ),
}


def set_parameters(symbol: Symbol, function: Json) -> None:
    """Sets how many parameters a function has, its signature and its declared result."""
    # The signatures of Babel 7 have `parameters` and `typeAnnotation`.
    parameters = children(function, "params") or children(function, "parameters")
    symbol.sign(map(_parameter, parameters), len(parameters))
    result = function.get("returnType") or function.get("typeAnnotation")
    symbol.returns = type_text(result)


def _parameter(node: Json) -> str:
    if node.get(KIND) == "TSParameterProperty":
        node = dict_of(node, "parameter")
    start = end = ""
    if node.get(KIND) == "RestElement":
        start, node = "...", dict_of(node, "argument")
    elif node.get(KIND) == "AssignmentPattern":
        node, end = dict_of(node, "left"), "=…"
    return start + _PATTERNS.get(text_of(node, KIND), text_of(node, "name")) + end


_PATTERNS = {"ObjectPattern": "{…}", "ArrayPattern": "[…]"}


def doc(node: Json) -> str:
    """Returns the first line of the block comment before a node, if the tree has it there."""
    comments = children(node, "leadingComments")
    if comments and comments[-1].get(KIND) in _BLOCK_COMMENTS:
        return first_line(text_of(comments[-1], "value"))
    return ""


def type_text(annotation: Any) -> str:
    """Returns a type as the source has it, empty where it is not simple."""
    return spell(annotation, KIND, _SPELLINGS) if type(annotation) is dict else ""


def _reference(node: Json) -> list[Any]:
    arguments = node.get("typeArguments") or node.get("typeParameters")
    return [node.get("typeName"), arguments] if arguments else [node.get("typeName")]


def _literal(node: Json) -> list[Any]:
    return [text_of(node, "raw") or text_of(dict_of(node, "extra"), "raw")]


_SPELLINGS: dict[str, Spelling] = {
    "Identifier": lambda node: [text_of(node, "name")],
    "TSTypeAnnotation": lambda node: [node.get("typeAnnotation")],
    "TSTypeReference": _reference,
    "TSTypeParameterInstantiation": lambda node: ["<", *listed(children(node, "params")), ">"],
    "TSQualifiedName": lambda node: [node.get("left"), ".", node.get("right")],
    "TSArrayType": lambda node: [node.get("elementType"), "[]"],
    "TSTupleType": lambda node: ["[", *listed(children(node, "elementTypes")), "]"],
    "TSUnionType": lambda node: listed(children(node, "types"), " | "),
    "TSIntersectionType": lambda node: listed(children(node, "types"), " & "),
    "TSIndexedAccessType": lambda node: [
        node.get("objectType"),
        "[",
        node.get("indexType"),
        "]",
    ],
    "TSTypeOperator": lambda node: [text_of(node, "operator"), " ", node.get("typeAnnotation")],
    "TSTypeQuery": lambda node: ["typeof ", node.get("exprName")],
    "TSParenthesizedType": lambda node: ["(", node.get("typeAnnotation"), ")"],
    "TSThisType": lambda _node: ["this"],
    "TSLiteralType": lambda node: [node.get("literal")],
    "Literal": _literal,
    "StringLiteral": _literal,
    "NumericLiteral": _literal,
    "BooleanLiteral": lambda node: ["true" if node.get("value") else "false"],
}


def _keyword(word: str) -> Spelling:
    return lambda _node: [word]


_KEYWORDS = (
    *("any", "bigInt", "boolean", "intrinsic", "never", "null", "number", "object"),
    *("string", "symbol", "undefined", "unknown", "void"),
)
_SPELLINGS |= {
    f"TS{word[0].upper()}{word[1:]}Keyword": _keyword(word.lower()) for word in _KEYWORDS
}


def passed(node: Json) -> int:
    """Returns how many arguments a call passes."""
    return length(node, "arguments")
