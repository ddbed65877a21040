"""Which files are worked, as what, and under which name: a unit a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from batchio.fileset import FileRef, absolute
from batchio.globs import glob_regex
from transforms.forming import LeftOut, root_of
from transforms.syntax.languages import language_of
from transforms.units import Unit

SOURCE = {"source": True}


@dataclass(frozen=True)
class FileRules:
    """How units are formed of files.

    A unit's name is the file's path below the root of all patterns.

    Attributes:
        dumps: Globs of the dumps.
        sources: Globs of source files.
        settings: Fingerprint of what matters to the result of a file.
    """

    dumps: tuple[str, ...]
    sources: tuple[str, ...] = ()
    settings: str = ""

    @cached_property
    def root(self) -> str:
        """The folder that relative paths begin at, with a slash at its end."""
        return root_of((*self.dumps, *self.sources))

    @cached_property
    def _dump_globs(self) -> Sequence[re.Pattern[str]]:
        return [glob_regex(absolute(pattern)) for pattern in self.dumps]


def form_unit(file: FileRef, rules: FileRules) -> Unit | LeftOut:
    """Returns the unit of a file, or why it is left out."""
    unit_id = file.path.removeprefix(rules.root)
    if not rules.sources:
        return Unit(unit_id, (file,), rules.settings)
    if language_of(file.path):
        return Unit(unit_id, (file,), rules.settings, SOURCE)
    if any(glob.fullmatch(file.path) for glob in rules._dump_globs):
        return Unit(unit_id, (file,), rules.settings)
    return LeftOut(file, "no language that can be read has this file name")
