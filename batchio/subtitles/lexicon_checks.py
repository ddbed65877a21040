"""What an editor wants to know of lexicons before they are used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from batchio.subtitles.lexicon import Entry, Problem, load_lexicons
from batchio.subtitles.lexicon_choice import Spelling, collect, spellings_of, target_of
from batchio.subtitles.word_keys import exact_key, sound_key

_FOREIGN = {"english": "English", "unlike": "unlike its target"}


def check_lexicons(paths: Iterable[str]) -> list[Problem]:
    """Returns what is wrong in lexicons, in the order of files and lines."""
    paths = list(paths)
    entries, problems = load_lexicons(paths)
    order = {path: number for number, path in enumerate(paths)}
    problems += check_entries(entries)
    return sorted(problems, key=lambda each: (order[each.file], each.line))


def check_entries(entries: Sequence[Entry]) -> list[Problem]:
    """Returns what is wrong with entries taken together."""
    return [
        *_duplicates(entries),
        *_conflicts(entries),
        *(problem for entry in entries for problem in _check_spellings(entry)),
    ]


def _duplicates(entries: Sequence[Entry]) -> Iterator[Problem]:
    first: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        same = first.setdefault((exact_key(entry.term), exact_key(target_of(entry, "iast"))), entry)
        if same is not entry:
            message = f"{entry.term}: also at {_place(same, entry)}"
            yield Problem(entry.file, entry.line, "duplicate", message)


def _conflicts(entries: Sequence[Entry]) -> Iterator[Problem]:
    for spellings in collect(entries, "iast").values():
        used = spellings[0]
        for other in spellings[1:]:
            if sound_key(other.target) != sound_key(used.target):
                there = _place(used.entry, other.entry, used.line)
                message = (
                    f"{other.text}: is {other.target} here, but {used.target} at {there}, "
                    f"which is used{_why(used, other)}"
                )
                yield Problem(other.entry.file, other.line, "conflict", message)


def _why(used: Spelling, other: Spelling) -> str:
    if used.usable != other.usable:
        return f": this one is {_FOREIGN[other.foreign]}"
    if used.own != other.own:
        return ": it is that term's own spelling"
    if used.entry.confidence != other.entry.confidence:
        return ": higher confidence"
    return ""


def _check_spellings(entry: Entry) -> Iterator[Problem]:
    for spelling in spellings_of(entry, "iast"):
        if not spelling.key:
            message = f"{spelling.text}: no letters, or marks between the words"
            yield Problem(entry.file, spelling.line, "never matches", message)
        elif spelling.foreign and not entry.force:
            what = "English" if spelling.foreign == "english" else f"unlike {spelling.target}"
            use = (
                "used beside a context clue"
                if entry.clues
                else "not used; give context_clues, or force: true"
            )
            yield Problem(
                entry.file, spelling.line, spelling.foreign, f"{spelling.text}: {what}, {use}"
            )


def _place(there: Entry, here: Entry, line: int = 0) -> str:
    line = line or there.line
    return f"line {line}" if there.file == here.file else f"{PurePosixPath(there.file).name}:{line}"
