import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from taken_trees import all_of, named, take

from transforms.syntax.php_parser import PhpParser

Json = dict[str, Any]


def dumps(ast_data: Path) -> list[Path]:
    found = sorted((ast_data / "php_parser").rglob("*.json"))
    assert len(found) == 20
    return found


def test_classes_are_those_of_the_file_names(ast_data: Path) -> None:
    for path in dumps(ast_data):
        out = take(PhpParser(), json.loads(path.read_text()))
        namespace = "\\".join(path.parent.relative_to(ast_data / "php_parser").parts)
        classes = [s for s in out.symbols if s.kind == "class"]
        assert [s.name for s in classes] == [path.name.removesuffix(".php.json")]
        assert [s.parent and s.parent.name for s in classes] == [namespace]
        assert (out.language, out.line_first, out.line_last) == ("php", 1, classes[0].line_end)


def test_members_are_as_many_as_in_the_text(ast_data: Path) -> None:
    for path in dumps(ast_data):
        text = path.read_text()
        kinds = Counter(symbol.kind for symbol in take(PhpParser(), json.loads(text)).symbols)
        assert kinds["method"] + kinds["constructor"] == text.count('"Stmt_ClassMethod"')
        assert kinds["field"] == text.count('"Stmt_PropertyProperty"')


def test_calls_and_uses_are_as_many_as_in_the_text(ast_data: Path) -> None:
    called = re.compile(r'"Expr_(?:FuncCall|MethodCall|StaticCall|New)"')
    for path in dumps(ast_data):
        text = path.read_text()
        out = take(PhpParser(), json.loads(text))
        assert len(out.calls) == len(called.findall(text))
        assert len(out.imports) == text.count('"Stmt_UseUse"')


def test_all_nodes_are_counted_and_walked(ast_data: Path) -> None:
    for path in dumps(ast_data):
        text = path.read_text()
        out = take(PhpParser(), json.loads(text))
        kinds = Counter(re.findall(r'"nodeType": "(\w+)"', text))
        del kinds["Comment"], kinds["Comment_Doc"]
        walked = list(PhpParser().walk(json.loads(text)))
        assert out.kinds == kinds == Counter(node.kind for node in walked)
        assert out.nodes == len(walked)
        assert out.max_depth == max(node.depth for node in walked)


def test_pieces_give_what_the_whole_gives(ast_data: Path) -> None:
    for path in dumps(ast_data):
        top = json.loads(path.read_text())
        pieces = take(PhpParser(), *([statement] for statement in top))
        assert all_of(pieces) == all_of(take(PhpParser(), top))


def test_a_real_class_is_taken_as_it_is_written(ast_data: Path) -> None:
    path = ast_data / "php_parser/PhpParser/JsonDecoder.php.json"
    out = take(PhpParser(), json.loads(path.read_text()))
    methods = [s for s in out.symbols if s.kind == "method"]
    assert [(s.name, s.visibility, s.line_start, s.line_end) for s in methods] == [
        ("decode", "public", 10, 17),
        ("decodeRecursive", "private", 19, 30),
        ("decodeArray", "private", 32, 38),
        ("decodeNode", "private", 40, 67),
        ("decodeComment", "private", 69, 80),
        ("reflectionClassFromNodeType", "private", 82, 88),
        ("classNameFromNodeType", "private", 90, 102),
    ]
    assert named(out, "decodeArray").signature == "decodeArray($array)"
    assert named(out, "reflectionClassFromNodeType").returns == "\\ReflectionClass"
    assert named(out, "reflectionClassCache").visibility == "private"
    assert [call[1:4] for call in out.calls if call.caller is named(out, "decode")] == [
        ("json_decode", 2, 11),
        ("json_last_error", 0, 12),
        ("\\RuntimeException", 1, 13),
        ("json_last_error_msg", 0, 13),
        ("$this.decodeRecursive", 1, 16),
    ]


def test_documentation_is_the_last_comment_before(ast_data: Path) -> None:
    path = ast_data / "php_parser/PhpParser/NameContext.php.json"
    out = take(PhpParser(), json.loads(path.read_text()))
    assert named(out, "startNamespace").doc == "Start a new namespace."
    assert named(out, "errorHandler").doc == "@var ErrorHandler Error handler"
    assert named(out, "resolveAlias").doc == ""


