"""Lifted and sunk parcels of one profile, by SHARPlib.

Options, the same for all parcels: pseudo-adiabats without ice, integrated as in the model CM1
(Bryan and Fritsch 2004) and read from a table; virtual temperature for parcel and environment
(Doswell and Rasmussen 1994). The lowest level of the profile, some 10 to 20 m above the ground, is
taken for the surface.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from nwsspc.sharp.calc import params, thermo
from nwsspc.sharp.calc.constants import MISSING
from nwsspc.sharp.calc.layer import PressureLayer
from nwsspc.sharp.calc.parcel import (
    LPL,
    DowndraftParcel,
    Parcel,
    lifter_cm1,
    lifter_lut,
    lifter_lut_cm1,
    lut_data,
    lut_data_cm1,
)

from transforms.soundings.air import Air

_MIXED_PA = 10_000.0  # depth of the mixed layer
_UNSTABLE_PA = 30_000.0  # depth of the layer in which the most unstable parcel is looked for
_DOWNDRAFT_PA = 40_000.0  # depth of the layer in which the coldest downdraft is looked for
_INDEX_PA = 50_000.0  # where the lifted index is taken
_DRIEST_K = 173.15  # dewpoint: below it SHARPlib finds no LCL for a warm parcel
_EFFECTIVE_CAPE = 100.0  # J/kg: what a parcel of the effective layer has at least


class Lifted(NamedTuple):
    """What becomes of a parcel, and its lifted index."""

    parcel: Parcel
    lifted_index: float


@cache
def _adiabats() -> lut_data_cm1:
    return lut_data(lifter_cm1())


def make_lifter() -> lifter_lut_cm1:
    """Returns a lifter; it remembers the parcel it lifts, so threads must not share one."""
    return lifter_lut(_adiabats())


def surface_parcel(air: Air) -> Parcel:
    """Returns the parcel of the lowest level."""
    return Parcel.surface_parcel(
        float(air.pressure[0]), float(air.temperature[0]), float(air.dewpoint[0])
    )


def mixed_parcel(air: Air) -> Parcel:
    """Returns the parcel with the mean potential temperature and mixing ratio of the lowest 100
    hPa, at the pressure of the lowest level.
    """
    bottom = float(air.pressure[0])
    layer = PressureLayer(bottom, bottom - _MIXED_PA)
    return Parcel.mixed_layer_parcel(layer, air.pressure, air.theta, air.mixing_ratio)


def most_unstable_parcel(air: Air) -> Parcel:
    """Returns the parcel of the level with the highest equivalent potential temperature in the
    lowest 300 hPa, as the Storm Prediction Center and MetPy choose it.
    """
    inside = np.count_nonzero(air.pressure >= air.pressure[0] - _UNSTABLE_PA)
    level = int(np.argmax(air.theta_e[:inside]))
    return Parcel(
        float(air.pressure[level]),
        float(air.temperature[level]),
        float(air.dewpoint[level]),
        LPL.MU,
    )


def lift(parcel: Parcel, air: Air, lifter: lifter_lut_cm1) -> Lifted:
    """Returns the parcel with its LCL, LFC, EL, CAPE and CIN set, and its lifted index.

    The lifted index is the environment's virtual temperature at 500 hPa less the parcel's. A parcel
    without moisture has no LCL, and no CAPE.
    """
    if not parcel.dwpk >= _DRIEST_K:
        return Lifted(Parcel(), MISSING)
    lifted = parcel.lift_parcel(lifter, air.pressure)
    parcel.cape_cinh(air.pressure, air.height, thermo.buoyancy(lifted, air.virtual))
    if air.pressure[0] <= _INDEX_PA:
        return Lifted(parcel, MISSING)
    return Lifted(parcel, parcel.lifted_index(_INDEX_PA, air.pressure, air.virtual, lifted))


def downdraft_cape(air: Air, lifter: lifter_lut_cm1) -> float:
    """Returns DCAPE, J/kg, positive: of the parcel at the middle of the 100 hPa with the lowest
    mean equivalent potential temperature within the lowest 400 hPa (Gilmore and Wicker 1998),
    sunk to the lowest level while it is saturated, without virtual temperature.
    """
    bottom = float(air.pressure[0])
    layer = PressureLayer(bottom, bottom - _DOWNDRAFT_PA)
    parcel = DowndraftParcel.min_thetae(
        layer, air.pressure, air.temperature, air.dewpoint, air.theta_e
    )
    sunk = parcel.lower_parcel(lifter, air.pressure)
    buoyancy = thermo.buoyancy(sunk, air.temperature)
    return abs(parcel.cape_cinh(air.pressure, air.height, buoyancy)[0])


def effective_layer(air: Air, most_unstable: Parcel, lifter: lifter_lut_cm1) -> PressureLayer:
    """Returns the effective inflow layer (Thompson et al. 2007): CAPE of 100 J/kg and more, CIN of
    -250 J/kg and more. It is missing where the most unstable parcel does not have that CAPE.
    """
    if not most_unstable.cape >= _EFFECTIVE_CAPE:
        return PressureLayer(MISSING, MISSING)
    return params.effective_inflow_layer(
        lifter, air.pressure, air.height, air.temperature, air.dewpoint, air.virtual
    )
