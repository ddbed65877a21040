import ast
import json
import sysconfig
from collections import Counter
from pathlib import Path

import pytest
from radon.visitors import ComplexityVisitor
from tree_sitter_sources import SAMPLES

from transforms.syntax.extraction import Extraction
from transforms.syntax.source_code import parse_source
from transforms.syntax.tree_sitter_tree import TreeSitter

SHAPE = TreeSitter()
MODULES = ["bisect", "glob", "keyword", "sched", "shlex", "this"]
FILES = 21
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def extracted(tree, path="", language=""):
    out = Extraction(path, language)
    assert SHAPE.matches(tree)
    SHAPE.extract(tree, out)
    return out


def qualified(symbol):
    names = []
    while symbol is not None:
        names.append(symbol.name)
        symbol = symbol.parent
    return ".".join(reversed(names)) or "-"


def symbol_rows(out):
    return [
        f"{s.kind} {qualified(s)} {s.line_start} {s.line_end} {s.complexity} "
        f"{'-' if s.params is None else s.params}"
        for s in out.symbols
    ]


def call_rows(out):
    return [f"{qualified(c.caller)} {c.callee} {c.args} {c.line}" for c in out.calls]


def rows(text):
    return [line.strip() for line in text.strip().splitlines()]


def flags_of(symbol):
    flags = ("static", "abstract", "async", "exported")
    return " ".join(flag for flag in flags if getattr(symbol, f"is_{flag}"))


def everything(out):
    return (
        symbol_rows(out),
        [(s.signature, s.returns, s.visibility, s.doc, flags_of(s)) for s in out.symbols],
        call_rows(out),
        out.imports,
        [(qualified(i.symbol), i.base, i.kind) for i in out.inherits],
        (out.nodes, out.max_depth, out.kinds, out.errors, out.line_first, out.line_last),
    )


@pytest.fixture(scope="module", params=SAMPLES)
def sample(request):
    pytest.importorskip("tree_sitter")
    found = SAMPLES[request.param]
    tree = parse_source(found.source.encode(), found.path)
    return request.param, found, extracted(tree, found.path)


def test_language_is_told_by_the_nodes(sample):
    language, _, out = sample
    assert (out.language, out.errors) == (language, 0)


def test_symbols_with_lines_complexity_and_parameters(sample):
    _, expected, out = sample
    assert symbol_rows(out) == rows(expected.symbols)


def test_calls(sample):
    _, expected, out = sample
    assert sorted(call_rows(out)) == sorted(rows(expected.calls))


def test_imports(sample):
    _, expected, out = sample
    assert [tuple(found) for found in out.imports] == expected.imports


def test_inheritance(sample):
    _, expected, out = sample
    found = [(qualified(i.symbol), i.base, i.kind) for i in out.inherits]
    assert sorted(found) == sorted(expected.inherits)


def test_nesting_of_control_structures(sample):
    _, expected, out = sample
    assert {qualified(s): s.nesting for s in out.symbols if s.nesting} == expected.nesting


def test_documentation(sample):
    _, expected, out = sample
    assert {qualified(s): s.doc for s in out.symbols if s.doc} == expected.docs


def test_visibility_and_flags(sample):
    _, expected, out = sample
    first = {qualified(s): s for s in reversed(out.symbols)}
    assert {name: first[name].visibility for name in expected.visible} == expected.visible
    assert {name: flags_of(first[name]) for name in expected.flags} == expected.flags


def test_nodes_of_symbols_and_of_none_are_all_nodes(sample):
    _, expected, out = sample
    tree = parse_source(expected.source.encode(), expected.path)
    outside = out.nodes - sum(symbol.nodes for symbol in out.symbols)
    assert 0 < outside < out.nodes
    assert sum(1 for _ in SHAPE.walk(tree)) == out.nodes == out.kinds.total()


