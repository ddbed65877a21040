"""Lays out the report of a run as one self-contained HTML page."""

from __future__ import annotations

import shlex
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from pipelines.launcher.human import (
    count_text,
    duration_text,
    plural,
    rate_text,
    size_text,
    time_text,
)


def write_html(report: dict[str, Any], path: Path) -> None:
    """Writes the page of a report."""
    path.write_text(html_of(report), encoding="utf-8")


def html_of(report: dict[str, Any]) -> str:
    """Returns the page of a report; names from files appear in it as text only."""
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    page.filters |= {
        "count": count_text,
        "size": size_text,
        "duration": duration_text,
        "rate": rate_text,
        "time": time_text,
        "plural": plural,
        "command": shlex.join,
    }
    template = page.from_string(files(__package__).joinpath("report.html").read_text("utf-8"))
    return template.render(report=report)
