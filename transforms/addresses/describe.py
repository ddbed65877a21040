"""What is found out about the rows of a block: the columns that stand behind the input's own."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batchio.addresses.csv_read import Rows
from transforms.addresses.address_text import address_texts, find_columns
from transforms.addresses.countries import find_countries
from transforms.addresses.statuses import (
    EMPTY,
    INVALID_ROW,
    LOW_CONFIDENCE,
    NOT_US,
    OK,
    REPEATED,
)
from transforms.addresses.tagger import Tagged, Tagger
from transforms.addresses.usps_columns import standard_columns

_DECIMALS = 6
_STAGES = ("tag", "standardise", "score")


@dataclass(frozen=True)
class Reading:
    """How rows are read as addresses.

    Attributes:
        columns: Names of the columns that make an address together.
        min_confidence: Below, a row has the status of low confidence.
    """

    columns: tuple[str, ...] = ("address",)
    min_confidence: float = 0.5


@dataclass(frozen=True, eq=False)
class Description:
    """What was found out about a block.

    Attributes:
        table: A row for each of the block.
        texts: The addresses.
        statuses: How many rows have each status that any has.
        seconds: What each stage took.
    """

    table: pa.RecordBatch
    texts: pa.StringArray
    statuses: Mapping[str, int]
    seconds: Mapping[str, float] = field(default_factory=dict)


def describe(rows: Rows, reading: Reading, tagger: Tagger) -> Description:
    """Returns components, lines, scores and status of rows.

    Raises:
        InputError: There is no column of a name, or more than one.
    """
    clock = [time.perf_counter()]
    texts = address_texts(rows.table, find_columns(rows.table.schema.names, reading.columns))
    tagged = tagger.tag(texts)
    clock.append(time.perf_counter())
    lines = standard_columns(texts, tagged, tagger)
    clock.append(time.perf_counter())
    countries = find_countries(texts)
    status = _statuses(rows, tagged, countries, reading.min_confidence)
    tokens = pc.is_valid(tagged.confidence)
    columns = {
        "status": status,
        "address_type": pc.if_else(tokens, tagged.type.cast(pa.string()), None),
        "confidence": pc.round(tagged.confidence, _DECIMALS),
        "min_marginal": pc.round(tagged.min_marginal, _DECIMALS),
        **dict(zip(lines.schema.names, lines.columns, strict=True)),
        "reason": pc.if_else(tokens, lines["reason"], None),
        "country": countries,
        **tagged.components,
    }
    clock.append(time.perf_counter())
    taken = (end - start for start, end in pairwise(clock))
    return Description(
        pa.RecordBatch.from_pydict(columns),
        texts,
        Counter(status.to_pylist()),
        dict(zip(_STAGES, taken, strict=True)),
    )


def _statuses(
    rows: Rows, tagged: Tagged, countries: pa.StringArray, min_confidence: float
) -> pa.StringArray:
    """Returns the first status that holds, for each row."""
    unsure = pc.less(tagged.confidence, min_confidence)
    conditions = {
        INVALID_ROW: pc.is_valid(rows.raw),
        EMPTY: pc.is_null(tagged.confidence),
        NOT_US: pc.is_valid(countries),
        REPEATED: tagged.repeated,
        LOW_CONFIDENCE: pc.fill_null(unsure, False),
    }
    flags = [each.to_numpy(zero_copy_only=False) for each in conditions.values()]
    chosen = np.select(flags, range(len(flags)), len(flags)).astype(np.int8)
    names = pa.array([*conditions, OK])
    return pa.DictionaryArray.from_arrays(pa.array(chosen), names).cast(pa.string())
