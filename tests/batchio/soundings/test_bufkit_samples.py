from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from batchio.soundings.bufkit import BufkitError, BufkitFile, decode_bufkit
from batchio.soundings.bufkit_names import find_model
from batchio.soundings.profiles import StationForecast
from batchio.soundings.samples import CYCLE, sample_files
from transforms.soundings import thermodynamics as thermo
from transforms.soundings.bufkit_recipes import reproduce_indices
from transforms.soundings.places import distance_km

FOLDER = "archive/2026/05/20/bufkit/12"
STATIONS = ("oun", "kdfw", "ktus", "kggw", "kmob")
WHOLE = [
    f"{FOLDER}/{model}/{prefix}_{station}.buf"
    for model, prefix in (("hrrr", "hrrr"), ("rap", "rap"), ("gfs", "gfs3"))
    for station in STATIONS
]
LOSSES = {
    "rap/rap_kict.buf": [
        "line 992: sounding of hour 14: its 122 values are no whole rows of 10",
        "line 992: surface section: is not there: the file may be cut short",
    ],
    "hrrr/hrrr_klbf.buf": ["line 492: sounding of hour 7: its 279 values are no whole rows of 10"],
    "rap/rap_klbf.buf": ["line 345: sounding of hour 5: has no levels"],
}
KEPT = {"rap/rap_kict.buf": 14, "hrrr/hrrr_klbf.buf": 18, "rap/rap_klbf.buf": 22}
GUAM = (13.48, 144.78)


@cache
def files() -> dict[str, bytes]:
    return dict(sample_files())


@cache
def decoded(path: str) -> BufkitFile:
    return decode_bufkit(files()[path], path)


def sample(path: str) -> StationForecast:
    (forecast,) = decoded(path).forecasts
    return forecast


def of_station(station: str) -> list[StationForecast]:
    return [sample(path) for path in WHOLE if path.endswith(f"_{station}.buf")]


def test_the_set_is_small_and_the_same_each_time() -> None:
    assert dict(sample_files()) == files()
    assert sum(map(len, files().values())) < 1e6


def test_files_lie_as_in_the_archive_of_iowa_state() -> None:
    odd = {f"{FOLDER}/{name}" for name in (*LOSSES, "hrrr/hrrr_kict.buf", "hrrr/hrrr_pgum.buf")}
    assert files().keys() == {"README.txt", *WHOLE, *odd}
    assert {find_model(path) for path in WHOLE} == {"HRRR", "RAP", "GFS"}


def test_the_text_tells_of_every_station_and_odd_file_and_that_nothing_is_real() -> None:
    text = files()["README.txt"].decode()
    assert "Synthetic" in text
    assert "No model forecast this" in text
    assert "made by Headrace" in text
    for path in files().keys() - {"README.txt", *WHOLE}:
        assert path.rpartition("/")[2] in text
    for station in STATIONS:
        assert station.upper() in text


@pytest.mark.parametrize("path", WHOLE)
def test_a_file_that_is_whole_is_read_without_loss(path: str) -> None:
    assert decoded(path).losses == ()
    forecast = sample(path)
    assert forecast.cycle == CYCLE
    np.testing.assert_array_equal(forecast.surface.time, forecast.time)
    is_gfs = "/gfs/" in path
    assert ("CFRL" in forecast.levels, "S01M" in forecast.surface.columns) == (not is_gfs, is_gfs)
    assert len(forecast.surface.columns) == (21 if is_gfs else 31)


def test_the_hours_are_those_of_the_models() -> None:
    hours = {path: sample(path).forecast_hour.tolist() for path in WHOLE}
    assert hours[f"{FOLDER}/hrrr/hrrr_oun.buf"] == list(range(19))
    assert hours[f"{FOLDER}/rap/rap_oun.buf"] == list(range(22))
    steps = np.diff(hours[f"{FOLDER}/gfs/gfs3_oun.buf"])
    assert set(steps.tolist()) == {1, 3}
    assert np.all(np.diff(steps) >= 0)


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_damaged_loses_that_part_alone(name: str) -> None:
    file = decoded(f"{FOLDER}/{name}")
    assert [str(loss) for loss in file.losses] == LOSSES[name]
    assert len(file.forecasts[0]) == KEPT[name]


def test_the_error_page_is_told_to_be_one() -> None:
    with pytest.raises(BufkitError, match="is a page of HTML"):
        decoded(f"{FOLDER}/hrrr/hrrr_kict.buf")


def test_the_file_named_after_guam_is_of_another_place() -> None:
    station = sample(f"{FOLDER}/hrrr/hrrr_pgum.buf").station
    assert station.id == "CYYG"
    assert distance_km(*GUAM, station.latitude_deg, station.longitude_deg) > 12_000


