"""Writes what the pages take from the code, options and columns of tables: `make docs`."""

from __future__ import annotations

import re
from pathlib import Path

from batchio.syntax_tables import TABLES
from pipelines.domains import DOMAINS, load
from pipelines.launcher.options import options_markdown

DOCS = Path(__file__).parent


def made_page(page: str, name: str) -> str:
    """Returns the page of a pipeline with all that is made anew."""
    page = _with_part(page, "options", options_markdown(load(name).options))
    return _with_part(page, "tables", tables_markdown())


def tables_markdown() -> str:
    """Returns the tables of the syntax pipeline with their columns, as Markdown."""
    parts = []
    for name, schema in TABLES.items():
        lines = ["| column | type | meaning |", "|---|---|---|"]
        for field in schema:
            may_be_null = " or null" if field.nullable else ""
            meaning = field.metadata[b"description"].decode()
            lines.append(f"| `{field.name}` | {field.type}{may_be_null} | {meaning} |")
        parts.append(f"**{name}**\n\n" + "\n".join(lines))
    return "\n\n".join(parts)


def _with_part(page: str, name: str, text: str) -> str:
    part = re.compile(rf"(<!-- {name}:.*?-->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    return part.sub(lambda found: f"{found[1]}\n{text.strip()}\n\n{found[2]}", page)


def main() -> None:
    """Writes the pages."""
    for name in DOMAINS:
        path = DOCS / f"{name}.md"
        path.write_text(made_page(path.read_text(), name))


if __name__ == "__main__":
    main()
