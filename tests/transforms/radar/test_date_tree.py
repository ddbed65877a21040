from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from batchio.errors import CannotRun
from batchio.folders import Folders
from transforms.radar.date_tree import DateTree
from transforms.units import Unit

TIMES = ("20251116T235000Z", "20251117T000000Z", "20251117T123000Z", "20251117T125959Z")


@pytest.fixture
def tree(tmp_path):
    for time in reversed(TIMES):
        for field in ("DBZH", "VRAD"):
            put(tmp_path, time, f"RMA1_0301_02_{field}_{time}.BUFR")
    start = datetime(2025, 11, 17, tzinfo=timezone.utc)
    return DateTree(Folders(str(tmp_path)), "RMA1", start, start + timedelta(days=1))


def put(top, time, name, content="x"):
    folder = top / "RMA1" / time[:4] / time[4:6] / time[6:8] / time[9:11] / time[11:15]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content)
    return folder / name


def times(tree):
    return [unit.unit_id.rpartition("_")[2].partition(".")[0] for unit in tree.units()]


def left_out(tree):
    return {each.file.name: each.why for each in tree.units() if not isinstance(each, Unit)}


def test_a_day_is_taken_in_the_order_of_time(tree):
    assert times(tree) == [time for time in TIMES[1:] for _ in range(2)]


@pytest.mark.parametrize(
    ("start", "end", "taken"),
    [
        ((16, 23, 50, 0), (17, 0, 0, 0), TIMES[:1]),
        ((16, 23, 50, 1), (17, 0, 0, 1), TIMES[1:2]),
        ((17, 12, 30, 0), (17, 12, 59, 59), TIMES[2:3]),
        ((17, 12, 45, 0), (17, 13, 0, 0), TIMES[3:]),
        ((15, 0, 0, 0), (19, 0, 0, 0), TIMES),
        ((18, 0, 0, 0), (19, 0, 0, 0), ()),
    ],
)
def test_only_the_times_asked_for_are_taken(tree, start, end, taken):
    start, end = (datetime(2025, 11, *each, tzinfo=timezone.utc) for each in (start, end))
    found = replace(tree, start=start, end=end)
    assert times(found) == [time for time in taken for _ in range(2)]


def test_a_file_is_asked_for_anew_when_its_size_changes(tree, tmp_path):
    file = put(tmp_path, TIMES[1], f"RMA1_0301_02_DBZH_{TIMES[1]}.BUFR", "some")
    before = next(tree.units())
    file.write_text("some more")
    after = next(tree.units())
    assert before.unit_id == after.unit_id == str(file.relative_to(tmp_path))
    assert (before.settings, after.settings) == (";size=4", ";size=9")


def test_the_table_says_which_fields_are_taken_and_what_is_unexpected(tree, tmp_path):
    put(tmp_path, TIMES[2], f"RMA1_0301_01_DBZH_{TIMES[2]}.BUFR")
    tree = replace(tree, volume_types={"0301": {"02": ("VRAD",)}})
    units = [each for each in tree.units() if isinstance(each, Unit)]
    assert len(units) == 3
    assert all("_VRAD_" in unit.unit_id for unit in units)
    assert left_out(tree) == {
        f"RMA1_0301_01_DBZH_{TIMES[2]}.BUFR": "unexpected: strategy 0301, volume 01 is not in the "
        "table; add it to have it fetched"
    }


def test_what_is_strange_is_left_out_with_its_reason(tree, tmp_path):
    put(tmp_path, TIMES[2], "readme.txt")
    put(tmp_path, TIMES[2], f"RMA2_0301_02_DBZH_{TIMES[2]}.BUFR")
    put(tmp_path, TIMES[2], f"..\\RMA1_0301_02_DBZH_{TIMES[2]}.BUFR")
    day = tmp_path / "RMA1/2025/11/17"
    (day / "24").mkdir()
    (day / "12" / "index.html").touch()
    (day / "12" / "3000" / "more").mkdir()
    no_place = "has no place in a tree of RADAR/YYYY/MM/DD/HH/MMSS; it is not looked into"
    assert left_out(tree) == {
        "readme.txt": "the name is not RADAR_STRATEGY_VOLUME_FIELD_TIMESTAMP.BUFR[.gz]",
        f"RMA2_0301_02_DBZH_{TIMES[2]}.BUFR": "lies in the folder of RMA1",
        f"..\\RMA1_0301_02_DBZH_{TIMES[2]}.BUFR": no_place,
        "24": no_place,
        "index.html": no_place,
        "more": no_place,
    }


def test_globs_leave_files_out(tree):
    tree = replace(tree, exclude=("*_DBZH_*",))
    assert len(times(tree)) == 3


def test_a_radar_that_is_not_there_is_an_error(tree):
    with pytest.raises(CannotRun, match=r"/RMA9: list: there is no such folder; check --source"):
        list(replace(tree, radar="RMA9").units())
