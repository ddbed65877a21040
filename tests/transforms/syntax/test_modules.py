from hypothesis import given
from hypothesis import strategies as st

from transforms.syntax.extraction import CLASS, FUNCTION, NAMESPACE, Symbol
from transforms.syntax.modules import FAMILIES, MOST_CANDIDATES, candidates, place_of, provided


def meant(language, source_path, module, name=""):
    """The candidates: those the name itself means, and those that hold it."""
    names, whole = candidates(language, place_of(language, source_path), module, name)
    return names[:whole], names[whole:]


def test_an_absolute_python_module_is_looked_for_from_the_farthest_directory_in():
    assert meant("python", "lib/email/mime/text.py", "email.charset") == (
        [
            "python:email/charset",
            "python:lib/email/charset",
            "python:lib/email/email/charset",
            "python:lib/email/mime/email/charset",
        ],
        [],
    )


def test_what_is_taken_from_a_python_package_is_a_module_before_it_is_a_name():
    assert meant("python", "lib/a.py", "email", "charset") == (
        ["python:email/charset", "python:lib/email/charset"],
        ["python:email", "python:lib/email"],
    )


def test_dots_of_python_count_directories_up():
    source = "lib/email/mime/text.py"
    assert meant("python", source, ".base") == (["python:lib/email/mime/base"], [])
    assert meant("python", source, "..charset", "add") == (
        ["python:lib/email/charset/add"],
        ["python:lib/email/charset"],
    )
    assert meant("python", source, ".", "base") == (
        ["python:lib/email/mime/base"],
        ["python:lib/email/mime"],
    )


def test_dots_above_the_top_find_nothing():
    assert meant("python", "a.py", "..b", "c") == ([], [])
    assert meant("python", "a.py", ".b", "c") == (["python:b/c"], ["python:b"])


def test_everything_of_a_python_module_is_the_module():
    assert meant("python", "a.py", "b.c", "*") == (["python:b/c"], [])


def test_a_python_package_is_provided_as_its_directory():
    assert provided("python", "lib/email/__init__.py", []) == ["python:lib/email"]
    assert provided("python", "lib/email/charset.py", []) == ["python:lib/email/charset"]
    assert provided("python", "lib/email/charset", []) == ["python:lib/email/charset"]
    assert provided("python", "__init__.py", []) == []


def test_a_script_is_found_next_to_the_file_with_and_without_extension():
    for module in ("./util", "./util.js", "../lib/util"):
        assert meant("javascript", "src/lib/a.js", module) == (
            ["js:src/lib/util", "js:src/lib/util/index"],
            [],
        )


def test_a_part_of_a_script_name_that_is_no_extension_stays():
    assert meant("javascript", "a.js", "./b.min")[0][0] == "js:b.min"
    assert provided("javascript", "b.min.js", []) == ["js:b.min"]


def test_a_name_out_of_a_script_is_never_a_file():
    assert meant("javascript", "a.js", "./b", "c") == ([], ["js:b", "js:b/index"])


def test_a_namespace_import_is_of_the_whole_script():
    assert meant("javascript", "a.js", "./b", "*") == (["js:b", "js:b/index"], [])


def test_the_directory_of_a_script_means_its_index():
    assert "js:src/lib/index" in meant("javascript", "src/lib/a.js", ".")[0]
    assert "js:src/index" in meant("javascript", "src/lib/a.js", "..")[0]


def test_packages_aliases_and_places_outside_are_no_scripts():
    for module in ("react", "@scope/package", "@/util", "/util", "../../../util"):
        assert meant("javascript", "src/lib/a.js", module) == ([], [])


def test_typescript_takes_a_declaration_file_where_there_is_no_script():
    assert meant("typescript", "lib/a.ts", "./b.js") == (
        ["js:lib/b", "js:lib/b.d", "js:lib/b/index", "js:lib/b/index.d"],
        [],
    )
    assert provided("typescript", "lib/b.d.ts", []) == ["js:lib/b.d"]


def test_a_java_class_is_known_by_its_full_name_and_its_path():
    space = Symbol(NAMESPACE, "com.x", None)
    inside = Symbol(CLASS, "Foo", space)
    symbols = [space, inside, Symbol(FUNCTION, "run", inside), Symbol(CLASS, "Inner", inside)]
    assert provided("java", "src/com/x/Foo.java", symbols) == [
        "java:src/com/x/Foo",
        "java:com.x.Foo",
    ]


def test_a_java_class_is_looked_for_by_full_name_then_by_path():
    assert meant("java", "src/com/y/Bar.java", "com.x", "Foo") == (
        [
            "java:com.x.Foo",
            "java:com/x/Foo",
            "java:src/com/x/Foo",
            "java:src/com/com/x/Foo",
            "java:src/com/y/com/x/Foo",
        ],
        [],
    )


def test_a_static_member_of_java_is_in_the_file_of_its_class():
    whole, holding = meant("java", "Bar.java", "com.x.Foo", "run")
    assert whole == ["java:com.x.Foo.run", "java:com/x/Foo/run"]
    assert holding == ["java:com.x.Foo", "java:com/x/Foo"]


