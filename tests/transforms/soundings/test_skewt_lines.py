from __future__ import annotations

import numpy as np
import pytest
from forecasts import shaded, warm_day

from batchio.soundings.profiles import StationForecast
from transforms.soundings import skewt_lines as lines
from transforms.soundings import thermodynamics as moist
from transforms.soundings.indices import compute_indices
from transforms.soundings.skewt_lines import Line, rise, skewed
from transforms.soundings.thermodynamics import ZERO_C

DAY = warm_day()


def stable_day(**changed) -> StationForecast:
    height = DAY.levels["HGHT"][0]
    return warm_day(TMPC=20 - 0.003 * height, DWPC=10 - 0.003 * height, **changed)


def test_the_axes():
    assert rise(1050.0) == 0
    assert skewed(-30.0, 1050.0) == -30
    assert skewed(0.0, 500.0) - skewed(0.0, 1000.0) == pytest.approx(lines.SKEW * np.log(2))


def test_what_is_read_off_the_diagram_is_what_was_put_in():
    across, up = skewed(-15.3, 500.0), rise(500.0)
    assert across - lines.SKEW * up == pytest.approx(-15.3)
    assert 1050 * np.exp(-up) == pytest.approx(500)


def test_a_dry_adiabat_has_its_potential_temperature_at_1000_hpa():
    line = lines.dry_adiabats()[300]
    np.testing.assert_allclose(
        (line.celsius + ZERO_C) * (1000 / line.hpa) ** moist.KAPPA, 300.0, rtol=1e-12
    )


def test_a_pseudo_adiabat_keeps_its_equivalent_potential_temperature():
    line = lines.pseudo_adiabats()[20]
    kelvin = line.celsius + ZERO_C
    theta_e = moist.equivalent_potential_temperature(line.hpa, kelvin, kelvin)
    np.testing.assert_allclose(theta_e, theta_e[0], rtol=1e-6)
    assert np.interp(np.log(1000), np.log(line.hpa[::-1]), line.celsius[::-1]) == pytest.approx(
        20, abs=0.01
    )


def test_a_line_of_mixing_ratio_has_it_everywhere():
    for grams, line in lines.mixing_ratio_lines().items():
        found = moist.mixing_ratio(line.hpa, line.celsius + ZERO_C)
        np.testing.assert_allclose(found * 1000, grams, rtol=1e-9)


def test_saturation_temperature_is_the_inverse_of_vapour_pressure():
    kelvin = np.array([220.0, 273.15, 310.0])
    np.testing.assert_allclose(
        moist.saturation_temperature(moist.vapour_pressure(kelvin)), kelvin, rtol=1e-12
    )


def test_the_area_that_is_shaded_is_the_cape_that_is_stated():
    path = lines.parcel_path(DAY)
    found = compute_indices(DAY)
    assert path is not None
    assert path.parcel == "ml"
    assert shaded(path, path.buoyant) == pytest.approx(found["ml_cape"][0], rel=0.02)
    assert shaded(path, path.inhibited) < 0


def test_the_path_begins_where_the_parcel_does_and_passes_its_levels():
    path = lines.parcel_path(DAY)
    found = compute_indices(DAY)
    assert path is not None
    assert path.hpa[0] == pytest.approx(DAY.levels["PRES"][0, 0])
    for name in ("ml_lcl", "ml_lfc", "ml_el"):
        assert np.abs(path.hpa - found[name][0]).min() < 0.01
    at_el = np.abs(path.hpa - found["ml_el"][0]).argmin()
    assert path.lifted[at_el] == pytest.approx(path.around[at_el], abs=0.3)


def test_the_most_unstable_parcel_is_shown_where_the_mixed_one_has_no_cape():
    height = DAY.levels["HGHT"][0] - 345
    celsius = np.where(height < 1400, 14.0, 30 - 0.008 * height)
    dewpoint = np.where((height > 1400) & (height < 1600), celsius - 1, celsius - 20)
    path = lines.parcel_path(warm_day(TMPC=celsius, DWPC=dewpoint))
    assert path is not None
    assert path.parcel == "mu"
    assert path.hpa[0] == pytest.approx(DAY.levels["PRES"][0, 6])
    assert path.buoyant.any()


def test_nothing_is_shaded_on_a_stable_day():
    path = lines.parcel_path(stable_day())
    assert path is not None
    assert not path.buoyant.any()
    assert not path.inhibited.any()


def test_dry_air_has_no_parcel():
    dry = np.full(DAY.levels["PRES"].shape[1], np.nan)
    assert lines.parcel_path(warm_day(DWPC=dry)) is None


def test_wet_bulb_lies_between_dewpoint_and_temperature_and_is_missing_with_the_dewpoint():
    dewpoint = DAY.levels["DWPC"][0].copy()
    dewpoint[4] = np.nan
    line = lines.wet_bulb_line(warm_day(DWPC=dewpoint).levels)
    shown = np.isfinite(line.celsius)
    assert np.flatnonzero(~shown).tolist() == [4]
    assert (line.celsius[shown] <= DAY.levels["TMPC"][0][shown]).all()
    assert (line.celsius[shown] >= dewpoint[shown]).all()


def test_values_without_neighbours_are_dots():
    nan = np.nan
    line = Line(np.array([1.0, nan, 2, 3, nan, 4, nan]), np.arange(700.0, 0, -100))
    found = lines.lone_values(line)
    assert found.celsius.tolist() == [1, 4]
    assert found.hpa.tolist() == [700, 200]


def test_pressures_at_heights_above_the_lowest_level():
    found = lines.pressures_at(DAY.levels, np.array([0.0, 1000, 99_000]))
    np.testing.assert_allclose(found[:2], DAY.levels["PRES"][0, [0, 5]])
    assert np.isnan(found[2])


def test_barbs_keep_apart_and_on_the_diagram():
    hpa = np.array([1100.0, np.nan, 1000, 995, 900, 500, 99])
    assert lines.thinned(hpa, 0.05).tolist() == [2, 4, 5]


def test_labels_keep_apart_in_their_order():
    assert lines.spread(np.array([0.5, 0.1, 0.11]), 0.1).tolist() == pytest.approx([0.5, 0.1, 0.2])
    assert lines.spread(np.array([0.1, 0.1]), 0.1).tolist() == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize(("celsius", "low"), [(20.0, -40), (-45.0, -50), (52.0, -30)])
def test_the_range_of_temperature_holds_the_air(celsius, low):
    line = Line(np.array([celsius, np.nan]), np.array([1050.0, 500.0]))
    assert lines.temperature_range(line) == (low, low + 90)


def test_one_profile_of_a_forecast_has_its_own_levels_alone():
    one = lines.single(DAY, 0)
    assert len(one) == 1
    assert one.levels["PRES"].shape == (1, DAY.n_levels[0])
