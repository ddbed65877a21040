"""Makes the sample set of the syntax pipeline: a small repository as many tools dump it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

from batchio.syntax import samples_compiled as compiled
from batchio.syntax import samples_sources as sources
from batchio.syntax.ast_encode import clang_dump, python_dump, tree_sitter_dump
from batchio.syntax.samples_scripts import app, board, panel

_GZIP_LEVEL = 6
_PYTHON = {
    "planner/__init__.py": sources.PLANNER,
    "planner/cli.py": sources.CLI,
    "planner/discounts.py": sources.DISCOUNTS,
    "planner/fares.py": sources.FARES,
    "planner/old_routes.py": sources.OLD_ROUTES,
    "planner/routes.py": sources.ROUTES,
    "planner/tickets.py": sources.TICKETS,
    "planner/timetable.py": sources.TIMETABLE,
}
_SCRIPTS: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "web/app.js": (sources.APP, app),
    "web/board.js": (sources.BOARD, board),
    "web/kiosk/panel.js": (sources.PANEL, panel),
    "web/panel.js": (sources.PANEL, panel),
}
_README = """\
Syntax trees of an invented repository, made by Headrace
========================================================

A planner of ferry trips that nobody runs, in four languages:

  planner/   Python, dumped as ast2json does; fares, tickets and discounts import one another in
             a circle, and nothing imports old_routes
  web/       JavaScript, as ESTree; kiosk/panel.js is a copy of panel.js
  gate/      Go, dumped by tree-sitter
  tide/      C, dumped by clang and gzipped

Each dump lies beside its source. package.json is no syntax tree, and web/map.js.json is cut short:
a run over all JSON here counts the one, puts the other in quarantine, and ends with exit code 3
because of it.
"""
_PACKAGE = {"name": "ferry-web", "version": "1.0.0", "private": True, "dependencies": {}}


def sample_files() -> Iterator[tuple[str, bytes]]:
    """Yields the files of the sample set: path below its folder, and content."""
    yield "README.txt", _README.encode()
    yield "package.json", json.dumps(_PACKAGE, indent=2).encode()
    for path, text in _PYTHON.items():
        yield path, text.encode()
        yield f"{path}.json", _json(python_dump(text))
    for path, (text, tree) in _SCRIPTS.items():
        yield path, text.encode()
        yield f"{path}.json", _json(tree())
    whole = _json(board())
    yield "web/map.js.json", whole[: len(whole) * 2 // 3]
    yield "gate/gate.go", compiled.GATE.encode()
    yield "gate/gate.go.ast.json", _json(tree_sitter_dump(compiled.GATE, compiled.GATE_NODES))
    yield "tide/tide.c", compiled.TIDE.encode()
    tide = _json(clang_dump(compiled.TIDE_NODES))
    yield "tide/tide.c.json.gz", gzip.compress(tide, _GZIP_LEVEL, mtime=0)


def _json(tree: dict[str, Any]) -> bytes:
    return json.dumps(tree, separators=(",", ":")).encode()
