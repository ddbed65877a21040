"""The options of the radar pipeline."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from batchio.radar.formats import RadarFormat
from pipelines.launcher.options import DOMAIN, CommonOptions, Option
from transforms.radar.quicklook import USUAL

GRIDS = "Grids"
_NOT_AVERAGED = ("PHIDP", "VRAD")


class RadarOptions(CommonOptions):
    """The options of the radar pipeline."""

    volume_types: Annotated[str | None, Option(DOMAIN, "FILE", affects_result=True)] = Field(
        None,
        description="YAML table of the fields that a complete volume has, by strategy and volume "
        "number. Without it every volume is taken as it is.",
    )
    allow_incomplete: Annotated[bool, Option(DOMAIN)] = Field(
        False, description="Work volumes with missing fields at once."
    )
    incomplete_timeout_hours: Annotated[float | None, Option(DOMAIN, "HOURS")] = Field(
        None, gt=0, description="Work volumes with missing fields when they are this old."
    )
    allow_unexpected: Annotated[bool, Option(DOMAIN)] = Field(
        False, description="Work volumes that the table of --volume_types does not list."
    )
    format: Annotated[RadarFormat, Option(DOMAIN, affects_result=True)] = Field(
        "cfradial1",
        description="CF/Radial 1.4, which most programs read; or CfRadial2 (FM 301), a group a "
        "sweep.",
    )
    cleanup_after_hours: Annotated[float | None, Option(DOMAIN, "HOURS")] = Field(
        None,
        gt=0,
        description="Delete the input files of volumes that were completed this long ago, if their "
        "output is whole and the files are unchanged.",
    )
    compression: Annotated[int, Option(DOMAIN, "0-9", affects_result=True)] = Field(
        1, ge=0, le=9, description="Deflate level of the NetCDF files; 0 is none."
    )
    qc: Annotated[bool, Option(DOMAIN, affects_result=True)] = Field(
        False,
        description="Quality control: add flags of the gates that hold no weather, and fields made "
        "of the others. Needs pip install 'headrace[pyart]'.",
    )
    qc_settings: Annotated[str | None, Option(DOMAIN, "FILE", affects_result=True)] = Field(
        None,
        description="YAML file with thresholds of --qc, and the Nyquist velocities of volumes, "
        "without which no velocity is dealiased.",
    )

    quicklook: Annotated[
        list[str],
        Option(DOMAIN, "FIELD", accepts="fields, or usual", affects_result=True, bare=USUAL),
    ] = Field(
        [],
        description="Fields to draw beside each volume (PNG); if it stands alone, DBZH, or the "
        "first that the volume has. Needs pip install 'headrace[plots]'.",
    )
    quicklook_sweep: Annotated[int, Option(DOMAIN, affects_result=True)] = Field(
        0,
        ge=0,
        description="Sweep to draw, from 0, the lowest; volumes that have fewer get no picture.",
    )
    quicklook_geotiff: Annotated[bool, Option(DOMAIN, affects_result=True)] = Field(
        False,
        description="Write what is drawn as Cloud-Optimised GeoTIFF too, values and not colours. "
        "Needs pip install 'headrace[geotiff]'.",
    )

    @model_validator(mode="after")
    def _check_pairs(self) -> RadarOptions:
        if (self.quicklook_sweep or self.quicklook_geotiff) and not self.quicklook:
            raise ValueError("--quicklook_sweep and --quicklook_geotiff: only with --quicklook")
        if self.qc_settings and not self.qc:
            raise ValueError("--qc_settings: only with --qc")
        return self

    grid: Annotated[bool, Option(GRIDS)] = Field(
        False,
        description="Put the volumes of each time slot on a Cartesian grid, with the highest "
        "reflectivity of each column. Needs pip install 'headrace[pyart]'.",
    )
    grid_minutes: Annotated[int, Option(GRIDS, "MINUTES")] = Field(
        10, ge=1, le=1440, description="Length of a time slot, counted from midnight UTC."
    )
    grid_fields: Annotated[
        list[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]],
        Option(GRIDS, "FIELD", accepts="names of fields"),
    ] = Field(["DBZH"], min_length=1, description="Fields that are put on the grid.")
    grid_spacing_m: Annotated[float, Option(GRIDS, "M")] = Field(
        1000.0, ge=50, description="Distance of the grid's columns."
    )
    grid_radius_km: Annotated[float, Option(GRIDS, "KM")] = Field(
        240.0,
        gt=0,
        description="How far the grid reaches from each radar, east, west, north, south.",
    )
    grid_top_km: Annotated[float, Option(GRIDS, "KM")] = Field(
        15.0, gt=0, description="Height of the grid's highest level above mean sea level."
    )
    grid_levels: Annotated[int, Option(GRIDS, "N")] = Field(
        15, ge=2, description="Levels of the grid, evenly from sea level to the highest."
    )
    grid_origin: Annotated[
        list[float], Option(GRIDS, "DEGREES", accepts="latitude and longitude")
    ] = Field(
        [],
        max_length=2,
        description="Latitude and longitude of the grid's origin, instead of the radar, or of the "
        "middle between several.",
    )

    @model_validator(mode="after")
    def _check_grid(self) -> RadarOptions:
        if folded := [field for field in self.grid_fields if field in _NOT_AVERAGED]:
            raise ValueError(f"--grid_fields: {', '.join(folded)} folds, it cannot be averaged")
        if len(self.grid_origin) == 1:
            raise ValueError("--grid_origin: give latitude and longitude")
        return self
