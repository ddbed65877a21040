"""The tables of the soundings pipeline: their columns, types, units and meanings.

Values are 64-bit floats, so that 5.94 is 5.94 for every reader: 32 bits hold 5.9400000572, which
shows as soon as they are made wider, and save a tenth of a Parquet file. What is missing is null.
A column of the files that `batchio.soundings.bufkit_columns` does not know is kept at the end as
`bufkit_` and its name. Parquet has no seconds: times are in milliseconds there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

import pyarrow as pa

from batchio.soundings.bufkit_columns import INDEX_COLUMNS, LEVEL_COLUMNS, SURFACE_COLUMNS, Column
from batchio.soundings.cycle import SoundingCycle

STATED = "bufkit_"
"""Before the name of what the files state and we did not compute."""

_TEXT, _COUNT, _LONG, _NUMBER = pa.string(), pa.int32(), pa.int64(), pa.float64()
_TIME = pa.timestamp("s", "UTC")
_UNKNOWN = Column("", "a column of the files that is not described")


def _field(
    name: str, kind: pa.DataType, meaning: str, unit: str = "", *, required: bool = False
) -> pa.Field:
    about = {"description": meaning, **({"unit": unit} if unit else {})}
    return pa.field(name, kind, nullable=not required, metadata=about)


def _values(columns: Mapping[str, Column], prefix: str = "") -> list[pa.Field]:
    return [
        _field(f"{prefix}{name}", _NUMBER, column.long_name, column.unit)
        for name, column in columns.items()
    ]


_OF_A_TIME = [
    _field("model", _TEXT, "The model, as this project names it", required=True),
    _field("cycle", _TIME, "Start of the model run", required=True),
    _field("station_id", _TEXT, "The station; its number if the file names none", required=True),
    _field("station_number", _TEXT, "Its number, as the file writes it", required=True),
    _field("member", _TEXT, "Member of the ensemble, if it is one"),
    _field("time", _TIME, "Valid time", required=True),
    _field("forecast_hour", _COUNT, "Whole hours since the start of the run", "h"),
]
_OF_A_PLACE = [
    _field("latitude", _NUMBER, "Latitude, as the file states it", "degrees_north"),
    _field("longitude", _NUMBER, "Longitude, as the file states it", "degrees_east"),
    _field("elevation", _NUMBER, "Height of the model's terrain", "m"),
]
_LEVELS = pa.schema(
    [
        *_OF_A_TIME,
        _field("level", _COUNT, "Number of the level, 0 for the lowest", required=True),
        *_values(LEVEL_COLUMNS),
    ]
)
_SURFACE = pa.schema(
    [
        *_OF_A_TIME,
        _field("interval_s", _COUNT, "Since the row before, of the same station", "s"),
        *_values(SURFACE_COLUMNS),
    ]
)

QUALITY = pa.schema(
    [
        _field("file", _TEXT, "The input file", required=True),
        _field("station_id", _TEXT, "Its station"),
        _field("model", _TEXT, "Its model"),
        _field("cycle", _TIME, "Start of the model run"),
        _field("status", _TEXT, "What became of it, in a word", required=True),
        _field("profiles", _COUNT, "Profiles that were read, of all members"),
        _field("levels", _COUNT, "Levels of these profiles"),
        _field("lost", _COUNT, "Blocks and rows that are left out, being damaged"),
        _field("losses", _TEXT, "The first of them, with line and reason"),
        _field("error", _TEXT, "Why it could not be used"),
    ]
)
FETCH = pa.schema(
    [
        _field("model", _TEXT, "The model", required=True),
        _field("cycle", _TIME, "Start of the model run", required=True),
        _field("offices", _TEXT, "Forecast offices that it is for"),
        _field("station", _TEXT, "The station"),
        _field("status", _TEXT, "What became of it, in a word", required=True),
        _field("distance_km", _NUMBER, "From the place that was asked for", "km"),
        _field("bytes", _LONG, "Size of the file"),
        _field("url", _TEXT, "Where it was looked for"),
        _field("file", _TEXT, "Where it lies"),
        _field("message", _TEXT, "What went wrong"),
    ]
)

ValueTable: TypeAlias = Literal["levels", "indices", "surface"]
"""Tables with the values of a `SoundingCycle`."""


def value_schema(name: ValueTable, cycle: SoundingCycle) -> pa.Schema:
    """Returns the columns of a table, those that only these files have at the end.

    Without forecasts it is what every file of the table has.
    """
    if name == "levels":
        names = (each.levels for each in cycle.forecasts)
        return _with_others(_LEVELS, LEVEL_COLUMNS, names)
    if name == "surface":
        names = (each.surface.columns for each in cycle.forecasts)
        return _with_others(_SURFACE, SURFACE_COLUMNS, names)
    meanings = cycle.meanings or {}
    others = sorted({name for names in cycle.indices for name in names} - set(meanings))
    computed = {**meanings, **dict.fromkeys(others, Column("", "an index not described"))}
    schema = pa.schema(
        [*_OF_A_TIME, *_OF_A_PLACE, *_values(computed), *_values(INDEX_COLUMNS, STATED)]
    )
    return _with_others(schema, INDEX_COLUMNS, (each.indices for each in cycle.forecasts))


def _with_others(
    schema: pa.Schema, known: Mapping[str, Column], columns: Iterable[Iterable[str]]
) -> pa.Schema:
    others = sorted({name for names in columns for name in names} - set(known))
    return pa.schema([*schema, *_values(dict.fromkeys(others, _UNKNOWN), STATED)])
