import gzip
import json
import re
from bisect import bisect_right
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from taken_trees import all_of, named, take, take_pieces

from transforms.syntax.clang import Clang
from transforms.syntax.link import link

Json = dict[str, Any]

MADE_HERE = ("fib.c", "shapes.cpp", "sw.c")
UJSON = "clang/ujson/ultrajsondec.c.json.gz"
DECISIONS = ("IfStmt", "ForStmt", "WhileStmt", "DoStmt", "CaseStmt", "ConditionalOperator")


def dump_text(ast_data: Path, name: str) -> str:
    if name == UJSON:
        return gzip.decompress((ast_data / name).read_bytes()).decode()
    return (ast_data / "clang/made_here" / f"{name}.json").read_text()


def end_of_object(text: str, at: int) -> int:
    """Where the object ends whose brace is the next one; there are no braces in texts here."""
    depth = 0
    for brace in re.finditer(r"[{}]", text[at:]):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0:
            return at + brace.end()
    raise AssertionError("no end")


def declared_by_text(text: str, kind: str) -> list[tuple[str, int, int]]:
    """Name, first and last line of the main file's declarations, by the text alone.

    clang prints lines in the order in which it goes through the places, so that the line of any
    place is the last one printed before the place ends.
    """
    printed = [(m.end(), int(m.group(1))) for m in re.finditer(r'"line":\s*(\d+)', text)]
    ends = [end for end, _ in printed]

    def line_at(position: int) -> int:
        return printed[bisect_right(ends, position) - 1][1]

    found = []
    for match in re.finditer(rf'"id":\s*"\w+",\s*"kind":\s*"{kind}",\s*"loc":\s*(?={{)', text):
        loc_end = end_of_object(text, match.end())
        range_end = end_of_object(text, loc_end)
        begin_end = end_of_object(text, text.index('"begin"', loc_end))
        name = re.compile(r'"name":\s*"([^"]*)"').search(text, range_end)
        assert name is not None
        loc, flags = text[match.end() : loc_end], text[range_end : name.start()]
        if '"offset"' in loc and "includedFrom" not in loc and "isImplicit" not in flags:
            found.append((name.group(1), line_at(begin_end), line_at(range_end)))
    return found


def children(node: Json) -> list[Json]:
    return [child for child in node.get("inner", []) if "kind" in child]


def count_nodes(node: Json) -> Counter[str]:
    return sum(map(count_nodes, children(node)), Counter({node["kind"]: 1}))


@pytest.mark.parametrize("name", ["fib.c", "sw.c", UJSON])
def test_functions_and_their_lines_are_those_of_the_text(ast_data: Path, name: str) -> None:
    text = dump_text(ast_data, name)
    out = take(Clang(), json.loads(text))
    taken = [(s.name, s.line_start, s.line_end) for s in out.symbols if s.kind == "function"]
    assert taken == declared_by_text(text, "FunctionDecl")
    fields = [(s.name, s.line_start, s.line_end) for s in out.symbols if s.kind == "field"]
    assert fields == declared_by_text(text, "FieldDecl")


def test_the_main_file_of_a_real_dump_begins_after_its_headers(ast_data: Path) -> None:
    out = take(Clang(), json.loads(dump_text(ast_data, UJSON)))
    functions = [s.name for s in out.symbols if s.kind == "function"]
    assert functions[0] == "decode_any"
    assert functions[-1] == "JSON_DecodeObject"
    assert "getenv" not in functions
    assert (named(out, "JSON_DecodeObject").line_start, out.line_last) == (790, 834)
    assert out.kinds["FunctionDecl"] == 960
    assert out.language == "c"


@pytest.mark.parametrize("name", MADE_HERE)
def test_names_stand_on_their_lines_of_the_source(ast_data: Path, name: str) -> None:
    source = (ast_data / "clang/made_here" / name).read_text().split("\n")
    out = take(Clang(), json.loads(dump_text(ast_data, name)))
    assert out.symbols
    for symbol in out.symbols:
        lines = source[symbol.line_start - 1 : symbol.line_end]
        assert symbol.name in "\n".join(lines)


def test_a_c_source_is_taken_as_it_is_written(ast_data: Path) -> None:
    out = take(Clang(), json.loads(dump_text(ast_data, "sw.c")))
    assert [(s.kind, s.name, s.line_start) for s in out.symbols] == [
        ("enum", "K", 1),
        ("struct", "N", 2),
        ("field", "k", 2),
        ("field", "l", 2),
        ("field", "r", 2),
        ("function", "ev", 3),
        ("type", "F", 4),
        ("function", "ap", 5),
    ]
    ev, ap = named(out, "ev"), named(out, "ap")
    assert (ev.signature, ev.returns, ev.is_static) == ("ev(struct N * n)", "int", True)
    assert (ev.complexity, ev.nesting) == (4, 2)
    assert (ap.params, ap.complexity, ap.nesting) == (2, 3, 1)
    assert [call[1:] for call in out.calls] == [("ev", 1, 3, ""), ("f", 1, 5, "")]
    assert {s.parent.name for s in out.symbols if s.kind == "field" and s.parent} == {"N"}


