import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from taken_trees import all_of, named, take, take_pieces

from transforms.syntax.symbol_summary import SymbolSummary

Json = dict[str, Any]


def texts(ast_data: Path) -> list[tuple[Path, str]]:
    found = sorted((ast_data / "snake_pipe_java").rglob("*.json"))
    assert len(found) == 7
    return [(path, path.read_text()) for path in found]


def summary(*classes: Json, imports: tuple[str, ...] = ()) -> Json:
    return {"filePath": "/a/B.java", "imports": list(imports), "classes": list(classes)}


def test_classes_are_those_of_the_file_names(ast_data: Path) -> None:
    for path, text in texts(ast_data):
        out = take(SymbolSummary(), json.loads(text))
        assert [s.name for s in out.symbols if s.kind == "class"] == [path.stem]
        assert (out.language, out.nodes, list(SymbolSummary().walk({}))) == ("java", 0, [])
        assert out.path == "dump.json"


def test_members_and_calls_are_as_many_as_in_the_text(ast_data: Path) -> None:
    for _, text in texts(ast_data):
        out = take(SymbolSummary(), json.loads(text))
        kinds = Counter(symbol.kind for symbol in out.symbols)
        assert kinds["method"] == text.count('"cyclomaticComplexity"')
        assert kinds["field"] == text.count('"declaredType"')
        assert kinds["method"] + kinds["constructor"] == text.count('"body"')
        assert len(out.calls) == text.count('"methodName"')
        assert len(out.imports) == text.count('"import ')


def test_imports_are_those_of_the_text(ast_data: Path) -> None:
    for _, text in texts(ast_data):
        out = take(SymbolSummary(), json.loads(text))
        assert [f"{i.module}.{i.name}" for i in out.imports] == re.findall(r'"import (\S+);"', text)


def test_complexity_is_that_of_the_file(ast_data: Path) -> None:
    for _, text in texts(ast_data):
        out = take(SymbolSummary(), json.loads(text))
        said = [int(n) for n in re.findall(r'"cyclomaticComplexity" : (\d+)', text)]
        assert [s.complexity for s in out.symbols if s.kind == "method"] == said


def test_a_real_class_is_taken_as_it_is_written(ast_data: Path) -> None:
    out = take(SymbolSummary(), json.loads(dict(texts(ast_data))[ast_data / DATABASE]))
    row = named(out, "getRow")
    assert (row.signature, row.params, row.returns) == ("getRow(int)", 1, "phonecallTicket")
    assert (row.complexity, row.visibility, row.line_start) == (5, "public", 0)
    assert row.doc == "Takes in a row, uses ROWRS to query which db item is in which row"
    assert [call[1:] for call in out.calls if call.caller is row][:4] == [
        ("java.io.PrintStream.println", 1, 0, "java.io.PrintStream"),
        ("database.total", 0, 0, "database"),
        ("java.io.PrintStream.println", 1, 0, "java.io.PrintStream"),
        ("java.sql.ResultSet.absolute", 1, 0, "java.sql.ResultSet"),
    ]
    assert (named(out, "tickets").returns, named(out, "tickets").visibility) == (
        "ArrayList",
        "package",
    )


DATABASE = "snake_pipe_java/Daily/src/database.json"


def test_unique_ids_do_not_matter(ast_data: Path) -> None:
    for _, text in texts(ast_data):
        other = re.sub(r"AST_\d+_\d+", "AST_0_0", text)
        assert other != text
        first, second = (take(SymbolSummary(), json.loads(t)) for t in (text, other))
        assert all_of(first) == all_of(second)


def test_modifiers_are_believed_before_visibility() -> None:
    method = {"name": "m", "modifiers": "[private , static ]", "visibility": "PUBLIC"}
    out = take(
        SymbolSummary(), summary({"name": "A", "methods": [method], "comment": "No comment"})
    )
    assert (named(out, "m").visibility, named(out, "m").is_static) == ("private", True)
    assert named(out, "A").doc == ""


