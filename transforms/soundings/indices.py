"""Our own indices of a forecast's profiles; BUFKIT's are in ``forecast.indices``.

Parcels, effective layer, storm motion, helicity and composites are SHARPlib's
(https://github.com/keltonhalbert/SHARPlib, by the Storm Prediction Center); what is interpolation
only is computed here, for all profiles at once. ``transforms.soundings.index_names`` says what
each is.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping

import numpy as np
from nwsspc.sharp.calc import params, winds
from nwsspc.sharp.calc.constants import MISSING
from nwsspc.sharp.calc.layer import HeightLayer, PressureLayer
from nwsspc.sharp.calc.parcel import Parcel, lifter_lut_cm1

from batchio.soundings.profiles import StationForecast, Values
from transforms.soundings import bufkit_recipes as recipes
from transforms.soundings import layers, parcels
from transforms.soundings.air import Air, profiles
from transforms.soundings.columns import at_height, at_pressure
from transforms.soundings.composites import Surroundings, composites
from transforms.soundings.index_names import INDICES, PARCELS
from transforms.soundings.parcels import Lifted
from transforms.soundings.thermodynamics import ZERO_C
from transforms.soundings.wind import KNOT, wind_components

logger = logging.getLogger(__name__)

_SHEAR_TOPS_M = (1000.0, 3000.0, 6000.0)
_HEIGHTS_OF = (
    *(f"{short}_{level}" for short in PARCELS for level in ("lcl", "lfc", "el")),
    "effective_bottom",
    "effective_top",
)
_NEEDED = ("PRES", "TMPC", "DWPC", "DRCT", "SKNT", "HGHT")


def compute_indices(forecast: StationForecast) -> dict[str, Values]:
    """Returns all of ``INDICES``, each (profile); NaN where a profile does not have it.

    A missing dewpoint is dry air and never ends a profile.
    """
    values = {name: np.full(len(forecast), np.nan) for name in INDICES}
    levels = {name: forecast.levels[name] for name in _NEEDED if name in forecast.levels}
    if len(levels) < len(_NEEDED) or not forecast.n_levels.any():
        return values
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        values.update(_of_columns(levels))
        _of_parcels(forecast, values, at_pressure(levels["TMPC"], levels["PRES"], 500) + ZERO_C)
        for name in _HEIGHTS_OF:
            height = layers.height_above_ground(levels, values[name])
            values[f"{name}_height"] = height
    return values


def _of_columns(levels: Mapping[str, Values]) -> dict[str, Values]:
    """Returns what all profiles together give, by interpolation."""
    found = {
        "lapse_rate_0_3km": layers.lapse_rate_heights(levels, 0, 3000),
        "lapse_rate_3_6km": layers.lapse_rate_heights(levels, 3000, 6000),
        "lapse_rate_850_500": layers.lapse_rate_pressures(levels, 850, 500),
        "lapse_rate_700_500": layers.lapse_rate_pressures(levels, 700, 500),
        "precipitable_water": recipes.precipitable_water(levels),
        "freezing_level": layers.freezing_level(levels),
        "wet_bulb_zero": layers.wet_bulb_zero(levels),
        "k_index": recipes.k_index(levels),
        "total_totals": recipes.total_totals(levels),
        "showalter": recipes.showalter(levels),
        "sweat": recipes.sweat(levels),
        **layers.inversions(levels),
    }
    height = levels["HGHT"]
    u, v = (part * KNOT for part in wind_components(levels))
    for top in _SHEAR_TOPS_M:
        parts = (at_height(part, height, height[:, 0] + top) - part[:, 0] for part in (u, v))
        found[f"shear_0_{top / 1000:.0f}km"] = np.hypot(*parts)
    return found


def _of_parcels(
    forecast: StationForecast, values: Mapping[str, Values], temperature_500: Values
) -> None:
    """Fills in what needs a parcel or the storm's motion, profile by profile."""
    lifter = parcels.make_lifter()
    names = ("lapse_rate_700_500", "freezing_level", "shear_0_6km")
    lapse_rate, freezing, shear = (values[name] for name in names)
    for number, air in profiles(forecast):
        around = Surroundings(
            float(lapse_rate[number]),
            float(temperature_500[number]),
            float(freezing[number]),
            float(shear[number]),
        )
        try:
            found = _of_profile(air, around, lifter)
        except ValueError as error:  # SHARPlib's word for a profile that it cannot work with
            hour = forecast.forecast_hour[number]
            logger.warning("station %s, hour %d: %s", forecast.station.number, hour, error)
            continue
        for name, value in found.items():
            values[name][number] = value if value != MISSING else math.nan


def _of_profile(air: Air, around: Surroundings, lifter: lifter_lut_cm1) -> dict[str, float]:
    lifted = {
        "sb": parcels.lift(parcels.surface_parcel(air), air, lifter),
        "ml": parcels.lift(parcels.mixed_parcel(air), air, lifter),
        "mu": parcels.lift(parcels.most_unstable_parcel(air), air, lifter),
    }
    of = {short: each.parcel for short, each in lifted.items()}
    layer = parcels.effective_layer(air, of["mu"], lifter)
    wind = _of_winds(air, layer, of["mu"])
    found = {
        "dcape": parcels.downdraft_cape(air, lifter),
        "mu_start": _hpa(of["mu"].pres),
        "effective_bottom": _hpa(layer.bottom),
        "effective_top": _hpa(layer.top),
        **wind,
        **composites(air, of, around, wind),
    }
    for short, each in lifted.items():
        found |= _of_parcel(short, each)
    return found


def _of_parcel(short: str, lifted: Lifted) -> dict[str, float]:
    parcel = lifted.parcel
    return {
        f"{short}_cape": parcel.cape,
        f"{short}_cin": parcel.cinh,
        f"{short}_lcl": _hpa(parcel.lcl_pressure),
        f"{short}_lfc": _hpa(parcel.lfc_pressure),
        f"{short}_el": _hpa(parcel.eql_pressure),
        f"{short}_li": lifted.lifted_index,
    }


def _of_winds(air: Air, layer: PressureLayer, most_unstable: Parcel) -> dict[str, float]:
    """Returns storm motion and helicity.

    Storm motion is that of Bunkers et al. (2000): 7.5 m/s off the mean wind of the lowest 6 km, not
    weighted by pressure, across the shear between the means of 0-500 m and 5.5-6 km.
    """
    place = (air.pressure, air.height, air.u, air.v)
    deep = HeightLayer(0.0, 6000.0)
    right = params.storm_motion_bunkers(*place, deep, deep, False, False)
    left = params.storm_motion_bunkers(*place, deep, deep, True, False)
    found = {
        "bunkers_right_u": right.u,
        "bunkers_right_v": right.v,
        "bunkers_left_u": left.u,
        "bunkers_left_v": left.v,
    }
    if right.u == MISSING:
        return found
    for top in (1000.0, 3000.0):
        inside = HeightLayer(0.0, top)
        srh = winds.helicity(inside, right, air.height, air.u, air.v)
        found[f"srh_0_{top / 1000:.0f}km"] = srh
    if layer.bottom == MISSING:
        return found
    found["srh_effective"] = winds.helicity(layer, right, air.pressure, air.u, air.v)
    shear = params.effective_bulk_wind_difference(*place, layer, most_unstable.eql_pressure)
    if shear.u != MISSING:
        found["shear_effective"] = math.hypot(shear.u, shear.v)
    return found


def _hpa(pressure_pa: float) -> float:
    return pressure_pa / 100 if pressure_pa != MISSING else MISSING
