"""A radar volume on one range axis, in the words of CF/Radial and Py-ART's Radar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that went into a volume: its name without folders, and its SHA-256 (hex)."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Sweep:
    """One sweep: times (UTC), fixed elevation and the indices of its rays in the volume."""

    start: datetime
    end: datetime  # never before start
    fixed_angle_deg: float
    first_ray: int
    last_ray: int  # inclusive
    n_gates: int  # from the start of the range axis to the last gate that any field has


@dataclass(frozen=True, slots=True)
class RangeShift:
    """How a field was moved onto the range axis of the volume, one entry a sweep."""

    gates: tuple[int, ...]
    residual_m: tuple[float, ...]  # the field's true range less the one it is given

    @property
    def moved(self) -> bool:
        """Whether any sweep lies, or should lie, elsewhere than at the start of the axis."""
        return any(self.gates) or any(self.residual_m)


@dataclass(frozen=True, eq=False, slots=True)
class DerivedField:
    """A field that was computed from others: (ray, gate).

    Attributes:
        values: float32, NaN where there is no value; or int8 or int16 flags, without missing ones.
        attributes: What its variable says: `long_name`, `units` and so on, and each setting that it
            was made with.
    """

    values: NDArray[np.float32] | NDArray[np.int8] | NDArray[np.int16]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, eq=False, slots=True)
class Volume:
    """A radar volume."""

    volume_id: str
    radar: str
    strategy: str
    volume_number: str
    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    sweeps: tuple[Sweep, ...]
    time_s: NDArray[np.float64]  # ray: seconds since start
    azimuth_deg: NDArray[np.float32]  # ray: centre
    elevation_deg: NDArray[np.float32]  # ray
    not_radiated: NDArray[np.bool_]  # ray: nodata in every field
    bin_size_m: int
    bin_offset_m: int  # start of the first bin, as the reference field's header has it
    n_gates: int
    reference: str  # the field whose bins are the range axis
    fields: Mapping[str, NDArray[np.float32]]  # (ray, gate), NaN where there is no value
    shifts: Mapping[str, RangeShift] = field(default_factory=dict)  # fields that were moved
    derived: Mapping[str, DerivedField] = field(default_factory=dict)
    # (ray, gate): bits of the fields in which nothing was detected there, see ``UNDETECT_BITS``;
    # a missing value without its bit is not known. None: it is not known which are which.
    undetect: NDArray[np.int16] | None = None
    inputs: tuple[SourceFile, ...] = ()
    missing_fields: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def start(self) -> datetime:
        """The start of the earliest sweep: the origin of ``time_s``."""
        return min(sweep.start for sweep in self.sweeps)

    @property
    def end(self) -> datetime:
        """The end of the latest sweep."""
        return max(sweep.end for sweep in self.sweeps)

    @property
    def range_m(self) -> NDArray[np.float32]:
        """The distance of each gate's centre."""
        centres = self.bin_offset_m + (np.arange(self.n_gates) + 0.5) * self.bin_size_m
        return centres.astype(np.float32)
