"""SINARAME weather-radar BUFR: one field (moment) of one whole volume a file.

Format: BUFR edition 4, centre 41 (Buenos Aires), local sequences 3 21 204, 3 01 031, 3 21 203.
The data of a sweep are one zlib stream of little-endian float64, row by row (ray, bin).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from batchio.errors import doing
from batchio.radar import sinarame_bits as bits
from batchio.radar.sinarame_bits import (
    FETCH_AGAIN,
    NOT_SUPPORTED,
    BitReader,
    Element,
    SinarameError,
)
from batchio.radar.sinarame_frame import read_frame, to_datetime

NODATA = float(np.finfo(np.float64).max)  # stored where nothing was radiated
UNDETECT = -NODATA  # stored where nothing was detected
VOLUME_OF_L2_DATA = 90  # product code of the object as a whole

_MAX_CELLS = 64 << 20  # of one file, 256 MiB as float32; the largest seen hold 3.5 million
_PADDING_BITS = 16  # the message is padded to an even number of bytes
_CLOCK_TOLERANCE = timedelta(days=1)
_NAME = re.compile(
    r"(?P<radar>[A-Za-z]+[0-9]+)_(?P<strategy>[0-9]+)_(?P<volume_number>[0-9]+)"
    r"_(?P<field>[A-Z][A-Z0-9]*)_(?P<timestamp>[0-9]{8}T[0-9]{6}Z)\.BUFR(?:\.gz)?"
)
_TIMESTAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class RadarName:
    """What a file name ``RADAR_STRATEGY_VOLUME_FIELD_TIMESTAMP.BUFR[.gz]`` says, all as text."""

    radar: str
    strategy: str
    volume_number: str
    field: str
    timestamp: str  # as in the name: 20181111T000457Z

    @property
    def volume_id(self) -> str:
        """The volume's key: the name without the field."""
        return f"{self.radar}_{self.strategy}_{self.volume_number}_{self.timestamp}"

    @property
    def time(self) -> datetime:
        """The timestamp as a time, UTC."""
        return datetime.strptime(self.timestamp, _TIMESTAMP).replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field of the network: its product codes, unit and names."""

    codes: tuple[int, ...]  # 0 30 196, the one in use first
    unit: str
    long_name: str
    standard_name: str | None = None  # of CF/Radial 1.4
    fold_limits: tuple[float, float] | None = None  # in the field's unit


FIELDS: Mapping[str, FieldInfo] = MappingProxyType(
    {
        "DBZH": FieldInfo(
            (0,), "dBZ", "horizontal reflectivity factor", "equivalent_reflectivity_factor"
        ),
        "DBZV": FieldInfo((233,), "dBZ", "vertical reflectivity factor"),
        "TH": FieldInfo((230,), "dBZ", "unfiltered horizontal reflectivity factor"),
        "TV": FieldInfo((231,), "dBZ", "unfiltered vertical reflectivity factor"),
        "ZDR": FieldInfo(
            (80, 238), "dB", "differential reflectivity", "log_differential_reflectivity_hv"
        ),
        "TDR": FieldInfo((242,), "dB", "unfiltered differential reflectivity"),
        "RHOHV": FieldInfo(
            (241, 110), "1", "copolar correlation coefficient", "cross_correlation_ratio_hv"
        ),
        "PHIDP": FieldInfo(
            (239, 100), "degrees", "differential phase", "differential_phase_hv", (0.0, 360.0)
        ),
        "KDP": FieldInfo(
            (240,), "degrees/km", "specific differential phase", "specific_differential_phase_hv"
        ),
        # VRAD folds too, but its limit, the Nyquist velocity, is not in the files.
        "VRAD": FieldInfo(
            (40, 234),
            "m/s",
            "radial velocity",
            "radial_velocity_of_scatterers_away_from_instrument",
        ),
        "WRAD": FieldInfo((60, 236), "m/s", "spectrum width", "doppler_spectrum_width"),
        "CM": FieldInfo((243,), "1", "clutter map"),
    }
)
FIELD_ORDER = {field: place for place, field in enumerate(FIELDS)}
UNDETECT_BITS = {field: 1 << place for field, place in FIELD_ORDER.items()}
"""Each field's bit in the mask of undetect, the same in all volumes."""
_FIELD_OF_CODE = {code: field for field, info in FIELDS.items() for code in info.codes}


@dataclass(frozen=True, slots=True)
class SweepHeader:
    """The geometry of one sweep as its header states it."""

    start: datetime  # UTC, whole seconds
    end: datetime
    elevation_deg: float
    n_bins: int
    bin_size_m: int
    bin_offset_m: int  # start of the first bin (ODIM rstart)
    n_rays: int
    first_ray: float  # index of the ray radiated first (ODIM a1gate)
    product: int  # field code 0 30 196


