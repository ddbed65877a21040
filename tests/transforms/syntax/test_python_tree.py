import ast
import json
import sysconfig
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from radon.complexity import cc_visit
from radon.visitors import Function
from syntax_trees import python_tree

from transforms.syntax.extraction import Extraction, Import, Symbol
from transforms.syntax.python_tree import PythonTree

SHAPE = PythonTree()
EVERY = 4
SMALLER_THAN = 40_000
OTHER_FOLDERS = {"test", "tests", "site-packages", "lib2to3", "idlelib"}


def extract(source: str | bytes) -> Extraction:
    return extract_tree(python_tree(source))


def extract_tree(*pieces: Any) -> Extraction:
    out = Extraction("module.py")
    for piece in pieces:
        SHAPE.extract(piece, out)
    return out


def symbol(out: Extraction, name: str) -> Symbol:
    [found] = [symbol for symbol in out.symbols if symbol.name == name]
    return found


def callees(source: str) -> list[str]:
    return [call.callee for call in extract(source).calls]


def standard_library() -> list[Path]:
    root = Path(sysconfig.get_path("stdlib"))
    modules = sorted(
        path
        for path in root.rglob("*.py")
        if not OTHER_FOLDERS & set(path.relative_to(root).parts)
        and path.stat().st_size < SMALLER_THAN
    )
    return modules[::EVERY][:150]


@pytest.fixture(scope="module")
def modules() -> list[tuple[bytes, Extraction, int]]:
    found = []
    for path in standard_library():
        source = path.read_bytes()
        tree = python_tree(source)
        found.append((source, extract_tree(tree), sum(1 for _ in SHAPE.walk(tree))))
    return found


def test_only_the_top_of_a_python_tree_matches():
    for key in ("_type", "node_type", "ast_type", "class"):
        assert SHAPE.matches({key: "Module", "body": []})
        assert SHAPE.matches({key: "Module"})
    for other in (
        {"_type": "ClassDef"},
        {"type": "Module"},
        {"_type": {"Module": 1}},
        {"_type": "Module", "body": 3},
        {"class": "module"},
        {"name": "x", "version": "1.0", "type": "module"},
        {},
        [],
        None,
        "Module",
    ):
        assert not SHAPE.matches(other)


def test_real_failure_reports_do_not_match(ast_data: Path):
    reports = list((ast_data / "not_ast_esprima_failure").rglob("*.json"))
    assert len(reports) == 10
    for path in reports:
        assert not SHAPE.matches(json.loads(path.read_bytes()))


def test_every_node_of_real_files_is_counted_once(ast_data: Path):
    paths = list((ast_data / "python_ast").rglob("*.json"))
    assert len(paths) == 28
    for path in paths:
        tree = json.loads(path.read_bytes())
        out, nodes = extract_tree(tree), list(SHAPE.walk(tree))
        assert out.nodes == len(nodes), path
        assert out.kinds == Counter(node.kind for node in nodes), path
        assert out.max_depth == max(node.depth for node in nodes), path
        assert (out.language, out.parser, out.errors) == ("python", "ast2json", 0)


def test_a_library_has_as_many_nodes_as_python_says(modules):
    assert len(modules) > 100
    for source, out, walked in modules:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nodes = list(ast.walk(ast.parse(source)))
        assert out.nodes == walked == len(nodes)
        assert out.kinds == Counter(type(node).__name__ for node in nodes)


def test_the_symbols_of_a_library_are_those_of_the_source(modules):
    for source, out, _ in modules:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nodes = list(ast.walk(ast.parse(source)))
        definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        expected = Counter(
            (node.name, node.lineno, node.end_lineno)
            for node in nodes
            if isinstance(node, definitions)
        )
        assert expected == Counter(
            (symbol.name, symbol.line_start, symbol.line_end)
            for symbol in out.symbols
            if symbol.kind not in ("lambda", "field", "variable")
        )
        assert len(out.calls) == sum(isinstance(node, ast.Call) for node in nodes)
        assert len(out.imports) == sum(
            len(node.names) for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))
        )


