"""Trees of the syntax samples' JavaScript, as ESTree: https://github.com/estree/estree.

The sources are in `ast_samples_sources`; places are lines, with no columns to speak of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

Json = dict[str, Any]


def panel() -> Json:
    """Returns the tree of `PANEL`."""
    title = _expression(
        3, "AssignmentExpression", operator="=", left=_dotted(3, "title"), right=_name(3, "title")
    )
    row = _node(6, "VariableDeclarator", id=_name(6, "row"), init=None)
    declared = _node(6, "VariableDeclaration", kind="const", declarations=[row])
    drawn = _block((6, 8), [_statement(7, _call(7, _dotted(7, "line"), _name(7, "row")))])
    loop = _node((6, 8), "ForOfStatement", left=declared, right=_name(6, "rows"), body=drawn)
    log = _call(11, _dotted(11, "log", _name(11, "console")), _name(11, "text"))
    methods = [
        _method((2, 4), "constructor", ["title"], [title]),
        _method((5, 9), "draw", ["rows"], [loop]),
        _method((10, 12), "line", ["text"], [_statement(11, log)]),
    ]
    return _program(13, _exported((1, 13), _class((1, 13), "Panel", "", methods)))


def board() -> Json:
    """Returns the tree of `BOARD`."""
    full = _dotted(5, "full", _name(5, "sailing"))
    test = _node(
        5,
        "LogicalExpression",
        operator="&&",
        left=_dotted(5, "leaves", _name(5, "sailing")),
        right=_node(5, "UnaryExpression", operator="!", prefix=True, argument=full),
    )
    arrow = _function(5, "ArrowFunctionExpression", ["sailing"], test)
    chosen = _call(5, _dotted(5, "filter", _name(5, "sailings")), arrow)
    show = [_statement(5, _call(5, _dotted(5, "draw"), chosen))]
    methods = [_method((4, 6), "show", ["sailings"], show)]
    return _program(
        7,
        _imported(1, "Panel", "./panel.js"),
        _exported((3, 7), _class((3, 7), "Board", "Panel", methods)),
    )


def app() -> Json:
    """Returns the tree of `APP`."""
    answer = _node(
        4,
        "VariableDeclarator",
        id=_name(4, "answer"),
        init=_awaited(4, _call(4, _name(4, "fetch"), _text(4, "/sailings"))),
    )
    made = _node(5, "NewExpression", callee=_name(5, "Board"), arguments=[_text(5, "Sailings")])
    read = _awaited(5, _call(5, _dotted(5, "json", _name(5, "answer"))))
    body = [
        _node(4, "VariableDeclaration", kind="const", declarations=[answer]),
        _statement(5, _call(5, _dotted(5, "show", made), read)),
    ]
    start = _function((3, 6), "FunctionDeclaration", [], _block((3, 6), body), is_async=True)
    start["id"] = _name(3, "start")
    return _program(
        8,
        _imported(1, "Board", "./board.js"),
        start,
        _statement(8, _call(8, _name(8, "start"))),
    )


_Lines: TypeAlias = "int | tuple[int, int]"


def _node(lines: _Lines, kind: str, /, **fields: Any) -> Json:
    first, last = (lines, lines) if isinstance(lines, int) else lines
    places = {"start": {"line": first, "column": 0}, "end": {"line": last, "column": 1}}
    return {"type": kind, "loc": places, **fields}


def _program(last: int, *body: Json) -> Json:
    return _node((1, last), "Program", body=list(body), sourceType="module")


def _name(line: int, name: str) -> Json:
    return _node(line, "Identifier", name=name)


def _text(line: int, text: str) -> Json:
    return _node(line, "Literal", value=text, raw=f'"{text}"')


def _dotted(line: int, name: str, of: Json | None = None) -> Json:
    """Returns `of.name`, or `this.name`."""
    around = of or _node(line, "ThisExpression")
    property_ = _name(line, name)
    return _node(
        line, "MemberExpression", object=around, property=property_, computed=False, optional=False
    )


def _call(line: int, callee: Json, *arguments: Json) -> Json:
    return _node(line, "CallExpression", callee=callee, arguments=list(arguments), optional=False)


def _awaited(line: int, value: Json) -> Json:
    return _node(line, "AwaitExpression", argument=value)


def _statement(line: int, expression: Json) -> Json:
    return _node(line, "ExpressionStatement", expression=expression)


def _expression(line: int, kind: str, /, **fields: Any) -> Json:
    return _statement(line, _node(line, kind, **fields))


def _block(lines: _Lines, body: Sequence[Json]) -> Json:
    return _node(lines, "BlockStatement", body=list(body))


def _function(
    lines: _Lines, kind: str, params: Sequence[str], body: Json, *, is_async: bool = False
) -> Json:
    first = lines if isinstance(lines, int) else lines[0]
    return _node(
        lines,
        kind,
        id=None,
        generator=False,
        expression=body["type"] != "BlockStatement",
        **{"async": is_async},
        params=[_name(first, param) for param in params],
        body=body,
    )


def _method(lines: _Lines, name: str, params: Sequence[str], body: Sequence[Json]) -> Json:
    first = lines if isinstance(lines, int) else lines[0]
    kind = "constructor" if name == "constructor" else "method"
    return _node(
        lines,
        "MethodDefinition",
        static=False,
        computed=False,
        key=_name(first, name),
        kind=kind,
        value=_function(lines, "FunctionExpression", params, _block(lines, body)),
    )


def _class(lines: tuple[int, int], name: str, base: str, methods: Sequence[Json]) -> Json:
    return _node(
        lines,
        "ClassDeclaration",
        id=_name(lines[0], name),
        superClass=_name(lines[0], base) if base else None,
        body=_node(lines, "ClassBody", body=list(methods)),
    )


def _imported(line: int, name: str, module: str) -> Json:
    specifier = _node(line, "ImportSpecifier", imported=_name(line, name), local=_name(line, name))
    return _node(line, "ImportDeclaration", specifiers=[specifier], source=_text(line, module))


def _exported(lines: _Lines, declaration: Json) -> Json:
    return _node(
        lines, "ExportNamedDeclaration", declaration=declaration, specifiers=[], source=None
    )