@dataclass(frozen=True, eq=False, slots=True)
class FieldSweep:
    """One sweep of one field: float32 ``values`` (ray, bin), NaN where there is no value."""

    header: SweepHeader
    values: NDArray[np.float32]
    undetect: NDArray[np.bool_]  # (ray, bin): radiated, nothing detected
    nodata: int  # cells not radiated
    nan: int  # cells stored as NaN
    nodata_rays: NDArray[np.bool_]  # rays that are nodata as a whole


@dataclass(frozen=True, eq=False, slots=True)
class FieldVolume:
    """All sweeps of one field, in file order, with the site."""

    field: str
    radar: str  # from the message: upper(type) + identifier
    time: datetime  # of the message header, UTC
    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    sweeps: tuple[FieldSweep, ...]


def parse_name(path: str) -> RadarName:
    """Returns what the last part of a path or URL says.

    Raises:
        SinarameError: it is no name of a SINARAME file, or its timestamp is no time.
    """
    match = _NAME.fullmatch(re.split(r"[/\\]", path)[-1])
    if match is None:
        raise _name_error("the name is not RADAR_STRATEGY_VOLUME_FIELD_TIMESTAMP.BUFR[.gz]", path)
    name = RadarName(**match.groupdict())
    try:
        _ = name.time
    except ValueError as error:
        raise _name_error(f"the name's timestamp {name.timestamp} is no time", path) from error
    return name


def _name_error(cause: str, path: str) -> SinarameError:
    action = "rename the file, as in RMA1_0315_01_DBZH_20251118T123000Z.BUFR, or leave it out"
    return SinarameError(cause, path=path, step="parse radar name", action=action)


def decode_field(data: bytes, name: RadarName, path: str) -> FieldVolume:
    """Returns the field a file's bytes hold, checked against the file's name.

    Args:
        data: The whole file, gzipped or not.
        name: What the file's name says, see ``parse_name``.
        path: Where the bytes come from, for the messages of errors.

    Raises:
        SinarameError: whatever is wrong with the file; no other error leaves.
    """
    with doing("decode radar BUFR", path):
        if name.field not in FIELDS:
            raise SinarameError(f"the field {name.field} is unknown", action=NOT_SUPPORTED)
        frame = read_frame(data)
        _check_time(frame.time, name.time, "the message", "the name")
        reader = BitReader(frame.message, frame.data_start, frame.data_end)
        radar = _read_radar(reader)
        if radar != name.radar.upper():
            raise _contradiction(f"the radar is {radar}, {name.radar} by the name")
        latitude, longitude, height = _read_site(reader)
        sweeps = _read_sweeps(reader, name.field, frame.time)
        if reader.left >= _PADDING_BITS:
            raise SinarameError(
                f"section 4 goes on for {reader.left} bits after its last sweep", action=FETCH_AGAIN
            )
        return FieldVolume(name.field, radar, frame.time, latitude, longitude, height, sweeps)


def _contradiction(cause: str) -> SinarameError:
    return SinarameError(cause, action="give the file its right name, or fetch it again")


def _read_radar(reader: BitReader) -> str:
    _expect(reader, bits.COUNT, 1, "identifiers")
    parts = (reader.take(size) for size in (bits.RADAR_TYPE_BYTES, bits.RADAR_ID_BYTES))
    code = b"".join(part.rstrip(b"\0 ") for part in parts).decode("ascii", "replace").upper()
    if not re.fullmatch(r"[A-Z]+[0-9]+", code):
        raise SinarameError(f"the radar cannot be {code!r}", action=FETCH_AGAIN)
    return code


def _read_site(reader: BitReader) -> tuple[float, float, float]:
    for element in (bits.WMO_BLOCK, bits.WMO_STATION, bits.STATION_TYPE):
        reader.stored(element)
    _read_time(reader, bits.TO_THE_MINUTE)
    return (
        _within(reader, bits.LATITUDE, -90, 90),
        _within(reader, bits.LONGITUDE, -180, 180),
        reader.decimal(bits.HEIGHT),
    )


def _read_sweeps(reader: BitReader, field: str, time: datetime) -> tuple[FieldSweep, ...]:
    count = reader.integer(bits.COUNT)
    if count == 0:
        raise SinarameError("has no sweep", action=FETCH_AGAIN)
    sweeps: list[FieldSweep] = []
    cells_left = _MAX_CELLS
    for number in range(1, count + 1):
        try:
            header = _read_header(reader, field)
            _check_time(header.start, time, "its start", "the message")
            cells_left -= header.n_rays * header.n_bins
            if cells_left < 0:
                raise SinarameError(f"more than {_MAX_CELLS} cells", action=NOT_SUPPORTED)
            sweeps.append(_to_sweep(header, _read_stream(reader)))
        except SinarameError as error:
            error.cause = f"sweep {number} of {count}: {error.cause}"
            raise
    return tuple(sweeps)


