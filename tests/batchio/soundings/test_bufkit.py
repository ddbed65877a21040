from __future__ import annotations

import gzip
import io
import zipfile
from datetime import datetime, timezone

import numpy as np
import pytest
from bufkit_samples import (
    COLUMNS,
    END,
    GFS_COLUMNS,
    INDICES,
    LEVELS,
    PATH,
    SURFACE,
    block,
    preamble,
    surface,
    text,
)

from batchio.soundings.bufkit import BufkitFile, decode_bufkit
from batchio.soundings.bufkit_columns import INDEX_COLUMNS, LEVEL_COLUMNS, SURFACE_COLUMNS
from batchio.soundings.profiles import Station, StationForecast


def decode(content: str) -> BufkitFile:
    return decode_bufkit(content.encode("ascii"), PATH)


def only(content: str) -> StationForecast:
    file = decode(content)
    assert file.losses == ()
    (forecast,) = file.forecasts
    return forecast


def zipped(*contents: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}.buf", content)
    return file.getvalue()


def test_station_run_and_hours_are_those_of_the_heads():
    forecast = only(text())
    assert forecast.station == Station("KABQ", "723650", 35.05, -106.62, 1639.0)
    assert forecast.cycle == datetime(2022, 10, 26, 12, tzinfo=timezone.utc)
    assert forecast.forecast_hour.tolist() == [0, 1, 2]
    assert forecast.time.astype(str).tolist() == [
        "2022-10-26T12:00:00",
        "2022-10-26T13:00:00",
        "2022-10-26T14:00:00",
    ]
    assert forecast.member == ""
    assert len(forecast) == 3


@pytest.mark.parametrize("columns", [COLUMNS, GFS_COLUMNS])
def test_levels_go_by_the_names_of_their_columns(columns):
    forecast = only(text(columns=columns))
    assert list(forecast.levels) == columns
    assert forecast.n_levels.tolist() == [LEVELS] * 3
    assert forecast.levels["PRES"][1].tolist() == [900, 850, 800]
    assert forecast.levels["HGHT"][2].tolist() == [1000, 1500, 2000]
    assert forecast.levels["TMPC"][0].tolist() == [20, 17, 14]


def test_indices_are_kept_as_the_file_has_them():
    forecast = only(text())
    assert list(forecast.indices) == INDICES
    assert forecast.indices["SHOW"].tolist() == [5.0] * 3
    assert forecast.indices["BRCH"].tolist() == [125.0] * 3


def test_surface_rows_have_a_time_each():
    table = only(text()).surface
    assert list(table.columns) == SURFACE
    assert table.columns["T2MS"].tolist() == [0, 1, 2]
    np.testing.assert_array_equal(table.interval_s, [np.nan, 3600, 3600])
    np.testing.assert_array_equal(table.columns["P01M"], [np.nan, 0.25, 0.25])
    assert np.isnan(table.columns["WSYM"]).all()
    assert np.isnan(table.columns["VSBK"]).all()


@pytest.mark.parametrize("missing", ["-9999.00", "-9999"])
def test_missing_is_nan(missing):
    dry = text().replace("11.00", missing).replace("LIFT = 15.00", f"LIFT = {missing}")
    forecast = only(dry)
    assert np.isnan(forecast.levels["DWPC"]).all()
    assert np.isnan(forecast.indices["LIFT"]).all()
    assert np.isfinite(forecast.levels["TMPC"]).all()


def test_a_wet_bulb_temperature_far_above_the_temperature_is_missing():
    forecast = only(text().replace("17.00 15.00", "17.00 1576.99"))
    assert np.isnan(forecast.levels["TMWC"][:, 1]).all()
    assert np.isfinite(forecast.levels["TMWC"][:, 0]).all()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (END, "\n"),
        (END, " \r\n"),
        (" ", "   "),
        (f"{END}SNPARM", f"# corrected by hand{END}#{END}SNPARM"),
        ("PRES;TMPC", "XXXX;TMPC"),
    ],
)
def test_other_ways_to_write_the_same_text(old, new):
    assert old in text()
    forecast = only(text().replace(old, new))
    assert forecast.levels["HGHT"].tolist() == [[1000, 1500, 2000]] * 3
    assert len(forecast.surface.time) == 3


