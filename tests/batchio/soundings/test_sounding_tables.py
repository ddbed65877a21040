from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow.parquet as pq
import pytest
from bufkit_samples import GFS_COLUMNS, PATH, block, preamble, surface, text

from batchio.errors import InputError
from batchio.soundings.bufkit import decode_bufkit
from batchio.soundings.bufkit_columns import INDEX_COLUMNS, LEVEL_COLUMNS, SURFACE_COLUMNS, Column
from batchio.soundings.columns import FETCH, QUALITY, ValueTable, value_schema
from batchio.soundings.cycle import SoundingCycle
from batchio.soundings.profiles import StationForecast
from batchio.soundings.tables import write_rows, write_table
from batchio.tables import TableFormat
from transforms.soundings.index_names import INDICES
from transforms.soundings.indices import compute_indices

CYCLE = datetime(2022, 10, 26, 12, tzinfo=timezone.utc)
FORMS = get_args(TableFormat)
NAMES = get_args(ValueTable)
KEYS = ["model", "cycle", "station_id", "station_number", "member", "time", "forecast_hour"]


def forecasts(*contents: str) -> tuple[StationForecast, ...]:
    return tuple(f for each in contents for f in decode_bufkit(each.encode(), PATH).forecasts)


def other(name: str, number: str, content: str) -> str:
    return content.replace("KABQ", name).replace("723650", number)


TWO = forecasts(text(3), other("", "725460", text(2, GFS_COLUMNS)))
WHOLE = SoundingCycle("RAP", TWO, tuple(map(compute_indices, TWO)), INDICES)


def rows(folder: Path, cycle: SoundingCycle, name: ValueTable) -> list[dict[str, Any]]:
    path = folder / f"{name}.parquet"
    count = write_table(cycle, name, path, "parquet")
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    assert count == len(found)
    return found


def lines(folder: Path, cycle: SoundingCycle, name: ValueTable) -> list[str]:
    write_table(cycle, name, folder / "table.csv", "csv")
    return (folder / "table.csv").read_text().splitlines()


def read_back(path: Path, form: TableFormat) -> list[dict[str, Any]]:
    if form == "parquet":
        found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return found
    if form == "jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    with path.open(newline="") as file:
        return [{key: text or None for key, text in row.items()} for row in csv.DictReader(file)]


def keys(station: str, number: str, hour: int) -> list[Any]:
    time = CYCLE + timedelta(hours=hour)
    return ["RAP", CYCLE, station, number, None, time, hour]


def test_levels_are_rows_of_the_files_columns(tmp_path):
    found = rows(tmp_path, WHOLE, "levels")
    assert list(found[0]) == [*KEYS, "level", *LEVEL_COLUMNS]
    assert [[row[name] for name in (*KEYS, "level")] for row in found] == [
        [*keys(station, number, hour), level]
        for station, number, hours in (("725460", "725460", 2), ("KABQ", "723650", 3))
        for hour in range(hours)
        for level in range(3)
    ]
    assert [row["TMPC"] for row in found] == [20, 17, 14] * 5
    assert [row["CFRL"] for row in found] == [None] * 6 + [25] * 9


@pytest.mark.parametrize("form", FORMS)
def test_files_without_a_surface_section_give_an_empty_table(tmp_path, form):
    cycle = SoundingCycle("RAP", forecasts(preamble() + block(0)))
    assert write_table(cycle, "surface", tmp_path / "table", form) == 0
    assert read_back(tmp_path / "table", form) == []


def test_without_computed_indices_their_columns_are_null(tmp_path):
    (row,) = rows(tmp_path, SoundingCycle("RAP", forecasts(text(1)), (), INDICES), "indices")
    assert {row[name] for name in INDICES} == {None}


def test_an_hour_without_levels_has_no_rows_of_them(tmp_path):
    hollow = forecasts(preamble() + block(0) + block(1, levels=0) + block(2) + surface(range(3)))
    cycle = SoundingCycle("RAP", hollow)
    assert [row["forecast_hour"] for row in rows(tmp_path, cycle, "levels")] == [0] * 3 + [2] * 3
    assert [row["bufkit_SHOW"] for row in rows(tmp_path, cycle, "indices")] == [5] * 3


