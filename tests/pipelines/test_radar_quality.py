from __future__ import annotations

import json
import sys
import warnings
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import netCDF4
import numpy as np
import pytest
from pydantic import ValidationError
from rig import Finished, Rig

from batchio.errors import CannotRun
from batchio.fileset import FileRef
from batchio.output import OutputRoot
from batchio.radar.cfradial import read_cfradial
from batchio.radar.volume import Volume
from pipelines.radar import check
from pipelines.radar_options import RadarOptions
from transforms.radar.completeness import VolumeRules, form_volume
from transforms.radar.make_volume import MakeVolume
from transforms.radar.quality_settings import load_quality_settings

RMA1 = "RMA1_0301_02_20181111T000457Z"
MOUNTAINS = "RMA11_0315_01_20251020T152828Z"
DOPPLER = "RMA11_0315_02_20251020T152429Z"
NYQUIST_M_S = {RMA1: 16.63, DOPPLER: 28.5}
SETTINGS = "nyquist_m_s: {0301: {02: 16.63}, RMA11_0315: {02: 28.5}}\n"
NOW = datetime(2025, 11, 1, tzinfo=timezone.utc)
SPIKE, NO_ECHO = 32, 1


class Runs(NamedTuple):
    done: Finished
    rig: Rig
    controlled: dict[str, Volume]
    plain: dict[str, Volume]
    alone: dict[str, bytes]


