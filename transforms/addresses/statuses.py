"""What became of a row."""

from __future__ import annotations

from typing import Literal, TypeAlias

Status: TypeAlias = Literal["ok", "repeated", "low_confidence", "empty", "invalid_row", "not_us"]

OK: Status = "ok"
REPEATED: Status = "repeated"  # a label comes back: the best effort is given
LOW_CONFIDENCE: Status = "low_confidence"
EMPTY: Status = "empty"  # nothing to tag
INVALID_ROW: Status = "invalid_row"  # it has another number of fields than the header
NOT_US: Status = "not_us"  # it names another country

STATUSES: tuple[Status, ...] = (OK, REPEATED, LOW_CONFIDENCE, EMPTY, INVALID_ROW, NOT_US)
