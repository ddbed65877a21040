"""Parts: what was taken out of one BUFKIT file, as the outputs of a run are made from it.

A part is an Arrow IPC file with a row a forecast; columns of values are maps from their name to a
list. Every number comes back bit for bit, NaN too. 49 profiles of HRRR with their indices, 240 kB
of numbers, become 99 kB by LZ4, in 1.3 ms of one core, and are read in 0.5. zstd saves 25 kB more
and takes twice the time; NumPy's `savez` takes 3 and 4.5 ms for 270 kB, compressed 10 and 6 for 85.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from batchio.fileset import read_bytes
from batchio.soundings.profiles import Station, StationForecast, SurfaceTable, Values

_TEXT, _NUMBER = pa.string(), pa.float64()
_NUMBERS, _INTEGERS = pa.list_(_NUMBER), pa.list_(pa.int64())
_COLUMNS = pa.map_(_TEXT, _NUMBERS)

_SCHEMA = pa.schema(
    [
        ("station_id", _TEXT),
        ("station_number", _TEXT),
        ("latitude_deg", _NUMBER),
        ("longitude_deg", _NUMBER),
        ("elevation_m", _NUMBER),
        ("cycle", _TEXT),  # ISO 8601
        ("member", _TEXT),
        ("time", _INTEGERS),  # seconds since 1970
        ("forecast_hour", _INTEGERS),
        ("n_levels", _INTEGERS),
        ("width", pa.int64()),  # of a profile in `levels`
        ("levels", _COLUMNS),
        ("stated", _COLUMNS),  # the file's own indices
        ("computed", _COLUMNS),
        ("surface_time", _INTEGERS),
        ("surface_interval_s", _NUMBERS),
        ("surface", _COLUMNS),
    ]
)


def write_part(
    forecasts: Sequence[StationForecast], indices: Sequence[Mapping[str, Values]], path: Path
) -> None:
    """Writes a part; equal forecasts give equal bytes.

    Args:
        forecasts: Of the file, one a member.
        indices: Computed, for each of them.
        path: A new local file.
    """
    rows = [_to_row(*each) for each in zip(forecasts, indices, strict=True)]
    arrays = [_to_arrow([row[field.name] for row in rows], field.type) for field in _SCHEMA]
    batch = pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)
    # No threads of Arrow's: other worker processes keep the other cores busy.
    options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    with pa.ipc.new_file(str(path), _SCHEMA, options=options) as file:
        file.write_batch(batch)


def read_part(
    path: Path | str,
) -> tuple[tuple[StationForecast, ...], tuple[dict[str, Values], ...]]:
    """Returns the forecasts of a part, and the indices computed for each; arrays are read-only.

    Raises:
        OSError: When it cannot be read.
    """
    options = pa.ipc.IpcReadOptions(use_threads=False)
    with pa.ipc.open_file(pa.BufferReader(read_bytes(str(path))), options=options) as file:
        batch = file.get_batch(0)
    columns = [_from_arrow(column) for column in batch.columns]
    rows = [dict(zip(_SCHEMA.names, row, strict=True)) for row in zip(*columns, strict=True)]
    return tuple(map(_to_forecast, rows)), tuple(row["computed"] for row in rows)


def _to_row(forecast: StationForecast, computed: Mapping[str, Values]) -> dict[str, Any]:
    station, surface = forecast.station, forecast.surface
    return {
        "station_id": station.id,
        "station_number": station.number,
        "latitude_deg": station.latitude_deg,
        "longitude_deg": station.longitude_deg,
        "elevation_m": station.elevation_m,
        "cycle": forecast.cycle.isoformat(),
        "member": forecast.member,
        "time": _seconds(forecast.time),
        "forecast_hour": forecast.forecast_hour,
        "n_levels": forecast.n_levels,
        "width": next((values.shape[1] for values in forecast.levels.values()), 0),
        "levels": forecast.levels,
        "stated": forecast.indices,
        "computed": computed,
        "surface_time": _seconds(surface.time),
        "surface_interval_s": surface.interval_s,
        "surface": surface.columns,
    }


def _to_forecast(row: Mapping[str, Any]) -> StationForecast:
    shape = len(row["time"]), row["width"]
    return StationForecast(
        station=Station(
            row["station_id"],
            row["station_number"],
            row["latitude_deg"],
            row["longitude_deg"],
            row["elevation_m"],
        ),
        cycle=datetime.fromisoformat(row["cycle"]),
        member=row["member"],
        time=row["time"].view("datetime64[s]"),
        forecast_hour=row["forecast_hour"],
        n_levels=row["n_levels"],
        levels={name: values.reshape(shape) for name, values in row["levels"].items()},
        indices=row["stated"],
        surface=SurfaceTable(
            row["surface_time"].view("datetime64[s]"), row["surface_interval_s"], row["surface"]
        ),
    )


def _seconds(times: NDArray[np.datetime64]) -> NDArray[np.int64]:
    return times.astype("datetime64[s]").view(np.int64)


def _to_arrow(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind == _COLUMNS:
        names = pa.array([name for columns in values for name in columns], _TEXT)
        lists = _to_lists([each for columns in values for each in columns.values()], _NUMBERS)
        return pa.MapArray.from_arrays(_ends(values), names, lists)
    return _to_lists(values, kind) if pa.types.is_list(kind) else pa.array(values, kind)


def _to_lists(arrays: Sequence[NDArray[Any]], kind: pa.ListType) -> pa.ListArray:
    flat = [np.ascontiguousarray(each).ravel() for each in arrays]
    whole = np.concatenate(flat) if flat else np.empty(0)
    return pa.ListArray.from_arrays(_ends(flat), pa.array(whole, kind.value_type))


def _ends(parts: Iterable[Any]) -> pa.Int32Array:
    return pa.array(np.cumsum([0, *map(len, parts)]), pa.int32())


def _from_arrow(column: pa.Array) -> list[Any]:
    if column.type == _COLUMNS:
        names, lists = column.keys.to_pylist(), _from_lists(column.items)
        ends = column.offsets.to_pylist()
        return [
            dict(zip(names[start:end], lists[start:end], strict=True))
            for start, end in pairwise(ends)
        ]
    return _from_lists(column) if pa.types.is_list(column.type) else column.to_pylist()


def _from_lists(column: pa.ListArray) -> list[NDArray[Any]]:
    values, ends = column.values.to_numpy(), column.offsets.to_pylist()
    return [values[start:end] for start, end in pairwise(ends)]