@pytest.fixture(scope="module")
def runs(radar_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """All real volumes: controlled by a run of two workers, by this process, and without."""
    folder = tmp_path_factory.mktemp("quality")
    settings = folder / "qc.yaml"
    settings.write_text(SETTINGS)
    rig = Rig("pipelines.radar", folder, arguments=("--qc", f"--qc_settings={settings}"))
    done = rig.run("--workers=2", inputs=[f"{radar_data}/*.BUFR"])
    quality = load_quality_settings(str(settings))
    plain, alone = {}, {}
    for volume in (RMA1, MOUNTAINS, DOPPLER):
        head, _, time = volume.rpartition("_")
        paths = radar_data.glob(f"{head}_*_{time}.BUFR")
        files = [FileRef(str(path), path.stat().st_size, 0.0) for path in paths]
        for name, of_run in (("plain", None), ("alone", quality)):
            unit = form_volume(files, VolumeRules(NOW, quality=of_run))
            make = MakeVolume(OutputRoot(str(folder / name), "run"), quality=of_run)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of Py-ART's import
                make(unit)
        plain[volume] = read_cfradial(folder / "plain" / f"{volume}.nc")
        alone[volume] = (folder / "alone" / f"{volume}.nc").read_bytes()
    controlled = {volume: read_cfradial(rig.output / f"{volume}.nc") for volume in plain}
    return Runs(done, rig, controlled, plain, alone)


def derived(volume: Volume, name: str) -> np.ndarray:
    return volume.derived[name].values


def test_workers_end_well_and_make_the_bytes_that_one_process_makes(runs: Runs) -> None:
    assert runs.done.code == 0, runs.done.err
    assert "died" not in runs.done.err
    for volume, data in runs.alone.items():
        assert (runs.rig.output / f"{volume}.nc").read_bytes() == data


def test_no_original_field_changes(runs: Runs) -> None:
    for name, volume in runs.controlled.items():
        plain = runs.plain[name]
        assert list(volume.fields) == list(plain.fields)
        for field, values in plain.fields.items():
            np.testing.assert_array_equal(volume.fields[field], values)
        with (
            netCDF4.Dataset(runs.rig.output / f"{name}.nc") as with_quality,
            netCDF4.Dataset(runs.rig.output.parent / "plain" / f"{name}.nc") as without,
        ):
            for variable, before in without.variables.items():
                np.testing.assert_equal(with_quality[variable].__dict__, before.__dict__)


def test_storms_pass_and_insects_and_spikes_do_not(runs: Runs) -> None:
    volume = runs.controlled[RMA1]
    flags, level = derived(volume, "QC_FLAGS"), volume.fields["DBZH"]
    assert (flags[level >= 45] == 0).mean() > 0.85
    range_km = volume.range_m / 1000
    insects = np.ix_(np.arange(20, 80), np.flatnonzero((range_km > 10) & (range_km < 60)))
    echoes = np.isfinite(level[insects])
    assert echoes.sum() > 20_000
    assert (flags[insects][echoes] == 0).mean() < 0.001
    transmitter = flags[249, (range_km > 50) & (range_km < 110)]
    assert (transmitter & SPIKE).astype(bool).all()
    np.testing.assert_array_equal((flags & NO_ECHO) != 0, np.isnan(level))
    np.testing.assert_array_equal(derived(volume, "DBZH_QC"), np.where(flags == 0, level, np.nan))


def test_phase_and_velocity_differ_from_the_observed_by_whole_folds(runs: Runs) -> None:
    for name, made, observed, fold in (
        (RMA1, "PHIDP_UNFOLDED", "PHIDP", 360.0),
        (RMA1, "VRAD_DEALIASED", "VRAD", 2 * NYQUIST_M_S[RMA1]),
        (DOPPLER, "VRAD_DEALIASED", "VRAD", 2 * NYQUIST_M_S[DOPPLER]),
    ):
        volume = runs.controlled[name]
        turns = (derived(volume, made).astype(np.float64) - volume.fields[observed]) / fold
        turns = turns[np.isfinite(turns)]
        assert turns.size > 40_000
        np.testing.assert_allclose(turns, np.round(turns), atol=1e-5)
        assert (np.round(turns) == 0).mean() > 0.9


def test_kdp_lies_over_echoes_with_a_phase_and_agrees_with_the_radars_own(runs: Runs) -> None:
    volume = runs.controlled[RMA1]
    kdp, own = derived(volume, "KDP_RETRIEVED"), volume.fields["KDP"]
    known = np.isfinite(kdp)
    assert known.sum() > 50_000
    assert np.isfinite(volume.fields["PHIDP"][known]).all()
    assert np.isfinite(volume.fields["DBZH"][known]).all()
    level = volume.fields["DBZH"]
    for least_dbz in (20, 30, 40, 50):
        chosen = known & np.isfinite(own) & (level >= least_dbz) & (level < least_dbz + 10)
        assert np.median(kdp[chosen]) == pytest.approx(np.median(own[chosen]), abs=0.15)


def test_what_a_volume_cannot_give_is_left_out_and_said(runs: Runs) -> None:
    mountains, doppler = runs.controlled[MOUNTAINS], runs.controlled[DOPPLER]
    assert list(mountains.derived) == ["QC_FLAGS", "DBZH_QC"]
    assert list(doppler.derived) == ["QC_FLAGS", "VRAD_DEALIASED"]
    assert "quality control left out KDP_RETRIEVED: no PHIDP" in mountains.notes
    assert "quality control left out low_rhohv: no RHOHV" in doppler.notes


def test_the_report_has_a_summary_a_volume(runs: Runs) -> None:
    metrics = {unit: json.loads(row["metrics"]) for unit, row in table_of(runs.rig).items()}
    assert metrics[RMA1]["qc_echo_gates"] == np.isfinite(runs.plain[RMA1].fields["DBZH"]).sum()
    assert 10 < metrics[RMA1]["qc_passed_percent"] < 30
    assert metrics[RMA1]["qc_kdp_retrieved_gates"] > 50_000
    assert "qc_low_rhohv_percent" not in metrics[DOPPLER]
    assert "quality" in runs.rig.report()["step_seconds"]


def table_of(rig: Rig) -> dict[str, dict[str, str]]:
    return {row["unit_id"]: row for row in rig.rows("SELECT unit_id, metrics FROM units")}


def options(**more: object) -> RadarOptions:
    return RadarOptions.model_validate({"input": ["x"], "output": "y", **more})


def test_settings_without_quality_control_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="--qc_settings: only with --qc"):
        options(qc_settings=str(tmp_path / "qc.yaml"))


def test_without_pyart_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyart", None)  # as Python notes that there is none
    check(options())
    with pytest.raises(CannotRun, match=r"pip install 'headrace\[pyart\]'"):
        check(options(qc=True))
