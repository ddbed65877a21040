"""Writes what the pages take from the code, options and columns of tables: `make docs`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from batchio.soundings.columns import FETCH, QUALITY, ValueTable, value_schema
from batchio.soundings.cycle import SoundingCycle
from batchio.syntax.tables import TABLES
from pipelines.domains import LAUNCHED, load
from pipelines.launcher.options import options_markdown
from transforms.soundings.index_names import INDICES

DOCS = Path(__file__).parent
_VALUES: tuple[ValueTable, ...] = ("levels", "indices", "surface")
_NONE = SoundingCycle("", (), (), INDICES)  # of no file: the columns that all have
_TABLES_OF: Mapping[str, Mapping[str, pa.Schema]] = {
    "syntax": TABLES,
    "soundings": {name: value_schema(name, _NONE) for name in _VALUES}
    | {"quality": QUALITY, "fetch": FETCH},
}


def made_page(page: str, name: str) -> str:
    """Returns the page of a pipeline with all that is made anew."""
    page = _with_part(page, "options", options_markdown(load(name).options))
    return _with_part(page, "tables", tables_markdown(_TABLES_OF.get(name, {})))


def tables_markdown(tables: Mapping[str, pa.Schema]) -> str:
    """Returns tables with their columns, as Markdown."""
    parts = []
    for name, schema in tables.items():
        lines = ["| column | type | meaning |", "|---|---|---|"]
        for field in schema:
            may_be_null = " or null" if field.nullable else ""
            meaning = field.metadata[b"description"].decode()
            if unit := field.metadata.get(b"unit", b"").decode():
                meaning += f", {unit}"
            lines.append(f"| `{field.name}` | {field.type}{may_be_null} | {meaning} |")
        parts.append(f"**{name}**\n\n" + "\n".join(lines))
    return "\n\n".join(parts)


def _with_part(page: str, name: str, text: str) -> str:
    part = re.compile(rf"(<!-- {name}:.*?-->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    return part.sub(lambda found: f"{found[1]}\n{text.strip()}\n\n{found[2]}", page)


def main() -> None:
    """Writes the pages."""
    for name in LAUNCHED:
        path = DOCS / f"{name}.md"
        path.write_text(made_page(path.read_text(), name))


if __name__ == "__main__":
    main()
