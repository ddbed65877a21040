import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.syntax.estree import Babel, ESTree
from transforms.syntax.extraction import Extraction, Import, Symbol

ESTREE, BABEL = ESTree(), Babel()
REAL = {"estree_acorn": 87, "estree_esprima": 115, "ts_estree": 65, "babel_real": 42, "babel": 135}
Tree = dict[str, Any]


def real_trees(folder: Path) -> list[tuple[Path, Tree]]:
    paths = [path for path in sorted(folder.rglob("*.json")) if path.is_file()]
    return [(path, json.loads(path.read_bytes())) for path in paths]


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


def test_only_programs_match():
    assert ESTREE.matches(program())
    assert ESTREE.matches({"type": "Program", "sourceType": "script"})
    assert ESTREE.matches({"type": "Module", "body": []})
    assert BABEL.matches({"type": "File", "program": {"type": "Program"}})
    for other in (
        {"name": "x", "type": "module", "main": "x.js"},
        {"type": "Program"},
        {"type": "program", "children": []},
        {"type": {"qualType": "int"}},
        {"type": "File"},
        {"type": "File", "program": []},
        {"compilerOptions": {}, "type": "Program", "body": "x"},
        {"_type": "Module", "body": []},
        [],
        None,
    ):
        assert not ESTREE.matches(other)
        assert not BABEL.matches(other)


def test_real_files_match_one_shape_and_failure_reports_none(ast_data: Path):
    for folder, files in REAL.items():
        trees = real_trees(ast_data / folder)
        assert len(trees) == files
        for path, tree in trees:
            assert BABEL.matches(tree) == folder.startswith("babel"), path
            assert ESTREE.matches(tree) != BABEL.matches(tree), path
    for _, tree in real_trees(ast_data / "not_ast_esprima_failure"):
        assert not ESTREE.matches(tree)
        assert not BABEL.matches(tree)


@pytest.mark.parametrize("folder", REAL)
def test_every_node_of_real_files_is_counted_once(ast_data: Path, folder: str):
    for path, tree in real_trees(ast_data / folder):
        out = extract(tree)
        nodes = list(BABEL.walk(tree))
        assert out.nodes == len(nodes), path
        assert out.kinds == Counter(node.kind for node in nodes), path
        assert out.max_depth == max(node.depth for node in nodes), path
        assert out.line_last >= max(node.line for node in nodes), path


@pytest.mark.parametrize(
    ("folder", "comments"),
    [
        ("estree_acorn", set()),
        ("babel_real", {"CommentBlock", "CommentLine"}),
        ("ts_estree", {"Block", "Line"}),
    ],
)
def test_kinds_are_those_of_the_text_but_for_comments(ast_data: Path, folder, comments):
    for path in (ast_data / folder).rglob("*.json"):
        found = Counter(re.findall(r'(?<!\\)"type":\s*"(\w+)"', path.read_text("utf-8")))
        for kind in comments:
            del found[kind]
        assert extract(json.loads(path.read_bytes())).kinds == found, path


@pytest.mark.parametrize("folder", ["estree_acorn", "babel_real", "ts_estree"])
def test_real_definitions_calls_and_imports_are_all_taken(ast_data: Path, folder: str):
    calls = ("CallExpression", "NewExpression", "TaggedTemplateExpression")
    functions = ("FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression")
    functions += ("ClassMethod", "ObjectMethod", "TSDeclareFunction")
    functions += ("TSEmptyBodyFunctionExpression",)
    for path, tree in real_trees(ast_data / folder):
        out = extract(tree)
        counted = Counter(symbol.kind for symbol in out.symbols)
        assert len(out.calls) == sum(out.kinds[kind] for kind in calls), path
        callables = ("function", "method", "constructor", "lambda")
        least = sum(out.kinds[kind] for kind in functions)
        found = sum(counted[kind] for kind in callables)
        assert least <= found <= least + out.kinds["TSMethodSignature"], path
        assert counted["class"] == out.kinds["ClassDeclaration"], path
        assert counted["interface"] == out.kinds["TSInterfaceDeclaration"], path
        assert counted["type"] == out.kinds["TSTypeAliasDeclaration"], path
        imported = [found for found in out.imports if found.kind == "import"]
        specifiers = ("ImportSpecifier", "ImportDefaultSpecifier", "ImportNamespaceSpecifier")
        assert len(imported) >= sum(out.kinds[kind] for kind in specifiers), path


