import ast
import importlib
import pickle
import sys
import sysconfig
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syntax_trees import python_tree

from batchio.errors import CannotRun, InputError
from transforms.syntax import source_code
from transforms.syntax.source_code import SourceError, parse_source

STDLIB = Path(sysconfig.get_path("stdlib"))
MODULES = ["bisect", "dataclasses", "glob", "keyword", "sched", "shlex", "this", "typing"]
DOUBLED = {"dims", "n", "s"}

SOURCES = {
    "a.js": "import x from './x';\nclass A extends B { m(a) { return a?.b(`t${a}`); } }\n",
    "a.ts": "interface I { a: string }\nfunction f<T>(a: T): void {}\n",
    "a.tsx": "const a = <div className='x'>{b as string}</div>;\n",
    "A.java": "package p;\nclass A { int x = 1; void m() { x++; } }\n",
    "a.go": 'package a\nimport "fmt"\nfunc F() { fmt.Println("ü") }\n',
    "a.rs": "use a::b;\nfn f(x: i32) -> i32 { x + 1 }\n",
    "a.c": "#include <a.h>\nint f(void) { return 1; }\n",
    "a.cpp": "namespace n { class A : public B {}; }\n",
    "a.cs": "using System;\nclass A { int P { get; set; } }\n",
}
GRAMMARS = {
    "a.js": "tree_sitter_javascript.language",
    "a.ts": "tree_sitter_typescript.language_typescript",
    "a.tsx": "tree_sitter_typescript.language_tsx",
    "A.java": "tree_sitter_java.language",
    "a.go": "tree_sitter_go.language",
    "a.rs": "tree_sitter_rust.language",
    "a.c": "tree_sitter_c.language",
    "a.cpp": "tree_sitter_cpp.language",
    "a.cs": "tree_sitter_c_sharp.language",
}


def python_nodes(tree):
    count, stack = 0, [tree]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            count += 1
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return count


