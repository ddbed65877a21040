import pytest
from linked_file import File, in_run, key, meanings, through

MEMBERS = ("class A", "method A.f", "method A.g", "function g")


def test_a_name_is_looked_up_outwards_and_the_nearest_is_meant():
    symbols = ("function run", "function f", "function f.run", "function f.g", "function h")
    assert meanings("python", symbols, "f.g", "run", "h") == ["f.run", "h"]
    assert meanings("python", symbols, "h", "run") == ["run"]
    assert meanings("python", symbols, "", "run") == ["run"]


def test_a_nearer_name_hides_the_one_that_has_the_member():
    symbols = ("class A", "method A.run", "function f", "variable f.A")
    assert meanings("python", symbols, "f", "A.run") == [{}]


def test_a_function_calls_itself():
    assert meanings("python", ["function f"], "f", "f") == ["f"]


@pytest.mark.parametrize("language", ["python", "javascript", "typescript", "php", "rust"])
def test_a_bare_name_is_no_member_of_the_class_around_it(language):
    assert meanings(language, MEMBERS, "A.f", "g") == ["g"]


@pytest.mark.parametrize("language", ["java", "kotlin", "scala", "csharp", "cpp", "solidity"])
def test_a_bare_name_may_be_a_member_of_the_class_around_it(language):
    assert meanings(language, MEMBERS, "A.f", "g") == ["A.g"]


def test_the_body_of_a_python_class_sees_its_names():
    assert meanings("python", MEMBERS, "A", "g") == ["A.g"]
    assert meanings("javascript", MEMBERS, "A", "g") == ["g"]


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
    assert meanings(language, MEMBERS, "A.f", f"{word}.g") == ["A.g"]


def test_the_word_of_one_language_is_a_name_in_another():
    assert meanings("javascript", MEMBERS, "A.f", "self.g") == [{}]


def test_self_outside_of_a_class_is_a_name_like_others():
    assert meanings("python", MEMBERS, "g", "self.f") == [{}]


def test_self_in_a_function_within_a_method_is_the_same():
    assert meanings("python", (*MEMBERS, "function A.f.inner"), "A.f.inner", "self.g") == ["A.g"]


def test_cls_called_makes_one_of_the_class_and_self_called_is_not_known():
    assert meanings("python", MEMBERS, "A.f", "cls", "self") == ["A", {}]


def test_a_class_that_is_called_is_meant_and_not_its_constructor():
    symbols = ("class Foo", "constructor Foo.Foo", "method Foo.run")
    assert meanings("java", symbols, "", "Foo") == ["Foo"]
    assert meanings("java", symbols, "Foo.run", "Foo") == ["Foo"]
    assert meanings("python", ("class Foo", "constructor Foo.__init__"), "", "Foo") == ["Foo"]


def test_a_member_is_found_by_the_name_of_its_class():
    symbols = ("class A", "class A.B", "method A.B.run")
    assert meanings("python", symbols, "", "A.B.run", "A.B", "A.no") == ["A.B.run", "A.B", {}]


def test_a_method_is_found_of_an_object_that_is_just_made():
    assert meanings("python", MEMBERS, "", "A().f") == ["A.f"]


def test_nothing_is_known_of_results_items_and_other_values():
    symbols = ("function f", "function f.run")
    assert meanings("python", symbols, "", "f().run", "f[].run", "?.run") == [{}, {}, {}]


def family(language):
    symbols = ("class Base", "method Base.run", "method Base.stop", "class A", "method A.run")
    return File(language, *symbols).extend("A", "Base")


def test_members_of_a_base_in_the_same_file_are_members():
    assert family("python").call("A.run", "self.stop").meanings() == ["Base.stop"]
    assert family("python").call("", "A.stop").meanings() == ["Base.stop"]
    assert family("java").call("A.run", "stop", "run").meanings() == ["Base.stop", "A.run"]


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


def test_the_next_base_is_searched_where_the_first_has_nothing():
    file = family("python").define("class Other").define("method Other.go").extend("A", "Other")
    assert file.call("A.run", "super().go", "self.go").meanings() == ["Other.go", "Other.go"]


def test_the_words_alone_mean_the_classes():
    assert family("javascript").call("A.run", "super").meanings() == ["Base"]
    assert family("java").call("A.run", "this").meanings() == ["A"]


def test_classes_that_extend_one_another_in_a_circle_come_to_an_end():
    file = File("python", "class A", "method A.run", "class B").extend("A", "B").extend("B", "A")
    assert file.call("A.run", "self.none", "super().run").meanings() == [{}, "A.run"]


def test_a_base_is_looked_up_from_where_the_class_stands():
    file = File("python", "class Base", "class Outer", "class Outer.Base", "class Outer.A")
    assert file.extend("Outer.A", "Base").bases() == ["Outer.Base"]


