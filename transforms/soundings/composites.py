"""Composite indices of severe weather for one profile, by SHARPlib.

Sources: STP and SCP, Thompson et al. (2003, 2007, 2012); SHIP and EHI, as the Storm Prediction
Center's mesoscale analysis has them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nwsspc.sharp.calc import params
from nwsspc.sharp.calc.constants import MISSING
from nwsspc.sharp.calc.interp import interp_pressure
from nwsspc.sharp.calc.parcel import Parcel

from transforms.soundings.air import Air


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What SHIP and STP take from the profile beside its parcels; NaN where it is missing."""

    lapse_rate_700_500: float  # K/km
    temperature_500: float  # K
    freezing_level: float  # m above ground
    shear_0_6km: float  # m s-1


def composites(
    air: Air, of: Mapping[str, Parcel], around: Surroundings, wind: Mapping[str, float]
) -> dict[str, float]:
    """Returns STP, SCP, SHIP and EHI.

    STP and SCP of the effective layer are 0 where there is none.

    Args:
        air: The profile.
        of: The lifted parcels `sb`, `ml` and `mu`.
        around: Of the same profile.
        wind: Helicity and effective shear; what is missing has no entry.
    """
    srh_1km, srh_3km = (wind.get(f"srh_0_{top}km", math.nan) for top in (1, 3))
    return {
        "stp_fixed": _tornado(of["sb"], air, srh_1km, around.shear_0_6km),
        **_effective(air, of, wind),
        "ship": params.significant_hail_parameter(
            of["mu"],
            around.lapse_rate_700_500,
            around.temperature_500,
            around.freezing_level,
            around.shear_0_6km,
        ),
        "ehi_0_1km": params.energy_helicity_index(of["ml"].cape, srh_1km),
        "ehi_0_3km": params.energy_helicity_index(of["ml"].cape, srh_3km),
    }


def _effective(air: Air, of: Mapping[str, Parcel], wind: Mapping[str, float]) -> dict[str, float]:
    if "srh_effective" not in wind:
        return {"stp_effective": 0.0, "scp": 0.0}
    srh, shear = wind["srh_effective"], wind.get("shear_effective", math.nan)
    return {
        "stp_effective": _tornado(of["ml"], air, srh, shear),
        "scp": params.supercell_composite_parameter(of["mu"].cape, srh, shear),
    }


def _tornado(parcel: Parcel, air: Air, srh: float, shear: float) -> float:
    if math.isnan(srh) or math.isnan(shear) or parcel.lcl_pressure == MISSING:
        return math.nan
    lcl = interp_pressure(parcel.lcl_pressure, air.pressure, air.height)
    if lcl == MISSING:
        return math.nan
    return params.significant_tornado_parameter(parcel, lcl - float(air.height[0]), srh, shear)