def test_a_default_is_a_body_and_a_prototype_is_none() -> None:
    functions = [
        node("FunctionDecl", "prototype"),
        node("FunctionDecl", "defined", node("CompoundStmt")),
        node("FunctionDecl", "trying", node("CXXTryStmt")),
        node("CXXMethodDecl", "pure", pure=True),
        node("CXXMethodDecl", "defaulted", explicitlyDefaulted="default"),
    ]
    out = take(Clang(), unit(*functions))
    assert {s.name for s in out.symbols if s.is_abstract} == {"prototype", "pure"}


def test_a_prototype_leaves_its_name_to_the_definition() -> None:
    top = unit(node("FunctionDecl", "run"), node("FunctionDecl", "run", node("CompoundStmt")))
    out = take(Clang(), top)
    out.language = "c"
    assert [bool(row[-2]) for row in link(out, "a.c.json").symbols] == [False, True]


def test_a_cpp_source_is_taken_as_it_is_written(ast_data: Path) -> None:
    out = take(Clang(), json.loads(dump_text(ast_data, "shapes.cpp")))
    methods = [s for s in out.symbols if s.kind in ("method", "constructor")]
    assert [(s.parent and s.parent.name, s.name) for s in methods] == [
        ("Shape", "~Shape"),
        ("Shape", "area"),
        ("Rect", "Rect"),
        ("Rect", "area"),
    ]
    shape, rect = (s for s in out.symbols if s.kind == "class")
    assert (shape.kind, shape.is_abstract, rect.is_abstract) == ("class", True, False)
    assert [(i.symbol.name, i.base, i.kind) for i in out.inherits] == [
        ("Rect", "geo::Shape", "extends")
    ]
    assert [(s.name, s.visibility) for s in out.symbols if s.kind == "field"] == [
        ("x", "public"),
        ("y", "public"),
        ("a", "private"),
        ("b", "private"),
    ]
    assert [call[1:] for call in out.calls] == [("mx", 2, 2, ""), ("r.area", 0, 2, "geo::Rect")]
    assert [(s.name, s.complexity) for s in out.symbols if s.kind == "function"] == [
        ("mx", 2),
        ("main", 2),
    ]
    assert out.language == "cpp"


def test_complexity_adds_up_to_the_decisions_in_the_text(ast_data: Path) -> None:
    text = dump_text(ast_data, UJSON)
    out = take(Clang(), json.loads(text))
    decisions = sum(len(re.findall(rf'"kind":\s*"{kind}"', text)) for kind in DECISIONS)
    decisions += len(re.findall(r'"opcode":\s*"(?:&&|\|\|)"', text))
    assert sum(s.complexity - 1 for s in out.symbols if s.complexity) == decisions


@pytest.mark.parametrize("name", [*MADE_HERE, UJSON])
def test_all_nodes_are_counted_and_walked(ast_data: Path, name: str) -> None:
    top = json.loads(dump_text(ast_data, name))
    out = take(Clang(), top)
    walked = list(Clang().walk(top))
    assert out.kinds == count_nodes(top) == Counter(node.kind for node in walked)
    assert out.nodes == len(walked) == out.kinds.total()
    assert out.max_depth == max(node.depth for node in walked)
    assert [node.number for node in walked] == list(range(len(walked)))


def test_walked_lines_are_those_of_symbols(ast_data: Path) -> None:
    text = dump_text(ast_data, "sw.c")
    walked = [n.line for n in Clang().walk(json.loads(text)) if n.kind == "FunctionDecl"]
    assert walked == [first for _, first, _ in declared_by_text(text, "FunctionDecl")]


@pytest.mark.parametrize("size", [1, 7, 400])
@pytest.mark.parametrize("name", [*MADE_HERE, UJSON])
def test_pieces_give_what_the_whole_gives(ast_data: Path, name: str, size: int) -> None:
    top = json.loads(dump_text(ast_data, name))
    pieces = take_pieces(Clang(), top, "inner", size)
    assert all_of(pieces) == all_of(take(Clang(), top))


def place(line: int | None = None, **more: Any) -> Json:
    return {"offset": 1, **({"line": line} if line else {}), "col": 1, "tokLen": 1, **more}


