"""Lexicons and other lists as a run gets them: read once, told of by names below their folder."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from batchio.errors import CannotRun, UsageError
from batchio.fileset import STATE_FOLDER, list_files, open_text
from batchio.fingerprint import of_value
from batchio.subtitles.lexicon import Entry, Problem, Style, load_lexicons
from transforms.forming import root_of

KEPT_FOLDER = f"{STATE_FOLDER}/lexicons"
_FATAL = ("unreadable", "yaml")


@dataclass(frozen=True)
class Lexicons:
    """The entries of all lexicons, in the order of files and lines, and what is wrong with them."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def digest(self) -> str:
        """A digest of what entries say, wherever they stand."""
        return of_value([_told(entry) for entry in self.entries])

    @property
    def named(self) -> tuple[Entry, ...]:
        """The entries with a name for their file and line, by which they are known elsewhere.

        That is their term, and which of those of that term they are.
        """
        return tuple(_named(self.entries))

    @property
    def places(self) -> dict[str, str]:
        """File and line of each entry by its name."""
        pairs = zip(self.named, self.entries, strict=True)
        return {named.place: entry.place for named, entry in pairs}

    @property
    def kept(self) -> str:
        """What is kept of the entries for later runs."""
        return json.dumps([_told(entry) for entry in self.entries])


def kept_path(digest: str) -> str:
    """Returns where entries with that digest are kept, below the output."""
    return f"{KEPT_FOLDER}/{digest}.json"


def kept_entries(kept: Any, digest: str) -> list[Entry] | None:
    """Returns the named entries that were kept; None if they are not those of the digest."""
    if of_value(kept) != digest:
        return None
    names = [each.name for each in fields(Entry)]
    return list(_named(_entry(dict(zip(names, values, strict=True))) for values in kept))


def _entry(said: dict[str, Any]) -> Entry:
    variations = tuple((text, 0) for text in said["variations"])
    return Entry(**said | {"variations": variations, "clues": tuple(said["clues"])})


def _named(entries: Iterable[Entry]) -> Iterator[Entry]:
    seen: Counter[str] = Counter()
    for entry in entries:
        name = f"{entry.kind} {entry.term}"
        seen[name] += 1
        yield replace(entry, file=name, line=seen[name])


def find_lexicons(patterns: Sequence[str]) -> list[str]:
    """Returns the paths of lexicons; each pattern has to match a file."""
    found: dict[str, None] = {}
    for pattern in patterns:
        paths = [file.path for file in list_files([pattern])]
        if not paths:
            raise UsageError("no such lexicon", path=pattern, action="check --lexicon")
        found.update(dict.fromkeys(paths))
    return list(found)


def load(patterns: Sequence[str]) -> Lexicons:
    """Returns what lexicons hold.

    Raises:
        CannotRun: One of them is no YAML.
    """
    entries, problems = load_lexicons(find_lexicons(patterns))
    fatal = next((each for each in problems if each.fault in _FATAL), None)
    if fatal is not None:
        raise CannotRun(
            f"line {fatal.line}: {fatal.message}",
            path=fatal.file,
            step="read lexicon",
            action="mend it; --check_lexicon tells all that is wrong in lexicons",
        )
    root = root_of(patterns) if patterns else ""
    named = (replace(entry, file=entry.file.removeprefix(root)) for entry in entries)
    return Lexicons(tuple(named), tuple(problems))


def _told(entry: Entry) -> list[object]:
    said = asdict(entry)
    said |= {"file": "", "line": 0, "variations": [text for text, _ in entry.variations]}
    return list(said.values())


def read_never(path: str) -> tuple[str, ...]:
    """Returns the words of a list, one or a few a line; what follows a # is a remark."""
    try:
        text = open_text(path)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot be read: {why}", path=path, action="check --never") from error
    return tuple(filter(None, map(_word, text.splitlines())))


def _word(line: str) -> str:
    return line.partition("#")[0].strip()


def styles_of(named: Iterable[str]) -> dict[str, Style]:
    """Returns the style of each category out of texts such as `deity=iast`."""
    parts = (each.rpartition("=") for each in named)
    return {name.strip(): "iast" if style == "iast" else "plain" for name, _, style in parts}