def test_bases_are_a_list_in_a_text() -> None:
    lists = {"extendsList": "[a.B<C, D>]", "implementsList": "[E, F<G<H, I>>]"}
    out = take(SymbolSummary(), summary({"name": "A", "isInterface": True, **lists}))
    assert [(i.base, i.kind) for i in out.inherits] == [
        ("a.B<C, D>", "extends"),
        ("E", "implements"),
        ("F<G<H, I>>", "implements"),
    ]
    assert out.symbols[0].kind == "interface"


@pytest.mark.parametrize(
    ("text", "module", "name"),
    [
        ("import java.sql.Connection;", "java.sql", "Connection"),
        ("import java.util.*;\n", "java.util", "*"),
        ("import static java.lang.Math.max;", "java.lang.Math", "max"),
        ("import static java.lang.Math.*;", "java.lang.Math", "*"),
        ("import Plain;", "Plain", ""),
    ],
)
def test_imports(text: str, module: str, name: str) -> None:
    out = take(SymbolSummary(), summary(imports=(text,)))
    assert [(i.module, i.name, i.kind) for i in out.imports] == [(module, name, "import")]


@pytest.mark.parametrize(
    ("source", "callee"),
    [("db.addTicket(ticket)", "db.addTicket"), ("a.b().addTicket(f(x))", "addTicket")],
)
def test_calls_that_were_not_resolved(source: str, callee: str) -> None:
    call = {"methodName": "addTicket", "sourceCode": source, "arguments": ["x"]}
    method = {"name": "m", "methodCalls": [call]}
    out = take(SymbolSummary(), summary({"name": "A", "methods": [method]}))
    assert [(c.callee, c.args, c.receiver_type) for c in out.calls] == [(callee, 1, "")]


def test_inner_classes_are_in_their_outer_class() -> None:
    nested = {"name": "C", "qualifiedName": "p.A.C"}
    outer = {"name": "A", "qualifiedName": "p.A", "innerClasses": [nested]}
    beside = {"name": "B", "qualifiedName": "p.A.B", "isInner": True}
    out = take(SymbolSummary(), summary(outer, beside))
    assert [(s.name, s.parent and s.parent.name) for s in out.symbols] == [
        ("p", None),
        ("A", "p"),
        ("C", "A"),
        ("B", "A"),
    ]


def test_the_package_is_what_stands_before_the_name_of_an_outer_class() -> None:
    named_so = [("A", "com.x.A"), ("B", "com.x.B"), ("C", "C"), ("D", "com.y.Missing.D")]
    classes = [{"name": name, "qualifiedName": whole} for name, whole in named_so]
    out = take(SymbolSummary(), summary(*classes[:3], {**classes[3], "isInner": True}))
    assert [(s.kind, s.name, s.parent and s.parent.name) for s in out.symbols] == [
        ("namespace", "com.x", None),
        ("class", "A", "com.x"),
        ("class", "B", "com.x"),
        ("class", "C", None),
        ("class", "D", None),
    ]


def test_pieces_give_what_the_whole_gives(ast_data: Path) -> None:
    classes = [json.loads(text)["classes"][0] for _, text in texts(ast_data)]
    top = summary(*classes, imports=("import a.B;",))
    pieces = take_pieces(SymbolSummary(), top, "classes", 2)
    assert all_of(pieces) == all_of(take(SymbolSummary(), top))


def test_deep_classes_are_taken() -> None:
    deep: Json = {"name": "A"}
    for _ in range(5000):
        deep = {"name": "A", "innerClasses": [deep]}
    assert len(take(SymbolSummary(), summary(deep)).symbols) == 5001


@pytest.mark.parametrize("top", [None, [], {}, {"classes": []}, {"filePath": "a", "classes": {}}])
def test_other_documents_are_not_taken(top: Any) -> None:
    assert not SymbolSummary().matches(top)
