"""Makes synthetic radar files: the sample set of the radar pipeline, and volumes in numbers."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from batchio import sinarame_bits as bits
from batchio.sinarame import RadarName
from batchio.sinarame_bits import BitReader, Element
from batchio.sinarame_encode import encode_field
from batchio.sinarame_frame import read_frame, to_datetime
from batchio.sinarame_scene import DOPPLER, EPOCH, POLARIMETRIC, Scan, scan_scene

_ZLIB_LEVEL = 1


@dataclass(frozen=True, slots=True)
class _SampleVolume:
    """A volume of the sample set, and what is odd about its files."""

    what: str  # for the reader of the set
    radar: str
    strategy: str
    number: str
    minutes: float  # since EPOCH
    fields: Sequence[str]
    gzipped: Sequence[str] = ()
    doubled: Sequence[str] = ()  # there plain and gzipped
    cut_short: Sequence[str] = ()

    def name(self, field: str) -> RadarName:
        timestamp = f"{self.start:%Y%m%dT%H%M%SZ}"
        return RadarName(self.radar, self.strategy, self.number, field, timestamp)

    @property
    def start(self) -> datetime:
        return EPOCH + timedelta(minutes=self.minutes)


_SCANS = {
    "01": Scan((0.5, 1.3, 2.3, 4.0, 7.0, 12.0), (480, 480, 480, 400, 320, 200)),
    "02": Scan((0.5, 1.3, 2.3, 4.0), (320,) * 4),
}
_SEEDS = {"RMA1": 7, "RMA5": 27}
_SAMPLE_VOLUMES = (
    _SampleVolume("complete", "RMA1", "0315", "01", 0, POLARIMETRIC),
    _SampleVolume("complete, gzipped", "RMA1", "0315", "02", 4.5, DOPPLER, gzipped=DOPPLER),
    _SampleVolume(
        "complete; DBZH is there twice, plain and gzipped",
        *("RMA1", "0315", "01", 10),
        POLARIMETRIC,
        gzipped=("ZDR", "KDP"),
        doubled=("DBZH",),
    ),
    _SampleVolume(
        "damaged: the file of VRAD is cut short",
        *("RMA1", "0315", "02", 14.5),
        DOPPLER,
        cut_short=("VRAD",),
    ),
    _SampleVolume(
        "incomplete: PHIDP is missing",
        *("RMA1", "0315", "01", 20),
        [field for field in POLARIMETRIC if field != "PHIDP"],
    ),
    _SampleVolume(
        "unexpected: volume_types.yaml does not list strategy 0200",
        *("RMA1", "0200", "02", 25),
        ("DBZH",),
    ),
    _SampleVolume("complete", "RMA5", "0315", "02", 6.5, DOPPLER),
)
_VOLUME_TYPES = f"""\
# The fields of a complete volume, by strategy and volume number.
"0315":
  "01": [{", ".join(POLARIMETRIC)}]
  "02": [{", ".join(DOPPLER)}]
"""
_README = """\
Synthetic weather-radar files (SINARAME BUFR), made by Headrace
===============================================================

No radar saw this. The scene - a line of thunderstorms, rain behind it, single storms before it -
is computed. The names of real radars (RMA1, RMA5) are used because the format asks for such names;
their site is set to 40 S 50 W, in the open sea, and their clock to 1 January 2000.

Each file holds one field of one volume. The volumes are:

{volumes}

