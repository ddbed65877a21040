import warnings
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from batchio.radar.volume import Sweep, Volume
from transforms.radar.quality_settings import QualitySettings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Py-ART's, of what others deprecate
    from transforms.radar.quality import control_quality

RAYS, GATES, BIN_M = 360, 200, 500
START = datetime(2025, 1, 1, tzinfo=timezone.utc)
BIT = {"no_echo": 1, "low_rhohv": 2, "phidp_texture": 4, "zdr_texture": 8, "spike": 32}


def a_volume(**fields):
    """One sweep of rain over all, but for the fields given."""
    end = START + timedelta(seconds=20)
    return Volume(
        "RMA1_0301_02_20250101T000000Z",
        radar="RMA1",
        strategy="0301",
        volume_number="02",
        latitude_deg=-31.4,
        longitude_deg=-64.2,
        altitude_m=484.0,
        sweeps=(Sweep(START, end, 0.5, 0, RAYS - 1, GATES),),
        time_s=np.linspace(0, 20, RAYS),
        azimuth_deg=(np.arange(RAYS) + 0.5).astype(np.float32),
        elevation_deg=np.full(RAYS, 0.5, np.float32),
        not_radiated=np.zeros(RAYS, np.bool_),
        bin_size_m=BIN_M,
        bin_offset_m=0,
        n_gates=GATES,
        reference=next(iter(fields)),
        fields={name: np.asarray(values, np.float32) for name, values in fields.items()},
    )


def of(value):
    return np.full((RAYS, GATES), value, np.float32)


def controlled(volume, **settings):
    before = {name: values.copy() for name, values in volume.fields.items()}
    made, summary = control_quality(volume, QualitySettings(**settings))
    assert list(made.fields) == list(before)
    for name, values in before.items():
        np.testing.assert_array_equal(made.fields[name], values)
    return made, summary


def flagged(made, name):
    return (made.derived["QC_FLAGS"].values & BIT[name]) != 0


def test_rain_passes_and_a_gate_without_echo_is_flagged_so():
    level = of(30)
    level[:, 150:] = np.nan
    made, summary = controlled(a_volume(DBZH=level, ZDR=of(0.5), RHOHV=of(0.98), PHIDP=of(40)))
    flags = made.derived["QC_FLAGS"].values
    assert flags.dtype == np.int8
    assert (flags[:, :150] == 0).all()
    assert (flags[:, 150:] == BIT["no_echo"]).all()
    np.testing.assert_array_equal(made.derived["DBZH_QC"].values, level)
    assert summary["qc_echo_gates"] == RAYS * 150
    assert summary["qc_passed_percent"] == 100


def test_each_polarimetric_test_flags_its_own_gates():
    rng = np.random.default_rng(1)
    rhohv, zdr, phase = of(0.98), of(0.5), of(350)
    rhohv[:60] = 0.7
    zdr[100:160] = rng.uniform(-9, 9, (60, GATES))
    phase[200:260] = rng.uniform(0, 360, (60, GATES))
    phase[300:] = (350 + np.arange(GATES)) % 360  # folds, and is smooth
    fields = {"DBZH": of(40), "RHOHV": rhohv, "ZDR": zdr, "PHIDP": phase}
    made, summary = controlled(a_volume(**fields))
    for name, rays in (
        ("low_rhohv", slice(0, 60)),
        ("zdr_texture", slice(100, 160)),
        ("phidp_texture", slice(200, 260)),
    ):
        marked = flagged(made, name)
        assert marked[rays].mean() > 0.95, name
        marked[rays] = False
        assert not marked.any(), name
    assert summary["qc_low_rhohv_percent"] == pytest.approx(100 / 6, abs=0.01)


def test_weak_echoes_that_depolarize_are_no_weather_and_strong_ones_are():
    level = of(10)
    level[:, 100:] = 50
    made, summary = controlled(a_volume(DBZH=level, RHOHV=of(0.85), ZDR=of(4)))
    passed = made.derived["QC_FLAGS"].values == 0
    assert not passed[:, :100].any()
    assert passed[:, 100:].all()
    assert summary["qc_non_weather_percent"] == 50


@pytest.mark.parametrize("background", [np.nan, 5.0])
def test_a_spike_is_found_also_across_north_and_a_storm_is_none(background):
    level = of(background)
    level[[359, 0], 20:] = 30
    level[120:160, 60:140] = 50
    level[200, 50:60] = 30  # as narrow, but 5 km long
    made, _ = controlled(a_volume(DBZH=level))
    found = flagged(made, "spike")
    assert found[[359, 0], 20:].all()
    found[[359, 0], 20:] = False
    assert not found.any()