def node(kind: str, name: str = "", *inner: Json, line: int | None = None, **more: Any) -> Json:
    at = place(line)
    shown: Json = {"id": more.pop("id", "0x1"), "kind": kind, "loc": at}
    shown["range"] = {"begin": place(), "end": place()}
    return {**shown, **({"name": name} if name else {}), **more, "inner": list(inner)}


def typed(text: str) -> Json:
    return {"qualType": text}


def unit(*inner: Json) -> Json:
    top = {"id": "0x0", "kind": "TranslationUnitDecl", "loc": {}, "inner": list(inner)}
    return {**top, "range": {"begin": {}, "end": {}}}


def ref(name: str, type_: str = "int") -> Json:
    return node("DeclRefExpr", referencedDecl={"name": name}, type=typed(type_))


def function(name: str, *body: Json, **more: Any) -> Json:
    return node("FunctionDecl", name, node("CompoundStmt", "", *body), line=1, **more)


def test_headers_count_but_make_no_symbols() -> None:
    header = place(7, file="a.h", includedFrom={"file": "a.c"})
    inner = node("CallExpr", "", ref("g"))
    inner |= {"loc": {}, "range": {"begin": header, "end": header}}
    in_header = {**node("FunctionDecl", "in_header", inner), "loc": header}
    out = take(Clang(), unit(in_header, node("FunctionDecl", "here", line=3, type=typed("int ()"))))
    assert [s.name for s in out.symbols] == ["here"]
    assert (out.calls, out.kinds["FunctionDecl"], out.line_first) == ([], 2, 3)


def test_a_macro_stands_where_it_is_used() -> None:
    name = {"spellingLoc": place(2, file="a.c"), "expansionLoc": place(9)}
    made = {**node("FunctionDecl", "made"), "loc": name}
    made["range"] = {"begin": name, "end": {"spellingLoc": place(2), "expansionLoc": place(9)}}
    out = take(Clang(), unit(made, node("FunctionDecl", "next")))
    assert [(s.name, s.line_start, s.line_end) for s in out.symbols] == [
        ("made", 9, 9),
        ("next", 9, 9),
    ]


def test_what_clang_adds_is_counted_but_not_taken() -> None:
    class_ = node(
        "CXXRecordDecl",
        "A",
        node("CXXRecordDecl", "A", isImplicit=True, completeDefinition=True),
        node("CXXConstructorDecl", "A", isImplicit=True),
        node("FieldDecl", "x", type=typed("int")),
        tagUsed="struct",
        completeDefinition=True,
    )
    template = node(
        "FunctionTemplateDecl",
        "mx",
        node("TemplateTypeParmDecl", "T"),
        function("mx", node("CallExpr", "", ref("f"))),
        function("mx", node("CallExpr", "", ref("f"))),
    )
    instance = node(
        "CXXRecordDecl", "B", completeDefinition=True, TemplateInstantiationPattern="0x"
    )
    out = take(Clang(), unit(class_, template, instance))
    assert [s.name for s in out.symbols] == ["A", "x", "mx"]
    assert [call.callee for call in out.calls] == ["f"]
    assert out.kinds["CXXRecordDecl"] == 3


def test_a_lambda_is_taken_once() -> None:
    body = node("CompoundStmt", "", node("IfStmt"), node("CallExpr", "", ref("g")))
    operator = node(
        "CXXMethodDecl", "operator()", node("ParmVarDecl", "k", type=typed("int")), body
    )
    operator["type"] = typed("auto (int) const -> bool")
    closure = node("CXXRecordDecl", "", operator, isImplicit=True, completeDefinition=True)
    out = take(Clang(), unit(function("f", node("LambdaExpr", "", closure, body))))
    outer, inner = out.symbols
    assert (inner.kind, inner.name, inner.parent) == ("lambda", "<lambda>", outer)
    assert (inner.signature, inner.returns) == ("<lambda>(int k)", "bool")
    assert (outer.complexity, inner.complexity) == (1, 2)
    assert [(call.caller, call.callee) for call in out.calls] == [(inner, "g")]


def test_a_range_based_for_makes_only_the_written_call() -> None:
    range_ = node("VarDecl", "__range1", node("CallExpr", "", ref("items")), isImplicit=True)
    begin = node(
        "VarDecl", "__begin1", node("CXXMemberCallExpr", "", ref("begin")), isImplicit=True
    )
    out = take(Clang(), unit(function("f", node("CXXForRangeStmt", "", {}, range_, begin))))
    assert [call.callee for call in out.calls] == ["items"]
    assert (out.symbols[0].complexity, out.symbols[0].nesting) == (2, 1)


