"""Lexicons and other lists as a run gets them: read once, told of by names below their folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

from batchio.errors import CannotRun, UsageError
from batchio.fileset import list_files, open_text
from batchio.fingerprint import of_value
from batchio.lexicon import Entry, Problem, Style, load_lexicons
from transforms.forming import root_of

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
