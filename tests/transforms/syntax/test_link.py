import json
import subprocess
import sys
import textwrap

import pytest
from linked_file import DUMP, NOWHERE, File, key, name_key

from batchio.syntax.parts import PartRows
from transforms.syntax.modules import candidates


def test_ids_are_hashes_of_path_name_and_ordinal():
    file = File("python", "class Parser", "method Parser.parse", "function run", "function run")
    assert [(row["symbol_id"], row["parent_id"]) for row in file.symbols()] == [
        (key("dumps/a.json\nParser\n0"), 0),
        (key("dumps/a.json\nParser.parse\n0"), key("dumps/a.json\nParser\n0")),
        (key("dumps/a.json\nrun\n0"), 0),
        (key("dumps/a.json\nrun\n1"), 0),
    ]


def test_what_is_in_the_second_of_a_name_has_that_one_as_its_parent():
    file = File("python", "class A", "method A.f", "class A", "method A.f")
    assert [row["parent_id"] for row in file.symbols()] == [
        0,
        key("dumps/a.json\nA\n0"),
        0,
        key("dumps/a.json\nA\n1"),
    ]


def test_a_lambda_and_what_has_no_name_are_named_by_their_kind():
    file = File("javascript", "function f", "lambda f.<lambda>", "class ")
    assert [row["qualified_name"] for row in file.symbols()] == ["f", "f.<lambda>", "<class>"]


def test_names_of_symbols_nested_without_end_are_cut_and_ids_stay_apart():
    file = File("javascript", "function f")
    for _ in range(2000):
        file.out.define("lambda", "<lambda>", file.out.symbols[-1])
    symbols = file.symbols()
    assert symbols[100]["qualified_name"] == "f" + ".<lambda>" * 100
    assert max(len(row["qualified_name"]) for row in symbols) == 1001
    assert symbols[-1]["qualified_name"].endswith(".<lambda>.<lambda>")
    assert len({row["symbol_id"] for row in symbols}) == 2001


def test_names_of_php_and_cpp_that_have_parts_get_dots():
    file = File("php", "namespace App\\Models", "class App\\Models.User")
    assert [row["qualified_name"] for row in file.symbols()] == ["App.Models", "App.Models.User"]
    assert File("cpp", "method Shape::area").symbols()[0]["qualified_name"] == "Shape.area"


def test_nodes_of_nested_symbols_are_added_up_once_however_often_it_is_linked():
    file = File("python").define("class A", nodes=1).define("method A.f", nodes=10)
    file.define("function A.f.g", nodes=100).define("method A.h", nodes=1000)
    for _ in range(2):
        assert [row["nodes"] for row in file.symbols()] == [1111, 110, 100, 1000]


def test_the_facts_of_a_symbol_are_in_its_row():
    facts = {
        "signature": "f(a)",
        "visibility": "public",
        "is_static": True,
        "is_abstract": False,
        "is_async": True,
        "is_exported": True,
        "line_start": 3,
        "line_end": 9,
        "params": 1,
        "returns": "int",
        "nesting": 2,
        "complexity": 4,
        "doc": "Says.",
    }
    row = File("python").define("function f", **facts).symbols()[0]
    assert {name: row[name] for name in facts} == facts
    assert (row["kind"], row["name"]) == ("function", "f")


def test_only_the_first_of_a_name_has_its_key():
    file = File("python", "function run", "function run")
    assert [row["name_key"] for row in file.symbols()] == [key("run"), 0]


def test_a_method_is_meant_rather_than_the_field_of_its_name():
    file = File("java", "class A", "field A.size", "method A.size")
    assert [row["name_key"] for row in file.symbols()] == [key("A"), 0, name_key("A.size")]


def test_a_definition_is_meant_rather_than_the_declaration_before_it():
    file = File("c").define("function run", is_abstract=True).define("function run")
    assert [row["name_key"] for row in file.symbols()] == [0, key("run")]
    assert file.call("", "run").calls()[0]["target_id"] == key("dumps/a.json\nrun\n1")


def test_a_call_keeps_its_facts():
    (row,) = File("python", "function f").call("f", "os.path.join").calls()
    assert row == {
        "caller_id": key("dumps/a.json\nf\n0"),
        "callee": "join",
        "callee_full": "os.path.join",
        "receiver_type": "",
        "args": 1,
        "line": 7,
        **NOWHERE,
    }


def test_a_call_at_the_top_has_no_caller():
    assert File("python").call("", "run").calls()[0]["caller_id"] == 0