def test_language_and_parser_of_real_files(ast_data: Path):
    declared = extract(
        json.loads((ast_data / "ts_estree/postcss/lib/warning.d.ts.json").read_bytes())
    )
    assert (declared.language, declared.parser) == ("typescript", "")
    for _, tree in real_trees(ast_data / "babel_real"):
        out = extract(tree)
        assert (out.language, out.parser) == ("javascript", "babel")
    assert extract(program(), path="a.mts").language == "typescript"


def test_a_real_class_of_three(ast_data: Path):
    path = ast_data / "estree_acorn/three/src/animation/tracks/ColorKeyframeTrack.js.ast.json"
    out = extract(json.loads(path.read_bytes()))
    track, constructor = out.symbols
    assert (track.kind, track.name, track.is_exported) == ("class", "ColorKeyframeTrack", True)
    assert constructor.kind == "constructor"
    assert constructor.signature == "constructor(name, times, values, interpolation)"
    assert [(found.base, found.kind) for found in out.inherits] == [("KeyframeTrack", "extends")]
    assert out.imports == [
        Import("../KeyframeTrack.js", "KeyframeTrack", "", "import", 1, is_relative=True)
    ]
    assert [(found.callee, found.caller, found.args) for found in out.calls] == [
        ("super", constructor, 4)
    ]


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


@pytest.mark.parametrize(
    ("statements", "complexity", "nesting"),
    [
        ([], 1, 0),
        ([node("IfStatement", test=name("a"), consequent=block(), alternate=None)], 2, 1),
        ([node("ForStatement", body=node("WhileStatement", test=name("a"), body=block()))], 3, 2),
        ([node("ForInStatement", body=block()), node("ForOfStatement", body=block())], 3, 1),
        ([node("DoWhileStatement", body=block(), test=name("a"))], 2, 1),
        ([node("TryStatement", block=block(), handler=node("CatchClause", body=block()))], 2, 1),
        ([statement(node("ConditionalExpression", test=name("a")))], 2, 0),
        (
            [statement(node("LogicalExpression", operator=sign)) for sign in ("&&", "||", "??")],
            4,
            0,
        ),
        ([assign("a", name("b"), sign) for sign in ("&&=", "||=", "??=", "+=")], 4, 0),
        ([call(name("f"), arrow(node("ConditionalExpression", test=name("a"))))], 1, 0),
    ],
)
def test_complexity_and_nesting(statements, complexity, nesting):
    found = extract(program(function("f", *statements))).symbols[0]
    assert (found.complexity, found.nesting) == (complexity, nesting)


def test_only_cases_with_a_label_count():
    cases = [node("SwitchCase", test=test, consequent=[]) for test in (text("a"), text("b"), None)]
    switch = node("SwitchStatement", discriminant=name("x"), cases=cases)
    found = extract(program(function("f", switch))).symbols[0]
    assert (found.complexity, found.nesting) == (3, 1)


def test_nesting_does_not_grow_along_else_if():
    chain: Tree | None = None
    for _ in range(4):
        chain = node("IfStatement", test=name("a"), consequent=block(), alternate=chain)
    assert chain is not None
    found = extract(program(function("f", chain))).symbols[0]
    assert (found.complexity, found.nesting) == (5, 1)


