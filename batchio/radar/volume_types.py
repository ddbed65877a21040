"""The table of volume types: which fields a complete volume of a strategy has (YAML).

::

    "0315":
      "01": [DBZH, DBZV, ZDR, RHOHV, PHIDP, KDP]
      "02": [VRAD, WRAD]
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from batchio.errors import UsageError
from batchio.radar.sinarame import FIELDS
from batchio.yaml_text import read_yaml_text

_STEP = "volume types"

VolumeTypes = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Strategy, then volume number, both as text, to the expected fields."""


def load_volume_types(path: str) -> VolumeTypes:
    """Returns the table in a YAML file; `0315` means the text 0315 with or without quotes.

    Raises:
        UsageError: The file cannot be read or is no such table; names the key.
    """
    table = read_yaml_text(path, step=_STEP, option="--volume_types")
    if not isinstance(table, dict) or not table:
        raise _refused(path, "holds no table", "give strategy: {number: [FIELD, …]}")
    return {
        strategy: _read_strategy(path, strategy, numbers) for strategy, numbers in table.items()
    }


def _read_strategy(path: str, strategy: str, numbers: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(numbers, dict) or not numbers:
        raise _refused(path, f"{strategy}: holds no volume numbers", "give number: [FIELD, …]")
    return {
        number: _read_fields(path, f"{strategy}.{number}", fields)
        for number, fields in numbers.items()
    }


def _read_fields(path: str, key: str, fields: Any) -> tuple[str, ...]:
    if not isinstance(fields, list) or not fields:
        raise _refused(path, f"{key}: is no list of fields", "give [DBZH, …]")
    for field in fields:
        if not isinstance(field, str) or field not in FIELDS:
            close = difflib.get_close_matches(str(field).upper(), FIELDS, n=1, cutoff=0.4)
            hint = f"did you mean {close[0]}?" if close else f"fields are {', '.join(FIELDS)}"
            raise _refused(path, f"{key}: unknown field {field!r}", hint)
    return tuple(dict.fromkeys(fields))


def _refused(path: str, cause: str, action: str) -> UsageError:
    return UsageError(cause, path=path, step=_STEP, action=action)
