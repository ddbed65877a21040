"""Trees of ESTree written down node by node."""

from typing import Any

from transforms.syntax.estree import Babel, ESTree
from transforms.syntax.extraction import Extraction, Symbol

ESTREE, BABEL = ESTree(), Babel()
Tree = dict[str, Any]


def extract(*pieces: Tree, path: str = "file.js") -> Extraction:
    out = Extraction(path)
    for piece in pieces:
        (BABEL if piece["type"] == "File" else ESTREE).extract(piece, out)
    return out


def node(kind: str, /, **members: Any) -> Tree:
    return {"type": kind, **members}


def program(*body: Tree, **members: Any) -> Tree:
    return node("Program", body=list(body), sourceType="module", **members)


def name(text: str, **members: Any) -> Tree:
    return node("Identifier", name=text, **members)


def text(value: str) -> Tree:
    return node("Literal", value=value, raw=f"'{value}'")


def block(*body: Tree) -> Tree:
    return node("BlockStatement", body=list(body))


def function(own: str = "", *body: Tree, kind: str = "FunctionDeclaration", **rest: Any) -> Tree:
    own_name = name(own) if own else None
    return node(kind, id=own_name, **{"params": [], "body": block(*body), **rest})


def expression(*body: Tree, **rest: Any) -> Tree:
    return function("", *body, kind="FunctionExpression", **rest)


def arrow(body: Tree | None = None, **rest: Any) -> Tree:
    return node("ArrowFunctionExpression", **{"params": [], "body": body or block(), **rest})


def statement(inside: Tree, **rest: Any) -> Tree:
    return node("ExpressionStatement", expression=inside, **rest)


def dots(path: str) -> Tree:
    first, *others = path.split(".")
    found = node("ThisExpression") if first == "this" else name(first)
    for other in others:
        found = node("MemberExpression", object=found, property=name(other), computed=False)
    return found


def call(callee: Tree, *arguments: Tree, kind: str = "CallExpression") -> Tree:
    return node(kind, callee=callee, arguments=list(arguments))


def assign(left: str, right: Tree, operator: str = "=") -> Tree:
    inside = node("AssignmentExpression", operator=operator, left=dots(left), right=right)
    return statement(inside)


def const(target: Tree, value: Tree | None = None) -> Tree:
    declarator = node("VariableDeclarator", id=target, init=value)
    return node("VariableDeclaration", kind="const", declarations=[declarator])


def entry(key: str, value: Tree, **rest: Any) -> Tree:
    return node("Property", key=name(key), value=value, computed=False, **rest)


def record(*entries: Tree) -> Tree:
    return node("ObjectExpression", properties=list(entries))


def member(kind: str, key: Tree, /, **rest: Any) -> Tree:
    return node(kind, key=key, computed=rest.pop("computed", False), **rest)


def method(key: str, **rest: Any) -> Tree:
    return member("MethodDefinition", name(key), value=expression(), **rest)


def a_class(own_name: str, *members: Tree, **rest: Any) -> Tree:
    body = node("ClassBody", body=list(members))
    return node("ClassDeclaration", id=name(own_name), body=body, **rest)


def exported(declaration: Tree, kind: str = "ExportNamedDeclaration", **rest: Any) -> Tree:
    return node(kind, declaration=declaration, **rest)


def described(out: Extraction) -> list[tuple[str, str]]:
    return [(symbol.kind, qualified(symbol)) for symbol in out.symbols]


def qualified(symbol: Symbol | None) -> str:
    names = []
    while symbol is not None:
        names.append(symbol.name)
        symbol = symbol.parent
    return ".".join(reversed(names))


def are_exported(*body: Tree) -> list[str]:
    return [qualified(symbol) for symbol in extract(program(*body)).symbols if symbol.is_exported]
