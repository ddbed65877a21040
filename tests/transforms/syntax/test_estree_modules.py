from estree_trees import (
    Tree,
    a_class,
    are_exported,
    arrow,
    assign,
    call,
    const,
    entry,
    exported,
    expression,
    extract,
    function,
    method,
    name,
    node,
    program,
    qualified,
    record,
    statement,
    text,
)


def imports(*body: Tree) -> list[tuple[str, str, str, str]]:
    found = extract(program(*body)).imports
    return [(each.module, each.name, each.alias, each.kind) for each in found]


def test_imports_of_modules():
    specifiers = [
        node("ImportDefaultSpecifier", local=name("d")),
        node("ImportNamespaceSpecifier", local=name("n")),
        node("ImportSpecifier", imported=name("s"), local=name("s")),
        node("ImportSpecifier", imported=name("s"), local=name("t")),
        node("ImportSpecifier", imported=text("s p"), local=name("u")),
    ]
    source = text("./m")
    assert imports(
        node("ImportDeclaration", specifiers=specifiers, source=source),
        node("ImportDeclaration", specifiers=[], source=text("side")),
        statement(node("ImportExpression", source=text("later"))),
        statement(call(node("Import"), text("later"))),
        statement(node("ImportExpression", source=name("computed"))),
    ) == [
        ("./m", "default", "d", "import"),
        ("./m", "*", "n", "import"),
        ("./m", "s", "", "import"),
        ("./m", "s", "t", "import"),
        ("./m", "s p", "u", "import"),
        ("side", "", "", "import"),
        ("later", "", "", "import"),
        ("later", "", "", "import"),
    ]


def test_imports_by_require():
    def required(module: str) -> Tree:
        return call(name("require"), text(module))

    reading = node("MemberExpression", object=required("fs"), property=name("read"), computed=False)
    pattern = node("ObjectPattern", properties=[entry("a", name("a")), entry("b", name("c"))])
    reference = node("TSExternalModuleReference", expression=text("x"))
    body = [
        const(name("p"), required("path")),
        const(pattern, required("./m")),
        const(name("r"), reading),
        statement(required("side")),
        statement(call(name("require"), name("computed"))),
        node("TSImportEqualsDeclaration", id=name("y"), moduleReference=reference),
    ]
    assert imports(*body) == [
        ("path", "", "p", "require"),
        ("./m", "a", "", "require"),
        ("./m", "b", "c", "require"),
        ("fs", "read", "r", "require"),
        ("side", "", "", "require"),
        ("x", "", "y", "require"),
    ]
    assert extract(program(*body)).symbols == []


def test_imports_of_amd():
    modules = node("ArrayExpression", elements=[text("./a"), text("b"), text("c")])
    body = expression(params=[name("a"), name("bee")])
    for arguments in ([modules, body], [text("own"), modules, body]):
        assert imports(statement(call(name("define"), *arguments))) == [
            ("./a", "", "a", "require"),
            ("b", "", "bee", "require"),
            ("c", "", "", "require"),
        ]


def test_exports_from_elsewhere_are_imports():
    specifier = node("ExportSpecifier", local=name("a"), exported=name("b"))
    whole = node("ExportNamespaceSpecifier", exported=name("ns"))
    source = text("m")
    assert imports(
        exported(None, source=source, specifiers=[specifier, whole]),
        node("ExportAllDeclaration", source=source, exported=None),
        node("ExportAllDeclaration", source=source, exported=name("all")),
    ) == [
        ("m", "a", "b", "export-from"),
        ("m", "*", "ns", "export-from"),
        ("m", "*", "", "export-from"),
        ("m", "*", "all", "export-from"),
    ]


def test_exports_of_modules():
    specifier = node("ExportSpecifier", local=name("late"), exported=name("other"))
    assert are_exported(
        exported(function("f")),
        exported(const(name("g"), arrow())),
        exported(const(name("v"), text("x"))),
        exported(None, source=None, specifiers=[specifier]),
        function("late"),
        function("hidden", function("late")),
        exported(a_class("C", method("m")), kind="ExportDefaultDeclaration"),
    ) == ["f", "g", "v", "late", "C"]
    assert are_exported(function("f"), exported(name("f"), kind="ExportDefaultDeclaration")) == [
        "f"
    ]
    assert are_exported(exported(arrow(), kind="ExportDefaultDeclaration")) == ["default"]
    assert are_exported(function("f"), node("TSExportAssignment", expression=name("f"))) == ["f"]


def by_default(*pieces: Tree) -> str:
    symbol = extract(*pieces).default
    return qualified(symbol) if symbol else ""


def test_the_default_export_is_told():
    def default(declaration: Tree) -> Tree:
        return exported(declaration, kind="ExportDefaultDeclaration")

    as_default = node("ExportSpecifier", local=name("f"), exported=name("default"))
    renamed = exported(None, source=None, specifiers=[as_default])
    elsewhere = exported(None, source=text("m"), specifiers=[as_default])
    assert by_default(program(function("g"), default(function("f")))) == "f"
    assert by_default(program(default(a_class("C", method("m"))))) == "C"
    assert by_default(program(default(arrow()))) == "default"
    assert by_default(program(default(expression()))) == "default"
    assert by_default(program(default(name("f")), function("g"), function("f"))) == "f"
    assert by_default(program(function("f")), program(default(name("f")))) == "f"
    assert by_default(program(default(name("f"))), program(function("f"))) == "f"
    assert by_default(program(function("f"), renamed)) == "f"
    assert by_default(program(function("f"), elsewhere)) == ""
    assert by_default(program(function("f"), exported(function("g")))) == ""
    assert by_default(program(default(call(name("f"))), function("f"))) == ""


def test_what_commonjs_exports_as_one_is_the_default():
    assert by_default(program(function("f"), assign("module.exports", name("f")))) == "f"
    assert by_default(program(assign("module.exports", function("f", kind="FunctionExpression"))))
    assert by_default(program(function("f"), assign("exports.f", name("f")))) == ""
    assert by_default(program(assign("exports.f", expression()))) == ""
    entries = record(entry("f", name("f")))
    assert by_default(program(function("f"), assign("module.exports", entries))) == ""
    whole = node("TSExportAssignment", expression=name("f"))
    assert by_default(program(function("f"), whole)) == "f"


def test_exports_of_commonjs():
    entries = [entry("f", name("f")), entry("h", expression()), entry("i", arrow(), method=True)]
    assert are_exported(
        function("f"), function("g"), assign("module.exports", record(*entries))
    ) == ["f", "h", "i"]
    assert are_exported(function("f"), assign("exports.x", name("f"))) == ["f"]
    assert are_exported(assign("exports.x", expression())) == ["x"]
    assert are_exported(a_class("A"), assign("module.exports", name("A"))) == ["A"]
    assert are_exported(function("f"), assign("other.exports", name("f"))) == []
