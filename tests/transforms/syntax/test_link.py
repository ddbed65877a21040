import hashlib
import subprocess
import sys

import pytest

from batchio.syntax_parts import CALL, IMPORT, INHERIT, SYMBOL, PartRows
from transforms.syntax.extraction import (
    CLASS,
    CONSTRUCTOR,
    FIELD,
    FUNCTION,
    LAMBDA,
    METHOD,
    NAMESPACE,
    VARIABLE,
    Call,
    Extraction,
    Import,
    Inherit,
)
from transforms.syntax.link import link

NOTHING = {"target_id": 0, "via": -1, "rest_key": 0, "member_key": 0, "global_key": 0}


def key(text):
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


class File:
    """A source file, written down name by name."""

    def __init__(self, language, path="lib/a", dump="dumps/a.json"):
        self.out = Extraction(path, language)
        self.dump = dump
        self.named = {}

    def define(self, kind, name, **facts):
        """Defines `Outer.name` in the symbol of that name."""
        outer, _, last = name.rpartition("/" if "/" in name else ".")
        symbol = self.out.define(kind, last, self.named[outer] if outer else None)
        for fact, value in facts.items():
            setattr(symbol, fact, value)
        self.named[name] = symbol
        return self

    def call(self, caller, callee, receiver_type=""):
        self.out.calls.append(Call(self.named.get(caller), callee, 1, 7, receiver_type))
        return self

    def take(self, module, name="", alias="", kind="import"):
        self.out.imports.append(Import(module, name, alias, kind, 1, module.startswith(".")))
        return self

    def extend(self, name, base, kind="extends"):
        self.out.inherits.append(Inherit(self.named[name], base, kind))
        return self

    def link(self):
        return link(self.out, self.dump)

    def symbols(self):
        return rows(self.link().symbols, SYMBOL)

    def imports(self):
        return rows(self.link().imports, IMPORT)

    def bases(self):
        return [self.meaning(row) for row in rows(self.link().inherits, INHERIT)]

    def meanings(self):
        return [self.meaning(row) for row in rows(self.link().calls, CALL)]

    def meaning(self, row):
        """The qualified name where it is in this file, else what is not empty of the keys."""
        if row["target_id"]:
            assert {name: row[name] for name in NOTHING} == {
                **NOTHING,
                "target_id": row["target_id"],
            }
            names = {each["symbol_id"]: each["qualified_name"] for each in self.symbols()}
            return names[row["target_id"]]
        return {name: row[name] for name in NOTHING if row[name] != NOTHING[name]}


def rows(tuples, struct):
    names = [struct.field(number).name for number in range(struct.num_fields)]
    return [dict(zip(names, row, strict=True)) for row in tuples]


def calls(language, caller, *callees, **symbols):
    """What callees mean in a file that has the symbols, `kind` by name."""
    file = File(language)
    for name, kind in symbols.items():
        file.define(kind, name.replace("__", "."))
    for callee in callees:
        file.call(caller, callee)
    return file.meanings()


def through(number, *, rest="", member="", run=""):
    """The keys of a name that an import leads to."""
    target = {"via": number, "rest_key": rest, "member_key": member, "global_key": run}
    return {name: key(text) if name != "via" else text for name, text in target.items() if text != ""}


def test_ids_are_hashes_of_path_name_and_ordinal():
    file = File("python").define(CLASS, "Parser").define(METHOD, "Parser.parse")
    file.define(FUNCTION, "run").define(FUNCTION, "run")
    assert file.link().file_id == key("dumps/a.json")
    assert [(row["symbol_id"], row["parent_id"]) for row in file.symbols()] == [
        (key("dumps/a.json\nParser\n0"), 0),
        (key("dumps/a.json\nParser.parse\n0"), key("dumps/a.json\nParser\n0")),
        (key("dumps/a.json\nrun\n0"), 0),
        (key("dumps/a.json\nrun\n1"), 0),
    ]


def test_a_lambda_and_what_has_no_name_are_named_by_their_kind():
    file = File("javascript").define(FUNCTION, "f").define(LAMBDA, "f.<lambda>").define(CLASS, "")
    assert [row["qualified_name"] for row in file.symbols()] == ["f", "f.<lambda>", "<class>"]


def test_namespaces_of_php_and_cpp_get_dots():
    file = File("php").define(NAMESPACE, "App\\Models").define(CLASS, "App\\Models.User")
    assert [row["qualified_name"] for row in file.symbols()] == ["App.Models", "App.Models.User"]
    assert File("cpp").define(METHOD, "Shape::area").symbols()[0]["qualified_name"] == "Shape.area"


