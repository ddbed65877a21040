from typing import Any

from estree_trees import (
    Tree,
    a_class,
    arrow,
    assign,
    block,
    call,
    const,
    described,
    dots,
    entry,
    exported,
    expression,
    extract,
    function,
    member,
    method,
    name,
    node,
    program,
    record,
    statement,
    text,
)


def test_functions_are_named_by_what_they_are_assigned_to():
    out = extract(
        program(
            function("declared"),
            const(name("a"), expression()),
            const(name("b"), arrow()),
            const(name("c"), function("own", kind="FunctionExpression")),
            assign("this.d", arrow()),
            assign("e", expression()),
            statement(call(arrow())),
        )
    )
    assert described(out) == [
        ("function", "declared"),
        *(("function", given) for given in "abcde"),
        ("lambda", "<lambda>"),
    ]


def test_functions_put_on_a_known_class_are_qualified():
    out = extract(
        program(
            function("Foo"),
            assign("Foo.prototype.bar", expression()),
            assign("Foo.make", expression()),
            assign("Foo.prototype", record(entry("baz", expression()), entry("n", text("1")))),
            assign("Unknown.prototype.far", expression()),
        )
    )
    assert described(out) == [
        ("function", "Foo"),
        ("method", "Foo.bar"),
        ("function", "Foo.make"),
        ("method", "Foo.baz"),
        ("function", "far"),
    ]
    assert [symbol.is_static for symbol in out.symbols] == [False, False, True, False, False]


def test_functions_in_objects():
    out = extract(
        program(
            const(
                name("api"),
                record(
                    entry("get", expression(), method=True, kind="init"),
                    entry("size", expression(), method=False, kind="get"),
                    entry("put", arrow(), method=False, kind="init"),
                    node("ObjectMethod", key=name("babel"), params=[], body=block()),
                ),
            )
        )
    )
    assert described(out) == [
        ("variable", "api"),
        ("method", "api.get"),
        ("method", "api.size"),
        ("function", "api.put"),
        ("method", "api.babel"),
    ]


def test_members_of_a_class():
    hidden = node("PrivateIdentifier", name="h")
    babel_hidden = node("PrivateName", id=name("p"))
    iterator = dots("Symbol.iterator")
    out = extract(
        program(
            a_class(
                "A",
                method("constructor", kind="constructor"),
                method("make", static=True),
                member("MethodDefinition", hidden, value=expression(**{"async": True})),
                member("ClassPrivateMethod", babel_hidden, params=[], body=block()),
                member("MethodDefinition", iterator, value=expression(), computed=True),
                member("MethodDefinition", text("a b"), value=expression()),
                member("PropertyDefinition", name("plain"), value=text("x"), static=True),
                member("ClassProperty", name("bound"), value=arrow()),
            )
        )
    )
    assert described(out) == [
        ("class", "A"),
        ("constructor", "A.constructor"),
        ("method", "A.make"),
        ("method", "A.#h"),
        ("method", "A.#p"),
        ("method", "A.[Symbol.iterator]"),
        ("method", "A.a b"),
        ("field", "A.plain"),
        ("method", "A.bound"),
    ]
    assert [symbol.name for symbol in out.symbols if symbol.visibility == "private"] == ["#h", "#p"]
    assert [symbol.name for symbol in out.symbols if symbol.is_static] == ["make", "plain"]
    assert [symbol.name for symbol in out.symbols if symbol.is_async] == ["#h"]


def typed(kind: str, **members: Any) -> Tree:
    return node("TSTypeAnnotation", typeAnnotation=node(kind, **members))


def test_members_of_typescript():
    out = extract(
        program(
            a_class(
                "A",
                member(
                    "TSAbstractMethodDefinition",
                    name("go"),
                    accessibility="protected",
                    value=function("", kind="TSEmptyBodyFunctionExpression", body=None),
                ),
                member(
                    "PropertyDefinition",
                    name("held"),
                    accessibility="private",
                    typeAnnotation=typed("TSStringKeyword"),
                ),
                abstract=True,
                implements=[node("TSClassImplements", expression=dots("ns.I"))],
                superClass=call(name("Mixin"), name("B")),
            )
        )
    )
    found = [(symbol.name, symbol.visibility, symbol.is_abstract) for symbol in out.symbols]
    assert found == [("A", "", True), ("go", "protected", True), ("held", "private", False)]
    assert out.symbols[2].returns == "string"
    bases = [(inherit.base, inherit.kind) for inherit in out.inherits]
    assert bases == [("Mixin()", "extends"), ("ns.I", "implements")]
    assert out.language == "typescript"


def test_types_of_typescript():
    signature = member("TSMethodSignature", name("run"), params=[name("x")])
    literal = node("TSTypeLiteral", members=[member("TSPropertySignature", name("inner"))])
    held = member("TSPropertySignature", name("held"), typeAnnotation=literal)
    heritage = node("TSInterfaceHeritage", expression=dots("a.Base"))
    body = node("TSInterfaceBody", body=[signature, held])
    out = extract(
        program(
            node("TSInterfaceDeclaration", id=name("I"), extends=[heritage], body=body),
            node("TSTypeAliasDeclaration", id=name("T"), typeAnnotation=literal),
            node("TSEnumDeclaration", id=name("E"), members=[]),
            node(
                "TSModuleDeclaration",
                id=text("m"),
                declare=True,
                body=node("TSModuleBlock", body=[exported(const(name("v")))]),
            ),
            function("f", kind="TSDeclareFunction", declare=True, body=None),
        )
    )
    assert described(out) == [
        ("interface", "I"),
        ("method", "I.run"),
        ("field", "I.held"),
        ("type", "T"),
        ("enum", "E"),
        ("namespace", "m"),
        ("variable", "m.v"),
        ("function", "f"),
    ]
    assert [inherit.base for inherit in out.inherits] == ["a.Base"]
    assert [symbol.name for symbol in out.symbols if symbol.is_abstract] == ["m", "f"]
    assert [symbol.name for symbol in out.symbols if symbol.is_exported] == ["v"]


def test_parameters_and_results():
    generic = node("TSTypeParameterInstantiation", params=[node("TSNumberKeyword")])
    promise = typed("TSTypeReference", typeName=name("Promise"), typeArguments=generic)
    parameters = [
        name("a"),
        node("AssignmentPattern", left=name("b"), right=text("x")),
        node("ObjectPattern", properties=[]),
        node("AssignmentPattern", left=node("ArrayPattern", elements=[None]), right=text("x")),
        node("TSParameterProperty", parameter=name("c")),
        node("RestElement", argument=name("d")),
    ]
    found = extract(program(function("f", params=parameters, returnType=promise))).symbols[0]
    assert found.signature == "f(a, b=…, {…}, […]=…, c, ...d)"
    assert (found.params, found.returns) == (6, "Promise<number>")


def comment(kind: str, value: str) -> Tree:
    return {"leadingComments": [node("CommentLine", value=" x"), node(kind, value=value)]}


def test_the_block_comment_before_a_definition_is_its_doc():
    said = comment("CommentBlock", "*\n * Says what.\n * More.\n ")
    part = a_class("C", method("m", **said))
    out = extract(
        program(
            function("f", **said),
            exported(function("g"), **said),
            {**const(name("h"), arrow()), **said},
            statement(assign("a.i", arrow())["expression"], **said),
            part,
            function("none", **comment("CommentLine", "not this")),
        )
    )
    assert {symbol.name: symbol.doc for symbol in out.symbols} == {
        **dict.fromkeys("fghim", "Says what."),
        "C": "",
        "none": "",
    }
    assert not [kind for kind in out.kinds if kind.startswith("Comment")]
