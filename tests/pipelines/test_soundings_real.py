from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import netCDF4
import numpy as np
import pytest
from rig import Finished, Rig

from batchio.soundings.bufkit import decode_bufkit
from batchio.soundings.profiles import StationForecast

RUN = "2022/10/26/bufkit/12"
HRRR, RAP = ("2022/10/26/hrrr_2022102612.nc", "2022/10/26/rap_2022102612.nc")
GFS = "2021/03/11/gfs_2021031100.nc"
# The office, the nearest station that the catalogue has of the model, and how far that is.
WRONG = {
    ("HRRR", "GUM"): ("B#F", "8,491 km"),
    ("HRRR", "AFC"): ("OPP1", "1,906 km"),
    ("HRRR", "SJU"): ("MYEG", "1,159 km"),
    ("RAP", "GUM"): ("KYMY", "4,690 km"),
}
# What the archive has in their place, under the name it would have had.
MISNAMED = {
    "hrrr_pgum.buf": ("hrrr_cyyg.buf", "12,820 km"),
    "hrrr_pafc.buf": ("hrrr_opp1.buf", "1,906 km"),
    "hrrr_tjsj.buf": ("hrrr_myeg.buf", "1,159 km"),
}
# By the file: station, model and run, how many profiles, and blocks that are lost.
ODD = {
    "iem/gfs3_kdsm.buf": ("KDSM", "GFS", "2021-03-11T00:00:00Z", 141, 0),
    "iem/hrrr_kdsm.buf": ("KDSM", "HRRR", "2021-03-11T13:00:00Z", 19, 0),
    "iem/nam4km_klga.buf": ("KLGA", "NAMNEST", "2023-11-08T12:00:00Z", 61, 1),
    "iem/nam_kdsm.buf": ("KDSM", "NAM", "2021-03-11T12:00:00Z", 85, 0),
    "iem/rap_kdsm.buf": ("KDSM", "RAP", "2021-03-11T14:00:00Z", 22, 0),
    "kmso2017/2017040100Z_gfs_kmso.buf": ("KMSO", "GFS", "2017-04-01T00:00:00Z", 60, 1),
    "kmso2017/2017040100Z_nam_kmso.buf": ("KMSO", "NAM", "2017-04-01T00:00:00Z", 85, 0),
    "kmso2017/2017040112Z_gfs3_kmso.buf": ("KMSO", "GFS", "2017-04-01T12:00:00Z", 61, 0),
    "kmso2017/2017040118Z_namm_kmso.buf": ("KMSO", "NAM", "2017-04-01T18:00:00Z", 85, 0),
    "psu2018/rap_oun.buf": ("OUN", "RAP", "2018-12-19T04:00:00Z", 22, 0),
    "psu2026/gfs3_kbuf.buf": ("KBUF", "GFS", "2026-06-07T06:00:00Z", 141, 0),
    "psu2026/hrrr_kbuf.buf": ("KBUF", "HRRR", "2026-06-07T11:00:00Z", 19, 0),
    "psu2026/rap_kbed.buf": ("KBED", "RAP", "2026-06-07T11:00:00Z", 22, 0),
    "middle/hrrr_kabq.buf": ("KABQ", "HRRR", "2022-10-26T12:00:00Z", 49, 0),
}
LOSSES = {
    "iem/nam4km_klga.buf": "line 6077: sounding of hour 46: has no levels",
    "kmso2017/2017040100Z_gfs_kmso.buf": (
        "line 147: sounding of hour 0: its 575 values are no whole rows of 9"
    ),
}


class Ran(NamedTuple):
    rig: Rig
    done: Finished


