from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from syntax_rows import Row, Tree, row, rows_of, tree

from batchio.syntax.parts import key_of
from transforms.syntax.arrow_lists import parents, starts
from transforms.syntax.live import LiveTrees, Part, live_trees
from transforms.syntax.lookup_rules import name_key
from transforms.syntax.lookups import Lookup
from transforms.syntax.names import NameIndex, build_index, content_keys, resolve_names
from transforms.syntax.re_exports import Imports, resolve_imports

K = key_of
SHA = ("0123456789abcdef" * 4, "fedcba9876543210" * 4)


def python(path: str, provides: str = "", **lists: Sequence[Row]) -> Tree:
    return tree(path, provides=[K(provides)] if provides else []), lists


def symbol(path: str, name: str, **values: object) -> Row:
    key = name_key(name)
    return row("symbols", symbol_id=K(f"{path}:{name}"), name=name, name_key=key, **values)


def import_(*candidates: str, whole: int = 0, name: str = "", binds: str = "") -> Row:
    return row(
        "imports",
        candidates=[K(each) for each in candidates],
        whole=whole,
        name=name,
        name_key=K(name) if name else 0,
        binds_key=K(binds) if binds else 0,
    )


def call(rest: str = "", via: int = 0, run: str = "", of: str = "calls") -> Row:
    head = rest.partition(".")[0]
    keys = {"rest_key": name_key(rest), "head_key": name_key(head), "global_key": name_key(run)}
    return row(of, via=via, **keys)


def star(*candidates: str) -> Row:
    return import_(*candidates, whole=len(candidates), binds="*")


def trees_of(*trees: Tree) -> LiveTrees:
    return live_trees([Part(rows_of(trees).batch())])


def imported(*trees: Tree) -> Imports:
    """What the imports of the first tree are of."""
    index = build_index(trees_of(*trees))
    rows = rows_of(trees[:1]).batch()
    imports = rows["imports"].flatten()
    return resolve_imports(index.files, imports, np.full(len(imports), rows["file_id"][0].as_py()))


def called(*trees: Tree, via: str = "calls") -> list[int]:
    """The ids of what the first tree calls."""
    index = build_index(trees_of(*trees))
    rows = rows_of(trees[:1]).batch()
    imports = rows["imports"]
    importers = rows["file_id"].to_numpy()[parents(imports)]
    resolved = resolve_imports(index.files, imports.flatten(), importers)
    first = starts(imports)[parents(rows[via])]
    return resolve_names(index, rows[via].flatten(), first, resolved).tolist()


def test_the_first_candidate_that_is_a_file_is_meant() -> None:
    found = imported(
        python(
            "a",
            imports=[
                import_("no", "b", "c", whole=2, name="name"),
                import_("no", "c", "b", whole=1, name="name"),
            ],
        ),
        python("b", provides="b"),
        python("c", provides="c"),
    )
    assert found.files.tolist() == [K("b"), K("c")]
    assert found.names.tolist() == [0, K("name")]


def test_imports_of_unknown_files_stay_open() -> None:
    found = imported(
        python("a", imports=[import_("numpy"), import_(), import_("b"), import_("os", "sys")]),
        python("b", provides="b"),
    )
    assert found.files.tolist() == [0, 0, K("b"), 0]


def test_a_file_does_not_import_itself() -> None:
    found = imported(
        python("a", provides="util", imports=[import_("util"), import_("util", "b")]),
        python("b", provides="b"),
    )
    assert found.files.tolist() == [0, K("b")]


@pytest.mark.parametrize("reverse", [False, True])
def test_of_several_files_for_one_key_the_first_by_path_is_meant(reverse: bool) -> None:
    parts = [
        Part(rows_of([python(path, provides="util")]).batch()) for path in ("z/util", "b/util")
    ]
    index = build_index(live_trees(parts[::-1] if reverse else parts))
    assert index.files.find(np.array([K("util")])).tolist() == [K("b/util")]


def test_dead_rows_provide_nothing() -> None:
    rows = rows_of([python("a", provides="util"), python("b", provides="util")]).batch()
    index = build_index(live_trees([Part(rows, {"/in/b"})]))
    assert index.files.find(np.array([K("util")])).tolist() == [K("b")]


def test_a_target_in_the_same_file_is_kept() -> None:
    here = row("calls", via=-1, target_id=5, global_key=K("g"))
    assert called(python("a", calls=[here])) == [5]