def test_computed_and_stated_indices_are_never_mixed_up(tmp_path):
    found = rows(tmp_path, WHOLE, "indices")
    stated = [f"bufkit_{name}" for name in INDEX_COLUMNS]
    assert list(found[0]) == [*KEYS, "latitude", "longitude", "elevation", *INDICES, *stated]
    assert [list(row.values())[:10] for row in found] == [
        [*keys(station, number, hour), 35.05, -106.62, 1639]
        for station, number, hours in (("725460", "725460", 2), ("KABQ", "723650", 3))
        for hour in range(hours)
    ]
    assert [row["bufkit_PWAT"] for row in found] == [55] * 5
    (computed,) = {row["precipitable_water"] for row in found}
    expected = compute_indices(TWO[0])["precipitable_water"][0]
    assert computed == pytest.approx(expected, abs=0.0005)
    assert computed != expected


def test_computed_indices_are_rounded_and_never_minus_zero(tmp_path):
    values = np.array([1234.56789, -0.0001, np.nan])
    cycle = SoundingCycle("RAP", TWO[:1], ({"scp": values},), {"scp": Column("1", "supercells")})
    column = [line.split(",")[10] for line in lines(tmp_path, cycle, "indices")]
    assert column == ['"scp"', "1234.568", "0", ""]


def test_indices_that_nobody_described_are_kept(tmp_path):
    computed = {"b": np.arange(3.0), "a": np.arange(3.0)}
    found = rows(tmp_path, SoundingCycle("RAP", TWO[:1], (computed,)), "indices")
    assert list(found[0])[10:13] == ["a", "b", "bufkit_SHOW"]
    assert [row["b"] for row in found] == [0, 1, 2]


def test_rows_of_the_surface_without_a_sounding_are_there(tmp_path):
    only = forecasts(preamble() + block(1) + surface([0, 1, 2]))
    found = rows(tmp_path, SoundingCycle("RAP", only), "surface")
    assert list(found[0]) == [*KEYS, "interval_s", *SURFACE_COLUMNS]
    assert [list(row.values())[:8] for row in found] == [
        [*keys("KABQ", "723650", hour), interval]
        for hour, interval in ((0, None), (1, 3600), (2, 3600))
    ]
    assert [row["T2MS"] for row in found] == [0, 1, 2]
    assert [row["P01M"] for row in found] == [None, 0.25, 0.25]
    assert [row["WSYM"] for row in found] == [None] * 3


def test_a_row_between_hours_has_its_time_and_no_hour(tmp_path):
    content = text(3).replace("723650 221026/1300", "723650 221026/1330")
    found = rows(tmp_path, SoundingCycle("RAP", forecasts(content)), "surface")
    assert [row["forecast_hour"] for row in found] == [0, None, 2]
    assert [row["interval_s"] for row in found] == [None, 5400, 1800]
    assert found[1]["time"] == CYCLE + timedelta(minutes=90)


def test_a_column_that_is_not_described_is_kept_at_the_end(tmp_path):
    strange = [each.replace("VSBK", "time").replace("P01M", "NEWS") for each in (text(2), text(2))]
    cycle = SoundingCycle("RAP", forecasts(strange[0], other("KDSM", "725460", text(2))))
    found = rows(tmp_path, cycle, "surface")
    assert list(found[0])[8:] == [*SURFACE_COLUMNS, "bufkit_NEWS", "bufkit_time"]
    assert [row["bufkit_NEWS"] for row in found] == [None, 0.25, None, None]
    assert [row["bufkit_time"] for row in found] == [-10, -10, None, None]
    levels = SoundingCycle("RAP", forecasts(text(1).replace("OMEG", "TKEN")))
    assert [row["bufkit_TKEN"] for row in rows(tmp_path, levels, "levels")] == [-0.1] * 3
    stated = SoundingCycle("RAP", forecasts(text(1).replace("BRCH", "VTOT")))
    assert [row["bufkit_VTOT"] for row in rows(tmp_path, stated, "indices")] == [125]


def test_members_of_an_ensemble_follow_each_other(tmp_path):
    cycle = SoundingCycle("SREF", forecasts(f"n2\r\n{text(1)}\r\n\r\n\r\nn1\r\n{text(2)}"))
    assert [row["member"] for row in rows(tmp_path, cycle, "indices")] == ["n1", "n1", "n2"]


def test_numbers_and_times_in_csv_are_as_people_write_them(tmp_path):
    content = (
        text(1).replace(" 20.00 ", " 15.94 ", 1).replace("270.00 10.00 -0.10", "0.00 0.00 -0.00")
    )
    head, first, *_ = lines(tmp_path, SoundingCycle("RAP", forecasts(content)), "levels")
    assert head.startswith('"model","cycle","station_id","station_number","member","time"')
    assert first == (
        '"RAP","2022-10-26T12:00:00Z","KABQ","723650",,"2022-10-26T12:00:00Z",0,0,'
        "900,15.94,15,11,320,0,0,0,25,1000"
    )