def test_complexity_equals_radon_on_a_library(modules):
    compared, different = 0, []
    for source, out, _ in modules:
        ours = {(symbol.name, symbol.line_start): symbol.complexity for symbol in out.symbols}
        for function in radon_functions(source):
            compared += 1
            found = ours[function.name, function.lineno]
            if found != function.complexity:
                different.append((function.name, function.lineno, function.complexity, found))
    assert compared > 1000
    assert len(different) / compared < 0.005, different


def radon_functions(source: bytes) -> list[Function]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        blocks = cc_visit(source)
    return [block for block in blocks if isinstance(block, Function) and not block.closures]


@pytest.mark.parametrize(
    ("body", "complexity"),
    [
        ("pass", 1),
        ("if a: pass\n elif b: pass\n else: pass", 3),
        ("x = 1 if a else 2", 2),
        ("for a in b: pass\n else: pass", 3),
        ("while a: pass", 2),
        ("try: pass\n except A: pass\n except B: pass\n else: pass\n finally: pass", 4),
        ("return a and b and c or d", 4),
        ("return [x for x in y if x if z]", 4),
        ("return {x: 1 for x in y for z in x}", 3),
        ("assert a", 2),
        ("return lambda x: x if x else None", 1),
        ("with a: pass", 1),
    ],
)
def test_complexity(body, complexity):
    out = extract(f"def f():\n {body}\n")
    assert symbol(out, "f").complexity == complexity


def test_a_lambda_has_a_complexity_of_its_own():
    out = extract("def f():\n return lambda x: x if x else None\n")
    inner = symbol(out, "<lambda>")
    assert (inner.complexity, inner.parent, inner.kind) == (2, symbol(out, "f"), "lambda")


def test_cases_that_take_everything_are_no_branches():
    out = extract("def f(x):\n match x:\n  case 1: pass\n  case y if y > 2: pass\n  case _: pass\n")
    assert symbol(out, "f").complexity == 3
    assert symbol(out, "f").nesting == 1


def test_nesting_does_not_grow_along_elif():
    out = extract(
        "def f():\n if a: pass\n elif b: pass\n elif c:\n  for d in e:\n   while f: pass\n"
    )
    assert symbol(out, "f").nesting == 3
    assert symbol(out, "f").complexity == 6


CLASSES = '''
class Base(abc.ABC, Generic[T], metaclass=Meta, **more):
    """
    The first line.
    The second.
    """
    plain = 1
    typed: dict[str, int | None] = {}
    plain = 2

    def __init__(self): pass
    @staticmethod
    def made(a, /, b=1, *rest, c, d=2, **others) -> "Base": pass
    @abc.abstractmethod
    async def _wait(self, *, when: float) -> None: pass
    @property
    def here(self):
        """Where."""
        def inner(): pass
        return inner
'''


def test_symbols_of_a_class():
    out = extract(CLASSES)
    found = [(symbol.kind, symbol.name, symbol.visibility) for symbol in out.symbols]
    assert found == [
        ("class", "Base", "public"),
        ("field", "plain", "public"),
        ("field", "typed", "public"),
        ("constructor", "__init__", "public"),
        ("method", "made", "public"),
        ("method", "_wait", "private"),
        ("method", "here", "public"),
        ("function", "inner", "public"),
    ]
    parents = {symbol.name: symbol.parent and symbol.parent.name for symbol in out.symbols}
    assert parents == dict.fromkeys(parents, "Base") | {"Base": None, "inner": "here"}


def test_what_is_said_of_a_symbol():
    out = extract(CLASSES)
    made, wait, base = symbol(out, "made"), symbol(out, "_wait"), symbol(out, "Base")
    assert made.signature == "made(a, /, b=…, *rest, c, d=…, **others)"
    assert (made.params, made.returns, made.is_static, made.is_async) == (6, "Base", True, False)
    assert wait.signature == "_wait(self, *, when)"
    assert (wait.params, wait.returns, wait.is_abstract, wait.is_async) == (2, "None", True, True)
    assert (base.params, base.signature, base.complexity) == (None, "", 0)
    assert (base.doc, symbol(out, "here").doc) == ("The first line.", "Where.")
    assert symbol(out, "typed").returns == "dict[str, int | None]"
    assert (base.line_start, base.line_end) == (2, 20)
    assert (out.line_first, out.line_last) == (2, 20)


