import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from estree_trees import (
    BABEL,
    ESTREE,
    Tree,
    a_class,
    arrow,
    assign,
    block,
    call,
    const,
    dots,
    extract,
    function,
    member,
    name,
    node,
    program,
    qualified,
    statement,
    text,
)
from hypothesis import given
from hypothesis import strategies as st

from transforms.syntax.extraction import Extraction, Import, Symbol

REAL = {"estree_acorn": 87, "estree_esprima": 115, "ts_estree": 65, "babel_real": 42, "babel": 135}


def real_trees(folder: Path) -> list[tuple[Path, Tree]]:
    paths = [path for path in sorted(folder.rglob("*.json")) if path.is_file()]
    return [(path, json.loads(path.read_bytes())) for path in paths]


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
