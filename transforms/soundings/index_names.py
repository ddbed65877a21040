"""The indices of a profile: name, unit, and which parcel, layer and source stand behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Index:
    """An index: its unit (UDUNITS) and what it is."""

    unit: str
    long_name: str
    standard_name: str | None = None  # of CF


PARCELS = MappingProxyType(
    {
        "sb": "the parcel of the lowest level",
        "ml": "the mixed parcel of the lowest 100 hPa",
        "mu": "the most unstable parcel of the lowest 300 hPa",
    }
)


def _parcel_indices(short: str, parcel: str) -> dict[str, Index]:
    above = "height above ground of the"
    return {
        f"{short}_cape": Index("J kg-1", f"convective available potential energy of {parcel}"),
        f"{short}_cin": Index("J kg-1", f"convective inhibition of {parcel}, 0 or less"),
        f"{short}_lcl": Index("hPa", f"lifting condensation level of {parcel}"),
        f"{short}_lfc": Index("hPa", f"level of free convection of {parcel}"),
        f"{short}_el": Index("hPa", f"equilibrium level of {parcel}"),
        f"{short}_lcl_height": Index("m", f"{above} lifting condensation level of {parcel}"),
        f"{short}_lfc_height": Index("m", f"{above} level of free convection of {parcel}"),
        f"{short}_el_height": Index("m", f"{above} equilibrium level of {parcel}"),
        f"{short}_li": Index("K", f"lifted index at 500 hPa of {parcel}"),
    }


_PER_PARCEL = {
    name: index
    for short, parcel in PARCELS.items()
    for name, index in _parcel_indices(short, parcel).items()
}

INDICES: Mapping[str, Index] = MappingProxyType(
    {
        **_PER_PARCEL,
        "mu_start": Index("hPa", "pressure that the most unstable parcel starts from"),
        "dcape": Index("J kg-1", "downdraft CAPE, from the lowest theta-e of the lowest 400 hPa"),
        "effective_bottom": Index("hPa", "bottom of the effective inflow layer"),
        "effective_top": Index("hPa", "top of the effective inflow layer"),
        "effective_bottom_height": Index("m", "bottom of the effective inflow layer, above ground"),
        "effective_top_height": Index("m", "top of the effective inflow layer, above ground"),
        "bunkers_right_u": Index("m s-1", "motion to the east of a right-moving supercell"),
        "bunkers_right_v": Index("m s-1", "motion to the north of a right-moving supercell"),
        "bunkers_left_u": Index("m s-1", "motion to the east of a left-moving supercell"),
        "bunkers_left_v": Index("m s-1", "motion to the north of a left-moving supercell"),
        "shear_0_1km": Index("m s-1", "wind difference between the ground and 1 km"),
        "shear_0_3km": Index("m s-1", "wind difference between the ground and 3 km"),
        "shear_0_6km": Index("m s-1", "wind difference between the ground and 6 km"),
        "shear_effective": Index("m s-1", "effective bulk wind difference"),
        "srh_0_1km": Index("m2 s-2", "helicity relative to a right-mover, ground to 1 km"),
        "srh_0_3km": Index("m2 s-2", "helicity relative to a right-mover, ground to 3 km"),
        "srh_effective": Index("m2 s-2", "helicity relative to a right-mover, effective layer"),
        "lapse_rate_0_3km": Index("K km-1", "fall of temperature from the ground to 3 km"),
        "lapse_rate_3_6km": Index("K km-1", "fall of temperature from 3 to 6 km above ground"),
        "lapse_rate_850_500": Index("K km-1", "fall of temperature from 850 to 500 hPa"),
        "lapse_rate_700_500": Index("K km-1", "fall of temperature from 700 to 500 hPa"),
        "precipitable_water": Index(
            "mm",
            "water vapour of the whole column",
            "lwe_thickness_of_atmosphere_mass_content_of_water_vapor",
        ),
        "freezing_level": Index("m", "height above ground at which it is 0 degree_Celsius"),
        "wet_bulb_zero": Index("m", "height above ground of a wet-bulb temperature of 0 degree"),
        "k_index": Index("degree_Celsius", "K index", "atmosphere_stability_k_index"),
        "total_totals": Index("K", "total totals", "atmosphere_stability_total_totals_index"),
        "showalter": Index("K", "Showalter index", "atmosphere_stability_showalter_index"),
        "sweat": Index("1", "SWEAT index"),
        "stp_fixed": Index("1", "significant tornado parameter, fixed layer"),
        "stp_effective": Index("1", "significant tornado parameter, effective layer"),
        "scp": Index("1", "supercell composite parameter"),
        "ship": Index("1", "significant hail parameter"),
        "ehi_0_1km": Index("1", "energy helicity index of the mixed parcel, ground to 1 km"),
        "ehi_0_3km": Index("1", "energy helicity index of the mixed parcel, ground to 3 km"),
        "inversion_count": Index("1", "number of inversions below 5 km"),
        "inversion_base": Index("m", "height above ground of the strongest inversion's base"),
        "inversion_depth": Index("m", "depth of the strongest inversion"),
        "inversion_strength": Index("K", "rise of temperature in the strongest inversion"),
    }
)
