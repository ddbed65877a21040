"""Looks down on a sweep: which cell of it lies over a place on the ground.

Beams bend as straight ones would over an earth of 4/3 of its radius. With R = 4/3 x 6371 km, and a
cell at slant range r and elevation e, the ground range is s = R asin(r cos e / (R + h)), with
h = sqrt(r^2 + R^2 + 2 r R sin e) - R; back, r = R sin(s / R) / cos(e + s / R).
Doviak and Zrnic, Doppler Radar and Weather Observations, 1993, equations 2.28b and 2.28c.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchio.radar.volume import Sweep, Volume

RADIUS_M = 4 / 3 * 6_371_000.0

Floats = NDArray[np.float32]


class Cells(NamedTuple):
    """The cells over some places, indices of the volume's rays and gates.

    Where `seen` is false there is no cell: nearer than the first gate, beyond the last, or of a ray
    that the radar did not radiate. Indices are some of the sweep's there.
    """

    ray: NDArray[np.intp]
    gate: NDArray[np.intp]
    seen: NDArray[np.bool_]


def ground_range_m(slant_m: float, elevation_deg: float) -> float:
    """Returns how far from the radar the ground below a cell is."""
    elevation = np.radians(elevation_deg)
    height = np.sqrt(slant_m**2 + RADIUS_M**2 + 2 * slant_m * RADIUS_M * np.sin(elevation))
    return float(RADIUS_M * np.arcsin(slant_m * np.cos(elevation) / height))


def slant_range_m(ground_m: Floats, elevation_deg: float) -> Floats:
    """Returns how far along the beam the cells over these places are."""
    angle = ground_m / np.float32(RADIUS_M)
    elevation = np.float32(np.radians(elevation_deg))
    return np.asarray(np.float32(RADIUS_M) * np.sin(angle) / np.cos(elevation + angle))


def reach_m(volume: Volume, sweep: Sweep) -> float:
    """Returns the ground range of the end of the last gate."""
    end_m = volume.bin_offset_m + volume.n_gates * volume.bin_size_m
    return ground_range_m(end_m, sweep.fixed_angle_deg)


def cells_at(volume: Volume, sweep: Sweep, east_m: Floats, north_m: Floats) -> Cells:
    """Returns the cells over places that are so far east and north of the radar."""
    slant_m = slant_range_m(np.hypot(east_m, north_m), sweep.fixed_angle_deg)
    gate = np.floor((slant_m - volume.bin_offset_m) / volume.bin_size_m).astype(np.intp)
    n_rays = sweep.last_ray - sweep.first_ray + 1
    turned = np.arctan2(east_m, north_m) / np.float32(2 * np.pi)  # -0.5 to 0.5, clockwise
    # Row i of a sweep covers [i, i + 1) x 360 / rays degrees.
    ray = sweep.first_ray + np.floor(turned * n_rays).astype(np.intp) % n_rays
    seen = (gate >= 0) & (gate < sweep.n_gates) & ~volume.not_radiated[ray]
    return Cells(ray, gate.clip(0, volume.n_gates - 1), seen)


def cells_of_grid(volume: Volume, sweep: Sweep, pixel_m: float, pixels: int) -> Cells:
    """Returns the cells below the centres of square pixels, the radar amid them, north up.

    Arrays are (row, column), of as many `pixels` each way.
    """
    centres = ((np.arange(pixels) + 0.5 - pixels / 2) * pixel_m).astype(np.float32)
    return cells_at(volume, sweep, centres[None, :], -centres[:, None])


def take_cells(values: NDArray[Any], cells: Cells) -> Floats:
    """Returns the values (ray, gate) of the cells; NaN where there is no cell or no value."""
    found = values[cells.ray, cells.gate].astype(np.float32)
    found[~cells.seen] = np.nan
    return found
