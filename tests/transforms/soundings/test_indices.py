from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from forecasts import forecast, warm_day
from hypothesis import given, settings
from hypothesis import strategies as st
from nwsspc.sharp.calc import thermo
from nwsspc.sharp.calc.constants import MISSING
from nwsspc.sharp.calc.parcel import Parcel, lifter_cm1

from batchio.soundings.bufkit import decode_bufkit
from transforms.soundings import parcels
from transforms.soundings.air import profiles
from transforms.soundings.composites import Surroundings, composites
from transforms.soundings.index_names import INDICES
from transforms.soundings.indices import compute_indices
from transforms.soundings.parcels import make_lifter
from transforms.soundings.thermodynamics import moist_temperature

DAY = warm_day()


def one(found):
    return {name: values[0] for name, values in found.items()}


def test_every_index_has_a_value_on_a_warm_day():
    found = compute_indices(DAY)
    assert set(found) == set(INDICES)
    may_miss = {"inversion_base", "inversion_depth", "inversion_strength"}
    assert {name for name, values in found.items() if np.isnan(values[0])} == may_miss


def test_what_a_warm_day_has():
    found = one(compute_indices(DAY))
    assert found["sb_cape"] > 1000
    assert found["sb_cin"] <= 0
    assert found["sb_el"] < found["sb_lfc"] <= found["sb_lcl"] < DAY.levels["PRES"][0, 0]
    assert found["mu_cape"] >= found["sb_cape"] - 1
    assert found["sb_li"] < 0
    assert found["lapse_rate_0_3km"] == pytest.approx(8)
    assert found["lapse_rate_3_6km"] == pytest.approx(8)
    assert found["freezing_level"] == pytest.approx(4000)
    assert 0 < found["wet_bulb_zero"] < 4000
    assert found["effective_bottom_height"] == 0
    assert found["inversion_count"] == 0
    assert found["scp"] > 0


def test_the_order_of_profiles_does_not_matter():
    levels = {
        name: np.concatenate([values, values + (name == "TMPC") * 2.0, values])
        for name, values in DAY.levels.items()
    }
    found = compute_indices(forecast({k: v.tolist() for k, v in levels.items()}))
    for name, values in compute_indices(DAY).items():
        np.testing.assert_array_equal(found[name][[0, 2]], [values[0]] * 2)
    assert found["sb_cape"][1] != found["sb_cape"][0]


def test_a_missing_dewpoint_aloft_does_not_cut_the_profile():
    dewpoint = DAY.levels["DWPC"][0].copy()
    dewpoint[[8, 10]] = np.nan
    dewpoint[13:] = np.nan
    whole, dry = one(compute_indices(DAY)), one(compute_indices(warm_day(DWPC=dewpoint)))
    for name in ("sb_cape", "ml_cape", "mu_cape"):
        assert dry[name] == pytest.approx(whole[name], rel=0.02)
    for name in ("sb_el", "sb_lcl", "shear_0_6km", "freezing_level", "lapse_rate_700_500"):
        assert dry[name] == pytest.approx(whole[name], rel=0.01)


def test_a_profile_without_any_dewpoint_is_dry():
    found = one(compute_indices(warm_day(DWPC=[np.nan] * 22)))
    assert found["sb_cape"] == 0
    assert found["precipitable_water"] == 0
    assert np.isfinite(found["shear_0_6km"])
    assert np.isnan(found["k_index"])


def test_a_profile_without_levels_has_no_index():
    levels = {name: [*values.tolist(), [np.nan] * 22] for name, values in DAY.levels.items()}
    found = compute_indices(forecast(levels))
    for name, values in compute_indices(DAY).items():
        np.testing.assert_array_equal(found[name][0], values[0])
    missing = {name for name, values in found.items() if np.isnan(values[1])}
    assert missing == set(INDICES)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9, 14])
def test_a_profile_that_ends_early_has_what_needs_no_parcel(count):
    levels = {name: [values[0, :count].tolist()] for name, values in DAY.levels.items()}
    found = one(compute_indices(forecast(levels)))
    assert np.isnan(found["sb_cape"])
    assert found["inversion_count"] == 0
    assert np.isfinite(found["lapse_rate_0_3km"]) == (count >= 9)


def test_a_file_without_wind_or_dewpoint_has_no_index():
    levels = {name: values.tolist() for name, values in DAY.levels.items() if name != "DRCT"}
    assert all(np.isnan(values).all() for values in compute_indices(forecast(levels)).values())
    assert compute_indices(replace(DAY, n_levels=np.zeros(1, np.int64)))["sb_cape"].shape == (1,)