def test_an_import_keeps_its_facts():
    (row,) = File("python", path="lib/a.py").take(".m", "n", "k", "from").imports()
    names, whole = candidates("python", "lib", ".m", "n")
    assert row == {
        "module": ".m",
        "name": "n",
        "alias": "k",
        "kind": "from",
        "line": 1,
        "is_relative": True,
        "candidates": [key(name) for name in names],
        "whole": whole,
        "binds_key": key("k"),
        "name_key": key("n"),
    }
    assert names == ["python:lib/m/n", "python:lib/m"]


@pytest.mark.parametrize(
    ("language", "taken", "binds", "name"),
    [
        ("python", ("m",), "m", ""),
        ("python", ("a.b",), "", ""),
        ("python", ("a.b", "", "x"), "x", ""),
        ("python", ("m", "n"), "n", "n"),
        ("python", ("m", "*"), "*", ""),
        ("javascript", ("./m", "n", "k"), "k", "n"),
        ("javascript", ("./m", "n", "k", "export-from"), "k", "n"),
        ("javascript", ("./m", "default", "", "export-from"), "default", "default"),
        ("javascript", ("./m", "*", "", "export-from"), "*", ""),
        ("javascript", ("./m", "*", "ns"), "ns", ""),
        ("javascript", ("./m", "*", "ns", "export-from"), "ns", ""),
        ("javascript", ("./m",), "", ""),
        ("typescript", ("./m", "n"), "n", "n"),
        ("rust", ("crate::m", "n"), "n", "n"),
        ("solidity", ("./m.sol", "A", "B"), "B", "A"),
        ("solidity", ("./m.sol",), "*", ""),
        ("java", ("com.x", "Foo"), "", ""),
        ("c", ("x.h", "", "", "include"), "", ""),
        ("php", ("App\\Models", "User"), "", ""),
    ],
)
def test_an_import_says_what_it_binds_for_others_and_what_it_takes(language, taken, binds, name):
    (row,) = File(language).take(*taken).imports()
    assert row["binds_key"] == (key(binds) if binds else 0)
    assert row["name_key"] == (key(name) if name else 0)


def test_what_a_file_exports_by_default_is_marked():
    file = File("javascript", "function f", "function g")
    file.out.default = file.named["g"]
    assert [row["is_default"] for row in file.symbols()] == [False, True]


def test_a_file_says_under_which_keys_it_is_imported():
    linked = File("python", path="lib/email/__init__.py").link()
    assert linked.provides == [key("python:lib/email")]


def test_an_unknown_language_has_rows_all_the_same():
    file = File("", "function f", "function g").take("m", "n").call("f", "g", "n")
    assert file.meanings()[0] == "g"
    assert file.link().provides == []
    assert file.imports()[0]["candidates"] == []


def test_an_empty_file_has_no_rows():
    linked = File("python", path="a.py").link()
    assert linked == ([], [], [], [], [key("python:a")])


def test_the_extraction_is_left_as_it_is():
    file = family()
    before = [(each.name, each.nodes) for each in file.out.symbols]
    assert file.link() == file.link()
    assert [(each.name, each.nodes) for each in file.out.symbols] == before


def family():
    file = File("python", "class A", "method A.f", "class B").take("m", "n").take("k", "*")
    return file.extend("B", "A").call("A.f", "self.f", "n.run", "other").call("", "B.f")


def test_a_part_takes_the_rows():
    linked = family().link()
    part = PartRows()
    file = ("in", DUMP, key(DUMP), *["text"] * 5, 1, "text", *[1] * 6)
    file = (*file, "ok", "", "", None, None, None, 1, linked.provides)
    part.add(
        file,
        symbols=linked.symbols,
        calls=linked.calls,
        imports=linked.imports,
        inherits=linked.inherits,
    )
    batch = part.batch()
    assert batch.column("symbols")[0][0].as_py()["symbol_id"] == key("dumps/a.json\nA\n0")
    assert batch.column("imports")[0][0].as_py()["binds_key"] == key("n")
    assert batch.column("inherits")[0][0].as_py()["target_id"] == key("dumps/a.json\nA\n0")
    assert batch.column("calls")[0][1].as_py()["via"] == 0


_AGAIN = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from test_link import family
print(json.dumps(family().link()))
"""


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_makes_the_same_rows(seed):
    command = [sys.executable, "-c", textwrap.dedent(_AGAIN), json.dumps(sys.path)]
    done = subprocess.run(
        command, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == json.loads(json.dumps(family().link()))
