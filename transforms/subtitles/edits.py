"""Replacements in the text of a cue: applied, followed by others, told by line and column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

# Of several rules that made one change, the first is named.
_WEIGHTS = ("verse", "compound", "lexicon", "fuzzy", "number", "filler", "repeat", "space", "case")


class Edit(NamedTuple):
    """A replacement in a text, before it is placed in lines."""

    start: int
    end: int
    replacement: str
    rule: str
    entry: str = ""  # file:line of the lexicon, reference of the verse
    score: float = 100.0


@dataclass(frozen=True)
class Change:
    """What was changed in a cue, and why."""

    line: int  # in the cue, from 1
    column: int  # in the line, from 1
    original: str
    corrected: str
    rule: str  # verse|lexicon|compound|case|fuzzy|number|filler|repeat|space
    entry: str  # file:line of the lexicon, reference of the verse; empty for rules without one
    score: float  # 0-100: certain, or how near a word was


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Returns the text with its edits, which are in order and apart."""
    parts = []
    at = 0
    for edit in edits:
        parts += [text[at : edit.start], edit.replacement]
        at = edit.end
    return "".join([*parts, text[at:]])


def changes_of(text: str, edits: Iterable[Edit]) -> tuple[Change, ...]:
    """Returns the edits by line and column of the text before them."""
    return tuple(
        Change(
            line=text.count("\n", 0, edit.start) + 1,
            column=edit.start - text.rfind("\n", 0, edit.start),
            original=text[edit.start : edit.end],
            corrected=edit.replacement,
            rule=edit.rule,
            entry=edit.entry,
            score=edit.score,
        )
        for edit in edits
    )


def follow(text: str, edits: Sequence[Edit], later: Sequence[Edit]) -> list[Edit]:
    """Returns one list of edits of the text, for edits and others of what came of them.

    Those that meet become one, with the rule that did most.
    """
    after = apply_edits(text, edits)
    spans = [*_spans_after(edits), *((each.start, each.end, each) for each in later)]
    # At one place what was removed there comes first.
    spans.sort(key=lambda span: (span[0], span[1]))
    result: list[Edit] = []
    group: list[tuple[int, int, Edit]] = []
    shift = 0
    for span in [*spans, None]:
        if group and (span is None or span[0] >= max(end for _, end, _ in group)):
            joined = _join(after, group, {id(each) for each in later}, shift)
            shift = joined.end - max(end for _, end, _ in group)
            if text[joined.start : joined.end] != joined.replacement:
                result.append(joined)
            group = []
        if span is not None:
            group.append(span)
    return result


def _spans_after(edits: Iterable[Edit]) -> list[tuple[int, int, Edit]]:
    spans = []
    shift = 0
    for edit in edits:
        start = edit.start + shift
        spans.append((start, start + len(edit.replacement), edit))
        shift += len(edit.replacement) - (edit.end - edit.start)
    return spans


def _join(after: str, group: Sequence[tuple[int, int, Edit]], later: set[int], shift: int) -> Edit:
    """Returns one edit for those that meet.

    Args:
        after: The text between the earlier and the later.
        group: Edits by where they are in it.
        later: Which of them are the later.
        shift: From a place in it, before the group, to that in the first text.
    """
    start = group[0][0]
    end = max(end for _, end, _ in group)
    new = [edit for _, _, edit in group if id(edit) in later]
    grown = sum(
        len(edit.replacement) - (edit.end - edit.start)
        for _, _, edit in group
        if id(edit) not in later
    )
    moved = [each._replace(start=each.start - start, end=each.end - start) for each in new]
    told = min((edit for _, _, edit in group), key=lambda edit: _WEIGHTS.index(edit.rule))
    return told._replace(
        start=start + shift,
        end=end + shift - grown,
        replacement=apply_edits(after[start:end], moved),
    )
