from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import netCDF4
import pytest
from forecasts import forecast

from batchio.ledger_view import LiveUnit
from batchio.output import OutputRoot
from batchio.soundings.parts import write_part
from batchio.soundings.profiles import StationForecast
from transforms.soundings.cycles import (
    CycleChoice,
    MakeCycle,
    cycle_units,
    part_path,
    picture_path,
)
from transforms.units import Unit

CHOICE = CycleChoice()
LEVELS = {
    "PRES": [[1000.0, 900.0]],
    "TMPC": [[20.0, 12.0]],
    "DWPC": [[10.0, 5.0]],
    "HGHT": [[100.0, 990.0]],
}


def of(station: str, hours: int = 1) -> StationForecast:
    made = forecast({name: values * hours for name, values in LEVELS.items()})
    return replace(made, station=replace(made.station, id=station))


def seen(folder: Path, one: StationForecast, name: str, content: str = "aa") -> LiveUnit:
    """A file that has left its part, as the ledger knows it."""
    path = part_path(one, "HRRR", name, content * 8)
    made = OutputRoot(str(folder), "run").write(path, lambda part: write_part([one], [{}], part))
    return LiveUnit(name, f"/in/{name}", 1, "completed", 1, "", "", (made.path,))


def failed(name: str) -> LiveUnit:
    return LiveUnit(name, f"/in/{name}", 1, "failed", 2, "BufkitError", "is cut", ())


def settings(*units: LiveUnit, alone: bool = False) -> dict[str, str]:
    return {unit.unit_id: unit.settings for unit in cycle_units(units, CHOICE, alone=alone)}


def parts(folder: Path) -> int:
    return len([*folder.rglob("*.part")])


def test_the_files_of_a_model_run_are_one_unit(tmp_path: Path) -> None:
    first, second = (seen(tmp_path, of(name), f"hrrr_{name}.buf") for name in ("KAAA", "KBBB"))
    late = replace(of("KAAA"), cycle=datetime(2022, 5, 2, tzinfo=timezone.utc))
    other = seen(tmp_path, late, "later/hrrr_kaaa.buf")
    found = settings(first, second, other)
    assert list(found) == ["HRRR 2022-05-01T12Z", "HRRR 2022-05-02T00Z"]
    assert settings(other, second, first) == found


def test_stations_of_another_command_stay_unless_all_is_made_again(tmp_path: Path) -> None:
    first, second = (seen(tmp_path, of(name), f"hrrr_{name}.buf") for name in ("KAAA", "KBBB"))
    both = settings(first, second)
    assert settings(second) == both
    assert parts(tmp_path) == 2
    assert settings(second, alone=True) != both
    assert parts(tmp_path) == 1


@pytest.mark.parametrize("what", ["changed", "failed"])
def test_what_a_file_gave_before_goes(tmp_path: Path, what: str) -> None:
    kept, old = (seen(tmp_path, of(name), f"hrrr_{name}.buf") for name in ("KAAA", "KBBB"))
    before = settings(kept, old)
    if what == "changed":
        new = seen(tmp_path, of("KBBB"), "hrrr_KBBB.buf", content="bb")
        assert parts(tmp_path) == 3
    else:
        new = failed("hrrr_KBBB.buf")
    assert settings(kept, new) != before
    assert not Path(old.outputs[0]).exists()
    assert parts(tmp_path) == (2 if what == "changed" else 1)


def test_other_formats_make_another_unit_of_the_same_files(tmp_path: Path) -> None:
    file = seen(tmp_path, of("KAAA"), "hrrr_kaaa.buf")
    choices = [CHOICE, CHOICE._replace(formats=("csv",)), CHOICE._replace(per_station=True)]
    found = {unit.settings for choice in choices for unit in cycle_units([file], choice)}
    assert len(found) == 3


def test_files_that_left_nothing_make_no_unit() -> None:
    assert settings(failed("hrrr_kaaa.buf")) == {}


def test_of_two_files_of_a_station_the_one_with_more_profiles_counts(tmp_path: Path) -> None:
    files = [
        seen(tmp_path, of("KAAA"), "a/hrrr_kaaa.buf"),
        seen(tmp_path, of("KAAA", hours=3), "b/hrrr_kaaa.buf"),
        seen(tmp_path, of("KBBB"), "hrrr_kbbb.buf"),
    ]
    (unit,) = cycle_units(files, CHOICE)
    made = MakeCycle(OutputRoot(str(tmp_path), "run"), CHOICE)(unit)
    assert made.metrics == {"stations": 2, "profiles": 4, "duplicates": 1}
    (output,) = made.outputs
    assert output.path == f"{tmp_path}/2022/05/01/hrrr_2022050112.nc"
    with netCDF4.Dataset(output.path) as dataset:
        assert dataset["n_levels"][:].sum(axis=1).tolist() == [6, 2]


def test_every_format_has_its_files(tmp_path: Path) -> None:
    (unit,) = cycle_units([seen(tmp_path, of("A#2"), "hrrr_a#2.buf")], CHOICE)
    choice = CycleChoice(("netcdf", "csv", "json", "parquet"), per_station=True)
    made = MakeCycle(OutputRoot(str(tmp_path), "run"), choice)(unit)
    base = f"{tmp_path}/2022/05/01/hrrr_2022050112"
    tables = [f"{base}_{name}" for name in ("levels", "indices", "surface")]
    assert [output.path for output in made.outputs] == [
        f"{base}.nc",
        f"{base}/a#2.nc",
        *(f"{table}.csv" for table in tables),
        f"{base}_profiles.jsonl",
        *(f"{table}.parquet" for table in tables),
    ]


def test_names_of_files_are_fit_for_any_disk() -> None:
    odd = replace(of("K/A B"), member="ctl 1")
    assert picture_path(odd, "NAMNEST", 6) == (
        "2022/05/01/skewt/namnest_2022050112_k_a_b_ctl_1_f006.png"
    )
    part = part_path(odd, "HRRR", "x", "ab" * 32)
    assert part.startswith(".headrace/parts/2022050112/hrrr/k_a_b-")
    assert part.endswith("-abababababab.part")


def test_a_unit_knows_its_parts_by_their_folder_alone(tmp_path: Path) -> None:
    (unit,) = cycle_units([seen(tmp_path, of("KAAA"), "hrrr_kaaa.buf")], CHOICE)
    assert unit == Unit(
        "HRRR 2022-05-01T12Z",
        (),
        settings=unit.settings,
        details={"parts": f"{tmp_path}/.headrace/parts/2022050112/hrrr", "model": "HRRR"},
    )
