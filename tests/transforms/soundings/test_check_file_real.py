from datetime import datetime, timezone

import pytest

from batchio.errors import InputError
from batchio.soundings.bufkit import decode_bufkit
from batchio.soundings.bufkit_names import find_model
from transforms.soundings.check_file import WrongPlace, check_content
from transforms.soundings.places import asked_by_name
from transforms.soundings.wanted import Wanted

CYCLE = datetime(2022, 10, 26, 12, tzinfo=timezone.utc)
# The office's place, the station that was taken for one near it, and how far away that is: by the
# law of cosines, from the tables of offices and of stations.
FAR = {
    "GUM": (13.48, 144.78, "hrrr_cyyg.buf", "CYYG", 12807),
    "AFC": (61.17, -150.02, "hrrr_opp1.buf", "OPP1", 1906),
    "SJU": (18.43, -66.0, "hrrr_myeg.buf", "MYEG", 1159),
}


def wanted_of(data, path):
    forecast = decode_bufkit(data, path).forecasts[0]
    place = forecast.station.latitude_deg, forecast.station.longitude_deg
    return Wanted(find_model(path) or "", forecast.cycle, asked_by_name(path).id, *place)


def test_every_real_file_is_let_pass(sounding_data):
    paths = sorted(sounding_data.rglob("*.buf"))
    assert len(paths) > 60
    for path in paths:
        data = path.read_bytes()
        check_content(data, wanted_of(data, str(path)), 1.0, str(path))


@pytest.mark.parametrize("office", FAR)
def test_real_files_of_other_places_are_refused(sounding_data, office):
    latitude, longitude, name, station, away_km = FAR[office]
    data = (sounding_data / "archive/2022/10/26/bufkit/12/hrrr" / name).read_bytes()
    wanted = Wanted("HRRR", CYCLE, station, latitude, longitude, (office,))
    with pytest.raises(
        WrongPlace, match=f"is of station {station} at .* {away_km} km from {office}"
    ):
        check_content(data, wanted, 50.0, name)


@pytest.mark.parametrize("name", ["psu2026/rap_kbed.buf", "kmso2017/2017040112Z_gfs3_kmso.buf"])
def test_a_real_file_that_is_cut_anywhere_is_refused(sounding_data, name):
    data = (sounding_data / "models" / name).read_bytes()
    wanted = wanted_of(data, name)
    end, surface = len(data.rstrip()), data.index(b"STN YYMMDD")
    sizes = [*range(1, end, end // 12), *range(surface - 40, surface + 240, 17)]
    for size in [*sizes, *range(end - 60, end, 7)]:
        with pytest.raises(InputError):
            check_content(data[:size], wanted, 1.0, name)
