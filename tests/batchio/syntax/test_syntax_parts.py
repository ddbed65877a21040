from pathlib import Path

import fsspec
import pyarrow as pa
import pytest
from syntax_rows import row, rows_of, tree

from batchio.fileset import local_copy
from batchio.syntax.parts import (
    FILE_FIELDS,
    LISTS,
    PART_SCHEMA,
    PartRows,
    key_of,
    read_part,
    write_part,
)

TREES = [
    (
        tree("a.py", provides=[3, 4], json_line=7),
        {
            "symbols": [row("symbols", name="f", params=2), row("symbols", name="C")],
            "imports": [row("imports", module="os", candidates=[1, 2**64 - 1])],
        },
    ),
    (tree("b.py"), {}),
    (tree("c.py"), {"calls": [row("calls", callee="g", via=0)]}),
]


def test_a_part_gives_back_what_was_put_in(tmp_path: Path) -> None:
    write_part(rows_of(TREES), tmp_path / "p.arrow")
    trees = read_part(str(tmp_path / "p.arrow")).to_pylist()
    assert [each["path"] for each in trees] == ["a.py", "b.py", "c.py"]
    for (file, lists), read in zip(TREES, trees, strict=True):
        assert tuple(read[name] for name, _ in FILE_FIELDS) == file
        for name, struct in LISTS.items():
            names = [field.name for field in struct]
            rows = [tuple(each[column] for column in names) for each in read[name]]
            assert rows == list(lists.get(name, []))


def test_a_part_without_trees_can_be_read(tmp_path: Path) -> None:
    write_part(PartRows(), tmp_path / "p.arrow")
    assert read_part(str(tmp_path / "p.arrow")).schema == PART_SCHEMA


def test_the_length_is_that_of_the_trees() -> None:
    assert (len(PartRows()), len(rows_of(TREES))) == (0, 3)


def test_equal_trees_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_part(rows_of(TREES), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_lone_surrogates_are_replaced_wherever_they_are() -> None:
    symbols = [row("symbols", name="x\ud800y", doc="\udfff"), row("symbols", name="é😀")]
    batch = rows_of([(tree("a.py", message="\udc80"), {"symbols": symbols})]).batch()
    (read,) = batch.to_pylist()
    assert [(each["name"], each["doc"]) for each in read["symbols"]] == [
        ("x\ufffdy", "\ufffd"),
        ("é😀", ""),
    ]
    assert read["message"] == "\ufffd"


def test_a_line_that_no_file_has_is_not_known() -> None:
    calls = [row("calls", line=line) for line in (2**31, 12, -(2**40), 2**31 - 1)]
    (read,) = rows_of([(tree("a.py"), {"calls": calls})]).batch().to_pylist()
    assert [each["line"] for each in read["calls"]] == [0, 12, 0, 2**31 - 1]


@pytest.mark.parametrize("wrong", [("too", "short"), (*tree("a.py"), "too long")])
def test_a_row_of_the_wrong_length_is_refused(wrong: tuple[object, ...]) -> None:
    rows = PartRows()
    rows.add(wrong)
    with pytest.raises(ValueError, match="zip"):
        rows.batch()


def test_a_mapped_part_outlives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "p.arrow"
    write_part(rows_of(TREES), path)
    read = read_part(str(path))
    path.unlink()
    assert read.column("path").to_pylist() == ["a.py", "b.py", "c.py"]


def test_a_local_part_is_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "p.arrow"
    big = [(tree(f"{number}.py", message="m" * 1000), {}) for number in range(2000)]
    write_part(rows_of(big), path)
    before = pa.total_allocated_bytes()
    read = read_part(str(path))
    assert read.nbytes > 2_000_000
    assert pa.total_allocated_bytes() - before < 100_000


def test_parts_on_other_storage_are_read_and_fetched(tmp_path: Path) -> None:
    write_part(rows_of(TREES), tmp_path / "p.arrow")
    url = "memory://parts/p.arrow"
    with fsspec.open(url, "wb") as file:
        file.write((tmp_path / "p.arrow").read_bytes())
    assert read_part(url).equals(read_part(str(tmp_path / "p.arrow")))
    copy = Path(local_copy(url, tmp_path))
    assert (copy.parent, copy.read_bytes()) == (tmp_path, (tmp_path / "p.arrow").read_bytes())


def test_a_local_part_is_not_fetched(tmp_path: Path) -> None:
    assert local_copy("file:///x/p.arrow", tmp_path) == "/x/p.arrow"
    assert not list(tmp_path.iterdir())


def test_a_missing_part_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"p\.arrow"):
        read_part(str(tmp_path / "p.arrow"))


def test_keys_are_the_first_bytes_of_blake2b() -> None:
    # printf %s abc | b2sum -l 64
    assert key_of("abc") == 0xD8BB14D833D59559
    assert key_of("\ud800") != key_of("\ud801")
