"""Writes the tables of soundings: levels, indices and surface values of a run, and those of files.

``batchio.soundings.columns`` has their columns. Rows go by station, member, time and level; equal
forecasts give equal bytes, in whatever order they are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from batchio.soundings.bufkit_columns import LEVEL_COLUMNS, SURFACE_COLUMNS, Column
from batchio.soundings.columns import STATED, ValueTable, value_schema
from batchio.soundings.cycle import SoundingCycle, station_id
from batchio.soundings.profiles import StationForecast, Times, Values
from batchio.tables import TableFormat, open_table

COMPUTED_DECIMALS = 3
"""Of our indices: one more than the values have that they are computed from."""

_CELLS_AT_ONCE = 2_000_000  # about a row group of Parquet: a station has only some dozen rows


def write_table(cycle: SoundingCycle, name: ValueTable, path: Path, form: TableFormat) -> int:
    """Writes a table of values to a new file and returns how many rows it has.

    Memory holds some stations at a time beside the forecasts.

    Raises:
        InputError: The forecasts are not of one run, or two are of the same station and member.
    """
    cycle.check(str(path), f"write table {name}")
    schema = value_schema(name, cycle)
    rows = 0
    with open_table(path, schema, form) as write:
        for batch in _large(_batches(cycle.in_order(), name, schema), schema):
            write(batch)
            rows += batch.num_rows
    return rows


def write_rows(
    rows: Sequence[Mapping[str, Any]], schema: pa.Schema, path: Path, form: TableFormat
) -> None:
    """Writes rows in their order; a column that a row does not have is null.

    Raises:
        ValueError: A row has what is no column, or lacks what it must have.
    """
    unknown = sorted({name for row in rows for name in row} - set(schema.names))
    if unknown:
        raise ValueError(f"no columns of the table: {', '.join(unknown)}")
    batch = pa.RecordBatch.from_pylist(list(rows), schema=schema)
    for field, column in zip(schema, batch.columns, strict=True):
        if column.null_count and not field.nullable:
            raise ValueError(f"a row has no {field.name}")
    with open_table(path, schema, form) as write:
        write(batch)


@dataclass(frozen=True, eq=False, slots=True)
class _Rows:
    """The rows of one forecast; a column of values is by its name in the table."""

    time: Times
    forecast_hour: pa.Array
    columns: Mapping[str, NDArray[Any]]


def _batches(cycle: SoundingCycle, name: ValueTable, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    no_indices: Sequence[Mapping[str, Values]] = [{}] * len(cycle.forecasts)
    for forecast, computed in zip(cycle.forecasts, cycle.indices or no_indices, strict=True):
        rows = _rows_of(name, forecast, computed)
        if len(rows.time):
            yield _to_batch(cycle.model, forecast, rows, schema)


def _rows_of(name: ValueTable, forecast: StationForecast, computed: Mapping[str, Values]) -> _Rows:
    if name == "levels":
        return _level_rows(forecast)
    if name == "surface":
        return _surface_rows(forecast)
    return _index_rows(forecast, computed)


def _level_rows(forecast: StationForecast) -> _Rows:
    n_levels = forecast.n_levels
    level = np.arange(n_levels.max(initial=0))
    there = level < n_levels[:, np.newaxis]
    profile, level = np.nonzero(there)
    columns = {name: values[profile, level] for name, values in forecast.levels.items()}
    hours = pa.array(forecast.forecast_hour[profile], pa.int32())
    found = {"level": level, **_named(columns, LEVEL_COLUMNS)}
    return _Rows(forecast.time[profile], hours, found)


def _index_rows(forecast: StationForecast, computed: Mapping[str, Values]) -> _Rows:
    station, shape = forecast.station, len(forecast)
    columns = {
        "latitude": np.full(shape, station.latitude_deg),
        "longitude": np.full(shape, station.longitude_deg),
        "elevation": np.full(shape, station.elevation_m),
        **{name: values.round(COMPUTED_DECIMALS) for name, values in computed.items()},
        **{f"{STATED}{name}": values for name, values in forecast.indices.items()},
    }
    return _Rows(forecast.time, pa.array(forecast.forecast_hour, pa.int32()), columns)


def _surface_rows(forecast: StationForecast) -> _Rows:
    table = forecast.surface
    run = np.datetime64(forecast.cycle.replace(tzinfo=None), "s")
    seconds = (table.time - run).astype(np.int64)
    hours = pa.array(seconds // 3600, pa.int32(), mask=seconds % 3600 != 0)
    columns = {"interval_s": table.interval_s, **_named(table.columns, SURFACE_COLUMNS)}
    return _Rows(table.time, hours, columns)


def _named(columns: Mapping[str, Values], known: Mapping[str, Column]) -> dict[str, Values]:
    return {
        name if name in known else f"{STATED}{name}": values for name, values in columns.items()
    }


def _to_batch(
    model: str, forecast: StationForecast, rows: _Rows, schema: pa.Schema
) -> pa.RecordBatch:
    station, count = forecast.station, len(rows.time)
    same = {
        "model": model,
        "cycle": forecast.cycle,
        "station_id": station_id(forecast),
        "station_number": station.number,
        "member": forecast.member or None,
    }
    arrays = {
        name: pa.repeat(pa.scalar(value, schema.field(name).type), count)
        for name, value in same.items()
    }
    arrays["time"] = pa.array(rows.time, pa.timestamp("s")).cast(schema.field("time").type)
    arrays["forecast_hour"] = rows.forecast_hour
    for field in list(schema)[len(arrays) :]:
        arrays[field.name] = _to_arrow(rows.columns.get(field.name), count, field.type)
    return pa.RecordBatch.from_arrays(list(arrays.values()), schema=schema)


def _to_arrow(values: NDArray[Any] | None, count: int, kind: pa.DataType) -> pa.Array:
    if values is None:
        return pa.nulls(count, kind)
    without = ~np.isfinite(values)
    if pa.types.is_integer(kind):
        return pa.array(np.where(without, 0, values).astype(np.int64), kind, mask=without)
    return pa.array(values + 0.0, kind, mask=without)  # -0 becomes 0


def _large(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yields the same rows in few batches."""
    held: list[pa.RecordBatch] = []
    cells = 0
    for batch in batches:
        held.append(batch)
        cells += batch.num_rows * batch.num_columns
        if cells >= _CELLS_AT_ONCE:
            yield from pa.Table.from_batches(held).combine_chunks().to_batches()
            held, cells = [], 0
    yield from pa.Table.from_batches(held, schema).combine_chunks().to_batches()
