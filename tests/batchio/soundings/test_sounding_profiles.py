from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bufkit_samples import PATH, block, preamble, surface, text

from batchio.errors import InputError
from batchio.soundings.bufkit import decode_bufkit
from batchio.soundings.cycle import SoundingCycle
from batchio.soundings.json_lines import write_profiles
from batchio.soundings.profiles import StationForecast, Values
from transforms.soundings.indices import compute_indices


def forecasts(*contents: str) -> tuple[StationForecast, ...]:
    return tuple(f for each in contents for f in decode_bufkit(each.encode(), PATH).forecasts)


def cycle_of(*made: StationForecast, model: str = "RAP") -> SoundingCycle:
    return SoundingCycle(model, made, tuple(map(compute_indices, made)))


def profiles(folder: Path, cycle: SoundingCycle) -> list[dict[str, Any]]:
    path = folder / "profiles.jsonl"
    count = write_profiles(cycle, path)
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(found) == count
    return found


def without_nan(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in values.items()}


def at(columns: Mapping[str, Values], number: int) -> dict[str, float | None]:
    return without_nan({name: float(values[number]) for name, values in columns.items()})


def expected_profile(model: str, forecast: StationForecast, number: int) -> dict[str, Any]:
    """The object as the forecast has it, put together value by value."""
    station, table, count = forecast.station, forecast.surface, forecast.n_levels[number]
    (row,) = np.flatnonzero(table.time == forecast.time[number])
    computed = at(compute_indices(forecast), number)
    return {
        "model": model,
        "cycle": f"{forecast.cycle:%Y-%m-%dT%H:%M:%S}Z",
        "station_id": station.id or station.number,
        "station_number": station.number,
        "member": forecast.member or None,
        "latitude": station.latitude_deg,
        "longitude": station.longitude_deg,
        "elevation": station.elevation_m,
        "time": f"{forecast.time[number]}Z",
        "forecast_hour": forecast.forecast_hour[number],
        "levels": {
            name: [None if math.isnan(value) else value for value in values[number, :count]]
            for name, values in forecast.levels.items()
        },
        "indices": {
            name: None if value is None else pytest.approx(value, abs=0.00051)
            for name, value in computed.items()
        },
        "bufkit_indices": at(forecast.indices, number),
        "surface": {
            **at({"interval_s": table.interval_s}, row),
            **at(table.columns, row),
        },
    }


def test_an_object_has_all_of_a_profile(tmp_path):
    (made,) = forecasts(text(3))
    found = profiles(tmp_path, cycle_of(made))
    assert found == [expected_profile("RAP", made, number) for number in range(3)]
    assert [each["surface"]["P01M"] for each in found] == [None, 0.25, 0.25]
    assert found[0]["levels"]["TMPC"] == [20, 17, 14]


def test_numbers_have_the_decimals_of_the_file_and_ours_three(tmp_path):
    (made,) = forecasts(text(1).replace(" 20.00 ", " 15.94 ", 1).replace(" -0.10", " -0.00"))
    cycle = SoundingCycle("RAP", (made,), ({"scp": np.array([1 / 3])},))
    write_profiles(cycle, tmp_path / "profiles.jsonl")
    line = (tmp_path / "profiles.jsonl").read_text()
    assert '"TMPC":[15.94,17.0,14.0]' in line
    assert '"OMEG":[0.0,0.0,0.0]' in line
    assert '"indices":{"scp":0.333}' in line


def test_an_hour_without_levels_has_none_and_one_without_surface_is_null(tmp_path):
    made = forecasts(preamble() + block(0) + block(1, levels=0) + surface([1, 2]))
    first, second = profiles(tmp_path, SoundingCycle("RAP", made))
    assert (len(first["levels"]["PRES"]), second["levels"]["PRES"]) == (3, [])
    assert first["surface"] is None
    assert second["surface"]["T2MS"] == 1
    assert first["indices"] == {}


def test_a_file_without_a_surface_section(tmp_path):
    made = forecasts(preamble() + block(0))
    assert [each["surface"] for each in profiles(tmp_path, SoundingCycle("RAP", made))] == [None]


def test_a_file_without_indices_of_its_own(tmp_path):
    (made,) = forecasts(text(2))
    found = profiles(tmp_path, SoundingCycle("RAP", (replace(made, indices={}),)))
    assert [each["bufkit_indices"] for each in found] == [{}, {}]


def test_members_follow_each_other(tmp_path):
    made = forecasts(f"n2\r\n{text(1)}\r\n\r\n\r\nn1\r\n{text(2)}")
    assert [each["member"] for each in profiles(tmp_path, cycle_of(*made))] == ["n1", "n1", "n2"]


def test_the_order_of_forecasts_does_not_matter(tmp_path):
    other = text(2).replace("KABQ", "KDSM").replace("723650", "725460")
    made = forecasts(text(3), other)
    for path, order in (("a", made), ("b", made[::-1])):
        write_profiles(cycle_of(*order), tmp_path / path)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_is_not_one_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="the runs none; write a file"):
        write_profiles(SoundingCycle("RAP", ()), tmp_path / "profiles.jsonl")
    assert not list(tmp_path.iterdir())


def test_pandas_reads_it(tmp_path):
    write_profiles(cycle_of(*forecasts(text(3))), tmp_path / "profiles.jsonl")
    frame = pd.read_json(tmp_path / "profiles.jsonl", lines=True)
    assert frame.forecast_hour.tolist() == [0, 1, 2]
    assert frame.levels[2]["HGHT"] == [1000, 1500, 2000]
    assert pd.to_datetime(frame.time)[2] == pd.Timestamp("2022-10-26T14:00Z")


@pytest.mark.parametrize(
    "name",
    [
        "archive/2022/10/26/bufkit/12/hrrr/hrrr_kabq.buf",
        "models/iem/gfs3_kdsm.buf",
        "models/iem/nam4km_klga.buf",
    ],
)
def test_real_profiles_are_those_of_the_forecast(sounding_data, tmp_path, name):
    (made,) = decode_bufkit((sounding_data / name).read_bytes(), name).forecasts
    found = profiles(tmp_path, cycle_of(made, model="X"))
    for number in {0, 1, 46, len(made) - 1}:
        assert found[number] == expected_profile("X", made, number)