def test_a_base_may_have_parts():
    file = File("python", "class Outer", "class Outer.Base", "method Outer.Base.run", "class A")
    file.define("method A.f").extend("A", "Outer.Base").call("A.f", "self.run")
    assert (file.bases(), file.meanings()) == (["Outer.Base"], ["Outer.Base.run"])


def test_a_class_does_not_extend_itself_but_what_it_hides():
    file = File("python", "class Error").take("errors", "Error").extend("Error", "Error")
    assert file.bases() == [through(0)]


def test_type_arguments_of_a_base_do_not_matter():
    assert File("java", "class Box", "class A").extend("A", "Box<Map<K, V>>").bases() == ["Box"]
    assert family("typescript").extend("A", "Base<T>").bases() == ["Base", "Base"]
    assert family("python").extend("A", "Base[]").bases() == ["Base", "Base"]


def test_what_a_class_does_not_have_may_be_of_its_one_base_elsewhere():
    file = File("python", "class A", "method A.f").take("m", "Base").extend("A", "Base")
    file.call("A.f", "self.run", "super().f")
    assert file.meanings() == [
        through(0, rest="run"),
        through(0, rest="f"),
    ]
    assert file.take("m", "Other").extend("A", "Other").meanings() == [{}, {}]


def test_a_builtin_base_is_no_other_base_to_choose_from():
    file = File("python", "class A", "method A.f").take("m", "Base")
    file.extend("A", "Base").extend("A", "Exception").call("A.f", "self.run")
    assert file.meanings() == [through(0, rest="run")]


def test_an_interface_elsewhere_is_not_what_super_means():
    file = File("java", "class A", "method A.f").take("m", "Base").take("m", "Able")
    file.extend("A", "Base").extend("A", "Able", "implements").call("A.f", "super.f")
    assert file.meanings() == [through(0, rest="Base.f", run="java:m.Base.f")]


def test_a_python_module_binds_its_dotted_name_and_the_longest_is_meant():
    file = File("python").take("a").take("a.b.c").call("", "a.b.c.d.run", "a.b.run")
    assert file.meanings() == [through(1, rest="d.run"), through(0, rest="b.run")]


def test_a_python_alias_binds_the_module():
    file = File("python").take("a.b", alias="x").call("", "x.run", "a.b.run")
    assert file.meanings() == [through(0, rest="run"), {}]


def test_a_name_out_of_a_python_module_is_of_a_file_or_is_one():
    file = File("python").take("m", "n", "k").call("", "k.run", "k", "n")
    assert file.meanings() == [through(0, rest="run"), through(0), {}]


def test_what_python_cannot_find_may_come_from_the_only_star():
    file = File("python", "function f").take("m", "*").call("", "run", "f")
    assert file.meanings() == [through(0, rest="run"), "f"]
    assert file.take("n", "*").meanings() == [{}, "f"]


def test_a_python_import_is_not_hidden_by_the_variable_that_stands_in_for_it():
    file = File("python", "variable json").take("json").call("", "json.loads")
    assert file.meanings() == [through(0, rest="loads")]


def test_a_function_hides_the_import_of_its_name():
    assert File("python", "function run").take("m", "run").call("", "run").meanings() == ["run"]


def test_the_first_of_two_imports_of_a_name_is_meant():
    file = File("python").take("a", "run").take("b", "run").call("", "run")
    assert file.meanings() == [through(0)]


def test_one_import_serves_a_base_too():
    file = File("python", "class A").take("m", "Base").extend("A", "Base")
    assert file.bases() == [through(0)]


@pytest.mark.parametrize("language", ["javascript", "typescript"])
def test_a_script_imports_names_namespaces_and_modules(language):
    file = File(language).take("./m", "n", "k").take("./m", "*", "ns").take("./m", "", "r")
    assert file.call("", "k.run", "ns.run", "r.run", "n").meanings() == [
        through(0, rest="run"),
        through(1, rest="run"),
        through(2, rest="run"),
        {},
    ]


def test_a_default_import_has_no_name_of_its_own_there():
    file = File("javascript").take("./m", "default", "Foo").call("", "Foo", "Foo.run")
    assert file.meanings() == [through(0), through(0, rest="run")]
    assert file.imports()[0]["name_key"] == key("default")


def test_what_is_required_and_called_is_the_one_thing_that_is_exported():
    file = File("javascript").take("./m", "", "Foo", "require").call("", "Foo")
    assert file.meanings() == [through(0, rest="default")]


def test_imports_and_exports_that_bind_nothing_in_a_script():
    file = File("javascript").take("./m").take("./n", "run", kind="export-from")
    assert file.call("", "m.run", "run").meanings() == [{}, {}]


def package(language, *symbols):
    return File(language, "namespace com.x", *(each.replace(" ", " com.x.") for each in symbols))


