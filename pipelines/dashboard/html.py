"""Makes the HTML of the pages; whatever comes from files appears in it as text only."""

from __future__ import annotations

import json
import shlex
from functools import cache
from typing import Any
from urllib.parse import urlencode

import jinja2

from batchio.version import __version__
from pipelines.launcher.human import (
    count_text,
    duration_text,
    one_line,
    plural,
    rate_text,
    size_text,
    time_text,
)

# Of statuses of units and runs; classes of the style sheet.
_COLOURS = {
    "completed": "good",
    "failed": "bad",
    "incomplete": "wait",
    "pending": "idle",
    "interrupted": "cut",
    "running": "busy",
}


def render(template: str, **values: Any) -> str:
    """Returns a page."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipelines.dashboard"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"version": __version__, "statuses": tuple(_COLOURS)}
    environment.filters |= {
        "colour": lambda status: _COLOURS.get(status, "bad"),
        "command": lambda words: one_line(shlex.join(words)),
        "count": count_text,
        "duration": duration_text,
        "json": lambda value: json.dumps(value, ensure_ascii=False),
        "percent": lambda share: f"{min(share, 99.9):.1f} %" if share < 100 else "100 %",
        "plural": plural,
        "query": lambda values: urlencode({n: v for n, v in values.items() if v not in ("", None)}),
        "rate": rate_text,
        "size": size_text,
        "text": lambda text: one_line(str(text)),
        "time": time_text,
    }
    return environment