@pytest.mark.parametrize(
    ("path", "source", "name", "signature", "returns"),
    [
        ("a.js", "function f({u, v}, w = 1, ...r) {}", "f", "f({u, v}, w=…, ...r)", ""),
        ("a.ts", "function f(a?: string, b = 1): Map<K, V> {}", "f", "f(a, b=…)", "Map<K, V>"),
        ("A.java", "class A { List<T> m(String... s) {} }", "m", "m(...s)", "List<T>"),
        ("a.go", "package a\nfunc f(a, b int) (int, error) {}", "f", "f(a, b)", "(int, error)"),
        ("a.go", "package a\nfunc (b *Box) m() {}", "m", "Box.m()", ""),
        ("a.rs", "fn f(&self, (a, b): (u8, u8)) -> u8 {}", "f", "f(&self, (a, b))", "u8"),
        ("a.c", "char **f(int a[], int (*cb)(int), char *) {}", "f", "f(a, cb, char *)", "char **"),
        ("a.cpp", "int N::f(const T &&a, int b = 1) {}", "f", "N.f(a, b=…)", "int"),
        ("a.cs", "class A { int M(out int a, int b = 1) {} }", "M", "M(a, b=…)", "int"),
    ],
)
def test_signatures(path, source, name, signature, returns):
    pytest.importorskip("tree_sitter")
    out = extracted(parse_source(source.encode(), path), path, "csharp" if ".cs" in path else "")
    found = next(symbol for symbol in out.symbols if symbol.name == name)
    assert (found.signature, found.returns) == (signature, returns)


def dump_of(ast_data, name):
    return json.loads((ast_data / "tree_sitter" / f"{name}.py.ast.json").read_bytes())


def source_of(dump, module):
    """The module as it was dumped, or None if this Python has another."""
    data = (Path(sysconfig.get_path("stdlib")) / f"{module}.py").read_bytes()
    lines = data.count(b"\n")
    same = (dump["endIndex"], dump["endPosition"]["row"]) == (len(data), lines)
    return ast.parse(data), data, same


@pytest.mark.parametrize("module", MODULES)
def test_functions_and_classes_are_those_that_ast_finds(ast_data, module):
    dump = dump_of(ast_data, module)
    out = extracted(dump)
    tree, _, same = source_of(dump, module)
    if not same:
        pytest.skip("this Python has another version of the module")
    defined = [node for node in ast.walk(tree) if isinstance(node, (*FUNCTIONS, ast.ClassDef))]
    found = [s for s in out.symbols if s.kind in ("function", "method", "constructor", "class")]
    assert out.language == "python"
    assert sorted(s.name for s in found) == sorted(node.name for node in defined)
    expected = {(node.name, node.lineno, node.end_lineno) for node in defined}
    assert {(s.name, s.line_start, s.line_end) for s in found} == expected


@pytest.mark.parametrize("module", MODULES)
def test_calls_and_imports_are_those_that_ast_finds(ast_data, module):
    dump = dump_of(ast_data, module)
    out = extracted(dump)
    tree, _, same = source_of(dump, module)
    if not same:
        pytest.skip("this Python has another version of the module")
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    expected = Counter((c.lineno, len(c.args) + len(c.keywords)) for c in calls)
    assert Counter((c.line, c.args) for c in out.calls) == expected
    named = [c for c in calls if isinstance(c.func, (ast.Name, ast.Attribute))]
    last = Counter(getattr(c.func, "id", None) or c.func.attr for c in named)
    assert Counter(c.callee.rpartition(".")[2] for c in out.calls) == last
    imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = [
        (getattr(node, "module", None) or name.name, name.asname or "", node.lineno)
        for node in imports
        for name in node.names
    ]
    assert sorted((i.module, i.alias, i.line) for i in out.imports) == sorted(names)


def radon_blocks(data):
    visitor = ComplexityVisitor.from_code(data.decode())
    methods = [method for found in visitor.classes for method in found.methods]
    return [block for block in [*visitor.functions, *methods] if not block.closures]


def test_complexity_of_python_is_that_of_radon(ast_data):
    checked = agreed = 0
    for module in MODULES:
        dump = dump_of(ast_data, module)
        _, data, same = source_of(dump, module)
        if not same:
            continue
        mine = {(s.name, s.line_start): s.complexity for s in extracted(dump).symbols}
        blocks = radon_blocks(data)
        checked += len(blocks)
        agreed += sum(mine[block.name, block.lineno] == block.complexity for block in blocks)
    if not checked:
        pytest.skip("this Python has other versions of the modules")
    assert agreed >= 0.95 * checked


