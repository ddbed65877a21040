"""The row of a file in a part, whatever became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from batchio.syntax.ast_json import NO_PLACE, FaultPlace
from batchio.syntax.parts import NOT_AST, OK, QUARANTINED, key_of
from transforms.syntax.extraction import Extraction
from transforms.syntax.languages import language_of_path, source_path_of

FileRow: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True)  # without slots: a property is kept
class TreeFile:
    """A file with a tree in it, or one of the trees of a file.

    Attributes:
        input: The whole path of the file.
        path: Its relative path, `#LINE` at its end for a tree on a line.
        size: Bytes, after decompression.
        attempts: How often it has been tried, this time included.
        sha256: Of the content.
    """

    input: str
    path: str
    size: int
    attempts: int = 1
    sha256: str = ""

    @cached_property
    def source_path(self) -> str:
        """The path of its source file."""
        return source_path_of(self.path.partition("#")[0])

    @cached_property
    def guess(self) -> tuple[str, str]:
        """The language that its path tells, and what in it does."""
        return language_of_path(self.path.partition("#")[0])

    def taken(self, out: Extraction, shape: str, provides: Sequence[int]) -> FileRow:
        """Returns its row, now that its tree has been taken apart."""
        language_from = self.guess[1] if (out.language, shape) == (self.guess[0], "generic") else ""
        return (
            *self._name(out.language, language_from or (out.language and "nodes"), shape),
            out.parser,
            self.size,
            self.sha256,
            out.nodes,
            out.max_depth,
            len(out.kinds),
            out.errors,
            out.line_first,
            out.line_last,
            OK,
            "",
            "",
            *NO_PLACE,
            self.attempts,
            provides,
        )

    def not_ast(self) -> FileRow:
        """Returns its row if it holds no tree."""
        return self._untaken(NOT_AST, "", "", NO_PLACE)

    def quarantined(self, cause: str, message: str, place: FaultPlace = NO_PLACE) -> FileRow:
        """Returns its row if it cannot be read: why, and at which byte, line and column."""
        return self._untaken(QUARANTINED, cause, message, place)

    def _name(self, language: str, language_from: str, shape: str) -> FileRow:
        file_id = key_of(self.path)
        source = self.source_path
        return (self.input, self.path, file_id, source, language, language_from, shape)

    def _untaken(self, status: str, cause: str, message: str, place: FaultPlace) -> FileRow:
        counts = (0,) * 6
        row = (*self._name(*self.guess, ""), "", self.size, self.sha256, *counts)
        return (*row, status, cause, message, *place, self.attempts, ())
