from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from bufkit_samples import GFS_COLUMNS, PATH, block, preamble, surface, text

from batchio.errors import InputError
from batchio.soundings.bufkit import decode_bufkit
from batchio.soundings.bufkit_columns import Column
from batchio.soundings.cycle import SoundingCycle, split_stations
from batchio.soundings.cycle_netcdf import write_soundings
from batchio.soundings.profiles import StationForecast
from transforms.soundings.index_names import INDICES
from transforms.soundings.indices import compute_indices


def forecasts(*contents: str) -> tuple[StationForecast, ...]:
    return tuple(f for each in contents for f in decode_bufkit(each.encode(), PATH).forecasts)


def other(name: str, number: str, content: str) -> str:
    return content.replace("KABQ", name).replace("723650", number)


TWO = forecasts(text(3), other("KDSM", "725460", text(2, GFS_COLUMNS)))


def write(folder: Path, cycle: SoundingCycle, name: str = "out.nc") -> Path:
    path = folder / name
    write_soundings(cycle, path)
    return path


def text_of(variable: netCDF4.Variable) -> list[str]:
    return [b"".join(row.compressed()).decode().strip("\0") for row in variable[...]]


def test_stations_times_and_levels_are_the_axes(tmp_path):
    with netCDF4.Dataset(write(tmp_path, SoundingCycle("RAP", TWO))) as file:
        assert file.Conventions == "CF-1.10"
        assert file.featureType == "timeSeriesProfile"
        assert file["TMPC"].dimensions == ("station", "time", "level")
        assert file["TMPC"].shape == (2, 3, 3)
        assert text_of(file["station_id"]) == ["KABQ", "KDSM"]
        assert text_of(file["station_number"]) == ["723650", "725460"]
        assert file["time"].units == "seconds since 2022-10-26 12:00:00"
        assert file["time"][:].tolist() == [0, 3600, 7200]
        assert file["forecast_period"][:].tolist() == [0, 1, 2]
        assert file["n_levels"][:].tolist() == [[3, 3, 3], [3, 3, 0]]
        assert file["longitude"][:].tolist() == [-106.62, -106.62]


def test_values_are_those_of_the_forecasts(tmp_path):
    with netCDF4.Dataset(write(tmp_path, SoundingCycle("RAP", TWO))) as file:
        np.testing.assert_allclose(file["HGHT"][1, :2], TWO[1].levels["HGHT"])
        assert file["HGHT"][1, 2].mask.all()
        assert file["CFRL"][1].mask.all()
        assert file["bufkit_CAPE"][:].tolist() == [[75, 75, 75], [75, 75, None]]
        assert file["surface_T2MS"][0].tolist() == [0, 1, 2]
        assert file["surface_P01M"][0].tolist() == [None, 0.25, 0.25]


def test_rows_of_the_surface_without_a_sounding_are_kept(tmp_path):
    only = forecasts(preamble() + block(1) + surface([0, 1, 2]))
    with netCDF4.Dataset(write(tmp_path, SoundingCycle("RAP", only))) as file:
        assert file["n_levels"][0].tolist() == [0, 3, 0]
        assert file["surface_T2MS"][0].tolist() == [0, 1, 2]


def test_computed_indices_have_their_own_names_and_meanings(tmp_path):
    computed = tuple({"sb_cape": np.arange(float(len(each)))} for each in TWO)
    cycle = SoundingCycle("RAP", TWO, computed, {"sb_cape": Column("J kg-1", "CAPE of ours")})
    with netCDF4.Dataset(write(tmp_path, cycle)) as file:
        assert file["sb_cape"][:].tolist() == [[0, 1, 2], [0, 1, None]]
        assert file["sb_cape"].long_name == "CAPE of ours"
        assert "500 m" in file["bufkit_CAPE"].long_name


def test_the_order_of_forecasts_does_not_matter(tmp_path):
    computed = tuple(map(compute_indices, TWO))
    one = SoundingCycle("RAP", TWO, computed, INDICES)
    two = replace(one, forecasts=TWO[::-1], indices=computed[::-1])
    paths = write(tmp_path, one, "a.nc"), write(tmp_path, two, "b.nc")
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_members_of_an_ensemble_are_rows(tmp_path):
    whole = forecasts(f"n2\r\n{text()}\r\n\r\n\r\nn1\r\n{text()}")
    with netCDF4.Dataset(write(tmp_path, SoundingCycle("SREF", whole))) as file:
        assert text_of(file["station_id"]) == ["KABQ n1", "KABQ n2"]
        assert text_of(file["member"]) == ["n1", "n2"]


def test_a_station_alone(tmp_path):
    computed = tuple({"sb_cape": np.arange(float(len(each)))} for each in TWO)
    parts = dict(split_stations(SoundingCycle("RAP", TWO[::-1], computed[::-1], {})))
    assert list(parts) == ["KABQ", "KDSM"]
    with netCDF4.Dataset(write(tmp_path, parts["KDSM"])) as file:
        assert text_of(file["station_id"]) == ["KDSM"]
        assert file["sb_cape"].shape == (1, 2)


@pytest.mark.parametrize(
    ("chosen", "cause"),
    [
        ((), "are of the runs none"),
        ((TWO[0], TWO[0]), "KABQ: more than one forecast"),
        (
            (TWO[0], forecasts(text().replace("221026", "221025").replace("221027", "221026"))[0]),
            "of the runs 2022-10-25 12:00, 2022-10-26 12:00",
        ),
    ],
)
def test_what_is_not_one_run_is_refused(tmp_path, chosen, cause):
    with pytest.raises(InputError, match=cause) as error:
        write(tmp_path, SoundingCycle("RAP", chosen))
    assert error.value.action
    assert not list(tmp_path.iterdir())
