"""Writes the options table of each pipeline into its page: `make docs`."""

from __future__ import annotations

import re
from pathlib import Path

from pipelines.launcher.options import options_markdown
from pipelines.radar import RADAR

DOCS = Path(__file__).parent
_TABLE = re.compile(r"(<!-- options:.*?-->\n).*?(<!-- end of options -->)", re.DOTALL)


def with_options(page: str, table: str) -> str:
    """Returns a page with its options table replaced."""
    return _TABLE.sub(lambda found: f"{found[1]}\n{table}\n{found[2]}", page)


def main() -> None:
    """Writes the pages."""
    for domain in (RADAR,):
        path = DOCS / f"{domain.name}.md"
        path.write_text(with_options(path.read_text(), options_markdown(domain.options)))


if __name__ == "__main__":
    main()