def test_the_table_of_adiabats_gives_what_the_integration_gives():
    ((_, air),) = profiles(DAY)
    parcel = parcels.lift(parcels.surface_parcel(air), air, make_lifter()).parcel
    exact = Parcel.surface_parcel(
        float(air.pressure[0]), float(air.temperature[0]), float(air.dewpoint[0])
    )
    lifted = exact.lift_parcel(lifter_cm1(), air.pressure)
    cape, _ = exact.cape_cinh(air.pressure, air.height, thermo.buoyancy(lifted, air.virtual))
    assert parcel.cape == pytest.approx(cape, rel=0.01)


def test_the_downdraft_follows_the_moist_adiabat_from_the_driest_layer():
    pressure, celsius = DAY.levels["PRES"][0], DAY.levels["TMPC"][0]
    ((_, air),) = profiles(DAY)
    found = parcels.downdraft_cape(air, make_lifter())
    start = int(np.argmin(np.where(pressure > pressure[0] - 400, air.theta_e, np.inf)))
    wet = moist_temperature(pressure[: start + 1], np.full(start + 1, air.theta_e[start], float))
    colder = celsius[: start + 1] + 273.15 - wet
    energy = -287.04 * np.trapezoid(colder, np.log(pressure[: start + 1]))
    assert found == pytest.approx(energy, rel=0.15)


@settings(max_examples=100)
@given(st.data())
def test_any_profile_that_the_reader_lets_through_can_be_worked(data):
    count = data.draw(st.integers(10, 30))
    whole = {name: values[0, :count].copy() for name, values in DAY.levels.items()}
    for name, low, high in (
        ("TMPC", -150, 80),
        ("DWPC", -273.15, 60),
        ("DRCT", 0, 360),
        ("SKNT", 0, 500),
    ):
        for _ in range(data.draw(st.integers(0, 5))):
            level = data.draw(st.integers(0, len(whole[name]) - 1))
            whole[name][level] = data.draw(st.floats(low, high) | st.just(np.nan))
    found = compute_indices(forecast({name: [v.tolist()] for name, v in whole.items()}))
    assert set(found) == set(INDICES)


def test_composites_are_the_published_formulas():
    ((_, air),) = profiles(DAY)
    lifter = make_lifter()
    starts = {
        "sb": parcels.surface_parcel(air),
        "ml": parcels.mixed_parcel(air),
        "mu": parcels.most_unstable_parcel(air),
    }
    of = {name: parcels.lift(parcel, air, lifter).parcel for name, parcel in starts.items()}
    wind = {"srh_0_1km": 150.0, "srh_0_3km": 250.0, "srh_effective": 200.0, "shear_effective": 25.0}
    found = composites(air, of, Surroundings(7.5, 258.15, 4000.0, 22.0), wind)
    sb, ml, mu = of["sb"], of["ml"], of["mu"]
    assert found["ehi_0_1km"] == pytest.approx(ml.cape * 150 / 160_000)
    assert found["ehi_0_3km"] == pytest.approx(ml.cape * 250 / 160_000)
    assert found["scp"] == pytest.approx(mu.cape / 1000 * 200 / 50 * 1.0, rel=1e-5)

    def stp(parcel, srh, shear):
        lcl = np.interp(-parcel.lcl_pressure, -air.pressure, air.height) - air.height[0]
        lcl_term = np.clip((2000 - lcl) / 1000, 0, 1)
        cin_term = np.clip((200 + parcel.cinh) / 150, 0, 1)
        shear_term = 0 if shear < 12.5 else min(shear, 30) / 20
        return parcel.cape / 1500 * lcl_term * srh / 150 * shear_term * cin_term

    assert found["stp_fixed"] == pytest.approx(stp(sb, 150, 22), rel=0.01)
    assert found["stp_effective"] == pytest.approx(stp(ml, 200, 25), rel=0.01)
    ratio = np.clip(1000 * thermo.mixratio(mu.pres, mu.dwpk), 11, 13.6)
    ship = mu.cape * ratio * 7.5 * 15 * 22 / 42_000_000
    assert found["ship"] == pytest.approx(ship * min(1, mu.cape / 1300), rel=0.01)


def test_without_an_effective_layer_nothing_grows():
    stable = one(compute_indices(warm_day(DWPC=(DAY.levels["DWPC"][0] - 30).tolist())))
    assert np.isnan(stable["effective_bottom"])
    assert np.isnan(stable["srh_effective"])
    assert (stable["stp_effective"], stable["scp"]) == (0, 0)


def test_no_value_is_the_sign_for_missing(sounding_data):
    path = sounding_data / "models/iem/nam4km_klga.buf"
    found = compute_indices(decode_bufkit(path.read_bytes(), "").forecasts[0])
    for name, values in found.items():
        assert not (values <= MISSING).any(), name
        assert not np.isinf(values).any(), name
        assert np.isnan(values[46]), name