@pytest.mark.parametrize("name", NAMES)
def test_all_formats_have_the_same_values(tmp_path, name):
    expected = rows(tmp_path, WHOLE, name)
    for form in ("csv", "jsonl"):
        write_table(WHOLE, name, tmp_path / form, form)
    for row in expected:
        row |= {key: f"{row[key]:%Y-%m-%dT%H:%M:%SZ}" for key in ("cycle", "time")}
    assert read_back(tmp_path / "jsonl", "jsonl") == expected
    assert read_back(tmp_path / "csv", "csv") == [
        {key: value if value is None else written(value) for key, value in row.items()}
        for row in expected
    ]


def written(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_forecasts_does_not_matter(tmp_path, name, form):
    turned = replace(WHOLE, forecasts=TWO[::-1], indices=WHOLE.indices[::-1])
    for path, cycle in (("a", WHOLE), ("b", turned), ("c", WHOLE)):
        write_table(cycle, name, tmp_path / path, form)
    whole = (tmp_path / "a").read_bytes()
    assert whole == (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_columns_tell_meaning_and_unit(tmp_path, name):
    schema = value_schema(name, SoundingCycle("", (), (), INDICES))
    assert len(set(map(str.casefold, schema.names))) == len(schema)
    assert all(field.metadata[b"description"] for field in schema)
    units = {
        "levels": ("PRES", b"hPa"),
        "indices": ("sb_cape", b"J kg-1"),
        "surface": ("VSBK", b"km"),
    }
    column, unit = units[name]
    assert schema.field(column).metadata[b"unit"] == unit
    write_table(WHOLE, name, tmp_path / "table", "parquet")
    metadata = pq.read_metadata(tmp_path / "table").metadata
    assert metadata[column.encode()].endswith(b" [" + unit + b"]")
    assert metadata[b"model"] == schema.field("model").metadata[b"description"]


def test_row_groups_hold_many_stations(tmp_path):
    many = tuple(replace(TWO[0], member=f"{number:04}") for number in range(600))
    count = write_table(SoundingCycle("RAP", many), "levels", tmp_path / "table", "parquet")
    metadata = pq.read_metadata(tmp_path / "table")
    assert (count, metadata.num_rows, metadata.num_row_groups) == (5400, 5400, 1)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_one_run_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="KABQ: more than one forecast"):
        write_table(SoundingCycle("RAP", TWO[:1] * 2), name, tmp_path / "table", "csv")
    assert not list(tmp_path.iterdir())


FETCHED = {
    "model": "HRRR",
    "cycle": CYCLE,
    "offices": "GUM",
    "status": "wrong_place",
    "distance_km": 12817.25,
    "bytes": 3_000_000_000,
}


def test_rows_about_files_are_written_as_they_are_given(tmp_path):
    write_rows([FETCHED, {**FETCHED, "station": "KABQ"}], FETCH, tmp_path / "table", "csv")
    assert (tmp_path / "table").read_text().splitlines() == [
        ",".join(f'"{name}"' for name in FETCH.names),
        '"HRRR","2022-10-26T12:00:00Z","GUM",,"wrong_place",12817.25,3000000000,,,',
        '"HRRR","2022-10-26T12:00:00Z","GUM","KABQ","wrong_place",12817.25,3000000000,,,',
    ]


@pytest.mark.parametrize("form", FORMS)
def test_a_file_of_which_nothing_is_known_is_a_row(tmp_path, form):
    row = {"file": "a.buf", "status": "failed", "error": "the file is empty"}
    write_rows([row], QUALITY, tmp_path / "table", form)
    assert read_back(tmp_path / "table", form) == [{**dict.fromkeys(QUALITY.names), **row}]


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        ({"file": "a.buf"}, "a row has no status"),
        ({"file": "a.buf", "status": "read", "profile": 1}, "no columns of the table: profile"),
    ],
)
def test_a_row_that_is_no_row_of_the_table_is_refused(tmp_path, row, cause):
    with pytest.raises(ValueError, match=cause):
        write_rows([row], QUALITY, tmp_path / "table", "parquet")


def test_tables_about_no_files_have_their_columns(tmp_path):
    write_rows([], FETCH, tmp_path / "table", "parquet")
    assert pq.read_table(tmp_path / "table").column_names == FETCH.names