Neither this text nor volume_types.yaml is a radar file; a run over all files here leaves both out
and says so. With --volume_types volume_types.yaml it writes the complete volumes, and ends with
exit code 3 because of the damaged one.
"""


def sample_files() -> Iterator[tuple[str, bytes]]:
    """Yields the files of the sample set: path below its folder, and content."""
    notes = [f"  {each.name('').volume_id:<32} {each.what}" for each in _SAMPLE_VOLUMES]
    yield "README.txt", _README.format(volumes="\n".join(notes)).encode()
    yield "volume_types.yaml", _VOLUME_TYPES.encode()
    for volume in _SAMPLE_VOLUMES:
        yield from _files_of(volume)


def _files_of(volume: _SampleVolume) -> Iterator[tuple[str, bytes]]:
    found = scan_scene(volume.radar, volume.start, _SCANS[volume.number], seed=_SEEDS[volume.radar])
    folder = f"L2/{volume.radar}/{volume.start:%Y/%m/%d/%H/%M%S}"  # as on the network's servers
    for field in volume.fields:
        name = volume.name(field)
        path = f"{folder}/{file_name(name)}"
        data = encode_field(found[field], name=name, level=_ZLIB_LEVEL)
        if field in volume.cut_short:
            data = data[: len(data) * 2 // 3]
        if field not in volume.gzipped:
            yield path, data
        if field in (*volume.gzipped, *volume.doubled):
            yield f"{path}.gz", gzip.compress(data, _ZLIB_LEVEL, mtime=0)


def file_name(name: RadarName) -> str:
    """Returns the name of a file that is not gzipped."""
    return f"{name.radar}_{name.strategy}_{name.volume_number}_{name.field}_{name.timestamp}.BUFR"


def write_volumes(
    folder: Path,
    count: int,
    *,
    fields: Sequence[str] = DOPPLER,
    bins: int = 320,
    rays: int = 360,
    sweeps: int = 2,
    seed: int = 0,
) -> list[Path]:
    """Writes volumes of RMA1 0315, five minutes apart and alike but for their times.

    Doppler fields alone make volumes 02, any others volumes 01. One scene is computed and
    encoded; hundreds of volumes take seconds.

    Returns:
        The files, volume by volume.
    """
    number = "02" if set(fields) <= set(DOPPLER) else "01"
    scan = Scan([0.5 + sweep for sweep in range(sweeps)], [bins] * sweeps, rays)
    found = scan_scene("RMA1", EPOCH, scan, seed=seed)
    first = [_SampleVolume("", "RMA1", "0315", number, 0, fields).name(field) for field in fields]
    messages = [
        _Restamped(encode_field(found[name.field], name=name, level=_ZLIB_LEVEL)) for name in first
    ]
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for volume in range(count):
        later = timedelta(minutes=5 * volume)
        timestamp = f"{EPOCH + later:%Y%m%dT%H%M%SZ}"
        for name, message in zip(first, messages, strict=True):
            paths.append(folder / file_name(replace(name, timestamp=timestamp)))
            paths[-1].write_bytes(message.later(later))
    return paths


_CLOCK = (Element("year", 16), *(Element("part of a time", 8) for _ in range(5)))
_CLOCK_BIT = 23 * 8  # of the message, where section 1 holds its time
_AFTER_SITE_TIME = (bits.LATITUDE, bits.LONGITUDE, bits.HEIGHT)
_AFTER_SWEEP_TIMES = (
    *(bits.PRODUCT, bits.ELEVATION, bits.BINS, bits.BIN_SIZE, bits.BIN_OFFSET, bits.RAYS),
    *(bits.FIRST_RAY, bits.COUNT, bits.PRODUCT, bits.COMPRESSION),
)


class _Restamped:
    """A message whose times can be moved without encoding it again."""

    def __init__(self, message: bytes) -> None:
        self._message = message
        frame = read_frame(message)
        self._reader = BitReader(message, frame.data_start, frame.data_end)
        self._end_bit = frame.data_end * 8
        self._times: list[tuple[int, tuple[Element, ...], datetime]] = [
            (_CLOCK_BIT, _CLOCK, frame.time)
        ]
        self._find_times()

    def later(self, by: timedelta) -> bytes:
        """Returns the message with all its times put off by whole minutes."""
        moved = bytearray(self._message)
        for bit, elements, time in self._times:
            _put(moved, bit, elements, (time + by).timetuple())
        return bytes(moved)

    def _find_times(self) -> None:
        self._reader.take(1 + bits.RADAR_TYPE_BYTES + bits.RADAR_ID_BYTES)
        self._skip((bits.WMO_BLOCK, bits.WMO_STATION, bits.STATION_TYPE))
        self._take_time(bits.TO_THE_MINUTE)
        self._skip(_AFTER_SITE_TIME)
        for _ in range(self._reader.integer(bits.COUNT)):
            self._take_time(bits.TO_THE_SECOND)
            self._take_time(bits.TO_THE_SECOND)
            self._skip(_AFTER_SWEEP_TIMES)
            for _ in range(self._reader.integer(bits.LONG_COUNT)):
                self._reader.take(self._reader.integer(bits.LONG_COUNT))

    def _skip(self, elements: Sequence[Element]) -> None:
        for element in elements:
            self._reader.stored(element)

    def _take_time(self, elements: tuple[Element, ...]) -> None:
        bit = self._end_bit - self._reader.left
        time = to_datetime(tuple(map(self._reader.integer, elements)), "section 4")
        self._times.append((bit, elements, time))


def _put(message: bytearray, bit: int, elements: Sequence[Element], values: Sequence[int]) -> None:
    """Overwrites whole numbers that begin at a bit of the message."""
    size = stored = 0
    for element, value in zip(elements, values, strict=False):
        size += element.bits
        stored = stored << element.bits | element.encode(value)
    first, after = bit // 8, (bit + size + 7) // 8
    shift = after * 8 - bit - size
    kept = int.from_bytes(message[first:after], "big") & ~(((1 << size) - 1) << shift)
    message[first:after] = (kept | stored << shift).to_bytes(after - first, "big")
