import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from taken_trees import all_of, named, take, take_pieces

from transforms.syntax.extraction import Extraction
from transforms.syntax.solc import OldSolc, Solc

Json = dict[str, Any]

# vault.sol as solc 0.5.17 prints it (`ast`, `legacyAST`), less the keys of which nothing is taken.
VAULT = Path(__file__).parent / "vault"


def texts(ast_data: Path, *, legacy: bool = False) -> dict[str, str]:
    """The dumps of one kind; 26 of all are not valid until their place holders are filled in."""
    found = {
        path.name: path.read_text() for path in sorted((ast_data / "solidity").rglob("*.json"))
    }
    assert len(found) == 83
    return {
        name: text.replace("%EVMVERSION%", '"paris"')
        for name, text in found.items()
        if name.endswith("_legacy.json") == legacy
    }


def test_contracts_and_functions_are_as_many_as_in_the_text(ast_data: Path) -> None:
    for text in texts(ast_data).values():
        kinds = Counter(s.kind for s in take(Solc(), json.loads(text)).symbols)
        assert kinds["class"] + kinds["interface"] == text.count('"ContractDefinition"')
        functions = re.findall(r'"(?:Yul)?FunctionDefinition"|"ModifierDefinition"', text)
        assert kinds["function"] + kinds["method"] + kinds["constructor"] == len(functions)
        assert kinds["enum"] == text.count('"EnumDefinition"')
        assert kinds["struct"] == text.count('"StructDefinition"')


def test_names_of_contracts_are_those_exported(ast_data: Path) -> None:
    compared = 0
    for text in texts(ast_data).values():
        top = json.loads(text)
        if type(top) is dict and "exportedSymbols" in top:
            out = take(Solc(), top)
            assert {s.name for s in out.symbols if s.parent is None} == set(top["exportedSymbols"])
            compared += 1
    assert compared > 25


def test_all_nodes_are_counted_and_walked(ast_data: Path) -> None:
    for text in texts(ast_data).values():
        top = json.loads(text)
        out = take(Solc(), top)
        walked = list(Solc().walk(top))
        assert out.kinds == Counter(re.findall(r'"nodeType": "(\w+)"', text))
        assert out.kinds == Counter(node.kind for node in walked)
        assert out.nodes == len(walked)
        assert out.max_depth == max(node.depth for node in walked)
        assert {node.line for node in walked} == {0}


def test_bases_calls_and_documentation_of_real_dumps(ast_data: Path) -> None:
    dumps = texts(ast_data)
    two = take(Solc(), json.loads(dumps["two_base_functions.json"]))
    assert [(i.symbol.name, i.base, i.kind) for i in two.inherits] == [
        ("C", "A", "extends"),
        ("C", "B", "extends"),
    ]
    documented = take(Solc(), json.loads(dumps["documentation.json"]))
    assert [s.doc for s in documented.symbols] == [
        *("This contract is empty", "This contract is empty", ""),
        *("Some comment on state var.", "Some comment on Evt."),
        *("Some comment on mod.", "Some comment on fn."),
    ]
    fallbacks = take(Solc(), json.loads(dumps["fallback_and_receive_ether.json"]))
    assert [s.name for s in fallbacks.symbols if s.parent] == ["receive", "fallback"]
    abstract = take(Solc(), json.loads(dumps["abstract_contract.json"]))
    assert [s.is_abstract for s in abstract.symbols if s.parent is None] == [True]


@pytest.mark.parametrize("ending", ["", "_parseOnly"])
def test_the_assembly_of_real_dumps(ast_data: Path, ending: str) -> None:
    dumps = texts(ast_data)
    switch = named(take(Solc(), json.loads(dumps[f"switch{ending}.json"])), "f")
    cases = len(re.findall(r'"YulCase"', dumps[f"switch{ending}.json"]))
    assert (switch.nesting, switch.complexity) == (1, 1 + cases - 1)
    function = take(Solc(), json.loads(dumps[f"function{ending}.json"]))
    (inside,) = (s for s in function.symbols if s.kind == "function")
    assert f'"name": "{inside.name}"' in dumps[f"function{ending}.json"]
    assert (inside.parent and inside.parent.kind, inside.params) == ("method", 0)
    nested = take(Solc(), json.loads(dumps["nested_functions.json"]))
    names = [(s.name, s.parent and s.parent.name) for s in nested.symbols if s.kind == "function"]
    assert names == [("f1", "f"), ("f2", "f1")]


