from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from bufkit_samples import COLUMNS, GFS_COLUMNS, INDICES, PATH, SURFACE, text
from hypothesis import given, settings
from hypothesis import strategies as st

from batchio.soundings.bufkit import decode_bufkit
from batchio.soundings.bufkit_encode import encode_bufkit
from batchio.soundings.profiles import Station, StationForecast, SurfaceTable, Values

DAMAGED = "2017040100Z_gfs_kmso.buf"  # its author took a number away, and wrote comments above
NO_VISIBILITY = ("-9999.00", "-10.00")  # the same missing VSBK, ours and theirs


def only(data: bytes) -> StationForecast:
    file = decode_bufkit(data, PATH)
    assert file.losses == ()
    (forecast,) = file.forecasts
    return forecast


def assert_same(found: StationForecast, expected: StationForecast) -> None:
    assert found.station == expected.station
    assert (found.cycle, found.member) == (expected.cycle, expected.member)
    np.testing.assert_array_equal(found.time, expected.time)
    np.testing.assert_array_equal(found.forecast_hour, expected.forecast_hour)
    np.testing.assert_array_equal(found.n_levels, expected.n_levels)
    np.testing.assert_array_equal(found.surface.time, expected.surface.time)
    for ours, theirs in (
        (found.levels, expected.levels),
        (found.indices, expected.indices),
        (found.surface.columns, expected.surface.columns),
    ):
        assert list(ours) == list(theirs)
        for name, values in theirs.items():
            np.testing.assert_array_equal(ours[name], values, err_msg=name)


def random_forecast(seed: int, *, hours: int, n_levels: int, columns: list[str]) -> StationForecast:
    """A forecast of numbers with two decimals, of which some are missing."""
    random = np.random.default_rng(seed)

    def some(*shape: int, missing: bool = True) -> Values:
        values = np.round(random.uniform(0, 50, shape), 2)
        return np.where(random.random(shape) < 0.2, np.nan, values) if missing else values

    levels = {name: some(hours, n_levels, missing=name != "TMPC") for name in columns}
    levels["TMWC"] = np.minimum(levels["TMWC"], levels["TMPC"])
    levels["THTE"] = np.round(levels["THTE"] + 300, 2)
    levels["PRES"] = np.round(1000 - np.cumsum(1 + some(hours, n_levels, missing=False), 1) / 2, 2)
    levels["HGHT"] = np.round(np.cumsum(1 + some(hours, n_levels, missing=False), axis=1), 2)
    steps = np.cumsum(random.integers(1, 4, hours)) - 1
    cycle = datetime(2022, 12, 31, 18, tzinfo=timezone.utc)
    time = np.datetime64(cycle.replace(tzinfo=None), "s") + steps * np.timedelta64(3600, "s")
    return StationForecast(
        station=Station("A#2", "505", -35.05, 106.62, 1639.5),
        cycle=cycle,
        member="",
        time=time,
        forecast_hour=steps,
        n_levels=np.full(hours, n_levels),
        levels=levels,
        indices={name: some(hours) for name in INDICES},
        surface=SurfaceTable(time, np.zeros(hours), {name: some(hours) for name in SURFACE}),
    )


DAY = random_forecast(0, hours=4, n_levels=5, columns=COLUMNS)


@settings(max_examples=50)
@given(
    seed=st.integers(0, 1 << 32),
    hours=st.integers(1, 6),
    n_levels=st.integers(1, 15),
    columns=st.sampled_from([COLUMNS, GFS_COLUMNS]),
)
def test_what_is_encoded_is_read_back(seed, hours, n_levels, columns):
    forecast = random_forecast(seed, hours=hours, n_levels=n_levels, columns=columns)
    assert_same(only(encode_bufkit([forecast])), forecast)


def test_lines_end_and_begin_as_producers_write_them():
    data = encode_bufkit([DAY])
    assert data.startswith(b"\r\nSNPARM = PRES;TMPC;")
    assert data.count(b"\n") == data.count(b"\r\n")
    assert data.endswith(b"\r\n\r\n\r\n")
    assert b"\r\nPRES TMPC TMWC DWPC THTE DRCT SKNT OMEG\r\nCFRL HGHT\r\n" in data
    assert max(map(len, data.splitlines())) <= 80


