from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from batchio.errors import UsageError
from batchio.soundings.bufkit_names import PREFIXES
from batchio.soundings.stations import (
    CatalogueStation,
    Office,
    find_station,
    read_offices,
    read_stations,
)
from transforms.soundings.find_wanted import RUN_HOURS, find_wanted, nearest_station
from transforms.soundings.places import distance_km, distances_km
from transforms.soundings.wanted import Wanted

NOON = datetime(2022, 10, 26, 12, tzinfo=timezone.utc)
FAR_FROM_HRRR = ["AFC", "AFG", "AJK", "GUM", "HFO", "SJU"]


def test_all_offices_are_asked_about_if_none_is_named():
    found = find_wanted([NOON], ["HRRR", "RAP"])
    for model in ("HRRR", "RAP"):
        offices = [wanted.offices for wanted in found if wanted.model == model]
        assert sorted(offices) == [(id_,) for id_ in sorted(read_offices())]


@pytest.mark.parametrize(
    ("model", "far"), [("HRRR", FAR_FROM_HRRR), ("RAP", ["GUM"]), ("NAM", ["GUM"]), ("GFS", [])]
)
def test_offices_far_from_all_stations_of_a_model_get_none(model, far):
    found = find_wanted([NOON], [model])
    wrong = [wanted.offices[0] for wanted in found if wanted.problem]
    assert sorted(wrong) == far
    assert {wanted.problem for wanted in found} <= {"", "wrong_place"}


def test_a_wrong_place_is_named_with_its_distance():
    (wanted,) = find_wanted([NOON], ["HRRR"], offices=["PGUM"])
    assert wanted.problem == "wrong_place"
    assert wanted.distance_km == pytest.approx(8490.5)
    assert wanted.why == (
        "the HRRR station nearest to GUM (Guam) is B#F (BUOY WASHINGTON), 8,491 km away;"
        " --max_distance_km is 50"
    )


def test_the_distance_that_is_allowed_is_the_user_s():
    ((near,), (far,)) = (
        find_wanted([NOON], ["HRRR"], offices=["HNX"], max_distance_km=limit) for limit in (50, 49)
    )
    assert (near.station, near.distance_km, near.problem) == ("LSY", 49.1, "")
    assert (far.station, far.problem) == ("LSY", "wrong_place")


def test_wanted_is_where_the_station_is():
    (wanted,) = find_wanted([NOON], ["RAP"], offices=["fgz"])
    flagstaff = find_station("FLG")
    assert flagstaff is not None
    assert wanted == Wanted(
        "RAP",
        NOON,
        "FLG",
        flagstaff.latitude_deg,
        flagstaff.longitude_deg,
        offices=("FGZ",),
        distance_km=17.6,
    )


@pytest.mark.parametrize("model", sorted({*RUN_HOURS} - {"SREF"}))
def test_no_station_is_much_nearer_to_an_office_and_a_near_one_is_in_its_area(model):
    stations = stations_with(model)
    latitudes = np.array([station.latitude_deg for station in stations])
    longitudes = np.array([station.longitude_deg for station in stations])
    for wanted in find_wanted([NOON], [model]):
        office = read_offices()[wanted.offices[0]]
        distances = distances_km(office.latitude_deg, office.longitude_deg, latitudes, longitudes)
        assert wanted.distance_km == pytest.approx(distance_to(office, wanted.station), abs=0.06)
        assert wanted.distance_km < distances.min() + 1.1
        in_its_area = read_stations()[wanted.station].office == office.id
        assert in_its_area or wanted.problem == "wrong_place"


def stations_with(model: str) -> list[CatalogueStation]:
    return [station for station in read_stations().values() if model in station.models]


def distance_to(office: Office, id_: str) -> float:
    station = find_station(id_)
    assert station is not None
    place = station.latitude_deg, station.longitude_deg
    return distance_km(office.latitude_deg, office.longitude_deg, *place)


def test_of_stations_as_near_an_airport_goes_first():
    birmingham = read_offices()["BMX"]
    assert distance_to(birmingham, "BMX") == pytest.approx(distance_to(birmingham, "KBHM"), abs=0.1)
    assert nearest_station(birmingham, "HRRR")[0].id == "KBHM"


def test_stations_are_asked_for_by_name_in_any_case_and_without_offices():
    found = find_wanted([NOON], ["NAM"], stations=["kdfw", "A#2", "KDFW"])
    assert [(wanted.station, wanted.offices, wanted.problem) for wanted in found] == [
        ("A#2", (), ""),
        ("KDFW", (), ""),
    ]


def test_a_station_that_is_also_an_office_s_is_asked_for_once():
    found = find_wanted([NOON], ["RAP"], offices=["ABQ"], stations=["KABQ", "KDFW"])
    assert [(wanted.station, wanted.offices) for wanted in found] == [
        ("KABQ", ("ABQ",)),
        ("KDFW", ()),
    ]


def test_offices_with_the_same_station_share_it():
    (shared,) = find_wanted([NOON], ["NAMNEST"], offices=["AJK", "AFG"], max_distance_km=2000)
    assert (shared.station, shared.offices, shared.problem) == ("PAKW", ("AFG", "AJK"), "")
    assert shared.distance_km == pytest.approx(1304.0, abs=0.1)
    assert shared.name == "NAMNEST 2022-10-26T12Z PAKW for AFG/AJK"