@pytest.fixture(scope="module")
def real_trees(ast_data):
    paths = sorted((ast_data / "tree_sitter").rglob("*.json"))
    assert len(paths) == FILES
    return {path.name: json.loads(path.read_bytes()) for path in paths}


def test_every_real_node_is_counted_once(real_trees):
    for name, tree in real_trees.items():
        out = extracted(tree)
        nodes = list(SHAPE.walk(tree))
        assert out.nodes == len(nodes) == json.dumps(tree).count('"type":'), name
        assert out.kinds == Counter(node.kind for node in nodes)
        assert out.max_depth == max(node.depth for node in nodes)
        assert [node.number for node in nodes] == list(range(len(nodes)))


def test_every_real_file_shows_its_language(real_trees):
    languages = {".py": "python", ".js": "javascript", ".ts": "typescript", ".h": "c"}
    for name, tree in real_trees.items():
        expected = next(language for end, language in languages.items() if f"{end}." in name)
        assert extracted(tree).language == expected, name


def test_errors_of_real_files_are_counted(real_trees):
    errors = {name: json.dumps(tree).count('"type": "ERROR"') for name, tree in real_trees.items()}
    assert {name: extracted(tree).errors for name, tree in real_trees.items()} == errors
    assert sum(errors.values()) > 0


def renamed(node, change):
    node = dict(node)
    change(node)
    if "children" in node:
        node["children"] = [renamed(child, change) for child in node["children"]]
    return node


def python_binding(node):
    start, end = node.pop("startPosition"), node.pop("endPosition")
    node["start_point"] = [start["row"], start["column"]]
    node["end_point"] = [end["row"], end["column"]]
    node["is_named"] = node.pop("isNamed")
    if "fieldName" in node:
        node["field_name"] = node.pop("fieldName")


def short_keys(node):
    node["start"], node["end"] = node.pop("startPosition"), node.pop("endPosition")
    node["named"] = node.pop("isNamed")
    if "fieldName" in node:
        node["field"] = node.pop("fieldName")


def one_range(node):
    node["range"] = {"start": node.pop("startPosition"), "end": node.pop("endPosition")}


def range_of_pairs(node):
    places = node.pop("startPosition"), node.pop("endPosition")
    node["range"] = [[place["row"], place["column"]] for place in places]


def no_flag_of_named(node):
    del node["isNamed"]


def leaves_with_empty_children(node):
    node.setdefault("children", [])


@pytest.mark.parametrize(
    "change",
    [
        python_binding,
        short_keys,
        one_range,
        range_of_pairs,
        no_flag_of_named,
        leaves_with_empty_children,
    ],
)
def test_other_writers_keys_give_the_same(real_trees, change):
    for name, tree in real_trees.items():
        assert everything(extracted(renamed(tree, change))) == everything(extracted(tree)), name


def test_without_fields_names_and_calls_are_found_by_place(real_trees):
    for name, tree in real_trees.items():
        bare = extracted(renamed(tree, lambda node: node.pop("fieldName", None)))
        full = extracted(tree)
        assert symbol_rows(bare) == symbol_rows(full), name
        assert call_rows(bare) == call_rows(full), name
        assert bare.imports == full.imports, name


def test_a_dump_of_named_nodes_only_has_the_same_symbols(real_trees):
    def drop(node):
        if "children" in node:
            node["children"] = [child for child in node["children"] if child["isNamed"]]

    for name, tree in real_trees.items():
        named, full = extracted(renamed(tree, drop)), extracted(tree)
        assert named.nodes < full.nodes
        names = [(s.kind, qualified(s), s.line_start, s.params) for s in full.symbols]
        assert [(s.kind, qualified(s), s.line_start, s.params) for s in named.symbols] == names
        assert [i.module for i in named.imports] == [i.module for i in full.imports], name


def test_without_text_there_are_symbols_but_no_names(real_trees):
    for name, tree in real_trees.items():
        mute = extracted(renamed(tree, lambda node: node.pop("text", None)))
        assert {s.name for s in mute.symbols} <= {"", "<lambda>"}, name
        assert mute.nodes == extracted(tree).nodes