def test_a_byte_beyond_ascii_costs_nothing_but_its_line():
    file = decode_bufkit(b"# caf\xc3\xa9 \xff\r\n" + text().encode(), PATH)
    assert file.losses == ()


def test_a_block_without_its_header_has_the_columns_of_snparm():
    header = f"PRES TMPC TMWC DWPC THTE DRCT SKNT OMEG{END}CFRL HGHT{END}"
    assert header in text()
    assert only(text().replace(header, "")).levels["CFRL"].tolist() == [[25.0] * 3] * 3


def test_the_id_of_a_station_may_be_empty():
    assert only(preamble() + block(0, station="") + surface([0])).station.id == ""


@pytest.mark.parametrize("station", ["APX", "KABQ", "A#2", "000505"])
def test_the_id_of_a_station_is_text(station):
    assert only(preamble() + block(0, station=station) + surface([0])).station.id == station


def test_the_number_of_a_station_may_lose_its_zeros():
    content = preamble() + block(0, STNM="505") + surface([0]).replace("723650", "000505")
    forecast = only(content)
    assert forecast.station.number == "505"
    assert len(forecast.surface.time) == 1


@pytest.mark.parametrize(("year", "full"), [("00", 2000), ("69", 2069), ("70", 1970), ("99", 1999)])
def test_years_of_two_digits(year, full):
    content = (preamble() + block(0) + surface([0])).replace("221026", f"{year}1026")
    assert only(content).cycle.year == full


def test_the_surface_may_stand_between_blocks_out_of_order():
    middle = preamble() + block(0) + surface([2, 0, 1]) + block(1) + block(2)
    forecast, expected = only(middle), only(text())
    assert forecast.forecast_hour.tolist() == [0, 1, 2]
    assert forecast.surface.columns["T2MS"].tolist() == [0, 1, 2]
    np.testing.assert_array_equal(forecast.levels["PRES"], expected.levels["PRES"])


def test_surface_sections_with_other_columns_are_one_table():
    second = surface([1]).replace("P01M", "P03M")
    table = only(preamble() + block(0) + surface([0]) + block(1) + second).surface
    np.testing.assert_array_equal(table.columns["P03M"], [np.nan, 0.25])
    assert table.columns["T2MS"].tolist() == [0, 1]


@pytest.mark.parametrize("names", [["em_ctl", "nmb n1"], ["1", "2"]])
def test_an_ensemble_is_a_forecast_a_member(names):
    gap = END * 3
    file = decode(gap.join(f"{name}{END}{text()}" for name in names))
    assert file.losses == ()
    assert [forecast.member for forecast in file.forecasts] == names
    assert [len(forecast.surface.time) for forecast in file.forecasts] == [3, 3]


def test_a_second_section_without_a_name_goes_on_with_the_first():
    content = preamble() + block(0) + surface([0]) + preamble() + block(1) + surface([1])
    forecast = only(content)
    assert forecast.forecast_hour.tolist() == [0, 1]
    assert len(forecast.surface.time) == 2


@pytest.mark.parametrize("pack", [gzip.compress, zipped])
def test_a_file_may_be_packed(pack):
    file = decode_bufkit(pack(text().encode()), PATH)
    assert len(file.forecasts[0]) == 3


def test_every_word_of_a_file_has_a_meaning():
    forecast = only(text())
    assert set(forecast.levels) == set(LEVEL_COLUMNS)
    assert set(forecast.indices) == set(INDEX_COLUMNS)
    assert set(forecast.surface.columns) < set(SURFACE_COLUMNS)
