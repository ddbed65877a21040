"""Reads lexicons: YAML lists of terms with the spellings that stand for them.

::

    entries:                      # term: instead of original_term: makes it a proper noun
    - original_term: moksha       # the plain spelling
      variations: [moksh, moksa]
      transliteration: mokṣa      # IAST
      is_proper_noun: false
      category: concept
      confidence: 1.0
      context_clues: [liberation] # English words among the variations need one in the same cue,
      force: true                 # or this
    asr_corrections: []           # the same, but original_term is what was misheard
    compound_terms: []            # phrase: and type: instead of original_term: and category:

Values are taken as text whatever YAML makes of them: ``no``, ``on``, ``7``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import yaml

from batchio.fileset import open_text
from batchio.yaml_text import yaml_fault

Style = Literal["plain", "iast"]  # how terms are spelled
Kind = Literal["entry", "noun", "title", "asr", "compound"]
Fault = Literal[
    "unreadable", "yaml", "unknown key", "bad value", "no target", "duplicate", "conflict",
    "english", "unlike", "never matches",
]  # fmt: skip

_LISTS = {"entries": "entry", "asr_corrections": "asr", "compound_terms": "compound"}
_TARGETS: dict[str, Kind] = {
    "original_term": "entry",
    "term": "noun",
    "title": "title",
    "phrase": "compound",
}
_READ = {
    *_TARGETS, "variations", "transliteration", "is_proper_noun", "category", "type",
    "confidence", "context_clues", "force", "preserve_capitalization",
}  # fmt: skip
_REMARKS = {
    "source_authority", "difficulty_level", "meaning", "asr_common_error", "error_type",
    "frequency", "canonical_text", "is_verse", "full_title", "context_patterns",
}  # fmt: skip
_TRUE = {"true", "yes", "on", "y", "1"}
_FALSE = {"false", "no", "off", "n", "0", ""}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Entry:
    """A term of a lexicon, and where it stands."""

    term: str  # as the list names it
    kind: Kind
    transliteration: str = ""
    variations: tuple[tuple[str, int], ...] = ()  # spelling, line
    proper: bool = False
    as_written: bool = False  # capitals of the text do not change it
    category: str = ""
    confidence: float = 1.0
    clues: tuple[str, ...] = ()
    force: bool = False
    file: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong in a lexicon."""

    file: str
    line: int
    fault: Fault = field(compare=False)
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.fault}: {self.message}"


@dataclass
class _File:
    path: str
    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def tell(self, line: int, fault: Fault, message: str) -> None:
        self.problems.append(Problem(self.path, line, fault, message))


def load_lexicons(paths: Iterable[str]) -> tuple[list[Entry], list[Problem]]:
    """Returns the entries of files on any storage, and what could not be read of them."""
    entries: list[Entry] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            text = open_text(path)
        except (OSError, ValueError, ImportError) as error:
            why = getattr(error, "strerror", None) or error
            problems.append(Problem(path, 1, "unreadable", str(why)))
            continue
        of_file, faults = read_lexicon(text, path)
        entries += of_file
        problems += faults
    return entries, problems


def read_lexicon(text: str, path: str) -> tuple[list[Entry], list[Problem]]:
    """Returns the entries of a YAML text in its order, and what is wrong with it."""
    file = _File(path)
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        place, _, message = yaml_fault(error, text).partition(": ")
        file.tell(int(place.removeprefix("line ")), "yaml", message)
        return [], file.problems
    found = False
    for name, node, line in _pairs(file, root):
        if name not in _LISTS:
            if name != "metadata":
                file.tell(line, "unknown key", f"{name}: not read")
        elif isinstance(node, yaml.SequenceNode):
            found = True
            for item in node.value:
                _read_entry(file, item, _LISTS[name] == "asr")
        else:
            file.tell(line, "bad value", f"{name}: is no list")
    if not found:
        file.tell(1, "no target", f"holds none of the lists {', '.join(_LISTS)}")
    return file.entries, file.problems


def _pairs(file: _File, node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node, int]]:
    """Yields key, value and line of each pair of a mapping; a key told twice counts once."""
    if not isinstance(node, yaml.MappingNode):
        if node is not None:
            file.tell(node.start_mark.line + 1, "bad value", "expected key: value")
        return
    seen = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        name = str(key.value)
        if name in seen:
            file.tell(line, "duplicate", f"{name}: stands twice, the first one counts")
            continue
        seen.add(name)
        yield name, value, line


def _read_entry(file: _File, node: yaml.Node, is_asr: bool) -> None:
    line = node.start_mark.line + 1
    values: dict[str, yaml.Node] = {}
    for name, value, key_line in _pairs(file, node):
        if name in _READ:
            values[name] = value
        elif name not in _REMARKS:
            file.tell(key_line, "unknown key", f"{name}: not read")
    named = [name for name in _TARGETS if name in values]
    term = _text(file, values[named[0]]) if named else ""
    transliteration = _text(file, values.get("transliteration"))
    if not (transliteration if is_asr else term):
        wanted = "transliteration" if is_asr else " or ".join(_TARGETS)
        file.tell(line, "no target", f"an entry without {wanted}")
        return
    kind: Kind = "asr" if is_asr else _TARGETS[named[0]]
    file.entries.append(
        Entry(
            term=term,
            kind=kind,
            transliteration=transliteration,
            variations=tuple(_texts(file, values.get("variations"))),
            proper=_flag(file, values.get("is_proper_noun"), kind not in ("entry", "asr")),
            as_written=_flag(file, values.get("preserve_capitalization"), False),
            category=_text(file, values.get("category", values.get("type"))),
            confidence=_share(file, values.get("confidence")),
            clues=tuple(text for text, _ in _texts(file, values.get("context_clues"))),
            force=_flag(file, values.get("force"), False),
            file=file.path,
            line=line,
        )
    )


def _text(file: _File, node: yaml.Node | None) -> str:
    if node is None:
        return ""
    if isinstance(node, yaml.ScalarNode):
        return str(node.value).strip()
    file.tell(node.start_mark.line + 1, "bad value", "expected a text")
    return ""


def _texts(file: _File, node: yaml.Node | None) -> Iterator[tuple[str, int]]:
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node] if node else []
    for each in nodes:
        if text := _text(file, each):
            yield text, each.start_mark.line + 1


def _flag(file: _File, node: yaml.Node | None, default: bool) -> bool:
    if node is None:
        return default
    value = _text(file, node).lower()
    if value in _TRUE or value in _FALSE:
        return value in _TRUE
    file.tell(node.start_mark.line + 1, "bad value", f"{value}: expected true or false")
    return default


def _share(file: _File, node: yaml.Node | None) -> float:
    if node is None:
        return 1.0
    value = _text(file, node)
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if 0 <= number <= 1:
        return number
    file.tell(node.start_mark.line + 1, "bad value", f"{value}: expected a confidence of 0 to 1")
    return 0.0
