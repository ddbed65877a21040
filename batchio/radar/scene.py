"""Computes what a radar would see of an invented scene of thunderstorms and rain.

Values are rounded to binary fractions, exact as float32, so that the last bits of a machine's
mathematics do not show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from batchio.radar.sinarame import FIELDS, FieldSweep, FieldVolume, SweepHeader

Array: TypeAlias = NDArray[np.float64]

POLARIMETRIC = ("DBZH", "DBZV", "ZDR", "RHOHV", "PHIDP", "KDP")
DOPPLER = ("VRAD", "WRAD")
NYQUIST_M_S = 13.25
SITE = (-40.0, -50.0, 10.0)  # degrees, degrees, m: the open South Atlantic, where no radar stands
EPOCH = datetime(2000, 1, 1, 12, tzinfo=timezone.utc)  # before the network had a radar

_BIN_SIZE_M = 360
_OFFSET_M = 1770
_KDP_OFFSET_M = 4770  # with the bins below, as files of 2025 have it
_KDP_FIRST_BIN, _KDP_LOST_BINS = 8, 17
_SWEEP_S, _RISE_S = 20, 2  # one turn of the antenna, and the change to the next elevation
_TURN_DEG = 28  # how far the antenna turns during that change
_RAYS_LOST = (0, 3, 0, 1, 2)  # not radiated after the start of each sweep, in turn
_EFFECTIVE_EARTH_RADIUS_KM = 4 / 3 * 6371
_SENSITIVITY_DBZ = -40.0  # least reflectivity detected at 1 km
_MELTING_KM = 3.8
_SYSTEM_PHASE_DEG = 30.0
_WIND_M_S, _SHEAR_PER_S = (11.0, 5.0), (1.8e-3, -0.6e-3)  # east, north; per metre of height
_MOTION_KM_S = (0.011, 0.005)  # of the scene
_GRID = 512  # nodes of the texture each way, 1 km apart, repeating
_DEFAULT_QUANTUM, _QUANTA = 1 / 32, {"RHOHV": 1 / 512}


@dataclass(frozen=True, slots=True)
class Scan:
    """What a strategy makes of the antenna: its sweeps, upwards, and their bins."""

    elevations_deg: Sequence[float]
    bins: Sequence[int]
    rays: int = 360


@dataclass(frozen=True, slots=True)
class _Gates:
    """Where the cells of a sweep lie, seen from the radar."""

    elevation_rad: float
    azimuth_rad: Array  # (ray, 1)
    range_km: Array  # (1, bin)
    height_km: Array  # (1, bin)
    east_km: Array  # (ray, bin)
    north_km: Array


@dataclass(frozen=True, slots=True)
class _Echo:
    """What comes back from a sweep's cells; arrays (ray, bin)."""

    dbz: Array  # true reflectivity
    floor_dbz: Array  # least reflectivity detected
    random: np.random.Generator

    @property
    def weakness(self) -> Array:
        """The share of noise in what is received, 0 to 1."""
        signal_db = np.clip(self.dbz - self.floor_dbz, -40, 40)
        return np.asarray(1 / (1 + 10 ** (signal_db / 10)))

    def noise(self, scale: Array | float) -> Array:
        return np.asarray(self.random.standard_normal(self.dbz.shape) * scale)


@dataclass(frozen=True, slots=True)
class _Cell:
    """A thunderstorm away from the line."""

    east_km: float
    north_km: float
    radius_km: float
    peak_dbz: float


_CELLS = (
    _Cell(82.0, -48.0, 9.0, 57.0),
    _Cell(104.0, -22.0, 6.0, 50.0),
    _Cell(66.0, -92.0, 8.0, 54.0),
    _Cell(30.0, -118.0, 5.0, 47.0),
    _Cell(118.0, 62.0, 7.0, 49.0),
)


def scan_scene(radar: str, start: datetime, scan: Scan, *, seed: int) -> dict[str, FieldVolume]:
    """Returns what a radar finds at a time: eight fields of one volume.

    A line of thunderstorms with stratiform rain behind it and single cells before it moves
    east-north-east. Another seed gives a scene with other details.
    """
    texture = _make_texture(np.random.Generator(np.random.PCG64(seed)))
    age_s = (start - EPOCH).total_seconds()
    random = np.random.Generator(np.random.PCG64([seed, round(age_s) % (1 << 31)]))
    sweeps: dict[str, list[FieldSweep]] = {field: [] for field in (*POLARIMETRIC, *DOPPLER)}
    for number in range(len(scan.elevations_deg)):
        header = _header(scan, number, start)
        gates = _locate(header)
        floor_dbz = _SENSITIVITY_DBZ + 20 * np.log10(gates.range_km)
        echo = _Echo(_true_dbz(gates, texture, age_s), floor_dbz, random)
        for field, sweep in _to_sweeps(header, _observe(gates, echo), number):
            sweeps[field].append(sweep)
    return {
        field: FieldVolume(field, radar, start, *SITE, tuple(each))
        for field, each in sweeps.items()
    }