def test_bases_are_inherited_and_keywords_are_not():
    out = extract(CLASSES)
    bases = [(inherit.symbol.name, inherit.base, inherit.kind) for inherit in out.inherits]
    assert bases == [("Base", "abc.ABC", "extends"), ("Base", "Generic", "extends")]


def test_own_nodes_add_up_to_the_tree():
    source = "class A:\n def f(self):\n  return lambda: 1\nx = g(1)\n"
    out, tree = extract(source), ast.parse(source)
    function = tree.body[0].body[0]
    inner = function.body[0].value
    counts = {symbol.name: symbol.nodes for symbol in out.symbols}
    assert counts == {
        "A": size(tree.body[0]) - size(function),
        "f": size(function) - size(inner),
        "<lambda>": size(inner),
        "x": size(tree.body[1]),
    }


def size(node: ast.AST) -> int:
    return sum(1 for _ in ast.walk(node))


def test_exported_are_public_names_at_the_top():
    out = extract("def a(): pass\ndef _b(): pass\nclass C:\n def d(self): pass\ne: int = 1\n")
    assert [symbol.name for symbol in out.symbols if symbol.is_exported] == ["a", "C", "e"]


@pytest.mark.parametrize(
    "said",
    [
        "__all__ = ['_b', 'C']",
        "__all__ = ('_b', 'C')",
        "__all__: list[str] = ['_b', 'C']",
        "__all__ = ['_b']\n__all__ += ['C']",
    ],
)
def test_exported_are_the_names_in_all(said):
    out = extract(f"def a(): pass\ndef _b(): pass\nclass C: pass\n{said}\n")
    assert [symbol.name for symbol in out.symbols if symbol.is_exported] == ["_b", "C"]


def test_a_computed_all_says_nothing():
    out = extract("def a(): pass\ndef _b(): pass\n__all__ = [*names, 'x']\n")
    assert [symbol.name for symbol in out.symbols if symbol.is_exported] == ["a"]


def test_callees():
    assert callees("a(); a.b.c(1, k=2); a().b(); a[0].c(); 'x'.join(d); (lambda: 1)()") == [
        *("a", "a.b.c", "a().b", "a", "a[].c", "?.join", "?")
    ]
    assert callees("super().__init__(); self.go(); a" + ".b()" * 20)[:3] == [
        *("super().__init__", "super", "self.go")
    ]


def test_a_call_knows_its_caller_its_line_and_how_much_it_passes():
    out = extract("x = f(1, *a, k=2)\nclass A:\n y = g()\n def m(self):\n  h()\n")
    found = [
        (call.caller and call.caller.name, call.callee, call.args, call.line) for call in out.calls
    ]
    assert found == [(None, "f", 3, 1), ("A", "g", 0, 3), ("m", "h", 0, 5)]


def test_imports():
    out = extract(
        "import a.b, c as d\nfrom e import f as g, h\nfrom . import i\nfrom ..j import *\n"
    )
    assert out.imports == [
        Import("a.b", "", "", "import", 1),
        Import("c", "", "d", "import", 1),
        Import("e", "f", "g", "from", 2),
        Import("e", "h", "", "from", 2),
        Import(".", "i", "", "from", 3, True),
        Import("..j", "*", "", "from", 4, True),
    ]


@pytest.mark.parametrize("key", ["node_type", "ast_type", "class"])
def test_other_dumpers_give_the_same(key):
    renamed = json.loads(json.dumps(python_tree(CLASSES)).replace('"_type"', f'"{key}"'))
    ours, theirs = extract(CLASSES), extract_tree(renamed)
    assert theirs.kinds == ours.kinds
    assert facts(theirs) == facts(ours)
    assert theirs.parser == ""