def test_kotlin_and_scala_import_what_java_provides():
    for language in ("kotlin", "scala"):
        assert meant(language, "A", "com.x", "Foo") == meant("java", "A", "com.x", "Foo")


def test_a_php_class_is_named_with_backslashes():
    space = Symbol(NAMESPACE, "App\\Models", None)
    symbols = [space, Symbol(CLASS, "User", space)]
    assert provided("php", "src/User.php", symbols) == ["php:src/User", "php:App.Models.User"]
    assert meant("php", "index.php", "App\\Models", "User")[0][0] == "php:App.Models.User"


def test_a_php_file_is_included_by_its_path():
    assert meant("php", "www/index.php", "./lib/db.php") == (["php:www/lib/db"], [])
    assert meant("php", "www/index.php", "lib/db.php") == (["php:www/lib/db", "php:lib/db"], [])


def test_a_c_header_is_looked_for_beside_the_file_then_upwards_then_in_include():
    assert meant("c", "proj/src/a.c", "util/x.h") == (
        [
            "c:proj/src/util/x.h",
            "c:proj/util/x.h",
            "c:util/x.h",
            "c:proj/src/include/util/x.h",
            "c:proj/include/util/x.h",
            "c:include/util/x.h",
        ],
        [],
    )


def test_a_c_header_may_be_named_by_a_way_up():
    assert meant("cpp", "src/a.cpp", "../inc/x.hpp")[0][0] == "c:inc/x.hpp"


def test_a_c_file_is_provided_with_its_extension():
    assert provided("c", "include/x.h", []) == ["c:include/x.h"]
    assert provided("cpp", "src/x.cpp", []) == ["c:src/x.cpp"]


def test_solidity_is_found_beside_the_file_or_from_a_root():
    assert meant("solidity", "proj/src/A.sol", "./B.sol") == (["solidity:proj/src/B"], [])
    assert meant("solidity", "proj/src/A.sol", "lib/B.sol", "B") == (
        [],
        ["solidity:lib/B", "solidity:proj/lib/B", "solidity:proj/src/lib/B"],
    )


def test_a_go_package_is_a_directory_at_the_end_of_the_import_path():
    assert meant("go", "cmd/main.go", "example.org/tool/pkg/util") == (
        [
            "go:example.org/tool/pkg/util",
            "go:tool/pkg/util",
            "go:pkg/util",
            "go:util",
        ],
        [],
    )
    assert provided("go", "pkg/util/a.go", []) == ["go:pkg/util"]


def test_one_directory_name_alone_is_not_enough_for_a_go_package_further_down():
    assert provided("go", "work/tool/pkg/util/a.go", []) == [
        "go:work/tool/pkg/util",
        "go:tool/pkg/util",
        "go:pkg/util",
    ]


def test_rust_paths_lead_from_the_crate_the_module_and_the_one_above():
    source = "proj/src/net/http.rs"
    assert meant("rust", source, "crate::util", "run") == (
        ["rust:proj/src/util/run"],
        ["rust:proj/src/util"],
    )
    assert meant("rust", source, "self", "run") == (
        ["rust:proj/src/net/http/run"],
        ["rust:proj/src/net/http"],
    )
    assert meant("rust", source, "super::tcp", "run")[1] == ["rust:proj/src/net/tcp"]
    assert meant("rust", source, "super::super::tcp", "run")[1] == ["rust:proj/src/tcp"]


def test_a_rust_module_that_is_declared_lies_below_the_file():
    assert meant("rust", "src/lib.rs", "net") == (["rust:src/net"], [])
    assert meant("rust", "src/net/mod.rs", "http") == (["rust:src/net/http"], [])


def test_the_files_of_a_rust_module_are_provided_as_it():
    assert provided("rust", "src/net/mod.rs", []) == ["rust:src/net"]
    assert provided("rust", "src/net.rs", []) == ["rust:src/net"]
    assert provided("rust", "src/lib.rs", []) == ["rust:src"]


def test_a_language_without_rules_imports_nothing():
    assert meant("cobol", "a.cob", "b") == ([], [])
    assert provided("cobol", "a.cob", []) == []


def test_of_many_directories_the_nearest_are_searched():
    source = "/".join("abcdefghijklmnopqrstuvwxyz") + "/z.py"
    whole, holding = meant("python", source, "m", "n")
    assert len(whole) + len(holding) == MOST_CANDIDATES
    assert whole[-1] == "python:" + source.replace("z.py", "m/n")
    assert holding[-1] == "python:" + source.replace("z.py", "m")


_TEXT = st.text(alphabet="ab./\\:*'<_", max_size=12)


@given(st.sampled_from([*FAMILIES, "cobol"]), _TEXT, _TEXT, _TEXT)
def test_any_text_has_few_candidates_of_its_family_none_twice(language, path, module, name):
    names, whole = candidates(language, place_of(language, path), module, name)
    assert len(set(names)) == len(names) <= MOST_CANDIDATES
    assert 0 <= whole <= len(names)
    family = FAMILIES.get(language)
    assert all(each.startswith(f"{family}:") for each in (*names, *provided(language, path, [])))