def test_state_variables_without_types_are_fields_too(ast_data: Path) -> None:
    dumps = texts(ast_data)
    for ending in ("", "_parseOnly"):
        out = take(Solc(), json.loads(dumps[f"mappings{ending}.json"]))
        fields = [s for s in out.symbols if s.kind == "field"]
        assert len(fields) == len(re.findall('"VariableDeclaration"', dumps["mappings.json"]))
        assert all(s.returns.startswith("mapping") for s in fields)


def vault(name: str) -> Json:
    top: Json = json.loads((VAULT / f"vault.{name}.json").read_text())
    return top


def test_older_trees_give_what_newer_ones_give() -> None:
    older, newer = all_of(take(OldSolc(), vault("legacy"))), all_of(take(Solc(), vault("compact")))
    assert sorted(older.pop("calls")) == sorted(newer.pop("calls"))
    assert older == newer


@pytest.fixture
def taken() -> Extraction:
    return take(OldSolc(), vault("legacy"))


def test_an_older_tree_is_taken_as_its_source_is_written(taken: Extraction) -> None:
    assert [(s.kind, s.name, s.visibility, s.complexity) for s in taken.symbols] == [
        ("class", "Vault", "", 0),
        ("field", "K", "public", 0),
        ("struct", "P", "public", 0),
        ("field", "x", "", 0),
        ("field", "y", "", 0),
        ("type", "Paid", "", 0),
        ("method", "only", "protected", 2),
        ("constructor", "constructor", "public", 1),
        ("method", "fallback", "public", 1),
        ("method", "run", "protected", 7),
        ("method", "todo", "public", 1),
    ]
    run, todo = named(taken, "run"), named(taken, "todo")
    assert (run.signature, run.returns) == ("run(contract Vault, uint256)", "(uint256, bool)")
    assert (run.params, run.nesting, todo.is_abstract, run.is_abstract) == (2, 2, True, False)
    assert [(c.caller and c.caller.name, c.callee, c.args) for c in taken.calls] == [
        ("only", "revert", 1),
        ("run", "Paid", 1),
        ("run", "other.todo.gas()", 2),
        ("run", "other.todo.gas", 1),
        ("run", "uint[]", 1),
    ]
    assert [i[:3] for i in taken.imports] == [("./lib.sol", "*", ""), ("./lib.sol", "", "L")]
    assert [i.base for i in taken.inherits] == ["Owned"]
    assert named(taken, "Vault").doc == "@title Keeps."


def test_all_nodes_of_an_older_tree_are_counted_and_walked(taken: Extraction) -> None:
    def count(node: Json) -> int:
        return 1 + sum(map(count, node.get("children", [])))

    top = vault("legacy")
    assert taken.nodes == count(top) == sum(1 for _ in OldSolc().walk(top))


def test_real_older_trees_have_the_symbols_of_newer_ones(ast_data: Path) -> None:
    newer, older = texts(ast_data), texts(ast_data, legacy=True)
    compared = [name for name in older if name.replace("_legacy", "") in newer]
    assert len(compared) == 7
    for name in compared:
        of_new = take(Solc(), json.loads(newer[name.replace("_legacy", "")])).symbols
        of_old = take(OldSolc(), json.loads(older[name])).symbols
        # In the older trees assembly is text.
        written = [s for s in of_new if s.parent is None or s.parent.kind == "class"]
        assert [(s.kind, s.name, s.signature, s.visibility) for s in of_old] == [
            (s.kind, s.name, s.signature, s.visibility) for s in written
        ]


def test_all_nodes_of_real_older_trees_are_counted(ast_data: Path) -> None:
    for text in texts(ast_data, legacy=True).values():
        top = json.loads(text)
        out = take(OldSolc(), top)
        assert out.nodes == text.count('"src":') - text.count('"valueSize"')
        assert out.nodes == sum(1 for _ in OldSolc().walk(top))


def node(node_type: str, **parts: Any) -> Json:
    return {"nodeType": node_type, "id": 1, "src": "0:1:0", **parts}


def unit(*nodes: Json) -> Json:
    return node("SourceUnit", nodes=list(nodes))


def function(*statements: Json, **parts: Any) -> Json:
    body = node("Block", statements=list(statements))
    return node("FunctionDefinition", name="f", kind="freeFunction", body=body, **parts)