def facts(out: Extraction) -> list[tuple[Any, ...]]:
    return [
        tuple(getattr(symbol, slot) for slot in Symbol.__slots__ if slot != "parent")
        for symbol in out.symbols
    ]


def test_a_tree_in_pieces_gives_what_the_whole_gives():
    source = "__all__ = ['f']\n" + CLASSES + "def f(): g()\nimport x\nplain = 1\n_a = 2\n_a = 3\n"
    for text in (source, source.replace("__all__ = ['f']\n", "") + "__all__ = ['f']\n"):
        whole = python_tree(text)
        pieces = extract_tree(*({**whole, "body": [piece]} for piece in whole["body"]))
        once = extract_tree(whole)
        assert facts(pieces) == facts(once)
        assert pieces.imports == once.imports
        assert (pieces.line_first, pieces.line_last) == (once.line_first, once.line_last)
        assert pieces.nodes == once.nodes + len(whole["body"]) - 1


def test_deep_trees_are_walked():
    deep: Any = {"_type": "Name", "id": "a", "ctx": {"_type": "Load"}}
    for _ in range(5_000):
        function = {"_type": "Attribute", "attr": "b", "value": deep}
        deep = {"_type": "Call", "func": function, "args": [], "keywords": []}
    out = extract_tree({"_type": "Module", "body": [{"_type": "Expr", "value": deep}]})
    assert (out.nodes, out.max_depth, len(out.calls)) == (10_004, 10_004, 5_000)
    assert out.calls[0].callee.startswith("?")


def test_a_tree_without_places_has_no_lines():
    function = {"_type": "FunctionDef", "name": "f", "args": {"_type": "arguments", "args": []}}
    out = extract_tree({"_type": "Module", "body": [function]})
    assert (symbol(out, "f").line_start, symbol(out, "f").line_end) == (0, 0)
    assert (out.line_first, out.line_last) == (0, 0)


def test_trees_of_python_2_are_read():
    handlers = [{"_type": "ExceptHandler", "body": []}]
    body = [
        {"_type": "Expr", "value": {"_type": "Str", "s": "Doc."}},
        {"_type": "TryExcept", "body": [], "handlers": handlers, "orelse": []},
    ]
    parameters = {
        "_type": "arguments",
        "args": [{"_type": "Name", "id": "a", "ctx": {"_type": "Param"}}],
        "vararg": "rest",
    }
    function = {"_type": "FunctionDef", "name": "f", "args": parameters, "body": body}
    found = symbol(extract_tree({"_type": "Module", "body": [function]}), "f")
    assert (found.signature, found.doc, found.complexity) == ("f(a, *rest)", "Doc.", 2)


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
KINDS = (
    "FunctionDef ClassDef Lambda Assign AnnAssign AugAssign Call Import ImportFrom If Try For Match"
    " match_case BoolOp comprehension Name Attribute Subscript Constant List Tuple Expr BinOp"
)
KEYS = (
    "name body args func value id attr elts targets target names bases decorator_list returns"
    " annotation level module orelse values ifs pattern guard vararg defaults kw_defaults lineno"
    " slice left right ctx kwonlyargs"
)


def node(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    members = st.dictionaries(st.sampled_from(KEYS.split()), inside, max_size=6)
    kinds = st.sampled_from(KINDS.split())
    text = st.fixed_dictionaries({}, optional={"s": SCALARS})
    return st.builds(
        lambda kind, rest, text: {"_type": kind, **rest, **text}, kinds | SCALARS, members, text
    )


TREES = st.recursive(SCALARS, lambda inside: st.lists(inside, max_size=4) | node(inside))


@given(st.lists(TREES, max_size=4))
def test_no_tree_is_too_odd(body):
    tree = {"_type": "Module", "body": body}
    out = extract_tree(tree)
    nodes = list(SHAPE.walk(tree))
    kinds = [node.kind for node in nodes if node.kind not in ("Constant", "Name")]
    assert out.nodes == out.kinds.total()
    assert all(out.kinds[kind] <= kinds.count(kind) for kind in set(kinds))