def rows(rig: Rig, table: str) -> list[dict[str, str]]:
    with (rig.output / f"{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def text_of(dataset: netCDF4.Dataset, name: str) -> list[str]:
    found: list[str] = netCDF4.chartostring(dataset[name][:]).tolist()
    return found


def forecast_of(path: Path) -> StationForecast:
    (forecast,) = decode_bufkit(path.read_bytes(), str(path)).forecasts
    return forecast


@pytest.fixture(scope="module")
def offices(sounding_data: Path) -> list[str]:
    with (sounding_data / "wfo_station_20221026.csv").open(newline="") as file:
        return sorted({row["wfo"] for row in csv.DictReader(file)})


@pytest.fixture(scope="module")
def archive(
    sounding_data: Path, offices: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Ran:
    """All offices and both models of the archive."""
    asked = ("--date=2022-10-26", f"--archive={sounding_data}/archive", "--hour=12", "--wfo")
    arguments = (*asked, *offices, "--process_only")
    rig = Rig("pipelines.soundings", tmp_path_factory.mktemp("archive"), arguments=arguments)
    return Ran(rig, rig.run("--workers=2", inputs=[]))


def with_surface_in_the_middle(file: Path) -> bytes:
    """The file with its surface section after hour 29, as one station's files have been."""
    text = file.read_bytes()
    surface = text.index(b"STN YYMMDD")
    middle = text.rindex(b"STID", 0, text.index(b"STIM = 30"))
    return text[:middle] + text[surface:] + text[middle:surface]


@pytest.fixture(scope="module")
def odd_files(sounding_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Files of all producers and models, and some of another place than their names say."""
    folder = tmp_path_factory.mktemp("odd")
    hrrr = sounding_data / "archive" / RUN / "hrrr"
    shutil.copytree(sounding_data / "models", folder / "models")
    for name in ("middle", "misnamed"):
        (folder / "models" / name).mkdir()
    middle = with_surface_in_the_middle(hrrr / "hrrr_kabq.buf")
    (folder / "models/middle/hrrr_kabq.buf").write_bytes(middle)
    for name, (origin, _) in MISNAMED.items():
        shutil.copy(hrrr / origin, folder / "models/misnamed" / name)
    return sorted(map(str, (folder / "models").iterdir()))


@pytest.fixture(scope="module")
def odd(odd_files: list[str], tmp_path_factory: pytest.TempPathFactory) -> Ran:
    rig = Rig("pipelines.soundings", tmp_path_factory.mktemp("odd-run"))
    return Ran(rig, rig.run("--workers=2", inputs=[f"{folder}/*.buf" for folder in odd_files]))


def test_all_files_of_the_archive_are_read(archive: Ran) -> None:
    assert archive.done.code == 0, archive.done.err
    quality = rows(archive.rig, "quality")
    assert {(row["status"], row["lost"]) for row in quality} == {("completed", "0")}
    asked = rows(archive.rig, "fetch")
    present = [row["model"] for row in asked if row["status"] == "present"]
    assert (len(quality), present.count("HRRR"), present.count("RAP")) == (46, 22, 24)
    assert len(asked) == 50
    for path, stations, hours in ((HRRR, 22, 49), (RAP, 24, 22)):
        with netCDF4.Dataset(archive.rig.output / path) as dataset:
            assert len(text_of(dataset, "station_id")) == stations
            assert (dataset["n_levels"][:] > 1).sum() == stations * hours


def test_other_places_are_told_of_and_not_used(archive: Ran) -> None:
    bad = {
        (row["model"], row["offices"]): row
        for row in rows(archive.rig, "fetch")
        if row["status"] != "present"
    }
    assert {row["status"] for row in bad.values()} == {"wrong_place"}
    assert bad.keys() == WRONG.keys()
    for key, (station, distance) in WRONG.items():
        assert (bad[key]["station"], bad[key]["url"]) == (station, "")
        assert f"{station} (" in bad[key]["message"]
        assert f"{distance} away" in bad[key]["message"]
        assert bad[key]["message"] in archive.done.err
    used = set()
    for path in (HRRR, RAP):
        with netCDF4.Dataset(archive.rig.output / path) as dataset:
            used |= {*text_of(dataset, "station_id")}
    assert not used & {"B#F", "CYYG", "OPP1", "MYEG", "KYMY", "PGUM"}


def test_every_value_of_a_station_is_the_decoders(archive: Ran, sounding_data: Path) -> None:
    for path, file in ((HRRR, "hrrr/hrrr_fwd.buf"), (RAP, "rap/rap_tjsj.buf")):
        forecast = forecast_of(sounding_data / "archive" / RUN / file)
        assert_same_values(archive.rig.output / path, forecast)


def assert_same_values(path: Path, forecast: StationForecast) -> None:
    with netCDF4.Dataset(path) as dataset:
        row = text_of(dataset, "station_id").index(forecast.station.id)
        count = len(forecast)
        times = netCDF4.num2date(dataset["time"][:count], dataset["time"].units)
        assert [f"{time:%Y-%m-%dT%H:%M:%S}" for time in times] == forecast.time.astype(str).tolist()
        assert dataset["n_levels"][row, :count].tolist() == forecast.n_levels.tolist()
        groups = {"": forecast.levels, "bufkit_": forecast.indices}
        groups["surface_"] = dict(forecast.surface.columns)
        for prefix, columns in groups.items():
            for name, values in columns.items():
                found = dataset[prefix + name][row].filled(np.nan)[tuple(map(slice, values.shape))]
                np.testing.assert_allclose(found, values, rtol=1e-6, err_msg=prefix + name)


def test_odd_files_give_all_their_good_profiles_and_name_what_is_lost(odd: Ran) -> None:
    assert odd.done.code == 3
    assert "Traceback" not in odd.done.err
    quality = {row["file"]: row for row in rows(odd.rig, "quality")}
    read = {file: row for file, row in quality.items() if row["status"] == "completed"}
    assert {
        file: (
            *(row[name] for name in ("station_id", "model", "cycle")),
            *(int(row[name]) for name in ("profiles", "lost")),
        )
        for file, row in read.items()
    } == ODD
    assert {file: row["losses"] for file, row in read.items() if row["losses"]} == LOSSES


def test_files_of_another_place_than_they_are_named_for_are_refused(odd: Ran) -> None:
    bad = {row["file"]: row for row in rows(odd.rig, "quality") if row["status"] == "wrong_place"}
    assert bad.keys() == {f"misnamed/{name}" for name in MISNAMED}
    for name, (_, distance) in MISNAMED.items():
        assert f" {distance} from " in bad[f"misnamed/{name}"]["error"]
    with netCDF4.Dataset(odd.rig.output / HRRR) as dataset:
        assert text_of(dataset, "station_id") == ["KABQ"]


def test_a_surface_section_in_the_middle_changes_nothing(odd: Ran, sounding_data: Path) -> None:
    forecast = forecast_of(sounding_data / "archive" / RUN / "hrrr/hrrr_kabq.buf")
    assert len(forecast) == len(forecast.surface.time) == 49
    assert_same_values(odd.rig.output / HRRR, forecast)


def test_a_station_without_an_id_has_that_of_its_number(odd: Ran) -> None:
    with netCDF4.Dataset(odd.rig.output / GFS) as dataset:
        assert text_of(dataset, "station_id") == ["KDSM"]
        assert text_of(dataset, "station_number") == ["725460"]


def test_neither_workers_nor_order_change_a_byte(
    odd: Ran, odd_files: list[str], tmp_path: Path
) -> None:
    rig = Rig("pipelines.soundings", tmp_path)
    patterns = [f"{folder}/*.buf" for folder in reversed(odd_files)]
    assert rig.run("--workers=1", "--order_by=size", inputs=patterns).code == 3
    assert rig.outputs() == odd.rig.outputs()


@pytest.mark.timeout(300)  # it takes half a minute of any file
def test_the_compliance_checker_finds_no_error(archive: Ran) -> None:
    path = archive.rig.output / HRRR
    checker = Path(sys.executable).with_name("compliance-checker")
    done = subprocess.run(
        [checker, "--test", "cf:1.10", path], capture_output=True, text=True, check=False
    )
    report = done.stdout
    assert "cf:1.10" in report, done.stderr
    assert "Errors" not in report, report
    sections = [line for line in report.splitlines() if line.startswith("§")]
    # The order of dimensions is that of appendix H.5, and only a recommendation elsewhere.
    assert sections in ([], ["§2.4 Dimensions"]), report
