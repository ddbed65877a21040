from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from batchio.addresses.csv_plan import plan_blocks
from batchio.addresses.csv_read import Block
from batchio.errors import InputError
from batchio.fileset import FileRef
from batchio.output import OutputRoot
from transforms.addresses.blocks import BLOCK, BlockResult, block_units, plan_details
from transforms.addresses.describe import Reading
from transforms.addresses.parts import find_parts, leave_parts, part_name, rows_of_parts
from transforms.addresses.work_block import Choice, MatchChoice, WorkedBlock, work_block
from transforms.units import Attempt, Made, Unit

TEXT = "id,address\n" + "".join(f'{n},"{n} Mill St, Marfield, OH 45123"\n' for n in range(1, 31))
CHOICE = Choice(Reading(), device="cpu")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_text(f"{TEXT}31,too,many\n")
    return path


@pytest.fixture
def blocks(file: Path) -> list[Block]:
    return plan_blocks(str(file), 500).blocks


def test_blocks_by_themselves_give_what_the_file_gives_as_a_whole(file, blocks):
    (whole,) = plan_blocks(str(file), 1 << 20).blocks
    assert len(blocks) > 2
    parts = [work_block(str(file), block, CHOICE) for block in blocks]
    complete = work_block(str(file), whole, CHOICE)
    for each in ("given", "found"):
        rows = [row for part in parts for row in getattr(part, each).to_pylist()]
        assert rows == getattr(complete, each).to_pylist()
    assert sum(part.result["rows"] for part in parts) == complete.result["rows"] == 31
    assert complete.result["statuses"] == {"ok": 30, "invalid_row": 1}
    assert complete.found["raw_row"].to_pylist() == [None] * 30 + ["31,too,many"]


def test_what_is_told_of_a_block_can_be_kept_as_json(file, blocks):
    result = work_block(str(file), blocks[1], CHOICE).result
    assert json.loads(json.dumps(result)) == {**result, "clock": list(result["clock"])}
    assert (result["first_row"], result["device"]) == (blocks[0].rows, "CPU")
    assert result["seconds"].keys() == {"read", "tag", "standardise", "score"}
    assert result["clock"][0] <= result["clock"][1]
    assert not result["from_before"]


def test_matches_stand_before_the_raw_row(file, blocks, tmp_path):
    listed = tmp_path / "list.csv"
    listed.write_text("place\n7 Mill Street Marfield OH 45123\n")
    choice = Choice(Reading(), MatchChoice(str(listed), ("place",), min_score=0.8), device="cpu")
    worked = work_block(str(file), blocks[0], choice)
    names = worked.found.schema.names
    assert names[-4:] == ["match_1_row", "match_1_address", "match_1_score", "raw_row"]
    assert worked.found["match_1_row"][6].as_py() == 1
    assert "match" in worked.result["seconds"]


def test_a_file_that_has_changed_is_told(file, blocks):
    file.write_text(TEXT.replace("\n", "  ", 12))
    with pytest.raises(InputError, match="has changed since the run began"):
        work_block(str(file), blocks[0], CHOICE)


def units_of(file: Path, settings: str = "s", name: str = "a.csv") -> list[Unit]:
    unit = Unit(name, (FileRef(str(file), file.stat().st_size, 5.0),), settings)
    details = plan_details(plan_blocks(str(file), 500))
    return list(block_units(Attempt(lambda _: Made(details=details))(unit)))


def names_of(units: list[Unit]) -> list[str]:
    return [part_name(unit) for unit in units]


def test_parts_are_named_by_content_settings_and_place(file):
    names = names_of(units_of(file))
    assert len(set(names)) == len(names) > 2
    assert names == sorted(names) == names_of(units_of(file))
    others = [units_of(file, "other"), units_of(file, name="b.csv")]
    file.write_text(file.read_text().replace("Mill", "Hill"))
    for units in (*others, units_of(file)):
        assert not {*names_of(units)} & {*names}


@pytest.fixture
def root(tmp_path: Path) -> OutputRoot:
    return OutputRoot(str(tmp_path / "out"), "run-1", suffix="_20260520_120000")


def left(root: OutputRoot, name: str, worked: WorkedBlock, *forms: str) -> BlockResult:
    rows = (worked.given, worked.found)
    return leave_parts(root, name, rows, worked.result, forms=forms, defuse="ours")


def test_parts_are_found_again_until_one_is_not_there_or_not_whole(file, blocks, root):
    name = part_name(units_of(file)[0])
    assert find_parts(root, name) is None
    made = left(root, name, work_block(str(file), blocks[0], CHOICE), "csv", "parquet")
    found = find_parts(root, name)
    assert found == {**json.loads(json.dumps(made)), "from_before": True}
    assert "write" in found["seconds"]
    csv_part, parquet_part = (Path(part[0]) for part in found["parts"])
    assert csv_part.name == f"{name.rpartition('/')[2]}.csv"
    os.truncate(csv_part, 10)
    assert find_parts(root, name) is None
    left(root, name, work_block(str(file), blocks[0], CHOICE), "csv", "parquet")
    assert find_parts(root, name) is not None
    parquet_part.unlink()
    assert find_parts(root, name) is None


def test_rows_come_back_from_their_parts(file, blocks, root):
    worked = [work_block(str(file), block, CHOICE) for block in blocks]
    names = names_of(units_of(file))
    results = [left(root, name, each, "parquet") for name, each in zip(names, worked, strict=True)]
    again = list(rows_of_parts(results, 2))
    assert [given.to_pylist() for given, _ in again] == [each.given.to_pylist() for each in worked]
    assert [found.to_pylist() for _, found in again] == [each.found.to_pylist() for each in worked]


def test_only_the_first_block_has_a_header(file, blocks, root):
    units = units_of(file)
    lines = []
    for unit, block in zip(units, blocks, strict=True):
        assert unit.details[BLOCK]["cut"][0] == block.start
        result = left(root, part_name(unit), work_block(str(file), block, CHOICE), "csv")
        lines.append(Path(result["parts"][0][0]).read_text().splitlines()[0])
    assert [line.startswith("id,address,status,") for line in lines] == [True, False, False]