def test_a_member_of_an_imported_file_is_found() -> None:
    user = python(
        "a",
        imports=[import_("pkg.util", "pkg", whole=1, name="util")],
        calls=[call("run"), call("no")],
    )
    util = python("pkg/util", provides="pkg.util", symbols=[symbol("pkg/util", "run")])
    assert called(user, util) == [K("pkg/util:run"), 0]


def test_a_name_imported_out_of_a_file_is_found() -> None:
    user = python(
        "a",
        imports=[import_("pkg.Tool", "pkg", whole=1, name="Tool")],
        calls=[call("run"), call("Tool.run")],
    )
    package = python(
        "pkg", provides="pkg", symbols=[symbol("pkg", "run"), symbol("pkg", "Tool.run")]
    )
    assert called(user, package) == [K("pkg:Tool.run"), 0]


def test_each_file_has_imports_of_its_own() -> None:
    trees = [
        python("a", imports=[import_("b", whole=1)], calls=[call("f")]),
        python("b", provides="b", symbols=[symbol("b", "f")]),
        python("c", imports=[import_("x"), import_("d", whole=1)], calls=[call("f", 1)]),
        python("d", provides="d", symbols=[symbol("d", "f")]),
    ]
    assert called(trees[0], *trees[1:]) == [K("b:f")]
    assert called(trees[2], *trees[:2], trees[3]) == [K("d:f")]


def test_a_name_without_an_id_of_its_own_is_not_found() -> None:
    later = row("symbols", symbol_id=5, name="f", name_key=0)
    user = python("a", imports=[import_("b", whole=1)], calls=[call(), call("f")])
    assert called(user, python("b", provides="b", symbols=[later])) == [0, 0]


def chain(hops: int) -> list[Tree]:
    """A call of `f` from `hub0`, which each hub imports from the next; the last defines it."""
    hubs = [
        python(
            f"hub{number}",
            provides=f"hub{number}",
            imports=[import_(f"hub{number + 1}", name="f", binds="f")],
        )
        for number in range(hops)
    ]
    user = python("user", imports=[import_("hub0", name="f")], calls=[call()])
    last = f"hub{hops}"
    return [user, *hubs, python(last, provides=last, symbols=[symbol(last, "f")])]


@pytest.mark.parametrize("hops", [0, 1, 2, 3])
def test_names_are_followed_through_files_that_hand_them_on(hops: int) -> None:
    assert called(*chain(hops)) == [K(f"hub{hops}:f")]


def test_names_are_not_followed_for_ever() -> None:
    assert called(*chain(4)) == [0]


def test_files_that_import_each_other_define_nothing() -> None:
    hubs = [
        python(one, provides=one, imports=[import_(other, name="f", binds="f")])
        for one, other in (("x", "y"), ("y", "x"))
    ]
    user = python("a", imports=[import_("x", name="f")], calls=[call()])
    assert called(user, *hubs) == [0]


def test_a_name_is_handed_on_under_its_new_name() -> None:
    hub = python("hub", provides="hub", imports=[import_("core", name="f", binds="g")])
    core = python("core", provides="core", symbols=[symbol("core", "f")])
    user = python(
        "a",
        imports=[import_("hub", name="g"), import_("hub", name="f")],
        calls=[call(), call(via=1)],
    )
    assert called(user, hub, core) == [K("core:f"), 0]


def test_what_a_file_defines_itself_comes_before_what_it_imports() -> None:
    hub = python(
        "hub",
        provides="hub",
        symbols=[symbol("hub", "f")],
        imports=[import_("core", name="f", binds="f")],
    )
    core = python("core", provides="core", symbols=[symbol("core", "f")])
    user = python("a", imports=[import_("hub", name="f")], calls=[call()])
    assert called(user, hub, core) == [K("hub:f")]


def test_an_imported_file_is_no_name_that_is_handed_on() -> None:
    hub = python(
        "hub", provides="hub", imports=[import_("hub.util", whole=1, name="util", binds="util")]
    )
    util = python("hub/util", provides="hub.util", symbols=[symbol("hub/util", "util")])
    user = python("a", imports=[import_("hub", name="util")], calls=[call()])
    assert called(user, hub, util) == [0]


