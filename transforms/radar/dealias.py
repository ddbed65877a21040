"""Unfolds the radial velocity of a volume whose Nyquist velocity is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from batchio.radar.volume import DerivedField, Volume
from transforms.radar.circular import circular_deviation
from transforms.radar.gate_filter import described, rays_of
from transforms.radar.pyart import pyart, to_pyart
from transforms.radar.quality_settings import QualitySettings

_TOLERANCE = 1.02  # of tables of Nyquist velocities that are rounded


def nyquist_a_sweep(volume: Volume, nyquist_m_s: Sequence[float]) -> tuple[float, ...]:
    """Returns the Nyquist velocity of each sweep.

    Raises:
        ValueError: There is neither one nor one a sweep, or a velocity exceeds it; says which.
    """
    n_sweeps = len(volume.sweeps)
    if len(nyquist_m_s) not in (1, n_sweeps):
        raise ValueError(f"{len(nyquist_m_s)} Nyquist velocities for {n_sweeps} sweeps")
    each = tuple(nyquist_m_s) * (n_sweeps if len(nyquist_m_s) == 1 else 1)
    speed = np.abs(volume.fields["VRAD"])
    for number, (sweep, nyquist) in enumerate(zip(volume.sweeps, each, strict=True)):
        fastest = np.nanmax(speed[rays_of(sweep)], initial=0.0)
        if fastest > nyquist * _TOLERANCE:
            raise ValueError(
                f"sweep {number} has {fastest:.1f} m/s, more than its Nyquist velocity {nyquist:g}"
            )
    return each


def dealias_velocity(
    volume: Volume, flags: DerivedField, nyquist_m_s: Sequence[float], settings: QualitySettings
) -> DerivedField:
    """Returns VRAD plus multiples of twice the Nyquist velocity.

    Gates with a flag have no value, and those at which velocities are noise: taken along, they
    turn whole storms. Only regions that touch, or lie within the gap set, are compared.

    Args:
        volume: A volume with VRAD.
        flags: Of its gates.
        nyquist_m_s: One a sweep.
        settings: The texture of noise, and the gap.
    """
    radar = to_pyart(volume)
    usable = pyart.filters.GateFilter(radar)
    usable.exclude_gates(flags.values != 0)
    if settings.velocity_texture_max_m_s is not None:
        texture = _texture(volume, nyquist_m_s, settings.window_gates)
        usable.exclude_gates(texture > settings.velocity_texture_max_m_s)
    found = pyart.correct.dealias_region_based(
        radar,
        vel_field="VRAD",
        nyquist_vel=list(nyquist_m_s),
        gatefilter=usable,
        skip_along_ray=settings.velocity_gap_gates,
        skip_between_rays=settings.velocity_gap_gates,
    )
    velocity = np.ma.filled(found["data"].astype(np.float32), np.nan)
    used = ("velocity_texture_max_m_s", "velocity_gap_gates", "window_gates")
    attributes = {
        **described("VRAD", "radial velocity, unfolded"),
        "nyquist_velocity_m_s": np.array(nyquist_m_s),
        **{name: value for name in used if (value := getattr(settings, name)) is not None},
        "references": "region-based dealiasing of Py-ART, doi:10.5334/jors.119",
        "software": f"Py-ART {pyart.__version__}, dealias_region_based",
    }
    return DerivedField(velocity, attributes)


def _texture(volume: Volume, nyquist_m_s: Sequence[float], gates: int) -> NDArray[np.float64]:
    """Returns the circular standard deviation of velocities along the ray, m/s."""
    scale = np.empty((len(volume.time_s), 1))  # ray: m/s a radian
    for sweep, nyquist in zip(volume.sweeps, nyquist_m_s, strict=True):
        scale[rays_of(sweep)] = nyquist / np.pi
    return circular_deviation(volume.fields["VRAD"] / scale, gates) * scale
