"""The errors of Headrace, each with file, step, cause and next action.

::

    HeadraceError
    ├── UsageError      the command line or configuration is wrong     exit 2
    ├── CannotRun       the run cannot start or go on                  exit 1
    └── InputError      one input is bad: costs its unit, not the run  exit 3
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class HeadraceError(Exception):
    """What went wrong (``cause``), where (``path``, ``step``) and what to do (``action``)."""

    def __init__(self, cause: str, *, path: str = "", step: str = "", action: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.path = path
        self.step = step
        self.action = action

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.path, self.step, self.cause) if part)
        return f"{where}; {self.action}" if self.action else where


class UsageError(HeadraceError):
    """The command line or a configuration file is wrong."""


class CannotRun(HeadraceError):
    """The run cannot start or cannot go on."""


class InputError(HeadraceError):
    """One input is bad."""


@contextmanager
def doing(step: str, path: str = "") -> Iterator[None]:
    """Names the step, and the file, on any error that leaves the block without them."""
    try:
        yield
    except Exception as error:
        for name, value in (("step", step), ("path", path)):
            if value and not getattr(error, name, ""):
                setattr(error, name, value)
        raise