def test_a_member_is_found_of_a_class_that_is_handed_on() -> None:
    names = ("Helper", "Helper.run", "Helper.In.go")
    core = python("core", provides="core", symbols=[symbol("core", name) for name in names])
    hub = python("hub", provides="hub", imports=[import_("core", name="Helper", binds="Aid")])
    user = python(
        "a",
        imports=[import_("hub", name="Aid"), import_("hub", whole=1)],
        calls=[
            *(call("run"), call("In.go"), call("no")),
            *(call("Aid.run", 1), call("Aid", 1), call("Helper.run", 1)),
        ],
    )
    found = ["core:Helper.run", "core:Helper.In.go", "core:Helper.run", "core:Helper"]
    assert called(user, hub, core) == [K(found[0]), K(found[1]), 0, K(found[2]), K(found[3]), 0]


def test_a_class_without_the_member_hides_the_one_that_it_is_imported_over() -> None:
    hub = python(
        "hub",
        provides="hub",
        symbols=[symbol("hub", "Helper")],
        imports=[import_("core", name="Helper", binds="Helper"), star("core")],
    )
    names = ("Helper", "Helper.run")
    core = python("core", provides="core", symbols=[symbol("core", name) for name in names])
    user = python("a", imports=[import_("hub", name="Helper")], calls=[call("run"), call()])
    assert called(user, hub, core) == [0, K("hub:Helper")]


def star_chain(hops: int) -> list[Tree]:
    """Calls by way of `hub0`; each hub has all of the next, the last defines what is called."""
    hubs = [
        python(f"hub{number}", provides=f"hub{number}", imports=[star(f"hub{number + 1}")])
        for number in range(hops)
    ]
    last = f"hub{hops}"
    symbols = [symbol(last, name) for name in ("f", "A", "A.run")]
    user = python(
        "user",
        imports=[import_("hub0", name="A"), import_("hub0", whole=1), star("hub0")],
        calls=[call("run"), call("f", 1), call("A.run", 2)],
    )
    return [user, *hubs, python(last, provides=last, symbols=symbols)]


@pytest.mark.parametrize("hops", [0, 1, 2, 3])
def test_names_are_followed_through_files_that_hand_on_all_they_have(hops: int) -> None:
    last = f"hub{hops}"
    assert called(*star_chain(hops)) == [K(f"{last}:{name}") for name in ("A.run", "f", "A.run")]


def test_all_names_are_not_followed_for_ever() -> None:
    assert called(*star_chain(4)) == [0, 0, 0]


def test_files_that_have_all_of_each_other_define_nothing() -> None:
    hubs = [python(one, provides=one, imports=[star(two)]) for one, two in ("xy", "yx")]
    assert called(python("a", imports=[import_("x", name="f")], calls=[call()]), *hubs) == [0]


def test_of_several_files_the_first_that_has_the_name_is_meant() -> None:
    hub = python("hub", provides="hub", imports=[star(name) for name in ("z", "b", "c")])
    others = [
        python(path, provides=path, symbols=[symbol(path, name) for name in names])
        for path, names in (("z", ["g"]), ("b", ["f"]), ("c", ["f", "g"]))
    ]
    user = python(
        "a",
        imports=[import_("hub", name="f"), import_("hub", name="g")],
        calls=[call(), call(via=1)],
    )
    assert called(user, hub, *others) == [K("b:f"), K("z:g")]


def test_what_a_file_has_by_name_comes_before_what_it_has_of_all() -> None:
    hub = python(
        "hub",
        provides="hub",
        symbols=[symbol("hub", "f")],
        imports=[star("b"), import_("c", name="g", binds="g")],
    )
    others = [
        python(path, provides=path, symbols=[symbol(path, "f"), symbol(path, "g")])
        for path in ("b", "c")
    ]
    user = python("a", imports=[import_("hub", whole=1)], calls=[call("f"), call("g")])
    assert called(user, hub, *others) == [K("hub:f"), K("c:g")]


def test_names_and_all_names_are_followed_one_after_the_other() -> None:
    hubs = [
        python("hub0", provides="hub0", imports=[star("hub1")]),
        python("hub1", provides="hub1", imports=[import_("hub2", name="g", binds="f")]),
        python("hub2", provides="hub2", imports=[star("core")]),
    ]
    core = python("core", provides="core", symbols=[symbol("core", "g")])
    user = python("a", imports=[import_("hub0", name="f")], calls=[call()])
    assert called(user, *hubs, core) == [K("core:g")]


def test_the_nearest_of_very_many_files_are_searched() -> None:
    names = [f"m{number:03}" for number in range(200)]
    hub = python("hub", provides="hub", imports=[star(name) for name in names])
    others = [python(name, provides=name, symbols=[symbol(name, name)]) for name in names]
    user = python(
        "a", imports=[import_("hub", whole=1)], calls=[call("m000"), call("m063"), call("m199")]
    )
    assert called(user, hub, *others) == [K("m000:m000"), K("m063:m063"), 0]