def test_small_echoes_are_speckles_at_the_size_set():
    level = of(np.nan)
    level[10:12, 10:13] = 30
    level[50:70, 50:70] = 30
    _, summary = controlled(a_volume(DBZH=level))
    assert summary["qc_speckle_percent"] == pytest.approx(600 / 406, abs=0.01)
    _, summary = controlled(a_volume(DBZH=level), speckle_gates=6)
    assert summary["qc_speckle_percent"] == 0


def test_the_phase_is_unfolded_and_kdp_is_half_its_slope():
    slope_deg_km = 6.0
    truth = 330 + slope_deg_km * np.arange(GATES) * BIN_M / 1000 + np.zeros((RAYS, 1))
    truth += np.random.default_rng(2).normal(0, 3, truth.shape)
    level = of(45)
    level[:, 100:103] = np.nan  # shorter than the window
    level[:, 150:170] = np.nan
    observed = np.where(np.isfinite(level), truth % 360, np.nan)
    made, summary = controlled(a_volume(DBZH=level, PHIDP=observed))
    unfolded = made.derived["PHIDP_UNFOLDED"].values
    echo = np.isfinite(level)
    np.testing.assert_allclose(unfolded[echo], truth[echo], atol=1e-3)
    assert np.isnan(unfolded[~echo]).all()
    assert summary["qc_phidp_unfolded_gates"] > 0.5 * echo.sum()
    kdp = made.derived["KDP_RETRIEVED"].values
    inner = np.r_[20:100, 103:130]
    np.testing.assert_allclose(np.median(kdp[:, inner], axis=0), slope_deg_km / 2, atol=0.35)
    assert np.isnan(kdp[~echo]).all()
    assert np.isnan(kdp[:, [0, 1, 2, 147, 148, 149, 170, 171, 172, -1]]).all()


def test_a_velocity_is_dealiased_up_to_its_nyquist_velocity_a_sweep():
    azimuth = np.deg2rad(np.arange(RAYS) + 0.5)[:, None]
    truth = 25 * np.cos(azimuth) + np.zeros(GATES)
    observed = (truth + 16) % 32 - 16
    volume = a_volume(VRAD=observed)
    made, summary = controlled(volume, nyquist_m_s={"0301": {"02": [16]}})
    np.testing.assert_allclose(made.derived["VRAD_DEALIASED"].values, truth, atol=1e-4)
    assert summary["qc_vrad_dealiased_gates"] == (np.abs(truth - observed) > 1).sum()
    assert made.derived["VRAD_DEALIASED"].attributes["nyquist_velocity_m_s"] == [16]


@pytest.mark.parametrize(
    ("nyquist", "why"),
    [
        ({}, "no Nyquist velocity is set"),
        ({"0301": {"02": [16, 17]}}, "2 Nyquist velocities for 1 sweeps"),
        ({"RMA1_0301": {"02": 8}}, "sweep 0 has 10.0 m/s, more than its Nyquist velocity 8"),
    ],
)
def test_why_a_velocity_is_not_dealiased_is_noted(nyquist, why):
    made, _ = controlled(a_volume(VRAD=of(-10)), nyquist_m_s=nyquist)
    assert f"quality control left out VRAD_DEALIASED: {why}" in made.notes
    assert list(made.derived) == ["QC_FLAGS"]


def test_what_cannot_be_tested_is_left_out_and_noted():
    made, summary = controlled(a_volume(VRAD=of(3), WRAD=of(1)), speckle_gates="off")
    about = made.derived["QC_FLAGS"].attributes
    assert about["tests_left_out"].split("; ") == [
        "low_rhohv: no RHOHV",
        "phidp_texture: no PHIDP",
        "zdr_texture: no ZDR",
        "non_weather: no DBZH, RHOHV, ZDR",
        "speckle: off",
    ]
    assert "rhohv_min" not in about
    assert about["spike_length_m"] == 20_000
    assert set(summary) == {"qc_echo_gates", "qc_spike_percent", "qc_passed_percent"}
    assert "quality control left out low_rhohv: no RHOHV" in made.notes


def test_a_volume_without_a_field_of_echoes_stays_as_it_is():
    made, summary = controlled(a_volume(ZDR=of(1)))
    assert (dict(made.derived), summary) == ({}, {})
    assert made.notes == ("quality control left out all: no field of echoes",)


def test_an_empty_volume_and_short_rays_are_no_failure():
    fields = dict.fromkeys(("DBZH", "RHOHV", "ZDR", "PHIDP", "VRAD"), of(np.nan))
    nyquist = {"0301": {"02": 16}}
    made, summary = controlled(a_volume(**fields), nyquist_m_s=nyquist)
    assert summary["qc_echo_gates"] == summary["qc_passed_percent"] == 0
    assert all(np.isnan(each.values).all() for each in list(made.derived.values())[1:])
    made, _ = controlled(a_volume(**fields), kdp_window_m=1_000_000)
    assert "quality control left out KDP_RETRIEVED: rays are shorter than the window" in made.notes