def test_java_symbols_are_known_by_their_full_names():
    file = package("java", "class Foo", "method Foo.run", "field Foo.size", "class Foo.In")
    assert [row["global_key"] for row in file.symbols()] == [
        0,
        key("java:com.x.Foo"),
        key("java:com.x.Foo.run"),
        0,
        key("java:com.x.Foo.In"),
    ]


def test_java_names_are_of_an_import_the_package_or_given_in_full():
    file = package("java", "class Foo", "method Foo.run").take("com.y", "Bar")
    file.call("com.x.Foo.run", "Bar.go", "Same.go", "Same", "java.io.X.go", "com.x.Foo.run")
    assert file.meanings() == [
        through(0, rest="com.y.Bar.go", run="java:com.y.Bar.go"),
        in_run("java:com.x.Same.go"),
        in_run("java:com.x.Same"),
        in_run("java:java.io.X.go"),
        "com.x.Foo.run",
    ]


def test_a_java_file_whose_dump_has_no_package_takes_others_to_have_none():
    file = File("java", "class Foo").take("com.y", "Bar").call("", "Bar.go")
    assert file.meanings() == [through(0, rest="Bar.go", run="java:com.y.Bar.go")]


def test_a_static_import_of_java_is_a_member_of_its_class():
    file = File("java").take("com.y.Bar", "go").call("", "go")
    assert file.meanings() == [through(0, rest="Bar.go", run="java:com.y.Bar.go")]


def test_a_resolved_method_of_java_loses_its_parameters():
    callee = "java.io.PrintStream.println(java.lang.String)"
    file = File("java").call("", callee, receiver="java.io.FilterOutputStream")
    assert file.meanings() == [in_run("java:java.io.PrintStream.println")]
    (row,) = file.calls()
    assert (row["callee"], row["callee_full"]) == ("println", callee)


def test_a_bare_java_method_is_of_the_base_elsewhere_and_a_class_of_the_package():
    file = package("java", "class A", "method A.f").extend("com.x.A", "Base")
    file.call("com.x.A.f", "go", "Other")
    assert file.meanings() == [in_run("java:com.x.Base.go"), in_run("java:com.x.Other")]


def test_a_bare_java_method_of_a_class_without_base_is_looked_for_in_the_package():
    file = package("java", "class A", "method A.f").call("com.x.A.f", "go")
    assert file.meanings() == [in_run("java:com.x.go")]


def test_kotlin_and_scala_share_names_with_java():
    for language in ("kotlin", "scala"):
        assert package(language, "class Foo").symbols()[1]["global_key"] == key("java:com.x.Foo")


def test_what_is_inside_a_function_is_not_known_to_the_run():
    file = File("java", "class A", "method A.f", "class A.f.Local", "lambda A.f.<lambda>")
    assert [row["global_key"] for row in file.symbols()] == [key("java:A"), key("java:A.f"), 0, 0]


def test_of_overloads_the_first_is_known_to_the_run():
    file = File("java", "class A", "method A.f", "method A.f")
    assert [row["global_key"] for row in file.symbols()] == [key("java:A"), key("java:A.f"), 0]


def test_c_functions_are_known_by_name_but_not_static_ones_nor_declarations():
    file = File("c", "function run").define("function own", is_static=True)
    file.define("function declared", is_abstract=True).call("run", "printf", "own")
    assert [row["global_key"] for row in file.symbols()] == [key("c:run"), 0, 0]
    assert file.take("x.h", kind="include").meanings() == [in_run("c:printf"), "own"]


def test_cpp_names_are_of_the_namespace_around_and_shared_with_c():
    file = File("cpp", "namespace geo", "class geo.Shape", "function geo.run")
    file.define("method geo.Shape.make", is_static=True)
    assert [row["global_key"] for row in file.symbols()] == [
        0,
        key("c:geo.Shape"),
        key("c:geo.run"),
        key("c:geo.Shape.make"),
    ]
    file.call("geo.run", "area", "std::sort", "Other::go").call("", "puts")
    assert file.meanings() == [
        in_run("c:geo.area"),
        in_run("c:std.sort"),
        in_run("c:geo.Other.go"),
        in_run("c:puts"),
    ]


def test_a_using_declaration_of_cpp_gives_the_full_name():
    file = File("cpp").take("std", "sort", kind="use").call("", "sort")
    assert file.meanings() == [through(0, rest="std.sort", run="c:std.sort")]


def test_template_arguments_do_not_matter():
    file = File("cpp", "class Box", "method Box.make").call("", "Box<std::map<K, V>>::make")
    assert file.meanings() == ["Box.make"]


