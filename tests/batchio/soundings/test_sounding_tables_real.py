from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from batchio.soundings.bufkit import decode_bufkit
from batchio.soundings.bufkit_columns import INDEX_COLUMNS, LEVEL_COLUMNS, SURFACE_COLUMNS
from batchio.soundings.columns import ValueTable
from batchio.soundings.cycle import SoundingCycle, station_id
from batchio.soundings.profiles import StationForecast, Values
from batchio.soundings.tables import write_table
from transforms.soundings.index_names import INDICES
from transforms.soundings.indices import compute_indices

HRRR = "archive/2022/10/26/bufkit/12/hrrr"
CYCLES = [
    HRRR,
    "archive/2022/10/26/bufkit/12/rap",
    *(f"models/iem/{x}" for x in ("gfs3", "nam4km")),
]


def read_cycle(folder: Path, start: str) -> SoundingCycle:
    made = tuple(
        decode_bufkit(path.read_bytes(), str(path)).forecasts[0]
        for path in sorted(folder.rglob("*.buf"))
        if str(path.relative_to(folder)).startswith(start)
    )
    return SoundingCycle("X", made, tuple(map(compute_indices, made)), INDICES)


def of_station(table: pa.Table, forecast: StationForecast) -> pa.Table:
    return table.filter(pc.equal(table["station_id"], station_id(forecast)))


def column(table: pa.Table, name: str) -> Values:
    """The values as the file has them, null as NaN; a NaN that is not null would be seen."""
    assert not pc.any(pc.is_nan(table[name])).as_py()
    found: Values = table[name].to_numpy()
    return found


def expected(values: Values | None, count: int) -> Values:
    return np.full(count, np.nan) if values is None else values


@pytest.mark.parametrize("start", CYCLES)
def test_every_cell_is_that_of_the_forecast(sounding_data, tmp_path, start):
    cycle = read_cycle(sounding_data, start)
    tables = {}
    for name in get_args(ValueTable):
        write_table(cycle, name, tmp_path / name, "parquet")
        tables[name] = pq.read_table(tmp_path / name)
    assert tables["indices"].num_rows == sum(map(len, cycle.forecasts))
    for forecast, computed in zip(cycle.forecasts, cycle.indices, strict=True):
        levels, indices, surface = (of_station(table, forecast) for table in tables.values())
        check_levels(levels, forecast)
        check_surface(surface, forecast)
        np.testing.assert_array_equal(times(indices), forecast.time)
        for name in INDEX_COLUMNS:
            values = expected(forecast.indices.get(name), len(forecast))
            np.testing.assert_array_equal(column(indices, f"bufkit_{name}"), values)
        for name in INDICES:
            np.testing.assert_allclose(column(indices, name), computed[name], rtol=0, atol=0.00051)


def times(table: pa.Table) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    return table["time"].to_numpy().astype("datetime64[s]")


def check_levels(table: pa.Table, forecast: StationForecast) -> None:
    there = ~np.isnan(forecast.levels["PRES"])
    hours = np.repeat(forecast.forecast_hour, forecast.n_levels)
    np.testing.assert_array_equal(table["forecast_hour"].to_numpy(), hours)
    np.testing.assert_array_equal(times(table), np.repeat(forecast.time, forecast.n_levels))
    numbers = [level for count in forecast.n_levels for level in range(count)]
    assert table["level"].to_pylist() == numbers
    for name in LEVEL_COLUMNS:
        values = forecast.levels.get(name)
        values = expected(None if values is None else values[there], len(numbers))
        np.testing.assert_array_equal(column(table, name), values)


def check_surface(table: pa.Table, forecast: StationForecast) -> None:
    rows = forecast.surface
    np.testing.assert_array_equal(times(table), rows.time)
    np.testing.assert_array_equal(table["interval_s"].to_numpy(), rows.interval_s)
    for name in SURFACE_COLUMNS:
        values = expected(rows.columns.get(name), len(rows.time))
        np.testing.assert_array_equal(column(table, name), values)


KEYS = '"HRRR","2022-10-26T12:00:00Z","KABQ","723650",,"2022-10-26T12:00:00Z",0,'
# As hrrr_kabq.buf has them, without what is missing and the zeros at the end.
LINES = {
    "levels": (8, KEYS + "7,766.3,5.94,0.67,-6.38,310.89,243.43,1.73,0.1,0,2346.8"),
    "surface": (
        1,
        KEYS + ",1014.2,843.1,0.34,273.5,274.3,,5,,,,,,,0,0,0,,-0.7,-0.4,,,2.64,-3.76,3.45,"
        "0,0,0,0,14.1,-5.9,-35.7,,,,,,",
    ),
    "indices": (1, ",10.04,,,732.85,8.63,,0,267.54,0,,,0"),
}


@pytest.mark.parametrize("name", LINES)
def test_csv_has_the_numbers_as_the_file_writes_them(sounding_data, tmp_path, name):
    path = sounding_data / HRRR / "hrrr_kabq.buf"
    (forecast,) = decode_bufkit(path.read_bytes(), str(path)).forecasts
    cycle = SoundingCycle("HRRR", (forecast,), (compute_indices(forecast),), INDICES)
    write_table(cycle, name, tmp_path / "table", "csv")
    number, line = LINES[name]
    found = (tmp_path / "table").read_text().splitlines()[number]
    assert found.endswith(line)
    assert found.startswith(KEYS)


def test_duckdb_polars_and_pandas_read_it(sounding_data, tmp_path):
    cycle = read_cycle(sounding_data, HRRR)
    path = tmp_path / "indices.parquet"
    write_table(cycle, "indices", path, "parquet")
    columns = ["station_id", "forecast_hour", "sb_cape", "bufkit_CAPE"]
    frame = pd.read_parquet(path)
    assert str(frame.time.dt.tz) == "UTC"
    assert frame.sb_cape.max() == pytest.approx(
        max(each["sb_cape"].max() for each in cycle.indices)
    )
    query = f"SELECT {', '.join(columns)}, epoch(time)::BIGINT FROM read_parquet(?)"
    rows = duckdb.execute(query, [str(path)]).fetchall()
    seconds = pl.col("time").dt.epoch("s")
    assert rows == pl.read_parquet(path).select(*columns, seconds).rows()
    assert len(rows) == len(frame) == sum(map(len, cycle.forecasts))
