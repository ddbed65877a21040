from __future__ import annotations

import csv
from pathlib import Path

import pytest

from batchio.soundings.bufkit_names import PREFIXES
from batchio.soundings.stations import (
    find_office,
    find_station,
    find_stations_by_number,
    read_offices,
    read_stations,
    stations_of,
)

# Archives' folders, see batchio/soundings/bufkit_names.py; hiresw has two models, hrrrak is none of
# ours.
OURS = {name: {model} for name, model in PREFIXES.items()} | {
    "hiresw": {"ARW", "NMB"},
    "hrrrak": set(),
}


@pytest.mark.parametrize("id_", ["KDFW", "kdfw", "Kdfw"])
def test_a_station_is_found_by_its_id_in_any_case(id_):
    station = find_station(id_)
    assert station is not None
    assert (station.id, station.number, station.office) == ("KDFW", 722590, "FWD")
    airport = 32.897, -97.038
    assert (station.latitude_deg, station.longitude_deg) == pytest.approx(airport, abs=0.01)
    assert "HRRR" in station.models
    assert str(station) == "KDFW (DALLAS/FT WORTH)"


def test_a_station_with_a_hash_is_found():
    station = find_station("a#2")
    assert station is not None
    assert station.id == "A#2"


def test_the_id_of_another_station_is_not_guessed():
    assert find_station("DFW") is None
    athens_in_georgia, other = find_station("KAHN"), find_station("AHN")
    assert athens_in_georgia is not None
    assert other is not None
    assert abs(athens_in_georgia.longitude_deg - other.longitude_deg) > 10


@pytest.mark.parametrize("number", ["000505", "505", 505])
def test_a_station_is_found_by_its_number_with_or_without_leading_zeros(number):
    assert [station.id for station in find_stations_by_number(number)] == ["KAKQ"]


def test_two_stations_may_have_a_number():
    assert [station.id for station in find_stations_by_number("262")] == ["FSTK", "KFST"]


@pytest.mark.parametrize("number", ["", "KDFW", "12345678"])
def test_what_is_no_station_s_number_finds_none(number):
    assert find_stations_by_number(number) == ()


@pytest.mark.parametrize(
    ("id_", "found"),
    [("AFC", "AFC"), ("PAFC", "AFC"), ("tjsj", "SJU"), ("PGUM", "GUM"), ("kfwd", "FWD")],
)
def test_an_office_is_found_by_either_id(id_, found):
    office = find_office(id_)
    assert office is not None
    assert office.id == found


def test_what_is_no_office_is_not_found():
    assert find_office("KDFW") is None


def test_the_stations_of_an_office_lie_in_its_area():
    guam = find_office("GUM")
    assert guam is not None
    ids = {station.id for station in stations_of(guam)}
    assert {"PGUM", "PGSN"} <= ids
    assert "PANC" not in ids


def test_every_station_has_a_place_a_model_and_no_office_that_is_none():
    for id_, station in read_stations().items():
        assert id_ == station.id == station.id.upper()
        assert abs(station.latitude_deg) <= 90
        assert abs(station.longitude_deg) <= 180
        assert station.models
        assert station.models <= set(PREFIXES.values())
        assert station.office in {"", *read_offices()}


def test_an_id_means_one_office():
    offices = read_offices().values()
    ids = {office.id for office in offices} | {office.other_id for office in offices}
    assert len(ids) == 2 * len(offices) == 244


def test_the_catalogue_has_what_the_lists_have(sounding_data: Path):
    with (sounding_data / "stations.csv").open(newline="") as text:
        listed = list(csv.DictReader(text))
    assert len(read_stations()) == len(listed) == 2094
    for row in listed:
        station = find_station(row["station_id"])
        assert station is not None
        assert station.number == int(row["station_number"])
        place = float(row["latitude"]), float(row["longitude"])
        assert (station.latitude_deg, station.longitude_deg) == place
        assert station.models == {model for name in row["models"].split() for model in OURS[name]}
        assert station.office == row["wfo"] or row["wfo"] not in read_offices()


def test_the_catalogue_has_the_offices_of_the_list(sounding_data: Path):
    with (sounding_data / "wfos.csv").open(newline="") as text:
        listed = list(csv.DictReader(text))
    assert [row["wfo"] for row in listed] == list(read_offices())
    for row in listed:
        office = find_office(row["wfo_id_in_seed_system"])
        assert office is not None
        assert (office.id, office.name) == (row["wfo"], row["name"])