def test_a_station_too_far_from_two_offices_is_a_problem_of_each():
    found = find_wanted([NOON], ["ARW"], offices=["AFC", "AFG"], stations=["NW9"])
    assert [(wanted.station, wanted.offices, wanted.problem) for wanted in found] == [
        ("NW9", (), ""),
        ("NW9", ("AFC",), "wrong_place"),
        ("NW9", ("AFG",), "wrong_place"),
    ]


def test_an_office_and_a_station_of_the_same_id_have_names_of_their_own():
    found = find_wanted([NOON], ["GFS"], offices=["PUB"], stations=["PUB"])
    assert len({wanted.name for wanted in found}) == len(found)


def test_all_wanted_have_names_of_their_own():
    cycles = [NOON, NOON + timedelta(hours=1)]
    ids = [station.id for station in stations_with("NAM")]
    found = find_wanted(cycles, RUN_HOURS.keys() - {"SREF"}, offices=read_offices(), stations=ids)
    assert len({wanted.name for wanted in found}) == len(found)


def test_a_station_that_the_model_does_not_have_is_not_published():
    (wanted,) = find_wanted([NOON], ["HRRR"], stations=["PANC"])
    assert wanted.problem == "not_published"
    assert wanted.why == (
        "PANC (ANCHORAGE INTL ARPT) is no station of HRRR, but of GFS, NAM and RAP"
    )


@pytest.mark.parametrize(
    ("model", "hours"),
    [
        ("HRRR", list(range(24))),
        ("RAP", list(range(24))),
        ("NAM", [0, 6, 12, 18]),
        ("NAMNEST", [0, 6, 12, 18]),
        ("GFS", [0, 6, 12, 18]),
        ("SREF", [3, 9, 15, 21]),
        ("ARW", [0, 12]),
        ("NMB", [0, 12]),
    ],
)
def test_a_model_runs_at_its_hours(model, hours):
    day = [NOON.replace(hour=hour) for hour in range(24)]
    found = find_wanted(day, [model], stations=["KDFW"])
    assert [wanted.cycle.hour for wanted in found if not wanted.problem] == hours


def test_a_run_that_there_is_not_is_not_published_whoever_asks():
    one = NOON.replace(hour=1)
    found = find_wanted([one], ["NAM"], offices=["FWD", "GUM"], stations=["FWD", "KDFW"])
    assert [(wanted.station, wanted.offices) for wanted in found] == [
        ("FWD", ("FWD",)),
        ("KDFW", ()),
        ("KYMY", ("GUM",)),
    ]
    for wanted in found:
        assert wanted.problem == "not_published"
        assert wanted.why == "NAM has no run at 01 UTC, but at 00, 06, 12 and 18"


def test_the_order_does_not_depend_on_that_of_the_question():
    later = NOON + timedelta(hours=6)
    offices, stations = ["OUN", "FWD", "AMA"], ["KDSM", "KDFW"]
    found = find_wanted([later, NOON], ["RAP", "HRRR"], offices=offices, stations=stations)
    turned = find_wanted(
        [NOON, later, NOON], ["hrrr", "RAP", "HRRR"], offices=offices[::-1], stations=stations[::-1]
    )
    assert found == turned
    order = [(wanted.cycle, wanted.model, wanted.station) for wanted in found]
    assert order == sorted(order)
    assert len(order) == 2 * 2 * 5


def test_no_cycle_is_nothing_to_fetch():
    assert find_wanted([], ["HRRR"]) == []


@pytest.mark.parametrize("name", PREFIXES)
def test_models_may_be_written_as_archives_do(name):
    hour = RUN_HOURS[PREFIXES[name]][0]
    (wanted,) = find_wanted([NOON.replace(hour=hour)], [name], stations=["KDFW"])
    assert (wanted.model, wanted.problem) == (PREFIXES[name], "")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"offices": ["FWDX"]}, "office FWDX is unknown; did you mean FWD?"),
        ({"offices": ["paf"]}, "office paf is unknown; did you mean PAFG?"),
        (
            {"offices": ["12345"]},
            "office 12345 is unknown; give ids of US forecast offices, as FWD or PAFC",
        ),
        ({"stations": ["dfw"]}, "station dfw is unknown; did you mean KDFW?"),
        ({"stations": ["KFWD"]}, "station KFWD is unknown; did you mean FWD?"),
        ({"stations": ["PAFC"]}, "station PAFC is an office's id; give --wfo AFC"),
        ({"stations": ["BOX"]}, "station BOX is an office's id; give --wfo BOX"),
        (
            {"stations": ["-"]},
            "station - is unknown; give ids of BUFKIT stations, as KDFW or OUN",
        ),
        ({"models": ["HRR"]}, "model HRR is unknown; did you mean HRRR?"),
        (
            {"models": ["ICON"]},
            "model ICON is unknown; models are ARW, GFS, HRRR, NAM, NAMNEST, NMB, RAP and SREF",
        ),
        (
            {"models": ["SREF"]},
            "the catalogue has no stations of SREF; name stations with --station",
        ),
    ],
)
def test_what_is_unknown_is_wrong_usage(asked, message):
    models = asked.pop("models", ["HRRR"])
    with pytest.raises(UsageError) as error:
        find_wanted([NOON], models, **asked)
    assert str(error.value) == message
