import pytest

from transforms.syntax.languages import language_of, language_of_path, source_path_of


@pytest.mark.parametrize(
    ("dump", "source"),
    [
        ("foo.py.json", "foo.py"),
        ("src/foo.ts.ast.json", "src/foo.ts"),
        ("foo.d.ts.ast.json", "foo.d.ts"),
        ("a/foo_python.json", "a/foo.py"),
        ("foo_java_ast.json", "foo.java"),
        ("foo_csharp.ast.json", "foo.cs"),
        ("Foo.java.syntax.json", "Foo.java"),
        ("X.json", "X"),
        ("X.ast.json", "X"),
        ("X_ast.json", "X"),
        ("X.syntax.json", "X"),
        ("foo.js.json.gz", "foo.js"),
        ("trees.go.ndjson", "trees.go"),
        ("trees.rs.jsonl.gz", "trees.rs"),
        ("FOO.PY.JSON", "FOO.PY"),
        ("vitamin_c.json", "vitamin_c"),
        ("ready_to_go.json", "ready_to_go"),
        ("_python.json", "_python"),
        ("in/_python.json", "in/_python"),
        ("a.json.gz.py", "a.json.gz.py"),
        ("archive.tar.gz", "archive.tar.gz"),
        ("x_AST.JSON.GZ", "x"),
        ("İ_ast.json", "İ"),
        (".json", ""),
        ("in_python/X.json", "in_python/X"),
        ("test_java.py.json", "test_java.py"),
        ("foo.py", "foo.py"),
        ("abstract.json", "abstract"),
    ],
)
def test_a_dump_is_named_after_its_source(dump, source):
    assert source_path_of(dump) == source


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/foo.py.json", ("python", "file name")),
        ("java/foo.py.json", ("python", "file name")),
        ("foo_rust.json", ("rust", "file name")),
        ("Bar.kt.ast.json", ("kotlin", "file name")),
        ("bar.sol.json", ("solidity", "file name")),
        ("src/main/java/Foo.json", ("java", "directory")),
        ("python/js/foo.ast.json", ("javascript", "directory")),
        ("GoLang/foo.json", ("go", "directory")),
        ("java.json", ("", "")),
        ("pythonic/package.json", ("", "")),
        ("lib/foo.cpp", ("cpp", "file name")),
    ],
)
def test_file_name_before_nearest_directory_tells_the_language(path, expected):
    assert language_of_path(path) == expected


@pytest.mark.parametrize(
    ("extensions", "language"),
    [
        (".py .pyi", "python"),
        (".js .mjs .cjs .jsx", "javascript"),
        (".ts .mts .cts .tsx", "typescript"),
        (".java", "java"),
        (".go", "go"),
        (".rs", "rust"),
        (".c .h", "c"),
        (".cc .cpp .cxx .hpp .hh", "cpp"),
        (".cs", "csharp"),
        (".kt .php .json .txt", ""),
    ],
)
def test_sources_that_can_be_read_are_known_by_extension(extensions, language):
    assert {language_of(f"a.b/c{extension}") for extension in extensions.split()} == {language}


def test_a_file_named_like_an_extension_has_no_language():
    assert language_of("dir.py/README") == ""
    assert language_of(".py") == ""