def test_stations_are_where_the_public_list_has_them(sounding_data: Path) -> None:
    with (sounding_data / "stations.csv").open(newline="") as file:
        listed = {row["station_id"]: row for row in csv.DictReader(file)}
    for path in files().keys() - {"README.txt", f"{FOLDER}/hrrr/hrrr_kict.buf"}:
        station = sample(path).station
        row = listed[station.id or path[-8:-4].strip("_").upper()]
        assert station.number == row["station_number"]
        assert (station.latitude_deg, station.longitude_deg) == (
            float(row["latitude"]),
            float(row["longitude"]),
        )
        assert abs(station.elevation_m - float(row["elevation_m"])) < 50


@pytest.mark.parametrize("path", WHOLE)
def test_heights_follow_from_the_other_levels(path: str) -> None:
    levels = sample(path).levels
    ratio = thermo.mixing_ratio(levels["PRES"], levels["DWPC"] + thermo.ZERO_C)
    virtual = thermo.virtual_temperature(levels["TMPC"] + thermo.ZERO_C, ratio)
    means = (virtual[:, 1:] + virtual[:, :-1]) / 2
    depths = -np.diff(np.log(levels["PRES"])) * means * thermo.GAS_CONSTANT / thermo.GRAVITY
    assert np.abs(np.diff(levels["HGHT"]) - depths).max() < 0.02


@pytest.mark.parametrize("path", WHOLE)
def test_the_lowest_level_is_some_metres_above_the_ground(path: str) -> None:
    forecast = sample(path)
    above = forecast.levels["HGHT"][:, 0] - forecast.station.elevation_m
    assert np.all((above > 5) & (above < 25))
    assert np.all(forecast.surface.columns["PRES"] > forecast.levels["PRES"][:, 0])


@pytest.mark.parametrize("path", WHOLE)
def test_moisture_is_what_pressure_temperature_and_dewpoint_say(path: str) -> None:
    levels = sample(path).levels
    wet = np.isfinite(levels["DWPC"])
    for name in ("TMWC", "THTE"):
        np.testing.assert_array_equal(np.isfinite(levels[name]), wet)
    pressure, dry, dew, bulb, theta = (
        levels[name][wet] for name in ("PRES", "TMPC", "DWPC", "TMWC", "THTE")
    )
    assert np.all((dew <= bulb) & (bulb <= dry))
    expected = thermo.equivalent_potential_temperature(
        pressure, dry + thermo.ZERO_C, dew + thermo.ZERO_C
    )
    assert np.abs(theta - expected).max() < 0.02
    lowered = thermo.moist_temperature(pressure, expected) - thermo.ZERO_C
    assert np.abs(bulb - lowered).max() < 1


@pytest.mark.parametrize("path", WHOLE)
def test_indices_that_are_stated_are_those_of_the_levels(path: str) -> None:
    forecast = sample(path)
    ours = reproduce_indices(forecast)
    stated = {name for name, values in forecast.indices.items() if np.isfinite(values).all()}
    assert stated == {"KINX", "TOTL", "LCLP", "LCLT", "PWAT"}
    for name in stated:
        assert np.abs(ours[name] - forecast.indices[name]).max() < 0.03, name


@pytest.mark.parametrize("path", WHOLE)
def test_air_is_nowhere_steeper_than_the_dry_adiabat(path: str) -> None:
    levels = sample(path).levels
    lapse = -np.diff(levels["TMPC"]) / np.diff(levels["HGHT"]) * 1000
    assert lapse.max() < 10.5  # 9.8, and what 0.1 hPa make of it


@pytest.mark.parametrize("station", STATIONS)
def test_the_ground_is_warmest_in_the_afternoon(station: str) -> None:
    for forecast in of_station(station):
        day = forecast.forecast_hour <= 18
        warmest = forecast.forecast_hour[day][np.argmax(forecast.surface.columns["T2MS"][day])]
        clock = (CYCLE.hour + warmest + forecast.station.longitude_deg / 15) % 24
        assert 13 < clock < 17


def test_models_differ_a_little() -> None:
    warm = [forecast.surface.columns["T2MS"][6] for forecast in of_station("oun")]
    assert len(set(warm)) == 3
    assert max(warm) - min(warm) < 2


def test_moisture_comes_back_above_a_dry_layer_of_the_desert() -> None:
    for forecast in of_station("ktus"):
        dry = np.isnan(forecast.levels["DWPC"])
        first = dry.argmax(axis=1)
        assert dry.any(axis=1).all()
        assert all(not row[start:].all() for row, start in zip(dry, first, strict=True))


def test_rain_falls_where_it_is_humid() -> None:
    rain = {
        station: max(np.nanmax(each.surface.columns["P01M"]) for each in of_station(station))
        for station in STATIONS
    }
    assert {station for station, most in rain.items() if most > 1} == {"kmob"}
    for forecast in of_station("kmob"):
        assert np.isnan(forecast.surface.columns["P01M"][0])
        raining = forecast.surface.columns["P01M"] > 1
        assert np.all(forecast.surface.columns["WXTR"][raining] == 1)