def test_a_tree_in_pieces_gives_what_the_whole_gives(real_trees):
    tree = real_trees["shlex.py.ast.json"]
    whole, pieces = extracted(tree), Extraction("")
    for child in tree["children"]:
        SHAPE.extract({**tree, "children": [child]}, pieces)
    again = len(tree["children"]) - 1
    assert symbol_rows(pieces) == symbol_rows(whole)
    assert call_rows(pieces) == call_rows(whole)
    assert pieces.nodes - again == whole.nodes
    assert (pieces.line_first, pieces.line_last) == (whole.line_first, whole.line_last)


def place(row):
    return {"row": row, "column": 0}


def node(kind, *children, text=None, field=None, row=0, **more):
    made = {"type": kind, "isNamed": kind != text, "startPosition": place(row)}
    made |= {"endPosition": {"row": row, "column": 1}, **more}
    if field:
        made["fieldName"] = field
    return made | ({"text": text} if text is not None else {"children": list(children)})


def name(text, kind="identifier", field="name"):
    return node(kind, text=text, field=field)


def python_class():
    bases = node(
        "argument_list",
        name("B", field=None),
        node("attribute", name("m", field="object"), name("C", field="attribute")),
        node("keyword_argument", name("metaclass"), name("M", field="value")),
        field="superclasses",
    )
    decorator = node("decorator", name("staticmethod", field=None))
    guard = node("if_clause", name("g", field=None), field="guard")
    cases = [
        node("case_clause", node("case_pattern", node("integer", text="1")), guard),
        node("case_clause", node("case_pattern", node("_", text="_"))),
    ]
    body = node(
        "block",
        node("match_statement", node("block", *cases, field="body")),
        node("try_statement", node("except_group_clause", node("block")), node("else_clause")),
        field="body",
    )
    parameters = node(
        "parameters",
        name("a", field=None),
        node("positional_separator", text="/", isNamed=True),
        node("keyword_separator", text="*", isNamed=True),
        node("default_parameter", name("k"), node("=", text="="), field=None),
        field="parameters",
    )
    function = node("function_definition", node("async", text="async"), name("f"), parameters, body)
    members = node("block", node("decorated_definition", decorator, function), field="body")
    return node("module", node("class_definition", name("A"), bases, members))


def test_a_python_class_with_bases_decorators_and_a_match():
    out = extracted(python_class())
    outer, function = out.symbols
    assert [(i.symbol, i.base, i.kind) for i in out.inherits] == [
        (outer, "B", "extends"),
        (outer, "m.C", "extends"),
    ]
    assert (function.kind, function.parent, function.signature) == (
        "method",
        outer,
        "f(a, /, *, k=…)",
    )
    assert (function.params, function.is_async, function.is_static) == (2, True, True)
    assert (function.complexity, function.nesting) == (4, 1)


def test_python_imports():
    prefix = node("relative_import", node("import_prefix", text=".."), name("p", field=None))
    alias = node("aliased_import", node("dotted_name", text="os.path"), name("p", field="alias"))
    tree = node(
        "module",
        node("import_statement", alias),
        node("import_from_statement", prefix, node("dotted_name", text="a")),
        node(
            "import_from_statement",
            node("dotted_name", text="z"),
            node("wildcard_import", text="*"),
        ),
        node("future_import_statement", node("dotted_name", text="annotations")),
    )
    assert [tuple(found) for found in extracted(tree).imports] == [
        ("os.path", "", "p", "import", 1, False),
        ("..p", "a", "", "from", 1, True),
        ("z", "*", "", "from", 1, False),
        ("__future__", "annotations", "", "from", 1, False),
    ]


def test_errors_and_missing_nodes_are_counted():
    tree = node(
        "module",
        node("ERROR", name("a")),
        node("identifier", text="", isMissing=True),
        hasError=True,
    )
    assert extracted(tree).errors == 2
    assert extracted(node("module", hasError=True)).errors == 1
    assert extracted(node("module")).errors == 0