def test_nodes_of_nested_symbols_are_added_up_once_however_often_it_is_linked():
    file = File("python").define(CLASS, "A", nodes=1).define(METHOD, "A.f", nodes=10)
    file.define(FUNCTION, "A.f/g", nodes=100).define(METHOD, "A.h", nodes=1000)
    for _ in range(2):
        assert [row["nodes"] for row in file.symbols()] == [1111, 110, 100, 1000]


def test_the_facts_of_a_symbol_are_its_row():
    facts = {
        "signature": "f(a)",
        "visibility": "public",
        "is_static": True,
        "is_abstract": True,
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
    row = File("python").define(FUNCTION, "f", **facts).symbols()[0]
    assert {name: row[name] for name in facts} == facts
    assert (row["kind"], row["name"]) == (FUNCTION, "f")


def test_only_the_first_of_a_name_has_its_key():
    file = File("python").define(FUNCTION, "run").define(FUNCTION, "run")
    assert [row["name_key"] for row in file.symbols()] == [key("run"), 0]


def test_a_method_is_meant_rather_than_the_field_of_its_name():
    file = File("java").define(CLASS, "A").define(FIELD, "A.size").define(METHOD, "A/size")
    assert [row["name_key"] for row in file.symbols()] == [key("A"), 0, key("A.size")]


def test_a_definition_is_meant_rather_than_the_declaration_before_it():
    file = File("c").define(FUNCTION, "run", is_abstract=True).define(FUNCTION, "run")
    assert [row["name_key"] for row in file.symbols()] == [0, key("run")]
    assert [row["global_key"] for row in file.symbols()] == [0, key("c:run")]
    file.call("", "run")
    assert file.link().calls[0][6] == key("dumps/a.json\nrun\n1")


def test_a_call_keeps_its_facts():
    file = File("python").define(FUNCTION, "f").call("f", "os.path.join")
    (row,) = rows(file.link().calls, CALL)
    assert row == {
        "caller_id": key("dumps/a.json\nf\n0"),
        "callee": "join",
        "callee_full": "os.path.join",
        "receiver_type": "",
        "args": 1,
        "line": 7,
        **NOTHING,
    }


def test_a_name_is_looked_up_outwards_and_the_nearest_is_meant():
    symbols = {"run": FUNCTION, "f": FUNCTION, "f__run": FUNCTION, "f__g": FUNCTION, "h": FUNCTION}
    assert calls("python", "f.g", "run", "h", **symbols) == ["f.run", "h"]
    assert calls("python", "h", "run", **symbols) == ["run"]
    assert calls("python", "", "run", **symbols) == ["run"]


def test_a_nearer_name_hides_the_one_that_has_the_member():
    symbols = {"A": CLASS, "A__run": METHOD, "f": FUNCTION, "f__A": VARIABLE}
    assert calls("python", "f", "A.run", **symbols) == [{}]


def test_a_function_calls_itself():
    assert calls("python", "f", "f", f=FUNCTION) == ["f"]


MEMBERS = {"A": CLASS, "A__f": METHOD, "A__g": METHOD, "g": FUNCTION}


@pytest.mark.parametrize("language", ["python", "javascript", "typescript", "php", "rust"])
def test_a_bare_name_is_no_member_of_the_class_around_it(language):
    assert calls(language, "A.f", "g", **MEMBERS) == ["g"]


@pytest.mark.parametrize("language", ["java", "kotlin", "scala", "csharp", "cpp", "solidity"])
def test_a_bare_name_may_be_a_member_of_the_class_around_it(language):
    assert calls(language, "A.f", "g", **MEMBERS) == ["A.g"]


def test_the_body_of_a_python_class_sees_its_names():
    assert calls("python", "A", "g", **MEMBERS) == ["A.g"]
    assert calls("javascript", "A", "g", **MEMBERS) == ["g"]


@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("python", "self"),
        ("python", "cls"),
        ("javascript", "this"),
        ("java", "this"),
        ("csharp", "this"),
        ("cpp", "this"),
        ("php", "$this"),
        ("php", "self"),
        ("php", "static"),
        ("rust", "self"),
        ("rust", "Self"),
        ("solidity", "this"),
    ],
)
def test_the_word_for_the_own_class_finds_its_members(language, word):
    assert calls(language, "A.f", f"{word}.g", **MEMBERS) == ["A.g"]


def test_self_outside_of_a_class_is_a_name_like_others():
    assert calls("python", "g", "self.f", **MEMBERS) == [{}]


