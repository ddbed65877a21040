"""What spreadsheets make of texts in tables."""

from __future__ import annotations

from typing import Final

# A text that begins so is computed, see OWASP's "CSV injection".
FORMULA_BEGINS: Final = ("=", "+", "-", "@", "\t", "\r")