@pytest.mark.parametrize(
    ("root", "kinds", "given", "expected"),
    [
        ("module", [], "java", "python"),
        ("source_file", ["package_clause"], "", "go"),
        ("source_file", ["use_declaration"], "go", "rust"),
        ("source_file", [], "go", "go"),
        ("source_file", ["import_list"], "swift", "swift"),
        ("translation_unit", ["declaration"], "", "c"),
        ("translation_unit", ["declaration"], "cpp", "cpp"),
        ("translation_unit", ["namespace_definition"], "c", "cpp"),
        ("compilation_unit", ["using_directive"], "", "csharp"),
        ("compilation_unit", ["object_definition"], "scala", "scala"),
        ("program", ["package_declaration"], "", "java"),
        ("program", ["lexical_declaration"], "", "javascript"),
        ("program", ["lexical_declaration"], "typescript", "typescript"),
        ("program", ["lexical_declaration", "type_annotation"], "javascript", "typescript"),
        ("program", ["class_declaration"], "java", "java"),
        ("chunk", [], "lua", "lua"),
        ("chunk", [], "", ""),
    ],
)
def test_language_of_root_and_kinds_before_that_of_the_path(root, kinds, given, expected):
    tree = node(root, *(node(kind, name("a")) for kind in kinds))
    assert extracted(tree, language=given).language == expected


@pytest.mark.parametrize(
    "top",
    [
        {"type": "Program", "body": [], "start": 0, "end": 1, "children": []},
        {"type": "Program", "children": [], "start": 0, "end": 9},
        {"type": "root", "children": [], "position": {"start": {"line": 1}}},
        {"type": "module", "startPosition": place(0)},
        {"type": {"a": 1}, "children": [], "startPosition": place(0)},
        {"type": "module", "children": {}, "startPosition": place(0)},
        {"type": "module", "children": [], "startPosition": {"row": "0", "column": 0}},
        {"type": "Program", "children": [], "range": [0, 12]},
        [],
        None,
        "module",
    ],
)
def test_what_is_no_dump_of_tree_sitter(top):
    assert not SHAPE.matches(top)


def test_no_other_real_tree_matches(ast_data):
    others = [
        path
        for folder in (
            "estree_esprima",
            "babel",
            "python_ast",
            "php_parser",
            "not_ast_esprima_failure",
        )
        for path in (ast_data / folder).rglob("*.json")
    ]
    assert len(others) > 200
    readable = 0
    for path in others:
        try:
            top = json.loads(path.read_bytes())
        except ValueError:
            continue
        readable += 1
        assert not SHAPE.matches(top), path
    assert readable > 200


def test_children_that_are_no_nodes_are_passed_over():
    tree = node("module", name("a"))
    tree["children"] += [None, "b", {"type": 1}, {"children": [name("c")]}, [name("d")]]
    out = extracted(tree)
    assert out.nodes == len(list(SHAPE.walk(tree))) == 2


def test_five_thousand_levels_are_walked():
    deepest = node("call", name("f", field="function"), field="function")
    for _ in range(4998):
        deepest = node("call", deepest, field="function")
    tree = node("module", deepest)
    out = extracted(tree)
    assert out.max_depth == 5001
    assert len(out.calls) == 4999
    assert out.nodes == sum(1 for _ in SHAPE.walk(tree))


def test_methods_of_a_type_in_a_function_make_no_circle():
    pytest.importorskip("tree_sitter")
    source = b"impl Foo { fn bar() { struct Foo { a: u8 } } }"
    out = extracted(parse_source(source, "a.rs"))
    assert [qualified(symbol) for symbol in out.symbols] == ["bar", "bar.Foo", "bar.Foo.a"]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("export default function f() {}", "f"),
        ("export default class A { m() {} }", "A"),
        ("export default class { m() {} }", "default"),
        ("export default function () {}", "default"),
        ("export default () => 1;", "default"),
        ("export default f; function g() {} function f() {}", "f"),
        ("function f() {} export { f as default };", "f"),
        ("function f() {} module.exports = f;", "f"),
        ("module.exports = class A {};", "A"),
        ("module.exports = () => 1;", "exports"),
        ("function f() {} exports.f = f;", None),
        ("function f() {} export { f };", None),
        ("export { f as default } from './m'; function f() {}", None),
        ("function f() {} export default f();", None),
    ],
)
def test_the_default_export_is_told(source, name):
    pytest.importorskip("tree_sitter")
    found = extracted(parse_source(source.encode(), "a.js"), "a.js").default
    assert (found.name if found else None) == name
