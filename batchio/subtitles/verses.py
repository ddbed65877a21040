"""Reads tables of verses: the scriptures that lectures quote.

As JSON lines, one verse a line::

    {"chapter": 2, "verse": 47, "iast": "karmaṇyevādhikāraste mā phaleṣu kadācana . mā … ||2-47||"}

or as YAML::

    metadata: {source: yoga_sutras}   # without it the file's name is taken
    verses:
    - chapter: 1
      verse: 2
      transliteration: "yogaś citta-vṛtti-nirodhaḥ ||"

The text is the first of ``iast``, ``transliteration``, ``canonical_text``, ``text``. A verse may
give its own ``reference``, ``Kaṭha 1.3.14``; else it is source, chapter and verse: ``Yoga Sutras
1.2``. Other keys are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import orjson
import yaml

from batchio.errors import UsageError
from batchio.fileset import open_text
from batchio.subtitles.word_keys import nfc
from batchio.yaml_text import yaml_fault

_TEXTS = ("iast", "transliteration", "canonical_text", "text")
_READ = (*_TEXTS, "reference", "source", "chapter", "verse")
_YAML = (".yaml", ".yml")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ACTION = "correct it, or leave the file out of --verses"

# What tables write beside the words: the number at the end, readings in brackets, and signs of
# transliterations in ASCII for the avagraha (me.acyuta: me 'cyuta), nasals and a word's cut.
_NUMBER = re.compile(r"\|\|[\s\d.,-]*\|\|\s*$")
_READINGS = re.compile(r"\([^()]*\)|\^|\.(?=N)|-\s+")
_AVAGRAHA = re.compile(r"(?<=\w)\.a(?=\w)")
_HALVES = re.compile(r"\s*(?:[|/\u0964\u0965]+|(?<!\S)\.+(?!\S))\s*")


@dataclass(frozen=True)
class Verse:
    """A verse of a scripture, and where it stands."""

    reference: str  # Bhagavad Gita 2.47
    text: str  # its halves on a line each
    file: str = ""
    line: int = 0


def load_verses(paths: Iterable[str]) -> list[Verse]:
    """Returns the verses of files on any storage, in their order.

    Raises:
        UsageError: A file cannot be read, or something in it is no verse; names the line.
    """
    verses: list[Verse] = []
    for path in paths:
        try:
            text = open_text(path)
        except (OSError, ValueError, ImportError) as error:
            why = getattr(error, "strerror", None) or error
            raise _refused(path, f"cannot be read: {why}", "check what --verses names") from error
        verses += read_verses(text, path)
    return verses


def read_verses(text: str, path: str) -> list[Verse]:
    """Returns the verses of a table in its order.

    Raises:
        UsageError: Something in it is no verse; names the line.
    """
    records = _yaml_records if path.lower().endswith(_YAML) else _json_records
    verses = [_verse(path, line, record) for line, record in records(text, path)]
    if not verses:
        raise _refused(path, "holds no verses", _ACTION)
    return verses


def _json_records(text: str, path: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for line, row in enumerate(text.split("\n"), 1):
        if not row.strip():
            continue
        try:
            record = orjson.loads(row)
        except ValueError as error:
            raise _refused(path, f"line {line}: no JSON: {error}", _ACTION) from error
        if not isinstance(record, dict):
            raise _refused(path, f"line {line}: is no object", 'give {"chapter": …, "verse": …}')
        yield line, record


def _yaml_records(text: str, path: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise _refused(path, yaml_fault(error, text), "correct the YAML") from error
    top = _values(root)
    verses = top.get("verses")
    if not isinstance(verses, yaml.SequenceNode):
        raise _refused(path, "holds no list named verses", "give verses: [{chapter: …}]")
    source = _scalar(_values(top.get("metadata")).get("source"))
    for item in verses.value:
        line = item.start_mark.line + 1
        values = {name: _scalar(node) for name, node in _values(item).items() if name in _READ}
        yield line, {"source": source, **values}


def _values(node: yaml.Node | None) -> dict[str, yaml.Node]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return {str(key.value): value for key, value in pairs}


def _scalar(node: yaml.Node | None) -> str | None:
    # As written: YAML reads the verse 1.10 as the number 1.1.
    return str(node.value) if isinstance(node, yaml.ScalarNode) else None


def _verse(path: str, line: int, record: Mapping[str, Any]) -> Verse:
    written = next((record[name] for name in _TEXTS if record.get(name)), None)
    if not isinstance(written, str):
        raise _refused(path, f"line {line}: a verse without text", f"give {' or '.join(_TEXTS)}")
    text = _clean(written)
    if not text:
        raise _refused(path, f"line {line}: a verse without words", _ACTION)
    return Verse(_reference(path, line, record), text, path, line)


def _reference(path: str, line: int, record: Mapping[str, Any]) -> str:
    if record.get("reference"):
        return str(record["reference"])
    numbers = [record[name] for name in ("chapter", "verse") if record.get(name) is not None]
    if not numbers or any(not isinstance(number, int | str) for number in numbers):
        raise _refused(path, f"line {line}: a verse without its place", "give chapter and verse")
    stem = PurePosixPath(path).name.partition(".")[0]
    source = str(record.get("source") or stem.removesuffix("_verses"))
    if source.islower():
        source = source.replace("_", " ").title()
    return f"{source} {'.'.join(map(str, numbers))}"


def _clean(text: str) -> str:
    """Returns the words of a verse, its halves on a line each."""
    text = _READINGS.sub("", _NUMBER.sub("", nfc(text)))
    text = _AVAGRAHA.sub(" '", text)
    halves = (" ".join(half.split()) for half in _HALVES.split(text))
    return "\n".join(half for half in halves if any(map(str.isalpha, half)))


def _refused(path: str, cause: str, action: str) -> UsageError:
    return UsageError(cause, path=path, step="verses", action=action)