def node(kind: str, **parts: Any) -> Json:
    return {"nodeType": kind, "attributes": {"startLine": 3, "endLine": 4}, **parts}


def name(*parts: str, kind: str = "Name") -> Json:
    return node(kind, parts=list(parts))


def identifier(text: str) -> Json:
    return node("Identifier", name=text)


def variable(text: str) -> Json:
    return node("Expr_Variable", name=text)


def function(*body: Json, **parts: Any) -> Json:
    return node("Stmt_Function", name=identifier("f"), params=[], stmts=list(body), **parts)


def expression(inner: Json) -> Json:
    return node("Stmt_Expression", expr=inner)


def test_interfaces_traits_and_enums() -> None:
    top = [
        node("Stmt_Interface", name=identifier("I"), extends=[name("J"), name("K")], stmts=[
            node("Stmt_ClassMethod", name=identifier("m"), flags=9, params=[], stmts=None),
        ]),
        node("Stmt_Trait", name=identifier("T"), stmts=[]),
        node("Stmt_Enum", name=identifier("E"), implements=[name("I")], stmts=[]),
        node("Stmt_Class", name=identifier("C"), flags=16, extends=name("A", "B"), stmts=[
            node("Stmt_TraitUse", traits=[name("T")]),
            node("Stmt_ClassConst", flags=4, consts=[node("Const", name=identifier("X"))]),
        ]),
    ]  # fmt: skip
    out = take(PhpParser(), top)
    assert [(s.kind, s.name) for s in out.symbols] == [
        ("interface", "I"),
        ("method", "m"),
        ("class", "T"),
        ("enum", "E"),
        ("class", "C"),
        ("field", "X"),
    ]
    assert [(i.symbol.name, i.base, i.kind) for i in out.inherits] == [
        ("I", "J", "extends"),
        ("I", "K", "extends"),
        ("E", "I", "implements"),
        ("C", "A\\B", "extends"),
        ("C", "T", "extends"),
    ]
    assert (named(out, "m").is_abstract, named(out, "m").is_static) == (True, True)
    assert (named(out, "C").is_abstract, named(out, "X").visibility) == (True, "private")


def test_constructors_declare_properties() -> None:
    promoted = node("Param", var=variable("x"), flags=2, type=identifier("int"), default=None)
    plain = node(
        "Param", var=variable("y"), flags=0, type=None, default=node("Scalar_Int", value=1)
    )
    method = node("Stmt_ClassMethod", name=identifier("__construct"), flags=0)
    method |= {"params": [promoted, plain], "stmts": []}
    out = take(PhpParser(), [node("Stmt_Class", name=identifier("C"), stmts=[method])])
    class_, constructor, field = out.symbols
    assert (constructor.kind, constructor.visibility) == ("constructor", "public")
    assert (constructor.signature, constructor.params) == ("__construct($x, $y=…)", 2)
    assert (field.name, field.parent, field.visibility, field.returns) == (
        "x",
        class_,
        "protected",
        "int",
    )


def test_uses_in_all_their_forms() -> None:
    top = [
        node("Stmt_Use", type=1, uses=[
            node("Stmt_UseUse", name=name("A", "B"), alias=identifier("C")),
            node("UseItem", name=node("Name", name="D"), alias=None),
        ]),
        node("Stmt_GroupUse", prefix=name("P", "Q"), uses=[
            node("Stmt_UseUse", name=name("R"), alias=None),
            node("Stmt_UseUse", name=name("S", "t"), type=2, alias=None),
        ]),
    ]  # fmt: skip
    assert [(i.module, i.name, i.alias, i.kind) for i in take(PhpParser(), top).imports] == [
        ("A", "B", "C", "use"),
        ("D", "", "", "use"),
        ("P\\Q", "R", "", "use"),
        ("P\\Q\\S", "t", "", "use"),
    ]