def test_members_defined_outside_belong_to_their_class() -> None:
    class_ = node(
        "CXXRecordDecl",
        "A",
        node("AccessSpecDecl", access="protected"),
        node("CXXMethodDecl", "run", id="0xb", storageClass="static"),
        node("FriendDecl", "", node("FunctionDecl", "buddy", parentDeclContextId="0x0")),
        id="0xa",
        tagUsed="class",
        completeDefinition=True,
    )
    run = node("CXXMethodDecl", "run", parentDeclContextId="0xa", previousDecl="0xb", line=9)
    out = take(Clang(), unit(class_, run))
    class_symbol, declared, friend, defined = out.symbols
    assert declared.parent is defined.parent is class_symbol
    assert defined.visibility == "protected"
    assert defined.is_static
    assert (friend.parent, friend.visibility) == (None, "")


def test_called_names_are_whole() -> None:
    base = node("MemberExpr", "next", ref("o", "Op"), type=typed("Op *"))
    member = node("MemberExpr", "set", node("ImplicitCastExpr", "", base))
    this = node("CXXThisExpr", implicit=True, type=typed("const Self *"))
    called_operator = node("ImplicitCastExpr", "", ref("operator()"))
    constructed = node("CXXConstructExpr", "", ref("x"))
    default = node("CXXDefaultArgExpr", "", node("CallExpr", "", ref("never")))
    out = take(
        Clang(),
        unit(
            function(
                "f",
                node("CXXMemberCallExpr", "", member, ref("a"), default),
                node("CXXMemberCallExpr", "", node("MemberExpr", "mine", this)),
                node("CXXOperatorCallExpr", "", called_operator, ref("functor"), ref("a")),
                node("CXXOperatorCallExpr", "", ref("operator+"), ref("a"), ref("b")),
                node("CallExpr", "", node("UnaryOperator", "", ref("pointer"), opcode="*")),
                node("CXXNewExpr", "", constructed, type=typed("Op *")),
                node("CXXNewExpr", "", type=typed("int *")),
                node("CallExpr", "", node("DependentScopeDeclRefExpr")),
            )
        ),
    )
    assert [(call.callee, call.args, call.receiver_type) for call in out.calls] == [
        ("o.next.set", 1, "Op"),
        ("mine", 0, "Self"),
        ("functor", 1, ""),
        ("pointer", 0, ""),
        ("Op", 1, ""),
        ("?", 0, ""),
    ]


def test_a_variable_that_is_set_to_a_call_does_not_call() -> None:
    out = take(Clang(), unit(node("VarDecl", "limit", node("CallExpr", "", ref("f")), line=1)))
    assert [(s.kind, s.name) for s in out.symbols] == [("variable", "limit")]
    assert [call.caller for call in out.calls] == [None]


@pytest.mark.parametrize(
    ("type_", "returned"),
    [
        ("int (const char *, ...)", "int"),
        ("int (*(int))(double)", "int"),
        ("auto (int) -> long", "long"),
        ("std::function<int (char)> (bool)", "std::function<int (char)>"),
        ("void ()", "void"),
    ],
)
def test_the_returned_type_is_what_stands_before_the_parameters(type_: str, returned: str) -> None:
    out = take(Clang(), unit(node("FunctionDecl", "f", line=1, type=typed(type_))))
    assert out.symbols[0].returns == returned


def test_else_if_is_no_deeper_than_if() -> None:
    last = node("IfStmt", "", ref("c"), node("WhileStmt"))
    chain = node("IfStmt", "", ref("a"), ref("x"), last, hasElse=True)
    out = take(Clang(), unit(function("f", chain)))
    assert (out.symbols[0].complexity, out.symbols[0].nesting) == (4, 2)


def test_documentation_and_errors_are_taken() -> None:
    text = node("TextComment", text=" Says what it does.")
    comment = node("FullComment", "", node("ParagraphComment", "", text))
    broken = node("VarDecl", "v", node("RecoveryExpr"), isInvalid=True)
    out = take(Clang(), unit(node("FunctionDecl", "f", comment, broken, line=1)))
    assert (out.symbols[0].doc, out.errors) == ("Says what it does.", 2)


def test_deep_trees_are_taken() -> None:
    deep = ref("f")
    for _ in range(5000):
        deep = node("CXXMemberCallExpr", "", node("MemberExpr", "b", deep))
    out = take(Clang(), unit(function("g", deep)))
    assert (len(out.calls), out.max_depth) == (5000, 10_004)
    assert out.calls[-1].callee == "f.b"
    assert sum(1 for _ in Clang().walk(unit(deep))) == 10_002


@pytest.mark.parametrize("top", [None, [], {}, {"kind": "Program"}, {"kind": {"a": 1}}, "kind"])
def test_other_documents_are_not_taken(top: Any) -> None:
    assert not Clang().matches(top)