def _header(scan: Scan, number: int, start: datetime) -> SweepHeader:
    begin = start + timedelta(seconds=number * (_SWEEP_S + _RISE_S))
    return SweepHeader(
        start=begin,
        end=begin + timedelta(seconds=_SWEEP_S),
        elevation_deg=scan.elevations_deg[number],
        n_bins=scan.bins[number],
        bin_size_m=_BIN_SIZE_M,
        bin_offset_m=_OFFSET_M,
        n_rays=scan.rays,
        first_ray=(165 + number * _TURN_DEG) % scan.rays,
        product=0,
    )


def _locate(header: SweepHeader) -> _Gates:
    elevation = np.deg2rad(header.elevation_deg)
    azimuth = (np.arange(header.n_rays, dtype=np.float64)[:, None] + 0.5) * (
        2 * np.pi / header.n_rays
    )
    bins = np.arange(header.n_bins)[None, :]
    range_km = (header.bin_offset_m + (bins + 0.5) * header.bin_size_m) / 1000
    ground_km = range_km * np.cos(elevation)
    return _Gates(
        elevation_rad=float(elevation),
        azimuth_rad=azimuth,
        range_km=range_km,
        height_km=range_km * np.sin(elevation) + ground_km**2 / (2 * _EFFECTIVE_EARTH_RADIUS_KM),
        east_km=ground_km * np.sin(azimuth),
        north_km=ground_km * np.cos(azimuth),
    )