def test_included_files() -> None:
    def included(type_: int, what: Json) -> Json:
        return expression(node("Expr_Include", type=type_, expr=what))

    def text(value: str) -> Json:
        return node("Scalar_String", value=value)

    here = node("Scalar_MagicConst_Dir")
    joined = node("Expr_BinaryOp_Concat", left=here, right=text("/a.php"))
    top = [included(1, text("b.php")), included(4, joined), included(2, variable("c"))]
    assert [(i.module, i.kind, i.is_relative) for i in take(PhpParser(), top).imports] == [
        ("b.php", "include", False),
        ("./a.php", "require", True),
        ("?", "include", False),
    ]


def test_called_names_are_whole() -> None:
    def call(kind: str, **parts: Any) -> Json:
        return node(kind, **{"args": [], **parts})

    this = variable("this")
    first = call("Expr_MethodCall", var=this, name=identifier("a"))
    body = [
        call("Expr_NullsafeMethodCall", var=first, name=identifier("b"), args=[node("Arg")]),
        call("Expr_StaticCall", **{"class": name("X", "Y"), "name": identifier("s")}),
        call("Expr_StaticCall", **{"class": name("parent"), "name": identifier("s")}),
        call("Expr_FuncCall", name=name("g", kind="Name_FullyQualified")),
        call("Expr_FuncCall", name=variable("closure")),
        call("Expr_MethodCall", var=this, name=variable("dynamic")),
        call("Expr_FuncCall", name=name("h"), args=[node("VariadicPlaceholder")]),
        call("Expr_New", **{"class": node("Stmt_Class", name=None, stmts=[])}),
    ]
    out = take(PhpParser(), [function(*map(expression, body))])
    assert [(c.callee, c.args, c.receiver_type) for c in out.calls] == [
        ("$this.a().b", 1, ""),
        ("$this.a", 0, ""),
        ("X\\Y.s", 0, "X\\Y"),
        ("parent.s", 0, ""),
        ("\\g", 0, ""),
        ("$closure", 0, ""),
        ("$this.?", 0, ""),
        ("<anonymous>", 0, ""),
    ]


def test_decisions_and_nesting() -> None:
    condition = node("Expr_BinaryOp_BooleanAnd", left=variable("a"), right=variable("b"))
    inner = node("Stmt_If", cond=variable("c"), stmts=[node("Stmt_While", stmts=[])])
    chain = node("Stmt_If", cond=condition, stmts=[], elseifs=[node("Stmt_ElseIf")])
    chain["else"] = node("Stmt_Else", stmts=[inner])
    switch = node("Stmt_Switch", cases=[node("Stmt_Case", cond=variable("d")), node("Stmt_Case")])
    match = node("Expr_Match", arms=[node("MatchArm", conds=[variable("e")]), node("MatchArm")])
    catch = node("Stmt_TryCatch", stmts=[], catches=[node("Stmt_Catch", stmts=[])])
    closure = node("Expr_Closure", params=[], stmts=[node("Stmt_For", stmts=[])], static=True)
    out = take(
        PhpParser(), [function(chain, switch, expression(match), catch, expression(closure))]
    )
    outer, inside = out.symbols
    assert (outer.complexity, outer.nesting) == (9, 2)
    assert (inside.kind, inside.complexity, inside.nesting) == ("lambda", 2, 1)
    assert inside.is_static


def test_types_are_as_in_the_source() -> None:
    both = node("IntersectionType", types=[name("A"), name("B", "C")])
    either = node("UnionType", types=[both, identifier("null")])
    maybe = node("NullableType", type=identifier("int"))
    assert named(take(PhpParser(), [function(returnType=either)]), "f").returns == "A&B\\C|null"
    assert named(take(PhpParser(), [function(returnType=maybe)]), "f").returns == "?int"


def test_deep_trees_are_taken() -> None:
    deep: Json = variable("x")
    for _ in range(5000):
        deep = node("Expr_MethodCall", var=deep, name=identifier("b"), args=[])
    top = [function(expression(deep))]
    out = take(PhpParser(), top)
    assert (len(out.calls), out.calls[-1].callee) == (5000, "$x.b")
    assert out.calls[0].callee.startswith("?()")
    assert sum(1 for _ in PhpParser().walk(top)) == out.nodes


@pytest.mark.parametrize("top", [None, [], {}, [[]], [{"nodeType": "SourceUnit"}], "Stmt_Class"])
def test_other_documents_are_not_taken(top: Any) -> None:
    assert not PhpParser().matches(top)
