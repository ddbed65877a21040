"""Finds interference spikes: echoes a few rays wide and many kilometres long.

After the detection of emitters by shape in Peura (2002), "Computer vision methods for anomaly
removal", Proc. ERAD 2002, 312-317: what an opening across the rays takes away is narrow, and what
is narrow along much of a long stretch of its ray is no weather.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_NO_ECHO_DBZ = -32.0  # stands for a cell without echo beside those that have one


def find_spikes(
    reflectivity: NDArray[np.float32],
    *,
    width_rays: int,
    contrast_db: float,
    length_gates: int,
    share: float,
) -> NDArray[np.bool_]:
    """Returns the cells of a full sweep that belong to a spike.

    Args:
        reflectivity: (ray, gate), dBZ, NaN where there is no echo; the first ray follows the last.
        width_rays: Rays that a spike has at most.
        contrast_db: How much it exceeds what is on one of its sides.
        length_gates: The stretch of a ray that is judged.
        share: The part of the stretch that is narrow, from 0 to 1.
    """
    level = np.where(np.isfinite(reflectivity), reflectivity, np.float32(_NO_ECHO_DBZ))
    wide = ndimage.grey_opening(level, size=(width_rays + 1, 1), mode="wrap")
    narrow = level - wide >= contrast_db
    filled = ndimage.uniform_filter1d(
        narrow.astype(np.float64), length_gates, axis=1, mode="constant"
    )
    stretches = ndimage.maximum_filter1d(filled >= share - 1e-9, length_gates, axis=1)
    found: NDArray[np.bool_] = narrow & stretches
    return found
