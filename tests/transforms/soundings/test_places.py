from __future__ import annotations

from datetime import datetime, timezone

import numpy as np
import pytest

from batchio.soundings.profiles import Station
from batchio.soundings.stations import CatalogueStation, find_office, find_station
from transforms.soundings.places import (
    asked_by_name,
    distance_km,
    distances_km,
    place_problem,
)
from transforms.soundings.wanted import Wanted

EARTH_RADIUS_KM = 6371.0
CHARLOTTETOWN = Station("CYYG", "717060", 46.28, -63.13, 16.0)


def known(id_: str) -> CatalogueStation:
    station = find_station(id_)
    assert station is not None
    return station


@pytest.mark.parametrize(
    ("place", "other", "angle_rad"),
    [
        ((0, 0), (90, 0), np.pi / 2),
        ((0, 20), (0, 21), np.pi / 180),
        ((0, 179.5), (0, -179.5), np.pi / 180),
        ((10, 350), (10, -10), 0),
        ((35, -106), (-35, 74), np.pi),
        # Los Angeles to New York, the worked example of E. Williams' Aviation Formulary.
        ((33 + 57 / 60, -(118 + 24 / 60)), (40 + 38 / 60, -(73 + 47 / 60)), 0.623585),
    ],
)
def test_the_distance_is_that_on_the_sphere(place, other, angle_rad):
    expected = angle_rad * EARTH_RADIUS_KM
    assert distance_km(*place, *other) == pytest.approx(expected, abs=0.01)
    assert distance_km(*other, *place) == pytest.approx(expected, abs=0.01)


def test_a_place_is_no_way_from_itself():
    assert distance_km(35.05, -106.62, 35.05, -106.62) == 0


def test_distances_to_many_places_are_those_to_each():
    latitudes, longitudes = np.array([0.0, 0.0, 45.0]), np.array([0.0, 90.0, 10.0])
    found = distances_km(0, 0, latitudes, longitudes)
    assert found.tolist() == [
        distance_km(0, 0, *other) for other in zip(latitudes, longitudes, strict=True)
    ]


@pytest.mark.parametrize(
    ("path", "station"),
    [
        ("hrrr_kabq.buf", "KABQ"),
        ("archive/2022/10/26/bufkit/12/gfs/gfs3_kdsm.buf", "KDSM"),
        (r"C:\soundings\RAP_OUN.BUF", "OUN"),
        ("2017040112Z_namm_kmso.buf", "KMSO"),
        ("rap_6ro.buz", "6RO"),
        ("nam4km_klga.buf.txt", "KLGA"),
        ("nam-kbuf.buf.gz", "KBUF"),
        ("hrrr_a#2.buf", "A#2"),
        ("https://example.org/hrrr/hrrr_a%232.buf", "A#2"),
        ("hrrr_pafc.buf", "AFC"),
    ],
)
def test_a_name_of_archives_says_which_place_it_asks_for(path, station):
    asked = asked_by_name(path)
    assert asked is not None
    assert asked.id == station


@pytest.mark.parametrize(
    "path",
    [
        "kabq.buf",
        "hrrr.buf",
        "hrrr_zzzz.buf",
        "hrrr_kabq_old.buf",
        "hrrr_kabq.csv",
        "hrrr_kabq.buf/other",
        "myhrrr_kabq.buf",
        "",
    ],
)
def test_another_name_asks_for_no_place(path):
    assert asked_by_name(path) is None


def test_a_file_of_another_place_is_named_with_both_and_the_distance():
    asked = asked_by_name("hrrr_pgum.buf")
    assert asked is not None
    assert place_problem(CHARLOTTETOWN, asked, 50) == (
        "it is of CYYG (CHARLOTTETOWN ARPT) at 46.28, -63.13, 12,820 km from PGUM at 13.35, 144.80;"
        " --max_distance_km is 50"
    )


def test_a_file_named_for_an_office_has_to_be_near_it():
    anchorage = find_office("AFC")
    assert anchorage is not None
    off_oregon = Station("OPP1", "948", 48.10, -130.50, 0.0)
    assert "1,906 km from AFC" in place_problem(off_oregon, anchorage, 50)
    assert place_problem(Station("PANC", "702730", 61.17, -150.02, 6.0), anchorage, 50) == ""


def test_what_is_wanted_is_asked_for_at_its_station():
    cycle = datetime(2022, 10, 26, 12, tzinfo=timezone.utc)
    wanted = Wanted("HRRR", cycle, "KABQ", 35.04, -106.62, ("ABQ",))
    assert place_problem(Station("KABQ", "723650", 35.05, -106.62, 1563.0), wanted, 50) == ""
    assert "from KABQ at" in place_problem(CHARLOTTETOWN, wanted, 50)


def test_the_distance_that_is_allowed_is_the_user_s():
    # A model's point may lie beside the station: of the NAM's for Missoula, 8 km.
    missoula, asked = Station("KMSO", "727730", 46.87, -114.16, 1335.0), known("KMSO")
    assert place_problem(missoula, asked, 50) == ""
    assert "8 km from KMSO" in place_problem(missoula, asked, 5)


@pytest.mark.parametrize(
    ("station", "name"),
    [
        (Station("", "717060", 46.28, -63.13, 16.0), "CYYG (CHARLOTTETOWN ARPT)"),
        (Station("", "000262", 30.9, -102.85, 917.0), "FSTK (FORT STOCKTON)/KFST"),
        (Station("", "123", 46.28, -63.13, 16.0), "station 123"),
        (Station("ZZZZ", "717060", 46.28, -63.13, 16.0), "ZZZZ"),
    ],
)
def test_what_came_is_named_by_its_id_or_else_its_number(station, name):
    assert f"it is of {name}" in place_problem(station, known("KABQ"), 50)
