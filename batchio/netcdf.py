"""What all writers of NetCDF share."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILL_VALUE = np.float32(-9999.0)
"""What a file holds where there is no value: Py-ART's fill value, far from any real one."""

DEFAULT_COMPRESSION = 1
"""Deflate level: of radar fields 4 saves 2.5 % of the size and takes a quarter more time."""

NETCDF_LOCK = threading.Lock()
"""Held around every use of netCDF4: its C library crashes when threads write at once."""


def deflate(compression: int) -> dict[str, Any]:
    """Returns the arguments with which netCDF4 makes a compressed variable; 0 is none."""
    return {"zlib": compression > 0, "complevel": compression, "shuffle": True}


def filled(values: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Returns values as they are stored: ``FILL_VALUE`` where there is none."""
    return np.where(np.isfinite(values), values, FILL_VALUE).astype(np.float32, copy=False)


def characters(texts: Sequence[str]) -> NDArray[np.bytes_]:
    """Returns texts as CF has them: a row of single bytes (UTF-8) each, as wide as the longest."""
    encoded = [text.encode("utf-8") for text in texts]
    length = max(1, *map(len, encoded))
    return np.array(encoded, f"S{length}").view("S1").reshape(-1, length)