def _make_texture(random: np.random.Generator) -> Array:
    """Returns three smooth random fields of about -1 to 1 on a grid that repeats, (3, y, x)."""
    texture = np.zeros((3, _GRID, _GRID))
    for step_km, weight in ((64, 0.5), (32, 0.3), (16, 0.25), (8, 0.25), (4, 0.2), (2, 0.12)):
        nodes = random.uniform(-1, 1, (3, _GRID // step_km, _GRID // step_km))
        texture += weight * _refine(_refine(nodes, step_km, 1), step_km, 2)
    return texture


def _refine(nodes: Array, step: int, axis: int) -> Array:
    """Returns the nodes with `step` times as many along the axis, smoothly between the old."""
    way = np.arange(step) / step
    ease = np.tile(way * way * (3 - 2 * way), nodes.shape[axis])
    ease = ease.reshape([-1 if each == axis else 1 for each in range(3)])
    before = np.repeat(nodes, step, axis)
    after = np.repeat(np.roll(nodes, -1, axis), step, axis)
    return before + (after - before) * ease


def _look_up(texture: Array, east_km: Array, north_km: Array) -> Array:
    """Returns the texture at places, linear between its nodes, (3, ray, bin)."""
    column, row = np.floor(east_km), np.floor(north_km)
    right, up = east_km - column, north_km - row
    column, row = column.astype(np.intp) % _GRID, row.astype(np.intp) % _GRID
    next_column, next_row = (column + 1) % _GRID, (row + 1) % _GRID
    low = texture[:, row, column] * (1 - right) + texture[:, row, next_column] * right
    high = texture[:, next_row, column] * (1 - right) + texture[:, next_row, next_column] * right
    return np.asarray(low * (1 - up) + high * up)


def _true_dbz(gates: _Gates, texture: Array, age_s: float) -> Array:
    """Returns the reflectivity there is: that of the strongest of line, rain and cells."""
    east = gates.east_km - _MOTION_KM_S[0] * age_s
    north = gates.north_km - _MOTION_KM_S[1] * age_s
    rough, fine, broad = _look_up(texture, east, north)
    east, north = east + 13 * rough, north + 13 * broad
    # The line is an arc; `ahead` is the distance before its front, `along` the angle on it.
    ahead = np.hypot(east + 95, north - 10) - 130
    along = np.arctan2(north - 10, east + 95)
    ends = 22 * (along**2) ** 2
    width_km = np.where(ahead > 0, 3.5, 7.0)
    line = 47 - ends - 11 * (ahead / width_km) ** 2 + 16 * fine
    rain = 24 - 0.7 * ends - 16 * (((ahead + 45) / 45) ** 2) ** 2 + 11 * broad + 5 * fine
    deep, shallow = _aloft(gates.height_km)
    storms = line
    for cell in _CELLS:
        away = np.hypot(east - cell.east_km, north - cell.north_km) / cell.radius_km
        storms = np.maximum(storms, cell.peak_dbz - 12 * away**2 + 8 * fine)
    return np.asarray(np.maximum(storms + deep, rain + shallow))


def _aloft(height_km: Array) -> tuple[Array, Array]:
    """Returns what height adds to deep and to stratiform cloud, in dB; ice reflects less."""
    above = np.maximum(height_km - _MELTING_KM, 0)
    deep = -1.2 * above - 1.5 * np.maximum(height_km - 9, 0) ** 2
    return deep, 7 * _melting(height_km) - 4.2 * above


def _melting(height_km: Array) -> Array:
    return np.asarray(np.exp(-(((height_km - _MELTING_KM) / 0.35) ** 2)))


def _observe(gates: _Gates, echo: _Echo) -> dict[str, Array]:
    """Returns the fields measured, NaN where nothing is detected."""
    dbzh = echo.dbz + echo.noise(0.7)
    measured = {"DBZH": dbzh, **_polarimetry(gates, echo), **_doppler(gates, echo)}
    measured["DBZV"] = dbzh - measured["ZDR"]
    detected = dict.fromkeys(measured, dbzh >= echo.floor_dbz)
    detected["DBZV"] = measured["DBZV"] >= echo.floor_dbz
    detected["RHOHV"] = np.ones(dbzh.shape, bool)  # every gate has one, be it of noise
    return {field: np.where(detected[field], each, np.nan) for field, each in measured.items()}


def _polarimetry(gates: _Gates, echo: _Echo) -> dict[str, Array]:
    """Returns ZDR, RHOHV, PHIDP and KDP; the relations to reflectivity are rough, for C band."""
    weak, noise = echo.weakness, echo.noise
    melting = _melting(gates.height_km)
    liquid = (1 - np.tanh((gates.height_km - _MELTING_KM) / 0.5)) / 2
    zdr = 0.2 + liquid * np.clip((echo.dbz - 15) * 0.065, 0, 3) + 1.1 * melting
    kdp = (0.15 + 0.85 * liquid) * np.minimum(10 ** ((echo.dbz - 45) / 11), 4)
    phase = _SYSTEM_PHASE_DEG + 2 * np.cumsum(kdp, axis=1) * (_BIN_SIZE_M / 1000)
    coherent = (0.992 - 0.06 * melting - np.abs(noise(0.006))) * (1 - weak)
    scatter = np.abs(noise(0.28))  # of what is not coherent
    return {
        "ZDR": np.clip(zdr + noise(0.15 + 2.5 * weak), -8, 9),
        "RHOHV": np.clip(coherent + scatter * weak, 0.01, 1),
        "PHIDP": (phase + noise(1.5 + 40 * weak)) % 360,
        "KDP": kdp + noise(0.3 + 4 * weak),
    }


def _doppler(gates: _Gates, echo: _Echo) -> dict[str, Array]:
    """Returns VRAD, folded, and WRAD of a wind that is the same everywhere at one height."""
    weak, noise = echo.weakness, echo.noise
    height_m = gates.height_km * 1000
    east, north = (
        wind + shear * height_m for wind, shear in zip(_WIND_M_S, _SHEAR_PER_S, strict=True)
    )
    away = east * np.sin(gates.azimuth_rad) + north * np.cos(gates.azimuth_rad)
    width = 0.9 + 0.05 * np.clip(echo.dbz - 25, 0, 40) + 3 * weak
    velocity = away * np.cos(gates.elevation_rad) + noise(0.25 + 3 * weak)
    return {
        "VRAD": (velocity + NYQUIST_M_S) % (2 * NYQUIST_M_S) - NYQUIST_M_S,
        "WRAD": np.clip(width + noise(0.3), 0.1, 12),
    }


def _to_sweeps(
    header: SweepHeader, values: dict[str, Array], number: int
) -> Iterator[tuple[str, FieldSweep]]:
    n_lost = _RAYS_LOST[number % len(_RAYS_LOST)]
    lost = np.zeros(header.n_rays, bool)
    lost[(int(header.first_ray) + 1 + np.arange(n_lost)) % header.n_rays] = True
    for field, measured in values.items():
        quantum = _QUANTA.get(field, _DEFAULT_QUANTUM)
        cells = (np.round(measured / quantum) * quantum).astype(np.float32)
        cells[lost] = np.nan
        own = replace(header, product=FIELDS[field].codes[0])
        if field == "KDP" and header.n_bins > _KDP_LOST_BINS:
            cells = cells[:, _KDP_FIRST_BIN : _KDP_FIRST_BIN + header.n_bins - _KDP_LOST_BINS]
            # Where rays are missing, files of 2025 state the offset of the other fields.
            offset_m = header.bin_offset_m if n_lost else _KDP_OFFSET_M
            own = replace(own, n_bins=cells.shape[1], bin_offset_m=offset_m)
        undetect = np.isnan(cells) & ~lost[:, np.newaxis]
        n_nodata = n_lost * own.n_bins
        yield field, FieldSweep(own, cells, undetect, n_nodata, 0, lost)