def test_what_a_file_exports_by_default_is_found() -> None:
    names = ("Foo", "Foo.run")
    symbols = [symbol("foo", name, is_default=name == "Foo") for name in names]
    foo = python("foo", provides="foo", symbols=symbols)
    hub = python("hub", provides="hub", imports=[import_("foo", name="default", binds="Foo")])
    user = python(
        "a",
        imports=[import_("foo", name="default"), import_("hub", name="Foo")],
        calls=[call(), call("run"), call(via=1), call("run", 1)],
    )
    assert called(user, foo, hub) == [K("foo:Foo"), K("foo:Foo.run")] * 2


def test_a_default_export_without_a_name_is_named_so() -> None:
    foo = python("foo", provides="foo", symbols=[symbol("foo", "default", is_default=True)])
    user = python("a", imports=[import_("foo", name="default")], calls=[call()])
    assert called(user, foo) == [K("foo:default")]


def test_a_global_name_is_found_if_it_is_one() -> None:
    user = python("a", calls=[call(via=-1, run=name) for name in ("one", "two", "none")])
    others = [
        python(path, symbols=[symbol(path, name, global_key=K(name)) for name in names])
        for path, names in (("b", ["one", "two"]), ("c", ["two"]))
    ]
    assert called(user, *others) == [K("b:one"), 0, 0]


def test_a_global_name_becomes_one_when_the_other_is_gone() -> None:
    trees = [python(path, symbols=[symbol(path, "f", global_key=9)]) for path in ("b", "c")]
    index = build_index(live_trees([Part(rows_of(trees).batch(), {"/in/c"})]))
    assert index.symbols.find(np.array([9], np.uint64)).tolist() == [K("c:f")]


def test_where_the_import_does_not_tell_the_global_name_does() -> None:
    user = python(
        "a",
        imports=[import_("b", whole=1), import_("unknown")],
        calls=[call("no", run="g"), call("f", 1, run="g")],
    )
    other = python("b", provides="b", symbols=[symbol("b", "f", global_key=K("g"))])
    assert called(user, other) == [K("b:f"), K("b:f")]


def test_bases_are_found_like_calls() -> None:
    user = python(
        "a",
        imports=[import_("b", name="Base")],
        inherits=[call(of="inherits")],
    )
    other = python("b", provides="b", symbols=[symbol("b", "Base")])
    assert called(user, other, via="inherits") == [K("b:Base")]


def test_only_content_that_is_there_twice_is_kept() -> None:
    files = [("c", SHA[0]), ("a", SHA[1]), ("b", SHA[0]), ("d", ""), ("e", "")]
    trees = trees_of(*((tree(path, content_sha256=sha), {}) for path, sha in files))
    contents = build_index(trees).contents
    assert contents.keys.tolist() == [0x0123456789ABCDEF]
    assert contents.values.tolist() == [K("b")]


def test_content_keys_are_the_first_digits() -> None:
    digests = rows_of([(tree("a", content_sha256=sha), {}) for sha in ("", *SHA)]).batch()
    found = content_keys(digests["content_sha256"]).tolist()
    assert found == [0, 0x0123456789ABCDEF, 0xFEDCBA9876543210]


def test_an_index_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    hub = python("hub", provides="hub", imports=[star("core")])
    index = build_index(trees_of(*chain(2), hub, python("core", provides="core")))
    assert len(index.handed_on.keys) == len(index.reached.keys) + 1 == 2
    index.save(tmp_path / "index")
    read = NameIndex.load(tmp_path / "index")
    for name in ("files", "names", "symbols", "contents", "handed_on", "reached"):
        for wrote, got in zip(getattr(index, name), getattr(read, name), strict=True):
            assert (got.dtype, got.tolist()) == (np.uint64, wrote.tolist())


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    build_index(live_trees([])).save(tmp_path / "index")
    lookup = NameIndex.load(tmp_path / "index").files
    assert lookup.find(np.array([1, 2**64 - 1], np.uint64)).tolist() == [0, 0]


def test_a_lookup_finds_its_keys_and_no_other() -> None:
    lookup = Lookup(np.array([3, 2**63, 2**64 - 1], np.uint64), np.array([7, 8, 9], np.uint64))
    asked = np.array([2**64 - 1, 0, 3, 4, 2**63], np.uint64)
    assert lookup.find(asked).tolist() == [9, 0, 7, 0, 8]
