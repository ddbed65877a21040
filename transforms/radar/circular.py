"""Running means along rays of what folds: phases, and velocities taken for phases.

Py-ART's angular textures are of whole squares, and take a missing gate for one of phase 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


def mean_direction(phase: NDArray[Any], gates: int) -> NDArray[np.complex128]:
    """Returns the running mean along the ray of the unit vectors of a phase.

    Args:
        phase: (ray, gate), radians; gates with NaN do not count.
        gates: The window; where it has no phase at all the mean is 0.
    """
    valid = np.isfinite(phase)
    unit = np.where(valid, np.exp(1j * np.nan_to_num(phase.astype(np.float64))), 0)
    real, imag, share = (
        ndimage.uniform_filter1d(part, gates, axis=1, mode="constant")
        for part in (unit.real, unit.imag, valid.astype(np.float64))
    )
    mean: NDArray[np.complex128] = (real + 1j * imag) / np.maximum(share, 0.5 / gates)
    return mean


def circular_deviation(phase: NDArray[Any], gates: int) -> NDArray[np.float64]:
    """Returns the running circular standard deviation along the ray, radians; NaN as in phase."""
    length = np.clip(np.abs(mean_direction(phase, gates)), 1e-9, 1.0)
    deviation: NDArray[np.float64] = np.where(
        np.isfinite(phase), np.sqrt(-2 * np.log(length)), np.nan
    )
    return deviation