def test_self_in_a_function_within_a_method_is_the_same():
    file = File("python").define(CLASS, "A").define(METHOD, "A.f").define(METHOD, "A.g")
    file.define(FUNCTION, "A.f/inner").call("A.f/inner", "self.g")
    assert file.meanings() == ["A.g"]


def test_cls_called_makes_one_of_the_class_and_self_called_is_not_known():
    assert calls("python", "A.f", "cls", "self", **MEMBERS) == ["A", {}]


def test_a_class_that_is_called_is_meant_and_not_its_constructor():
    assert calls("java", "", "Foo", Foo=CLASS, Foo__Foo=CONSTRUCTOR) == ["Foo"]
    assert calls("java", "Foo.run", "Foo", Foo=CLASS, Foo__Foo=CONSTRUCTOR, Foo__run=METHOD) == [
        "Foo"
    ]
    assert calls("python", "", "Foo", Foo=CLASS, Foo____init____=CONSTRUCTOR) == ["Foo"]


def test_a_member_is_found_by_the_name_of_its_class():
    symbols = {"A": CLASS, "A__B": CLASS, "A__B__run": METHOD}
    assert calls("python", "", "A.B.run", "A.B", "A.none", **symbols) == ["A.B.run", "A.B", {}]


def test_a_method_is_found_of_an_object_that_is_just_made():
    assert calls("python", "", "A().f", **MEMBERS) == ["A.f"]


def test_nothing_is_known_of_what_a_function_returns():
    symbols = {"f": FUNCTION, "f__run": FUNCTION}
    assert calls("python", "", "f().run", "f[].run", "?.run", **symbols) == [{}, {}, {}]


FAMILY = (
    ("Base", CLASS),
    ("Base.run", METHOD),
    ("Base.stop", METHOD),
    ("A", CLASS),
    ("A.run", METHOD),
)


def family(language):
    file = File(language)
    for name, kind in FAMILY:
        file.define(kind, name)
    return file.extend("A", "Base")


def test_members_of_a_base_in_the_same_file_are_members():
    assert family("python").call("A.run", "self.stop").meanings() == ["Base.stop"]
    assert family("python").call("", "A.stop").meanings() == ["Base.stop"]
    assert family("java").call("A.run", "stop").meanings() == ["Base.stop"]
    assert family("java").call("A.run", "run").meanings() == ["A.run"]


@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("python", "super()"),
        ("javascript", "super"),
        ("java", "super"),
        ("csharp", "base"),
        ("php", "parent"),
        ("solidity", "super"),
    ],
)
def test_the_word_for_the_base_finds_what_the_class_hides(language, word):
    assert family(language).call("A.run", f"{word}.run").meanings() == ["Base.run"]


def test_super_called_means_the_base():
    assert family("javascript").call("A.run", "super").meanings() == ["Base"]
    assert family("java").call("A.run", "this").meanings() == ["A"]


def test_classes_that_extend_one_another_in_a_circle_end():
    file = File("python").define(CLASS, "A").define(METHOD, "A.run").define(CLASS, "B")
    file.extend("A", "B").extend("B", "A").call("A.run", "self.none").call("A.run", "super().run")
    assert file.meanings() == [{}, "A.run"]


def test_a_base_is_resolved_from_where_the_class_stands():
    file = File("python").define(CLASS, "Base").define(CLASS, "Outer").define(CLASS, "Outer.Base")
    file.define(CLASS, "Outer.A").extend("Outer.A", "Base")
    assert file.bases() == ["Outer.Base"]


def test_a_class_does_not_extend_itself_but_what_it_hides():
    file = File("python").take("errors", "Error").define(CLASS, "Error").extend("Error", "Error")
    assert file.bases() == [through(0, member="Error")]


def test_type_arguments_of_a_base_do_not_matter():
    file = File("java").define(CLASS, "Box").define(CLASS, "A").extend("A", "Box<Map<K, V>>")
    assert file.bases() == ["Box"]
    assert family("typescript").extend("A", "Base<T>").bases() == ["Base", "Base"]
    assert family("python").extend("A", "Base[]").bases() == ["Base", "Base"]


def test_a_base_row_keeps_its_facts():
    (row,) = rows(family("python").link().inherits, INHERIT)
    assert row["symbol_id"] == key("dumps/a.json\nA\n0")
    assert (row["base"], row["kind"]) == ("Base", "extends")


