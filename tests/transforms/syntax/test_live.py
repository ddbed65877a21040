from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from syntax_rows import Tree, part_of, row, rows_of, tree

from transforms.syntax import live
from transforms.syntax.arrow_lists import lengths, parents, starts
from transforms.syntax.live import LiveTrees, Part, live_trees


def paths(trees: LiveTrees, *lists: str) -> list[list[str]]:
    return [chunk.trees["path"].to_pylist() for chunk in trees.chunks(lists, ("path",))]


def test_trees_come_by_path_whatever_their_part(tmp_path: Path) -> None:
    one = part_of([(tree("b"), {}), (tree("é"), {}), (tree("a/z"), {})], tmp_path / "1")
    two = part_of([(tree("a"), {}), (tree("a.x"), {}), (tree("z"), {})], tmp_path / "2")
    for parts in ([one, two], [two, one]):
        assert paths(live_trees(parts)) == [["a", "a.x", "a/z", "b", "z", "é"]]


def test_rows_of_inputs_that_no_longer_count_are_left_out(tmp_path: Path) -> None:
    part = part_of([(tree(name), {}) for name in "abc"], tmp_path / "p")
    trees = live_trees([Part(part.source, {"/in/c", "/in/a", "/in/elsewhere"})])
    assert paths(trees) == [["a", "c"]]


def test_all_trees_of_an_input_count(tmp_path: Path) -> None:
    lines = [(tree(f"x#{line}", input="/in/x"), {}) for line in (1, 2)]
    part = part_of([*lines, (tree("y"), {})], tmp_path / "p")
    assert paths(live_trees([Part(part.source, {"/in/x"})])) == [["x#1", "x#2"]]


@pytest.mark.parametrize(
    "parts", [[], [Part(rows_of([]).batch())], [Part(rows_of([]).batch(), {"x"})]]
)
def test_without_trees_there_is_nothing(parts: list[Part]) -> None:
    trees = live_trees(parts)
    assert (len(trees), paths(trees), list(trees.by_part("path"))) == (0, [], [])
    assert len(trees.each("symbols", np.int32, lengths)) == 0


def test_a_part_of_which_nothing_counts_is_not_opened_again(tmp_path: Path) -> None:
    dead = part_of([(tree("a"), {})], tmp_path / "dead")
    alive = part_of([(tree("b"), {})], tmp_path / "alive")
    trees = live_trees([Part(dead.source, ()), alive])
    (tmp_path / "dead").unlink()
    assert paths(trees) == [["b"]]
    assert [batch["path"].to_pylist() for batch, _ in trees.by_part("path")] == [["b"]]


def test_equal_paths_are_ordered_by_input() -> None:
    parts = [Part(rows_of([(tree("a", input=name), {})]).batch()) for name in ("/2", "/1")]
    (chunk,) = live_trees(parts).chunks((), ("input",))
    assert chunk.trees["input"].to_pylist() == ["/1", "/2"]


def test_chosen_trees_stay_in_order() -> None:
    trees = live_trees([Part(rows_of([(tree(name), {}) for name in "dcba"]).batch())])
    assert paths(trees.where(np.array([True, False, True, True]))) == [["a", "c", "d"]]


def test_each_gives_a_number_a_tree_in_path_order(tmp_path: Path) -> None:
    parts = [
        part_of(
            [(tree("c"), calls(3)), (tree("x"), calls(9)), (tree("a"), calls(1))], tmp_path / "1"
        ),
        part_of([(tree("d"), {}), (tree("b"), calls(2))], tmp_path / "2"),
    ]
    parts[0] = Part(parts[0].source, {"/in/a", "/in/c"})
    assert live_trees(parts).each("calls", np.int32, lengths).tolist() == [1, 2, 3, 0]


def test_chunks_are_cut_by_the_rows_of_their_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_CHUNK_ROWS", 10)
    trees = live_trees([Part(rows_of([(tree(name), calls(4)) for name in "abcdef"]).batch())])
    assert paths(trees, "calls") == [["a"], ["b", "c"], ["d", "e"], ["f"]]
    assert paths(trees) == [list("abcdef")]


def test_a_tree_is_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_CHUNK_ROWS", 10)
    trees = live_trees([Part(rows_of([(tree(name), calls(25)) for name in "ab"]).batch())])
    assert paths(trees, "calls") == [["a"], ["b"]]


def test_chunks_tell_where_they_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_CHUNK_ROWS", 2)
    trees = live_trees([Part(rows_of([(tree(name), {}) for name in "abcde"]).batch())])
    chunks = [(chunk.first, chunk.trees.num_rows) for chunk in trees.chunks((), ("path",))]
    assert chunks == [(0, 1), (1, 2), (3, 2)]


def test_places_in_lists() -> None:
    batch = rows_of([(tree("a"), calls(2)), (tree("b"), {}), (tree("c"), calls(3))]).batch()
    for lists, counts in ((batch["calls"], [2, 0, 3]), (batch.slice(1)["calls"], [0, 3])):
        assert lengths(lists).tolist() == counts
        assert parents(lists).tolist() == [
            n for n, count in enumerate(counts) for _ in range(count)
        ]
        assert starts(lists).tolist() == [sum(counts[:n]) for n in range(len(counts) + 1)]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6)), max_size=30))
def test_chunks_hold_each_tree_once_with_its_own_rows(drawn: list[tuple[int, int]]) -> None:
    parts: list[list[Tree]] = [[], [], [], []]
    expected = {}
    for number, (part, count) in enumerate(drawn):
        path = f"{number * 7919 % 31:02}"
        expected[path] = [f"{path}-{call}" for call in range(count)]
        parts[part].append((tree(path), calls(count, path)))
    trees = live_trees([Part(rows_of(each).batch()) for each in parts])
    found = [
        (path, [call["callee"] for call in made])
        for chunk in trees.chunks(("calls",), ("path",))
        for path, made in zip(
            *(chunk.trees[name].to_pylist() for name in ("path", "calls")), strict=True
        )
    ]
    assert found == sorted(expected.items())


def calls(count: int, name: str = "") -> dict[str, list[tuple[object, ...]]]:
    return {"calls": [row("calls", callee=f"{name}-{number}") for number in range(count)]}