def without_doubles(value):
    if isinstance(value, dict):
        return {k: without_doubles(v) for k, v in value.items() if k not in DOUBLED}
    return [without_doubles(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("module", MODULES)
def test_python_has_as_many_nodes_as_ast_finds(module):
    data = (STDLIB / f"{module}.py").read_bytes()
    assert python_nodes(parse_source(data, "a.py")) == sum(1 for _ in ast.walk(ast.parse(data)))


@pytest.mark.parametrize("module", ["bisect", "glob", "sched", "this"])
def test_python_is_what_ast2json_writes_without_its_doubled_keys(module):
    data = (STDLIB / f"{module}.py").read_bytes()
    assert parse_source(data, "a.py") == without_doubles(python_tree(data))


def test_constants_of_python_are_what_json_can_hold():
    tree = parse_source(b"a = [b'x', 2j, ..., None, True, 1.5, 2**9]", "a.pyi")
    elements = tree["body"][0]["value"]["elts"]
    values = [element.get("value") for element in elements]
    assert values == ["x", "2j", "...", None, True, 1.5, None]


def test_warnings_of_the_source_are_its_own():
    assert parse_source(b'"\\d" is 1', "a.py")["_type"] == "Module"


def test_python_in_another_encoding_and_with_byte_order_mark():
    latin = parse_source("# coding: latin-1\nx = 'ü'".encode("latin-1"), "a.py")
    assert latin["body"][0]["value"]["value"] == "ü"
    marked = parse_source(b"\xef\xbb\xbfx = 1", "a.py")
    assert marked["body"][0]["lineno"] == 1


@pytest.mark.parametrize(
    "source", ["x = (\n", "def f(:\n  pass", "a = 1\nif a\n  b", "ü = 'ä' $ 3"]
)
def test_a_syntax_error_says_where(source):
    data = source.encode()
    with pytest.raises(SyntaxError) as expected:
        ast.parse(source)
    with pytest.raises(SourceError) as caught:
        parse_source(data, "a.py")
    error = caught.value
    assert isinstance(error, InputError)
    assert error.kind == "invalid_source"
    assert (error.line, error.column) == (expected.value.lineno, expected.value.offset)
    lines = source.split("\n")
    before = "\n".join([*lines[: error.line - 1], lines[error.line - 1][: error.column - 1]])
    assert error.byte == len(before.encode())


def test_an_error_goes_between_processes():
    with pytest.raises(SourceError) as caught:
        parse_source(b"\nx = = 1", "a.py")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.cause, copy.kind, copy.byte, copy.line, copy.column) == (
        caught.value.cause,
        "invalid_source",
        5,
        2,
        5,
    )


@pytest.mark.parametrize(
    "data",
    [
        b"a\x00b",
        b"x = " + b"(" * 50_000,
        b"# coding: nonsense\n",
        b"\xff\xfe",
        b"x = " + b"-" * 200_000 + b"1",
    ],
    ids=["null", "parentheses", "encoding", "utf-16", "depth"],
)
def test_python_that_its_own_parser_refuses(data):
    with pytest.raises(SourceError) as caught:
        parse_source(data, "a.py")
    assert caught.value.kind == "invalid_source"


@given(st.binary(max_size=60))
def test_any_bytes_are_a_tree_or_a_source_error(data):
    for path in ("a.py", "a.c"):
        try:
            tree = parse_source(data, path)
        except SourceError:
            continue
        assert isinstance(tree, dict)


def test_an_unknown_extension_is_no_source():
    with pytest.raises(SourceError) as caught:
        parse_source(b"", "a.cobol")
    assert caught.value.kind == "unknown_language"


def reference(node, field, data):
    start, end = node.start_point, node.end_point
    written = {
        "type": node.type,
        "isNamed": node.is_named,
        "startPosition": {"row": start.row, "column": start.column},
        "endPosition": {"row": end.row, "column": end.column},
    }
    if field:
        written["fieldName"] = field
    if node.children:
        written["children"] = [
            reference(child, node.field_name_for_child(number), data)
            for number, child in enumerate(node.children)
        ]
    else:
        written["text"] = data[node.start_byte : node.end_byte].decode()
    return written


@pytest.mark.parametrize("path", SOURCES)
def test_every_grammar_gives_all_its_nodes(path):
    tree_sitter = pytest.importorskip("tree_sitter")
    module, function = GRAMMARS[path].split(".")
    grammar = getattr(importlib.import_module(module), function)()
    data = SOURCES[path].encode()
    root = tree_sitter.Parser(tree_sitter.Language(grammar)).parse(data).root_node
    assert not root.has_error
    assert parse_source(data, path) == reference(root, None, data)


def test_a_byte_order_mark_is_no_error():
    plain = parse_source(b"int a;", "a.c")
    assert parse_source(b"\xef\xbb\xbfint a;", "a.c") == plain


def test_an_empty_source_is_a_tree():
    assert parse_source(b"", "a.go")["children"] == []
    assert parse_source(b"", "a.py")["body"] == []


def test_what_is_missing_is_marked():
    tree = parse_source(b"int a = 1", "a.c")
    assert tree["children"][0]["children"][-1] == {
        "type": ";",
        "isNamed": False,
        "startPosition": {"row": 0, "column": 9},
        "endPosition": {"row": 0, "column": 9},
        "text": "",
        "isMissing": True,
    }


def test_a_source_nested_five_thousand_deep_is_read():
    tree = parse_source(b"x=" + b"(" * 5000 + b"1" + b")" * 5000, "a.js")
    depth, node = 0, tree
    while node.get("children"):
        depth += 1
        node = max(node["children"], key=lambda child: len(child.get("children", ())))
    assert depth > 5000


def test_a_missing_grammar_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tree_sitter_java", None)
    source_code._parser.cache_clear()
    with pytest.raises(CannotRun) as caught:
        parse_source(b"class A {}", "A.java")
    assert caught.value.action == "pip install 'headrace[source]'"
    source_code._parser.cache_clear()


def test_python_needs_no_grammar(monkeypatch):
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    assert parse_source(b"x = 1", "a.py")["_type"] == "Module"