def test_callees():
    private = node("MemberExpression", object=node("ThisExpression"), computed=False)
    tagged = node("TaggedTemplateExpression", tag=name("sql"))
    template = node("TemplateLiteral", quasis=[], expressions=[name("x")])
    parent = node("MemberExpression", object=node("Super"), property=name("go"), computed=False)
    item = node("MemberExpression", object=name("a"), property=text("k"), computed=True)
    chained = node("OptionalMemberExpression", object=name("a"), property=name("b"), computed=False)
    calls = [
        call(name("f"), name("x"), node("SpreadElement", argument=name("y"))),
        call(dots("this.go")),
        call(private | {"property": node("PrivateIdentifier", name="h")}),
        call(parent),
        call(dots("a.B"), kind="NewExpression"),
        call(item),
        call(chained, kind="OptionalCallExpression"),
        call(arrow()),
        tagged | {"quasi": template},
    ]
    found = [(call.callee, call.args) for call in extract(program(*map(statement, calls))).calls]
    assert found == [
        ("f", 2),
        ("this.go", 0),
        ("this.#h", 0),
        ("super.go", 0),
        ("a.B", 0),
        ("a[]", 0),
        ("a.b", 0),
        ("?", 0),
        ("sql", 2),
    ]


def test_a_call_is_made_by_the_function_around_it():
    field = member("PropertyDefinition", name("x"), value=call(name("g")))
    out = extract(
        program(
            const(name("v"), call(name("f"))),
            a_class("A", field),
            function("h", statement(call(name("i")))),
        )
    )
    assert [(call.callee, qualified(call.caller)) for call in out.calls] == [
        ("f", ""),
        ("g", "A"),
        ("i", "h"),
    ]


def imports(*body: Tree) -> list[tuple[str, str, str, str]]:
    found = extract(program(*body)).imports
    return [(each.module, each.name, each.alias, each.kind) for each in found]


def test_imports_of_modules():
    specifiers = [
        node("ImportDefaultSpecifier", local=name("d")),
        node("ImportNamespaceSpecifier", local=name("n")),
        node("ImportSpecifier", imported=name("s"), local=name("s")),
        node("ImportSpecifier", imported=name("s"), local=name("t")),
        node("ImportSpecifier", imported=text("s p"), local=name("u")),
    ]
    source = text("./m")
    assert imports(
        node("ImportDeclaration", specifiers=specifiers, source=source),
        node("ImportDeclaration", specifiers=[], source=text("side")),
        statement(node("ImportExpression", source=text("later"))),
        statement(call(node("Import"), text("later"))),
        statement(node("ImportExpression", source=name("computed"))),
    ) == [
        ("./m", "default", "d", "import"),
        ("./m", "*", "n", "import"),
        ("./m", "s", "", "import"),
        ("./m", "s", "t", "import"),
        ("./m", "s p", "u", "import"),
        ("side", "", "", "import"),
        ("later", "", "", "import"),
        ("later", "", "", "import"),
    ]


def test_imports_by_require():
    def required(module: str) -> Tree:
        return call(name("require"), text(module))

    reading = node("MemberExpression", object=required("fs"), property=name("read"), computed=False)
    pattern = node("ObjectPattern", properties=[entry("a", name("a")), entry("b", name("c"))])
    reference = node("TSExternalModuleReference", expression=text("x"))
    body = [
        const(name("p"), required("path")),
        const(pattern, required("./m")),
        const(name("r"), reading),
        statement(required("side")),
        statement(call(name("require"), name("computed"))),
        node("TSImportEqualsDeclaration", id=name("y"), moduleReference=reference),
    ]
    assert imports(*body) == [
        ("path", "", "p", "require"),
        ("./m", "a", "", "require"),
        ("./m", "b", "c", "require"),
        ("fs", "read", "r", "require"),
        ("side", "", "", "require"),
        ("x", "", "y", "require"),
    ]
    assert extract(program(*body)).symbols == []


def test_imports_of_amd():
    modules = node("ArrayExpression", elements=[text("./a"), text("b"), text("c")])
    body = expression(params=[name("a"), name("bee")])
    for arguments in ([modules, body], [text("own"), modules, body]):
        assert imports(statement(call(name("define"), *arguments))) == [
            ("./a", "", "a", "require"),
            ("b", "", "bee", "require"),
            ("c", "", "", "require"),
        ]