def test_imports_in_all_their_forms() -> None:
    def imported(file: str, alias: str = "", *names: Json) -> Json:
        return node("ImportDirective", file=file, unitAlias=alias, symbolAliases=list(names))

    owned = {"foreign": node("Identifier", name="Owned"), "local": "O"}
    helper = {"foreign": node("Identifier", name="helper")}
    top = unit(imported("./a.sol"), imported("b.sol", "L"), imported("./c.sol", "", owned, helper))
    assert [tuple(i) for i in take(Solc(), top).imports] == [
        ("./a.sol", "*", "", "import", 0, True),
        ("b.sol", "", "L", "import", 0, False),
        ("./c.sol", "Owned", "O", "from", 0, True),
        ("./c.sol", "helper", "", "from", 0, True),
    ]


def test_conversions_are_no_calls_and_options_no_part_of_a_name() -> None:
    this = node("Identifier", name="this")
    run = node("MemberAccess", memberName="run", expression=this)
    with_gas = node("FunctionCallOptions", expression=run, options=[])
    made = node("NewExpression", typeName=node("UserDefinedTypeName", pathNode={"name": "B"}))
    kinds = ("functionCall", "typeConversion", "functionCall")
    called = (with_gas, node("Identifier", name="uint8"), made)
    calls = [
        node("FunctionCall", kind=kind, expression=expression, arguments=[this])
        for kind, expression in zip(kinds, called, strict=True)
    ]
    out = take(Solc(), unit(function(*calls)))
    assert [(c.callee, c.args) for c in out.calls] == [("this.run", 1), ("B", 1)]


def test_only_failures_of_a_try_are_decisions() -> None:
    clauses = [node("TryCatchClause", errorName=name) for name in ("", "Error", "")]
    chain = node("IfStatement", falseBody=node("IfStatement", trueBody=node("WhileStatement")))
    out = take(Solc(), unit(function(node("TryStatement", clauses=clauses), chain)))
    assert (out.symbols[0].complexity, out.symbols[0].nesting) == (6, 2)


def test_declarations_outside_contracts() -> None:
    error = node("ErrorDefinition", name="Bad", parameters=node("ParameterList", parameters=[]))
    value_type = node("UserDefinedValueTypeDefinition", name="Price")
    constant = node(
        "VariableDeclaration", name="MAX", typeName=node("ElementaryTypeName", name="uint")
    )
    out = take(Solc(), unit(error, value_type, constant, function()))
    assert [(s.kind, s.name, s.returns) for s in out.symbols] == [
        ("type", "Bad", ""),
        ("type", "Price", ""),
        ("variable", "MAX", "uint"),
        ("function", "f", ""),
    ]


def test_pieces_give_what_the_whole_gives(ast_data: Path) -> None:
    for text in texts(ast_data).values():
        top = json.loads(text)
        if type(top) is dict:
            assert all_of(take_pieces(Solc(), top, "nodes", 1)) == all_of(take(Solc(), top))
    top = vault("legacy")
    pieces = take_pieces(OldSolc(), top, "children", 1)
    assert all_of(pieces) == all_of(take(OldSolc(), top))


def test_deep_trees_are_taken() -> None:
    deep, old = node("Identifier", name="x"), {"name": "Identifier", "attributes": {"value": "x"}}
    for _ in range(5000):
        member = node("MemberAccess", memberName="b", expression=deep)
        deep = node("FunctionCall", expression=member, arguments=[])
        old_member = {"name": "MemberAccess", "attributes": {"member_name": "b"}, "children": [old]}
        old = {"name": "FunctionCall", "attributes": {}, "children": [old_member]}
    for shape, top in (
        (Solc(), unit(function(deep))),
        (OldSolc(), {"name": "SourceUnit", "children": [old]}),
    ):
        out = take(shape, top)
        assert (len(out.calls), out.calls[-1].callee) == (5000, "x.b")
        assert out.nodes == sum(1 for _ in shape.walk(top))


@pytest.mark.parametrize("top", [None, [], {}, {"name": "SourceUnit"}, [{"nodeType": "Stmt_If"}]])
def test_other_documents_are_not_taken(top: Any) -> None:
    assert not Solc().matches(top)
    assert not OldSolc().matches(top)


def test_the_two_kinds_of_trees_are_told_apart() -> None:
    assert not Solc().matches(vault("legacy"))
    assert not OldSolc().matches(vault("compact"))