def test_the_text_is_that_which_the_description_of_the_format_gives():
    described = text().replace("-10.00", "-9999.00").replace("14.00 15.00", "14.00 13.00")
    assert encode_bufkit([only(described.encode())]).decode().split() == described.split()


def test_lines_may_end_with_a_line_feed_alone():
    data = encode_bufkit([DAY], end="\n")
    assert b"\r" not in data
    assert data.replace(b"\n", b"\r\n") == encode_bufkit([DAY])
    assert_same(only(data), DAY)


def test_a_station_may_have_no_id():
    unnamed = replace(DAY, station=replace(DAY.station, id=""))
    data = encode_bufkit([unnamed])
    assert b"STID = STNM = 505 TIME = 221231/1800 \r\n" in data
    assert_same(only(data), unnamed)


def test_a_profile_without_levels_is_a_block_without_levels():
    levels = {name: values.copy() for name, values in DAY.levels.items()}
    for values in levels.values():
        values[2] = np.nan
    hollow = replace(DAY, levels=levels, n_levels=np.array([5, 5, 0, 5]))
    data = encode_bufkit([hollow])
    assert data.count(b"CFRL HGHT") == 3
    file = decode_bufkit(data, PATH)
    assert [loss.cause for loss in file.losses] == ["has no levels"]
    assert_same(file.forecasts[0], hollow)


def test_a_surface_without_rows_is_left_out():
    none = SurfaceTable(np.empty(0, "datetime64[s]"), np.empty(0), {})
    data = encode_bufkit([replace(DAY, surface=none)])
    assert b"STN YYMMDD" not in data
    (forecast,) = decode_bufkit(data, PATH).forecasts
    assert_same(forecast, replace(DAY, surface=none))


def test_members_of_an_ensemble_are_kept_apart():
    members = [
        replace(random_forecast(number, hours=2, n_levels=3, columns=COLUMNS), member=name)
        for number, name in enumerate(["em_ctl", "nmb n1"])
    ]
    file = decode_bufkit(encode_bufkit(members), PATH)
    assert file.losses == ()
    for found, expected in zip(file.forecasts, members, strict=True):
        assert_same(found, expected)


@pytest.mark.parametrize("names", [["", ""], ["a", ""], ["a", "a"]])
def test_members_need_names_to_be_kept_apart_by(names):
    with pytest.raises(ValueError, match="names of their own"):
        encode_bufkit([replace(DAY, member=name) for name in names])


def real_files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*.buf")) if path.name != DAMAGED]


def test_the_files_of_iowa_state_come_back_byte_by_byte(sounding_data):
    others = {"psu2018", "psu2026"}
    paths = [path for path in real_files(sounding_data) if path.parent.name not in others]
    assert len(paths) > 50
    for path in paths:
        data = path.read_bytes()
        assert encode_bufkit(decode_bufkit(data, str(path)).forecasts) == data, path.name


@pytest.mark.parametrize(
    "name", ["psu2018/rap_oun.buf", "psu2026/rap_kbed.buf", "psu2026/hrrr_kbuf.buf"]
)
def test_the_files_of_penn_state_come_back_number_by_number(sounding_data, name):
    data = (sounding_data / "models" / name).read_bytes()
    written = encode_bufkit(decode_bufkit(data, name).forecasts)
    pairs = zip(written.decode().split(), data.decode().split(), strict=True)
    different = {pair for pair in pairs if pair[0] != pair[1]} - {NO_VISIBILITY}
    assert all(float(found) == float(expected) for found, expected in different)
    assert len(different) <= 2  # of SELV alone, with no decimals or two


@pytest.mark.parametrize("name", [f"kmso2017/{DAMAGED}", "psu2026/gfs3_kbuf.buf"])
def test_what_was_read_of_an_odd_file_is_read_again(sounding_data, name):
    (forecast,) = decode_bufkit((sounding_data / "models" / name).read_bytes(), name).forecasts
    assert_same(decode_bufkit(encode_bufkit([forecast]), name).forecasts[0], forecast)