def test_exports_from_elsewhere_are_imports():
    specifier = node("ExportSpecifier", local=name("a"), exported=name("b"))
    whole = node("ExportNamespaceSpecifier", exported=name("ns"))
    source = text("m")
    assert imports(
        exported(None, source=source, specifiers=[specifier, whole]),
        node("ExportAllDeclaration", source=source, exported=None),
        node("ExportAllDeclaration", source=source, exported=name("all")),
    ) == [
        ("m", "a", "b", "export-from"),
        ("m", "*", "ns", "export-from"),
        ("m", "*", "", "export-from"),
        ("m", "*", "all", "export-from"),
    ]


def test_exports_of_modules():
    specifier = node("ExportSpecifier", local=name("late"), exported=name("other"))
    assert are_exported(
        exported(function("f")),
        exported(const(name("g"), arrow())),
        exported(const(name("v"), text("x"))),
        exported(None, source=None, specifiers=[specifier]),
        function("late"),
        function("hidden", function("late")),
        exported(a_class("C", method("m")), kind="ExportDefaultDeclaration"),
    ) == ["f", "g", "v", "late", "C"]
    assert are_exported(function("f"), exported(name("f"), kind="ExportDefaultDeclaration")) == [
        "f"
    ]
    assert are_exported(exported(arrow(), kind="ExportDefaultDeclaration")) == ["default"]
    assert are_exported(function("f"), node("TSExportAssignment", expression=name("f"))) == ["f"]


def by_default(*pieces: Tree) -> str:
    symbol = extract(*pieces).default
    return qualified(symbol) if symbol else ""


def test_the_default_export_is_told():
    def default(declaration: Tree) -> Tree:
        return exported(declaration, kind="ExportDefaultDeclaration")

    as_default = node("ExportSpecifier", local=name("f"), exported=name("default"))
    renamed = exported(None, source=None, specifiers=[as_default])
    elsewhere = exported(None, source=text("m"), specifiers=[as_default])
    assert by_default(program(function("g"), default(function("f")))) == "f"
    assert by_default(program(default(a_class("C", method("m"))))) == "C"
    assert by_default(program(default(arrow()))) == "default"
    assert by_default(program(default(expression()))) == "default"
    assert by_default(program(default(name("f")), function("g"), function("f"))) == "f"
    assert by_default(program(function("f")), program(default(name("f")))) == "f"
    assert by_default(program(default(name("f"))), program(function("f"))) == "f"
    assert by_default(program(function("f"), renamed)) == "f"
    assert by_default(program(function("f"), elsewhere)) == ""
    assert by_default(program(function("f"), exported(function("g")))) == ""
    assert by_default(program(default(call(name("f"))), function("f"))) == ""


def test_what_commonjs_exports_as_one_is_the_default():
    assert by_default(program(function("f"), assign("module.exports", name("f")))) == "f"
    assert by_default(program(assign("module.exports", function("f", kind="FunctionExpression"))))
    assert by_default(program(function("f"), assign("exports.f", name("f")))) == ""
    assert by_default(program(assign("exports.f", expression()))) == ""
    entries = record(entry("f", name("f")))
    assert by_default(program(function("f"), assign("module.exports", entries))) == ""
    whole = node("TSExportAssignment", expression=name("f"))
    assert by_default(program(function("f"), whole)) == "f"


def test_exports_of_commonjs():
    entries = [entry("f", name("f")), entry("h", expression()), entry("i", arrow(), method=True)]
    assert are_exported(
        function("f"), function("g"), assign("module.exports", record(*entries))
    ) == ["f", "h", "i"]
    assert are_exported(function("f"), assign("exports.x", name("f"))) == ["f"]
    assert are_exported(assign("exports.x", expression())) == ["x"]
    assert are_exported(a_class("A"), assign("module.exports", name("A"))) == ["A"]
    assert are_exported(function("f"), assign("other.exports", name("f"))) == []


def test_errors_that_the_parser_left_are_counted(ast_data: Path):
    found = Counter(len(tree["errors"]) for _, tree in erroneous(ast_data))
    assert sum(found.values()) > 10
    for path, tree in erroneous(ast_data):
        assert extract(tree).errors == len(tree["errors"]), path


def erroneous(ast_data: Path) -> list[tuple[Path, Tree]]:
    trees = real_trees(ast_data / "estree_esprima") + real_trees(ast_data / "babel")
    return [(path, tree) for path, tree in trees if tree.get("errors")]