def test_the_type_of_what_it_is_called_on_tells_the_class():
    file = File("cpp", "namespace geo", "class geo.Shape", "method geo.Shape.area", "function f")
    file.call("f", "s.area", receiver="const geo::Shape *").call("f", "s.none", receiver="int")
    assert file.meanings() == ["geo.Shape.area", in_run("c:int.none")]
    file = File("solidity", "class C", "method C.f", "function g")
    assert file.call("g", "c.f", receiver="contract C").meanings() == ["C.f"]
    assert family("solidity").call("A.run", "super.run", receiver="contract A").meanings() == [
        "Base.run"
    ]


def test_csharp_names_are_of_the_namespace_around_or_given_in_full():
    file = File("csharp", "namespace App", "class App.A", "method App.A.F").take("System", "*")
    file.call("App.A.F", "Other.Go", "System.IO.File.Open")
    assert file.meanings() == [
        in_run("csharp:App.Other.Go"),
        in_run("csharp:System.IO.File.Open"),
    ]


def test_an_alias_of_csharp_gives_the_full_name():
    file = File("csharp").take("System.IO.File", alias="F", kind="use").call("", "F.Open")
    name = "System.IO.File.Open"
    assert file.meanings() == [through(0, rest=name, run=f"csharp:{name}")]


def test_php_names_are_in_full_used_or_of_the_namespace():
    file = File("php", "namespace App\\Web", "function App\\Web.run").take("App\\Models", "User")
    file.call("App\\Web.run", "\\App\\go", "User.find", "Page.show", "$x.run", "\\App\\Web\\run")
    assert file.meanings() == [
        in_run("php:App.go"),
        through(0, rest="App.Models.User.find") | in_run("php:App.Models.User.find"),
        in_run("php:App.Web.Page.show"),
        {},
        "App.Web.run",
    ]


def test_a_php_name_that_begins_with_a_backslash_is_in_full():
    file = File("php", "namespace App", "class App.A", "class App.B").extend("App.A", "\\Base")
    file.extend("App.A", "\\App\\B").call("App.A", "\\X.go", receiver="\\X")
    assert file.bases() == [in_run("php:Base"), "App.B"]
    assert file.meanings() == [in_run("php:X.go")]


def test_a_php_file_without_namespace_calls_functions_by_their_names():
    file = File("php").take("./lib.php", kind="include").take("./b.php", kind="require")
    assert file.call("", "run").meanings() == [in_run("php:run")]


def test_go_names_are_known_in_their_directory():
    file = File("go", "function Run", "type T", "method T.Go", path="pkg/util/a.go")
    assert [row["global_key"] for row in file.symbols()] == [
        key("go:pkg/util:Run"),
        key("go:pkg/util:T"),
        key("go:pkg/util:T.Go"),
    ]
    assert file.call("Run", "other").meanings() == [in_run("go:pkg/util:other")]


def test_a_go_package_is_named_by_the_last_part_of_its_path():
    file = File("go").take("example.org/x/util").take("example.org/y/v2").take("z", "", "zz")
    file.take("example.org/w", "", "_").call("", "util.Run", "y.Run", "zz.Run", "_.Run")
    assert file.meanings()[:3] == [through(number, rest="Run") for number in range(3)]
    assert "via" not in file.meanings()[3]


def test_a_go_package_is_not_in_the_names_by_which_others_import():
    file = File("go", "namespace main", "function main.run", path="cmd/a.go")
    file.take("example.org/util").call("main.run", "util.Run", "other").call("", "run")
    assert file.meanings() == [through(0, rest="Run"), in_run("go:cmd:main.other"), "main.run"]
    assert [row["name_key"] for row in file.symbols()] == [key("main"), key("run")]


def test_rust_paths_go_through_use_and_mod():
    file = File("rust").take("crate::net", "get", kind="use").take("http", kind="use")
    assert file.call("", "get", "http::run").meanings() == [
        through(0),
        through(1, rest="run"),
    ]


def test_solidity_contracts_are_known_by_name_and_by_import():
    file = File("solidity", "class C", "method C.f").take("./b.sol", "B", "X").call("C.f", "X.go")
    assert [row["global_key"] for row in file.symbols()] == [
        key("solidity:C"),
        key("solidity:C.f"),
    ]
    assert file.meanings() == [through(0, rest="go", run="solidity:B.go")]


def test_a_solidity_import_of_a_file_may_give_any_name():
    file = File("solidity", "class C", "method C.f").take("./b.sol").call("C.f", "B.go")
    assert file.meanings() == [through(0, rest="B.go", run="solidity:B.go")]


@pytest.mark.parametrize("language", ["python", "javascript", "typescript", "rust"])
def test_some_languages_have_no_names_of_the_whole_program(language):
    file = File(language, "class A", "method A.f").call("A.f", "other.run", "other")
    assert [row["global_key"] for row in file.symbols()] == [0, 0]
    assert file.meanings() == [{}, {}]
