"""The list of indices of a profile as MetPy computes it, for `soundings_pipeline.py`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import metpy.calc as mpcalc
    from metpy.interpolate import log_interpolate_1d
    from metpy.units import units

_DRY_C = -128.0  # for levels without a dewpoint: MetPy stops at the first NaN
_TOP_HPA = 50.0


@dataclass(frozen=True, eq=False, slots=True)
class Quantities:
    """A profile with MetPy's units."""

    p: Any
    t: Any
    td: Any
    z: Any  # above the lowest level
    u: Any
    v: Any


def to_quantities(levels: Mapping[str, NDArray[np.float64]]) -> Quantities:
    """Returns the levels of one profile up to 50 hPa."""
    used = levels["PRES"] >= _TOP_HPA
    celsius, dewpoint = levels["TMPC"][used], levels["DWPC"][used]
    dewpoint = np.minimum(np.where(np.isnan(dewpoint), _DRY_C, dewpoint), celsius)
    u, v = mpcalc.wind_components(
        levels["SKNT"][used] * units.knots, levels["DRCT"][used] * units.degrees
    )
    height = (levels["HGHT"][used] - levels["HGHT"][used][0]) * units.m
    pressure = levels["PRES"][used] * units.hPa
    return Quantities(pressure, celsius * units.degC, dewpoint * units.degC, height, u, v)


def parcels(of: Quantities) -> dict[str, Any]:
    """Surface, mixed and most unstable parcel: CAPE, CIN, LCL, LFC, EL, lifted index; DCAPE."""
    mixed = mpcalc.mixed_parcel(of.p, of.t, of.td, depth=100 * units.hPa)
    unstable = mpcalc.most_unstable_parcel(of.p, of.t, of.td, depth=300 * units.hPa)
    found: dict[str, Any] = {
        "sb": mpcalc.surface_based_cape_cin(of.p, of.t, of.td),
        "ml": mpcalc.mixed_layer_cape_cin(of.p, of.t, of.td),
        "mu": mpcalc.most_unstable_cape_cin(of.p, of.t, of.td),
        "dcape": mpcalc.downdraft_cape(of.p, of.t, of.td),
    }
    starts = {"sb": (of.p[0], of.t[0], of.td[0]), "ml": mixed, "mu": unstable[:3]}
    for name, (_, t, td) in starts.items():
        first = int(unstable[3]) if name == "mu" else 0
        p, around, dew = of.p[first:], of.t[first:], of.td[first:]
        path = mpcalc.parcel_profile(p, t, td).to("degC")
        found[f"{name}_lcl"] = mpcalc.lcl(p[0], t, td)
        found[f"{name}_lfc"] = mpcalc.lfc(p, around, dew, parcel_temperature_profile=path)
        found[f"{name}_el"] = mpcalc.el(p, around, dew, parcel_temperature_profile=path)
        if p[0] > 500 * units.hPa:
            found[f"{name}_li"] = mpcalc.lifted_index(p, around, path)
    return found


def effective_layer(of: Quantities, most_cape: float) -> tuple[int, int] | None:
    """First and last level of the effective layer; MetPy has no function for it."""
    if most_cape < 100:
        return None
    first = None
    for level in range(len(of.p) - 2):
        p, t, td = of.p[level:], of.t[level:], of.td[level:]
        cape, cin = mpcalc.cape_cin(p, t, td, mpcalc.parcel_profile(p, t[0], td[0]))
        inside = cape.m >= 100 and cin.m >= -250
        if first is None and inside:
            first = level
        elif first is not None and not inside:
            return first, level - 1
        if first is None and of.p[level] < of.p[0] - 400 * units.hPa:
            return None
    return None if first is None else (first, len(of.p) - 3)


def winds(of: Quantities, layer: tuple[int, int] | None) -> dict[str, Any]:
    """Storm motion, shear and helicity."""
    right, left, mean = mpcalc.bunkers_storm_motion(of.p, of.u, of.v, of.z)
    found: dict[str, Any] = {"right": right, "left": left, "mean": mean}
    for km in (1, 3, 6):
        found[f"shear_{km}"] = np.hypot(
            *mpcalc.bulk_shear(of.p, of.u, of.v, height=of.z, depth=km * units.km)
        )
    storm = {"storm_u": right[0], "storm_v": right[1]}
    depths = {f"srh_{km}": {"depth": km * units.km} for km in (1, 3)}
    if layer is not None and layer[1] > layer[0]:
        bottom, top = of.z[layer[0]], of.z[layer[1]]
        depths["srh_effective"] = {"bottom": bottom, "depth": top - bottom}
    for name, depth in depths.items():
        found[name] = mpcalc.storm_relative_helicity(of.z, of.u, of.v, **depth, **storm)[2]
    return found


def layers(of: Quantities) -> dict[str, Any]:
    """Water, stability, freezing and wet-bulb zero level, lapse rates, inversions."""
    found: dict[str, Any] = {"pwat": mpcalc.precipitable_water(of.p, of.td)}
    if of.p[0] > 850 * units.hPa:
        angle, speed = mpcalc.wind_direction(of.u, of.v), mpcalc.wind_speed(of.u, of.v)
        found["k"] = mpcalc.k_index(of.p, of.t, of.td)
        found["tt"] = mpcalc.total_totals_index(of.p, of.t, of.td)
        found["showalter"] = mpcalc.showalter_index(of.p, of.t, of.td)
        found["sweat"] = mpcalc.sweat_index(of.p, of.t, of.td, speed, angle)
    low = of.p > 300 * units.hPa
    wet = mpcalc.wet_bulb_temperature(of.p[low], of.t[low], of.td[low])
    for name, values in (("freezing", of.t[low]), ("wet_bulb_zero", wet)):
        found[name] = np.interp(0.0, -values.m_as("degC"), of.z[low].m)
    at = log_interpolate_1d(np.array([850, 700, 500.0]) * units.hPa, of.p, of.t, of.z)
    found["lapse_rates"] = at
    found["at_heights"] = np.interp([3000.0, 6000.0], of.z.m, of.t.m)
    found["inversions"] = np.flatnonzero(np.diff(of.t.m) > 0)
    return found


def composites(of: Quantities, parcel: Mapping[str, Any], wind: Mapping[str, Any]) -> list[Any]:
    """STP and SCP; SHIP and EHI, products that MetPy does not have, are left out."""
    cape, mixed = parcel["mu"][0], parcel["ml"][0]
    lcl = np.interp(-parcel["sb_lcl"][0].m, -of.p.m, of.z.m) * units.m
    srh, shear = wind["srh_1"], wind["shear_6"]
    return [
        mpcalc.significant_tornado(mixed, lcl, srh, shear),
        mpcalc.supercell_composite(cape, wind.get("srh_effective", srh), shear),
    ]


def steps(
    levels: Mapping[str, NDArray[np.float64]],
) -> dict[str, Callable[[dict[str, Any]], Any]]:
    """Returns the steps of the list by name; each is given what the ones before have found."""
    of = to_quantities(levels)
    return {
        "parcels": lambda _: parcels(of),
        "effective layer": lambda found: effective_layer(of, found["parcels"]["mu"][0].m),
        "winds": lambda found: winds(of, found["effective layer"]),
        "layers": lambda _: layers(of),
        "composites": lambda found: composites(of, found["parcels"], found["winds"]),
    }
