from __future__ import annotations

import csv
import shutil
from datetime import datetime, timezone
from pathlib import Path

import pytest

from batchio.soundings.bufkit import decode_bufkit
from batchio.soundings.profiles import Station
from transforms.soundings.find_wanted import find_wanted
from transforms.soundings.places import asked_by_name, place_problem

RUN = "archive/2022/10/26/bufkit/12"
NOON = datetime(2022, 10, 26, 12, tzinfo=timezone.utc)
WRONG = {"HRRR": ["AFC", "GUM", "SJU"], "RAP": ["GUM"]}
# What the archive has where a model has no station of the office.
OF_OTHER_PLACES = {"hrrr": {"cyyg", "myeg", "opp1"}, "rap": {"kymy"}}


def station_of(path: Path) -> Station:
    return decode_bufkit(path.read_bytes(), str(path)).forecasts[0].station


@pytest.mark.parametrize("model", ["HRRR", "RAP"])
def test_the_offices_of_the_archive_get_the_files_that_it_has_of_them(sounding_data, model):
    with (sounding_data / "wfo_station_20221026.csv").open(newline="") as text:
        used = {row["wfo"] for row in csv.DictReader(text)}
    assert len(used) == 25
    found = find_wanted([NOON], [model], offices=used)
    wrong = sorted(wanted.offices[0] for wanted in found if wanted.problem == "wrong_place")
    assert wrong == WRONG[model]
    fetched = {wanted.station.lower() for wanted in found if not wanted.problem}
    name = model.lower()
    present = {path.stem.partition("_")[2] for path in (sounding_data / RUN / name).iterdir()}
    assert fetched == present - OF_OTHER_PLACES[name]
    for wanted in found:
        if not wanted.problem:
            path = sounding_data / RUN / name / f"{name}_{wanted.station.lower()}.buf"
            assert place_problem(station_of(path), wanted, 1) == ""


def test_no_real_file_is_of_another_place_than_it_is_named_for(sounding_data):
    paths = sorted(sounding_data.rglob("*.buf"))
    assert len(paths) == 63
    for path in paths:
        asked, came = asked_by_name(str(path)), station_of(path)
        assert asked is not None, path
        assert came.id in ("", asked.id), path
        assert place_problem(came, asked, 10) == "", path


@pytest.mark.parametrize(
    ("came", "named", "kilometres"),
    [
        ("cyyg", "pgum", "12,820"),
        ("opp1", "pafc", "1,906"),
        ("myeg", "tjsj", "1,159"),
    ],
)
def test_a_file_of_the_archive_under_the_name_of_an_office_is_of_another_place(
    sounding_data, tmp_path, came, named, kilometres
):
    path = tmp_path / f"hrrr_{named}.buf"
    shutil.copy(sounding_data / RUN / "hrrr" / f"hrrr_{came}.buf", path)
    asked = asked_by_name(str(path))
    assert asked is not None
    assert f"{kilometres} km from" in place_problem(station_of(path), asked, 50)