@pytest.mark.parametrize("folder", ["babel_real", "estree_acorn"])
def test_a_tree_in_pieces_gives_what_the_whole_gives(ast_data: Path, folder: str):
    for path, tree in real_trees(ast_data / folder):
        inner = tree.get("program", tree)
        pieces = []
        for part in inner["body"] or [None]:
            piece = {**inner, "body": [part]}
            pieces.append({**tree, "program": piece} if inner is not tree else piece)
        once, again = extract(tree), extract(*pieces)
        assert facts(again) == facts(once), path
        assert (again.imports, len(again.calls)) == (once.imports, len(once.calls)), path


def facts(out: Extraction) -> list[tuple[Any, ...]]:
    slots = [slot for slot in Symbol.__slots__ if slot != "parent"]
    return [
        (qualified(symbol), *(getattr(symbol, slot) for slot in slots)) for symbol in out.symbols
    ]


def test_own_nodes_add_up_to_the_tree(ast_data: Path):
    for path, tree in real_trees(ast_data / "estree_acorn"):
        outside = program(function("around", *tree["body"]))
        out = extract(outside)
        assert sum(symbol.nodes for symbol in out.symbols) == out.nodes - 1, path


def test_deep_trees_are_walked():
    deep = name("a")
    for _ in range(5_000):
        deep = call(node("MemberExpression", object=deep, property=name("b"), computed=False))
    out = extract(program(statement(deep)))
    assert (out.nodes, out.max_depth, len(out.calls)) == (15_003, 10_003, 5_000)
    nested: Tree | None = None
    for _ in range(5_000):
        nested = node("IfStatement", test=name("a"), consequent=block(), alternate=nested)
    assert nested is not None
    assert extract(program(function("f", nested))).symbols[0].complexity == 5_001


def test_a_tree_without_places_has_no_lines():
    found = extract(program(function("f"), start=0, end=20, range=[0, 20]))
    assert (found.line_first, found.line_last) == (0, 0)
    assert (found.symbols[0].line_start, found.symbols[0].line_end) == (0, 0)


def test_only_text_under_type_makes_a_node():
    odd = statement(name("a", type_={"type": {"qualType": "x"}}, loc={"type": "SourceLocation"}))
    out = extract(program(odd, None, 3, [name("b")]))
    assert out.kinds == {"Program": 1, "ExpressionStatement": 1, "Identifier": 1}


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
KINDS = (
    "FunctionDeclaration FunctionExpression ArrowFunctionExpression ClassDeclaration Identifier"
    " MethodDefinition ClassMethod Property ObjectProperty PropertyDefinition VariableDeclaration"
    " VariableDeclarator AssignmentExpression CallExpression MemberExpression ImportDeclaration"
    " ExportNamedDeclaration ExportDefaultDeclaration ExportAllDeclaration IfStatement SwitchCase"
    " TSInterfaceDeclaration TSModuleDeclaration TSPropertySignature ExpressionStatement Literal"
    " ObjectExpression ArrayExpression TSImportEqualsDeclaration TaggedTemplateExpression"
)
KEYS = (
    "id name key value params body left right object property callee arguments source specifiers"
    " declaration declarations local imported exported init properties elements alternate test"
    " leadingComments loc computed static superClass implements extends typeAnnotation returnType"
    " expression moduleReference tag quasi operator parameters"
)


def odd_node(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    members = st.dictionaries(st.sampled_from(KEYS.split()), inside, max_size=6)
    kinds = st.sampled_from(KINDS.split())
    return st.builds(lambda kind, rest: {"type": kind, **rest}, kinds | SCALARS, members)


TREES = st.recursive(SCALARS, lambda inside: st.lists(inside, max_size=4) | odd_node(inside))


@given(st.lists(TREES, max_size=4))
def test_no_tree_is_too_odd(body):
    tree = program(*body)
    out = extract(tree)
    kinds = Counter(node.kind for node in ESTREE.walk(tree))
    assert out.nodes == out.kinds.total()
    assert out.kinds <= kinds