def _read_header(reader: BitReader, field: str) -> SweepHeader:
    start = _read_time(reader, bits.TO_THE_SECOND)
    end = _read_time(reader, bits.TO_THE_SECOND)
    _expect(reader, bits.PRODUCT, VOLUME_OF_L2_DATA, "as product code of the volume")
    header = SweepHeader(
        start=start,
        end=end,
        elevation_deg=_within(reader, bits.ELEVATION, -2, 90),
        n_bins=_positive(reader, bits.BINS),
        bin_size_m=_positive(reader, bits.BIN_SIZE),
        bin_offset_m=reader.integer(bits.BIN_OFFSET),
        n_rays=_positive(reader, bits.RAYS),
        first_ray=_within(reader, bits.FIRST_RAY, 0, 360),
        product=_read_product(reader, field),
    )
    _expect(reader, bits.COMPRESSION, 0, "as compression (zlib)")
    return header


def _read_product(reader: BitReader, field: str) -> int:
    _expect(reader, bits.COUNT, 1, "fields")
    code = reader.stored(bits.PRODUCT)
    found = _FIELD_OF_CODE.get(code)
    if found is None:
        raise SinarameError(f"the product code {code} is unknown", action=NOT_SUPPORTED)
    if found != field:
        raise _contradiction(f"the product code {code} is {found}, {field} by the name")
    return code


def _read_stream(reader: BitReader) -> bytes:
    chunks = range(reader.integer(bits.LONG_COUNT))
    return b"".join([reader.take(reader.integer(bits.LONG_COUNT)) for _ in chunks])


def _to_sweep(header: SweepHeader, stream: bytes) -> FieldSweep:
    raw = np.frombuffer(_inflate(stream, header.n_rays * header.n_bins * 8), "<f8")
    raw = raw.reshape(header.n_rays, header.n_bins)
    undetect, nodata = raw == UNDETECT, raw == NODATA
    # Masked before the cast: as float32 the two markers would be infinite.
    values = np.full(raw.shape, np.nan, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        np.copyto(values, raw, where=~(undetect | nodata), casting="same_kind")
    if np.isinf(values).any():
        raise SinarameError("a value is beyond float32", action=NOT_SUPPORTED)
    n_nodata = int(np.count_nonzero(nodata))
    missing = int(np.count_nonzero(np.isnan(values)))
    n_nan = missing - n_nodata - int(np.count_nonzero(undetect))
    return FieldSweep(header, values, undetect, n_nodata, n_nan, nodata.all(axis=1))


def _inflate(stream: bytes, size: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        # One byte more than there may be, never more than that: a stream can lie about its size.
        raw = inflater.decompress(stream, size + 1)
    except zlib.error as error:
        raise SinarameError(f"its data are damaged: {error}", action=FETCH_AGAIN) from error
    if len(raw) != size:
        raise SinarameError(
            f"its data inflate to {'more' if len(raw) > size else 'less'} than {size} bytes",
            action=FETCH_AGAIN,
        )
    if not inflater.eof or inflater.unused_data:
        raise SinarameError("its data do not end with their zlib stream", action=FETCH_AGAIN)
    return raw


def _read_time(reader: BitReader, elements: tuple[Element, ...]) -> datetime:
    return to_datetime(tuple(map(reader.integer, elements)), "section 4")


def _check_time(time: datetime, other: datetime, what: str, other_what: str) -> None:
    if abs(time - other) > _CLOCK_TOLERANCE:
        raise _contradiction(f"the time of {what} is {time}, of {other_what} {other}")


def _within(reader: BitReader, element: Element, low: float, high: float) -> float:
    value = reader.decimal(element)
    if not low <= value <= high:
        raise SinarameError(
            f"the {element.name} is {value}, not within {low} to {high}", action=FETCH_AGAIN
        )
    return value


def _positive(reader: BitReader, element: Element) -> int:
    value = reader.integer(element)
    if value == 0:
        raise SinarameError(f"the {element.name} is 0", action=FETCH_AGAIN)
    return value


def _expect(reader: BitReader, element: Element, expected: int, what: str) -> None:
    value = reader.stored(element)
    if value != expected:
        raise SinarameError(f"has {value} {what}, not {expected}", action=NOT_SUPPORTED)
