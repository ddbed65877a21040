"""Makes synthetic radar files: the sample set of the radar pipeline, and volumes in numbers."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from batchio.radar.scene import DOPPLER, EPOCH, POLARIMETRIC, Scan, scan_scene
from batchio.radar.sinarame import FieldVolume, RadarName
from batchio.radar.sinarame_encode import compress_sweeps, encode_field, encode_streams

_ZLIB_LEVEL = 1
_USUAL_SCAN = Scan((0.5, 1.5), (320, 320))


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
    folder: Path, count: int, *, fields: Sequence[str] = DOPPLER, scan: Scan = _USUAL_SCAN
) -> list[Path]:
    """Writes volumes of RMA1 0315, five minutes apart and alike but for their times.

    Doppler fields alone make volumes 02, any others volumes 01. One scene is computed and
    compressed; hundreds of volumes take seconds.

    Returns:
        The files, volume by volume.
    """
    number = "02" if set(fields) <= set(DOPPLER) else "01"
    found = scan_scene("RMA1", EPOCH, scan, seed=0)
    streams = {field: compress_sweeps(found[field], _ZLIB_LEVEL) for field in fields}
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for nth in range(count):
        volume = _SampleVolume("", "RMA1", "0315", number, 5 * nth, fields)
        for field in fields:
            name, later = volume.name(field), _put_off(found[field], volume.start - EPOCH)
            paths.append(folder / file_name(name))
            paths[-1].write_bytes(encode_streams(later, streams[field], name=name))
    return paths


def _put_off(volume: FieldVolume, by: timedelta) -> FieldVolume:
    """Returns the field with all its times later, its cells the same."""
    headers = [
        replace(sweep.header, start=sweep.header.start + by, end=sweep.header.end + by)
        for sweep in volume.sweeps
    ]
    sweeps = map(lambda sweep, header: replace(sweep, header=header), volume.sweeps, headers)
    return replace(volume, time=volume.time + by, sweeps=tuple(sweeps))
