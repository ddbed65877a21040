"""Reads JSON text part by part: values that are too big at once come in pieces.

A syntax tree is big because one list in it is long: its spine. A piece is the whole top with only
the next items in that list, and without the lists of tokens and comments, which hold the source
once more. Everything else is the same in each piece. So memory depends on the biggest item, not on
the file.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from batchio.syntax.ast_json_parse import (
    EMPTY,
    KEY,
    TRUNCATED,
    Fault,
    after_value,
    decode,
    fault_at,
    skip_space,
)

SPINES = frozenset({"body", "children", "classes", "inner", "nodes"})
LEFT_OUT = frozenset({"comments", "tokens"})
PROGRAM = "program"  # Babel's spine is one level down

_PIECE_CHARACTERS = 1 << 20
_WINDOW_CHARACTERS = 1 << 18
_NUMBER_END = re.compile(r"(?:\.|[eE][-+]?)?\Z")  # behind it, digits may go on


class Window:
    """The part of a text that is being read; faults and positions are those of the whole text."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = iter(texts)
        self._text = ""
        self._at = 0
        self._base = 0
        self._ended = False
        self._broken: Fault | None = None

    @property
    def position(self) -> int:
        """How many characters have been read."""
        return self._base + self._at

    def skip_to(self, position: int) -> None:
        """Goes on to a position."""
        while self._base + len(self._text) < position and not self._ended:
            self._at = len(self._text)
            self._grow()
        self._at = position - self._base

    def peek(self) -> str:
        """Returns the next character that is no white space, empty at the end of the text."""
        while True:
            self._at = skip_space(self._text, self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._grow():
                return ""

    def value(self) -> Any:
        """Reads a value."""
        self.peek()
        while True:
            try:
                value, end = decode(self._text, self._at, goes_on=not self._ended)
            except Fault as fault:
                if fault.kind != TRUNCATED or self._ended:
                    raise fault.moved(self._base) from None
                self._grow()
                continue
            size = end - self._at
            is_whole = type(value) not in (int, float) or not _NUMBER_END.match(self._text, end)
            if is_whole or not self._grow():
                self._at += size
                return value

    def items(self) -> Iterator[Any]:
        """Reads a list and yields its items."""
        self._open("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield self.value()
            if not self._goes_on("]"):
                return

    def members(self) -> Iterator[str]:
        """Reads an object and yields its keys; whoever takes a key reads its value."""
        self._open("{")
        if self.peek() == "}":
            self._at += 1
            return
        expected = f"{KEY} or '}}'"
        while True:
            if self.peek() != '"':
                raise self._fault(expected)
            key = self.value()
            if self.peek() != ":":
                raise self._fault("':'")
            self._at += 1
            yield key
            if not self._goes_on("}"):
                return
            expected = KEY

    def end(self) -> None:
        """Checks that nothing follows."""
        if self.peek():
            raise self._fault("nothing more behind the value")

    def _open(self, opener: str) -> None:
        if self.peek() != opener:
            raise self._fault(f"'{opener}'")
        self._at += 1

    def _goes_on(self, closer: str) -> bool:
        mark = self.peek()
        if mark not in (",", closer):
            raise self._fault(after_value(closer))
        self._at += 1
        return mark == ","

    def _fault(self, expected: str) -> Fault:
        return fault_at(self._text, self._at, expected).moved(self._base)

    def _grow(self) -> bool:
        """Drops what has been read, takes in at least as much as is left; tells if any came."""
        if self._broken:
            raise self._broken
        parts = [self._text[self._at :]]
        wanted, new = max(len(parts[0]), _WINDOW_CHARACTERS), 0
        while new < wanted and not self._ended and not self._broken:
            try:
                part = next(self._texts, None)
            except Fault as fault:  # comes up when all before it has been read
                self._broken = fault
                break
            self._ended = part is None
            parts.append(part or "")
            new += len(parts[-1])
        if self._broken and not new:
            raise self._broken
        self._text = "".join(parts)
        self._base += self._at
        self._at = 0
        return new > 0


@dataclass(frozen=True)
class Outline:
    """A document but for the items of its spine.

    Attributes:
        top: The top, the spine in it empty.
        path: The keys that lead to the spine; None without a spine.
        position: The character at which the spine begins.
    """

    top: Any
    path: tuple[str, ...] | None = None
    position: int = 0


def read_whole(texts: Iterable[str]) -> Any:
    """Returns the value of a text.

    Raises:
        Fault: If the text is not one JSON value.
    """
    window = _started(texts)
    value = window.value()
    window.end()
    return value


def read_outline(texts: Iterable[str]) -> Outline:
    """Returns the outline of a text's value, having checked all of it.

    Raises:
        Fault: If the text is not one JSON value.
    """
    window = _started(texts)
    opener = window.peek()
    if opener == "[":
        position = window.position
        outline = Outline([], () if _skip_items(window) else None, position)
    elif opener == "{":
        outline = _read_object(window, has_program=True)
    else:
        outline = Outline(window.value())
    window.end()
    return outline


def read_pieces(texts: Iterable[str], outline: Outline) -> Iterator[Any]:
    """Yields the value of a text piece by piece; without a spine there is one."""
    if outline.path is None:
        yield outline.top
        return
    window = Window(texts)
    window.skip_to(outline.position)
    items: list[Any] = []
    begin = window.position
    for item in window.items():
        items.append(item)
        if window.position - begin >= _PIECE_CHARACTERS:
            yield _with_items(outline.top, outline.path, items)
            items, begin = [], window.position
    if items:
        yield _with_items(outline.top, outline.path, items)


def _started(texts: Iterable[str]) -> Window:
    window = Window(texts)
    if not window.peek():
        raise Fault(EMPTY, "there is nothing in it")
    return window


def _read_object(window: Window, *, has_program: bool) -> Outline:
    top: dict[str, Any] = {}
    path: tuple[str, ...] | None = None
    position = 0
    for key in window.members():
        opener = window.peek()
        if path and key == path[0]:  # once more: the last one counts
            path = None
        if key in LEFT_OUT and opener == "[":
            _skip_items(window)
        elif key in SPINES and opener == "[" and path is None:
            top[key], position = [], window.position
            path = (key,) if _skip_items(window) else None
        elif key == PROGRAM and opener == "{" and path is None and has_program:
            program = _read_object(window, has_program=False)
            top[key], position = program.top, program.position
            path = (key, *program.path) if program.path else None
        else:
            top[key] = window.value()
    return Outline(top, path, position)


def _skip_items(window: Window) -> bool:
    """Reads a list; tells whether there is anything in it."""
    return bool(deque(window.items(), maxlen=1))


def _with_items(top: Any, path: tuple[str, ...], items: list[Any]) -> Any:
    if not path:
        return items
    return {**top, path[0]: _with_items(top[path[0]], path[1:], items)}
