from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from batchio.soundings.bufkit import BufkitFile, decode_bufkit
from batchio.soundings.bufkit_columns import INDEX_COLUMNS, LEVEL_COLUMNS, SURFACE_COLUMNS

# The format's description, sections 3 and 6: levels, columns, hours.
SHAPES = {
    "models/iem/gfs3_kdsm.buf": (141, 64, 9, 21),
    "models/iem/hrrr_kdsm.buf": (19, 50, 10, 31),
    "models/iem/nam4km_klga.buf": (61, 60, 10, 31),
    "models/iem/nam_kdsm.buf": (85, 60, 10, 31),
    "models/iem/rap_kdsm.buf": (22, 50, 10, 31),
    "models/kmso2017/2017040100Z_gfs_kmso.buf": (60, 64, 9, 21),
    "models/kmso2017/2017040100Z_nam_kmso.buf": (85, 60, 10, 31),
    "models/kmso2017/2017040112Z_gfs3_kmso.buf": (61, 64, 9, 21),
    "models/kmso2017/2017040118Z_namm_kmso.buf": (85, 60, 10, 31),
    "models/psu2018/rap_oun.buf": (22, 50, 10, 31),
    "models/psu2026/gfs3_kbuf.buf": (141, 62, 9, 21),
    "models/psu2026/hrrr_kbuf.buf": (19, 50, 10, 31),
    "models/psu2026/rap_kbed.buf": (22, 50, 10, 31),
}
LOSSES = {
    "models/iem/nam4km_klga.buf": "line 6077: sounding of hour 46: has no levels",
    "models/kmso2017/2017040100Z_gfs_kmso.buf": (
        "line 147: sounding of hour 0: its 575 values are no whole rows of 9"
    ),
}
GFS_WITHOUT_ID = {
    "gfs3_kdsm.buf": "725460",
    "2017040112Z_gfs3_kmso.buf": "727730",
    "2017040100Z_gfs_kmso.buf": "727730",
}


def read(path: Path) -> BufkitFile:
    return decode_bufkit(path.read_bytes(), str(path))


def real_files(folder: Path) -> Iterator[tuple[str, BufkitFile]]:
    for path in sorted(folder.rglob("*.buf")):
        yield str(path.relative_to(folder)), read(path)


@pytest.mark.parametrize("name", SHAPES)
def test_every_model_and_producer_is_read(sounding_data, name):
    file = read(sounding_data / name)
    (forecast,) = file.forecasts
    columns = len(forecast.levels), len(forecast.surface.columns)
    assert (len(forecast), forecast.n_levels.max(), *columns) == SHAPES[name]
    assert [str(loss) for loss in file.losses] == ([LOSSES[name]] if name in LOSSES else [])


def test_every_file_is_read_whole_and_holds_what_an_atmosphere_can(sounding_data):
    for name, file in real_files(sounding_data):
        (forecast,) = file.forecasts
        assert bool(file.losses) == (name in LOSSES), name
        full = forecast.n_levels > 0
        assert (full.sum() == len(forecast)) != (name == "models/iem/nam4km_klga.buf"), name
        for column in ("PRES", "TMPC", "HGHT"):
            assert np.isfinite(forecast.levels[column][full]).all(), name
        assert set(forecast.levels) <= set(LEVEL_COLUMNS)
        assert set(forecast.indices) <= set(INDEX_COLUMNS)
        assert set(forecast.surface.columns) <= set(SURFACE_COLUMNS)
        assert np.isin(forecast.time, forecast.surface.time).all(), name


def test_every_number_of_a_block_is_where_the_text_has_it(sounding_data):
    path = sounding_data / "archive/2022/10/26/bufkit/12/hrrr/hrrr_kabq.buf"
    forecast = read(path).forecasts[0]
    blocks = re.findall(r"CFRL HGHT\r\n([-0-9.\r\n ]+)", path.read_bytes().decode())
    for hour in (0, 17, 48):
        stated = np.array([float(token) for token in blocks[hour].split()]).reshape(-1, 10)
        stated[stated == -9999] = np.nan
        read_back = np.stack([values[hour] for values in forecast.levels.values()], axis=1)
        np.testing.assert_array_equal(read_back, stated)


def test_a_missing_dewpoint_does_not_cut_the_profile(sounding_data):
    path = sounding_data / "archive/2022/10/26/bufkit/12/hrrr/hrrr_kabq.buf"
    levels = read(path).forecasts[0].levels
    assert np.isnan(levels["DWPC"]).any(axis=1).all()
    assert np.isfinite(levels["TMPC"]).all()


@pytest.mark.parametrize("name", GFS_WITHOUT_ID)
def test_archived_gfs_files_name_no_station(sounding_data, name):
    (path,) = sounding_data.rglob(name)
    station = read(path).forecasts[0].station
    assert (station.id, station.number) == ("", GFS_WITHOUT_ID[name])


def test_a_gfs_file_says_p01m_and_has_rows_every_three_hours(sounding_data):
    table = read(sounding_data / "models/iem/gfs3_kdsm.buf").forecasts[0].surface
    assert "P01M" in table.columns
    assert set(table.interval_s[1:].tolist()) == {3600.0, 10800.0}


def test_the_surface_in_the_middle_of_a_real_file_changes_nothing(sounding_data):
    path = sounding_data / "archive/2022/10/26/bufkit/12/hrrr/hrrr_kabq.buf"
    data = path.read_bytes()
    surface = data.index(b"STN YYMMDD")
    middle = data.index(b"STID", data.index(b"STIM = 29\r"))
    moved = data[:middle] + data[surface:] + data[middle:surface]
    expected, found = read(path).forecasts[0], decode_bufkit(moved, "hrrr_klax.buf")
    assert found.losses == ()
    assert found.forecasts[0].forecast_hour.tolist() == list(range(49))
    for name, values in expected.levels.items():
        np.testing.assert_array_equal(found.forecasts[0].levels[name], values)
    for name, values in expected.surface.columns.items():
        np.testing.assert_array_equal(found.forecasts[0].surface.columns[name], values)


@pytest.mark.parametrize("parts", range(1, 20))
def test_a_real_file_that_is_cut_short_loses_its_last_block_only(sounding_data, parts):
    path = sounding_data / "models/psu2026/rap_kbed.buf"
    data, whole = path.read_bytes(), read(path).forecasts[0]
    surface = data.index(b"STN YYMMDD")
    size = surface * parts // 20
    file = decode_bufkit(data[:size], str(path))
    begun = data[:size].count(b"STID")
    (forecast,) = file.forecasts
    assert forecast.forecast_hour.tolist()[: begun - 1] == list(range(begun - 1))
    np.testing.assert_array_equal(
        forecast.levels["TMPC"][: begun - 1], whole.levels["TMPC"][: begun - 1]
    )
    assert any("sounding" in loss.part for loss in file.losses) or size == surface
