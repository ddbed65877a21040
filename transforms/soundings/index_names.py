"""The indices of a profile: name, unit, and which parcel, layer and source stand behind it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from batchio.soundings.bufkit_columns import Column

PARCELS = MappingProxyType(
    {
        "sb": "the parcel of the lowest level",
        "ml": "the mixed parcel of the lowest 100 hPa",
        "mu": "the most unstable parcel of the lowest 300 hPa",
    }
)


def _parcel_indices(short: str, parcel: str) -> dict[str, Column]:
    above = "height above ground of the"
    return {
        f"{short}_cape": Column("J kg-1", f"convective available potential energy of {parcel}"),
        f"{short}_cin": Column("J kg-1", f"convective inhibition of {parcel}, 0 or less"),
        f"{short}_lcl": Column("hPa", f"lifting condensation level of {parcel}"),
        f"{short}_lfc": Column("hPa", f"level of free convection of {parcel}"),
        f"{short}_el": Column("hPa", f"equilibrium level of {parcel}"),
        f"{short}_lcl_height": Column("m", f"{above} lifting condensation level of {parcel}"),
        f"{short}_lfc_height": Column("m", f"{above} level of free convection of {parcel}"),
        f"{short}_el_height": Column("m", f"{above} equilibrium level of {parcel}"),
        f"{short}_li": Column("K", f"lifted index at 500 hPa of {parcel}"),
    }


_PER_PARCEL = {
    name: index
    for short, parcel in PARCELS.items()
    for name, index in _parcel_indices(short, parcel).items()
}

INDICES: Mapping[str, Column] = MappingProxyType(
    {
        **_PER_PARCEL,
        "mu_start": Column("hPa", "pressure that the most unstable parcel starts from"),
        "dcape": Column("J kg-1", "downdraft CAPE, from the lowest theta-e of the lowest 400 hPa"),
        "effective_bottom": Column("hPa", "bottom of the effective inflow layer"),
        "effective_top": Column("hPa", "top of the effective inflow layer"),
        "effective_bottom_height": Column("m", "bottom of the effective layer, above ground"),
        "effective_top_height": Column("m", "top of the effective layer, above ground"),
        "bunkers_right_u": Column("m s-1", "motion to the east of a right-moving supercell"),
        "bunkers_right_v": Column("m s-1", "motion to the north of a right-moving supercell"),
        "bunkers_left_u": Column("m s-1", "motion to the east of a left-moving supercell"),
        "bunkers_left_v": Column("m s-1", "motion to the north of a left-moving supercell"),
        "shear_0_1km": Column("m s-1", "wind difference between the ground and 1 km"),
        "shear_0_3km": Column("m s-1", "wind difference between the ground and 3 km"),
        "shear_0_6km": Column("m s-1", "wind difference between the ground and 6 km"),
        "shear_effective": Column("m s-1", "effective bulk wind difference"),
        "srh_0_1km": Column("m2 s-2", "helicity relative to a right-mover, ground to 1 km"),
        "srh_0_3km": Column("m2 s-2", "helicity relative to a right-mover, ground to 3 km"),
        "srh_effective": Column("m2 s-2", "helicity relative to a right-mover, effective layer"),
        "lapse_rate_0_3km": Column("K km-1", "fall of temperature from the ground to 3 km"),
        "lapse_rate_3_6km": Column("K km-1", "fall of temperature from 3 to 6 km above ground"),
        "lapse_rate_850_500": Column("K km-1", "fall of temperature from 850 to 500 hPa"),
        "lapse_rate_700_500": Column("K km-1", "fall of temperature from 700 to 500 hPa"),
        "precipitable_water": Column(
            "mm",
            "water vapour of the whole column",
            "lwe_thickness_of_atmosphere_mass_content_of_water_vapor",
        ),
        "freezing_level": Column("m", "height above ground at which it is 0 degree_Celsius"),
        "wet_bulb_zero": Column("m", "height above ground of a wet-bulb temperature of 0 degree"),
        "k_index": Column("degree_Celsius", "K index", "atmosphere_stability_k_index"),
        "total_totals": Column("K", "total totals", "atmosphere_stability_total_totals_index"),
        "showalter": Column("K", "Showalter index", "atmosphere_stability_showalter_index"),
        "sweat": Column("1", "SWEAT index"),
        "stp_fixed": Column("1", "significant tornado parameter, fixed layer"),
        "stp_effective": Column("1", "significant tornado parameter, effective layer"),
        "scp": Column("1", "supercell composite parameter"),
        "ship": Column("1", "significant hail parameter"),
        "ehi_0_1km": Column("1", "energy helicity index of the mixed parcel, ground to 1 km"),
        "ehi_0_3km": Column("1", "energy helicity index of the mixed parcel, ground to 3 km"),
        "inversion_count": Column("1", "number of inversions below 5 km"),
        "inversion_base": Column("m", "height above ground of the strongest inversion's base"),
        "inversion_depth": Column("m", "depth of the strongest inversion"),
        "inversion_strength": Column("K", "rise of temperature in the strongest inversion"),
    }
)
