"""Writes values around a place as a Cloud-Optimised GeoTIFF, with GDAL's driver COG.

Format: https://docs.ogc.org/is/21-026/21-026.html. rasterio is an extra (``headrace[geotiff]``);
nothing imports this module before a GeoTIFF is asked for.

rasterio brings a PROJ and a GDAL of its own, as eccodes and pyproj bring a PROJ. Tried on Linux
with rasterio 1.4.4, eccodes 2.50, netCDF4 1.7.5 and pyproj 3.7.2, each order in a process of its
own that also wrote a file: rasterio works, and the process exits with 0, whether eccodes or pyproj
are imported before or after it. What aborts at exit is pyproj imported after eccodes, with rasterio
or without. So this module may be imported late, in a worker that has decoded BUFR, and it leaves
projections to GDAL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from batchio.netcdf import FILL_VALUE, filled


@dataclass(frozen=True, eq=False, slots=True)
class Raster:
    """Values on a plane around a place, which lies in its middle.

    Attributes:
        values: (row from north, column from west), NaN where there is none.
        pixel_m: Width and height of a pixel.
        name: What is measured.
        unit: Of the values.
        tags: What else is to be told, by name.
    """

    values: NDArray[np.float32]
    pixel_m: float
    latitude_deg: float
    longitude_deg: float
    name: str
    unit: str
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def projection(self) -> str:
        """The azimuthal equidistant projection around the place, as PROJ writes it."""
        centre = f"+lat_0={self.latitude_deg:.10g} +lon_0={self.longitude_deg:.10g}"
        return f"+proj=aeqd {centre} +datum=WGS84 +units=m"


def write_geotiff(raster: Raster, path: Path) -> None:
    """Writes the GeoTIFF, with overviews that take the nearest pixel; equal input, equal bytes."""
    rows, columns = raster.values.shape
    west, north = -columns / 2 * raster.pixel_m, rows / 2 * raster.pixel_m
    with rasterio.open(
        path,
        "w",
        driver="COG",
        width=columns,
        height=rows,
        count=1,
        dtype="float32",
        nodata=FILL_VALUE,
        crs=raster.projection,
        transform=rasterio.Affine(raster.pixel_m, 0, west, 0, -raster.pixel_m, north),
        compress="deflate",
        predictor="yes",
        overview_resampling="nearest",
    ) as target:
        target.write(filled(raster.values), 1)
        target.update_tags(**raster.tags)
        target.set_band_description(1, raster.name)
        target.set_band_unit(1, raster.unit)