def test_what_a_class_does_not_have_may_be_of_its_one_base_elsewhere():
    file = File("python").take("m", "Base").define(CLASS, "A").define(METHOD, "A.f")
    file.extend("A", "Base").call("A.f", "self.run").call("A.f", "super().f")
    assert file.meanings() == [
        through(0, rest="run", member="Base.run"),
        through(0, rest="f", member="Base.f"),
    ]
    file.take("m", "Other").extend("A", "Other")
    assert file.meanings() == [{}, {}]


def test_an_interface_elsewhere_is_no_place_to_look_for_a_body():
    file = File("java").take("m", "Base").take("m", "Able").define(CLASS, "A")
    file.define(METHOD, "A.f").extend("A", "Base").extend("A", "Able", "implements")
    assert file.call("A.f", "super.f").meanings() == [
        through(0, rest="Base.f", member="Base.f", run="java:m.Base.f")
    ]


def test_a_python_module_binds_its_dotted_name_and_the_longest_is_meant():
    file = File("python").take("a").take("a.b.c").call("", "a.b.c.d.run").call("", "a.b.run")
    assert file.meanings() == [through(1, rest="d.run"), through(0, rest="b.run")]


def test_a_python_alias_binds_the_module():
    file = File("python").take("a.b", alias="x").call("", "x.run").call("", "a.b.run")
    assert file.meanings() == [through(0, rest="run"), {}]


def test_a_python_name_may_be_of_a_file_or_be_one():
    file = File("python").take("m", "n", "k").call("", "k.run").call("", "k").call("", "n")
    assert file.meanings() == [
        through(0, rest="run", member="n.run"),
        through(0, member="n"),
        {},
    ]


def test_what_python_cannot_find_may_come_from_the_only_star():
    file = File("python").take("m", "*").define(FUNCTION, "f").call("", "run").call("", "f")
    assert file.meanings() == [through(0, rest="run", member="run"), "f"]
    file.take("n", "*")
    assert file.meanings() == [{}, "f"]


def test_a_python_import_is_not_hidden_by_the_variable_that_stands_in_for_it():
    file = File("python").take("json").define(VARIABLE, "json").call("", "json.loads")
    assert file.meanings() == [through(0, rest="loads")]


def test_a_python_function_hides_the_import_it_stands_in_for():
    file = File("python").take("m", "run").define(FUNCTION, "run").call("", "run")
    assert file.meanings() == ["run"]


def test_the_first_of_two_imports_of_a_name_is_meant():
    file = File("python").take("a", "run").take("b", "run").call("", "run")
    assert file.meanings() == [through(0, member="run")]


@pytest.mark.parametrize("language", ["javascript", "typescript"])
def test_a_script_imports_names_namespaces_and_modules(language):
    file = File(language).take("./m", "n", "k").take("./m", "*", "ns").take("./m", alias="r")
    file.call("", "k.run").call("", "ns.run").call("", "r.run").call("", "n")
    assert file.meanings() == [
        through(0, rest="run", member="n.run"),
        through(1, rest="run"),
        through(2, rest="run"),
        {},
    ]


def test_a_default_import_is_taken_to_have_the_same_name_there():
    file = File("javascript").take("./m", "default", "Foo").call("", "Foo").call("", "Foo.run")
    assert file.meanings() == [
        through(0, member="Foo"),
        through(0, rest="run", member="Foo.run"),
    ]


def test_what_is_required_and_called_is_taken_to_have_the_same_name_there():
    file = File("javascript").take("./m", alias="Foo", kind="require").call("", "Foo")
    assert file.meanings() == [through(0, rest="Foo")]


def test_a_script_import_without_names_binds_none():
    assert File("javascript").take("./m").call("", "m.run").meanings() == [{}]


def test_an_export_from_elsewhere_binds_nothing_in_the_file():
    file = File("javascript").take("./m", "run", kind="export-from").call("", "run")
    assert file.meanings() == [{}]


def test_java_knows_classes_by_their_full_names():
    file = File("java").define(NAMESPACE, "com.x").define(CLASS, "com.x/Foo")
    file.define(METHOD, "com.x/Foo/run".replace("/Foo/", "/Foo/"), **{}) if False else None
    file.take("com.y", "Bar").call("", "Bar.run").call("", "Same.run").call("", "java.io.X.run")
    assert file.symbols()[1]["global_key"] == key("java:com.x.Foo")
    assert file.meanings() == [
        through(0, rest="com.y.Bar.run", member="com.y.Bar.run", run="java:com.y.Bar.run"),
        {"global_key": key("java:com.x.Same.run")},
        {"global_key": key("java:java.io.X.run")},
    ]
