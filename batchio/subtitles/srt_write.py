"""Writes SubRip files with other texts: all that is not asked for stays byte for byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from batchio.subtitles.srt_encoding import Encoding, check_encoding
from batchio.subtitles.srt_issues import Issue
from batchio.subtitles.srt_model import Cue, Subtitles, split_lines
from batchio.subtitles.srt_times import format_times


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What is put in order when a file is written; by default nothing."""

    renumber: bool = False
    drop_empty: bool = False  # cues without text
    sort: bool = False  # by time
    normalise_times: bool = False
    encoding: str = ""  # another than the file's

    def __bool__(self) -> bool:
        return self != Rewriting()


@dataclass(frozen=True, slots=True)
class Written:
    """A file to be: its bytes, their encoding, and what the reader of the file should know."""

    data: bytes
    encoding: Encoding
    issues: list[Issue]


@dataclass(slots=True)
class _Block:
    """The lines of one cue, to where the next begins."""

    cue: Cue
    times: str
    text: list[str]
    tail: list[str]  # blank lines, and blocks that are no cues


KEEP = Rewriting()


def write_srt(
    subtitles: Subtitles, texts: Mapping[int, Sequence[str]], rewriting: Rewriting = KEEP
) -> Written:
    """Returns the file with other texts.

    If the file's encoding lacks a letter of the new text, all is written in UTF-8 without a mark,
    and an issue says so.

    Args:
        subtitles: The file as it was read.
        texts: The new lines of cues, by the cue's place among `Subtitles.cues`.
        rewriting: What else to change.
    """
    texts = {
        place: _checked(lines, subtitles.cues[place].lines)
        for place, lines in texts.items()
        if tuple(lines) != subtitles.cues[place].lines
    }
    if not texts and not rewriting:
        return Written(subtitles.data, subtitles.encoding, [])
    if rewriting.renumber or rewriting.drop_empty or rewriting.sort or rewriting.normalise_times:
        text = _compose(subtitles, texts, rewriting)
    else:
        text = _splice(subtitles, texts)
    return _encode(subtitles, text, rewriting.encoding)


def _checked(lines: Sequence[str], before: Sequence[str]) -> list[str]:
    """Returns the lines without blank ones, which would end the text; where some stood, all."""
    for line in lines:
        if "\n" in line or "\r" in line:
            raise ValueError(f"a line of text has a line end: {line!r}")
    if any(not line.strip() for line in before):
        return list(lines)
    return [line for line in lines if line.strip()]


def _splice(subtitles: Subtitles, texts: Mapping[int, Sequence[str]]) -> str:
    """Returns the text with the lines of some cues replaced."""
    lines, ends = list(subtitles.lines), subtitles.ends
    if ends is not None:
        lines = [line + end for line, end in zip(lines, ends, strict=True)]
    for place in sorted(texts, reverse=True):
        cue = subtitles.cues[place]
        start, stop = cue.text_line - 1, cue.text_line - 1 + len(cue.lines)
        new = list(texts[place])
        if ends is not None:
            at_end = start == len(lines)  # below the file's last line, which has no end
            if at_end and new:
                lines[-1] += subtitles.line_end
            own = ends[start:stop] or ["" if at_end else subtitles.line_end]
            new = _with_ends(new, own, subtitles.line_end)
        lines[start:stop] = new
    return (subtitles.line_end if ends is None else "").join(lines)


def _with_ends(lines: list[str], ends: list[str], line_end: str) -> list[str]:
    """Returns the lines with the ends of those before them; the last keeps the last."""
    more = [line_end] * (len(lines) - len(ends))
    firsts = [*ends[:-1], *more][: max(0, len(lines) - 1)]
    return [line + end for line, end in zip(lines, [*firsts, ends[-1]], strict=False)]


def _compose(subtitles: Subtitles, texts: Mapping[int, Sequence[str]], rewriting: Rewriting) -> str:
    """Returns the text put together from blocks, with one line end throughout."""
    blocks = _make_blocks(subtitles, texts)
    last = blocks[-1]
    ending = last.tail[_filled(last.tail) :]
    if rewriting.normalise_times:
        _normalise_times(blocks)
    if rewriting.drop_empty:
        blocks = _drop_empty(blocks)
    if rewriting.sort:
        blocks.sort(key=lambda block: (block.cue.start, block.cue.end))
    for block in blocks[:-1]:
        if block is last or not block.tail or block.tail[-1].strip():
            block.tail = [*block.tail[: _filled(block.tail)], ""]
    for block in blocks[-1:]:
        block.tail = block.tail[: _filled(block.tail)] + ending
    lines = subtitles.lines[: subtitles.cues[0].line - 1]
    for number, block in enumerate(blocks, 1):
        lines += _block_lines(block, str(number) if rewriting.renumber else block.cue.number)
    return subtitles.line_end.join(lines)


def _filled(lines: Sequence[str]) -> int:
    """Returns how many lines there are without the blank ones at the end."""
    count = len(lines)
    while count and not lines[count - 1].strip():
        count -= 1
    return count


def _make_blocks(subtitles: Subtitles, texts: Mapping[int, Sequence[str]]) -> list[_Block]:
    lines, cues = subtitles.lines, subtitles.cues
    blocks = []
    for place, cue in enumerate(cues):
        stop = cues[place + 1].line - 1 if place + 1 < len(cues) else len(lines)
        end = cue.text_line - 1 + len(cue.lines)
        text = list(texts.get(place, cue.lines))
        blocks.append(_Block(cue, lines[cue.times_line - 1], text, lines[end:stop]))
    return blocks


def _block_lines(block: _Block, number: str) -> list[str]:
    return [*([number] if number else []), block.times, *block.text, *block.tail]


def _normalise_times(blocks: list[_Block]) -> None:
    for block in blocks:
        block.times = format_times(block.cue.start, block.cue.end, block.cue.trailer)


def _drop_empty(blocks: list[_Block]) -> list[_Block]:
    """Returns the blocks with text; lines that are no cue stay with the one above."""
    kept: list[_Block] = []
    for block in blocks:
        if any(line.strip() for line in block.text):
            kept.append(block)
        elif kept and any(line.strip() for line in block.tail):
            kept[-1].tail = [*kept[-1].tail, *block.tail]
    return kept


def _encode(subtitles: Subtitles, text: str, wanted: str) -> Written:
    encoding, issues = subtitles.encoding, []
    if wanted and check_encoding(wanted) != encoding.name:
        encoding = Encoding(check_encoding(wanted), "named")
    try:
        data = encoding.encode(text)
    except UnicodeEncodeError as error:
        lacking = ascii(text[error.start])
        note = f"{encoding.name} has no {text[error.start]!r} ({lacking}); written as UTF-8"
        line = len(split_lines(text[: error.start])[0])
        encoding = Encoding("utf-8", "utf-8")
        data = encoding.encode(text)
        issues.append(Issue(line, "encoding_changed", note=note))
    if encoding == subtitles.encoding and not _is_exact(subtitles):
        issues.append(Issue(1, "bytes_changed", note=encoding.name))
    return Written(data, encoding, issues)


def _is_exact(subtitles: Subtitles) -> bool:
    """Returns whether the encoding writes the file's own text as it was."""
    encoding = subtitles.encoding
    if encoding.name == "utf-8":
        return True
    ends = subtitles.ends or [subtitles.line_end] * (len(subtitles.lines) - 1) + [""]
    text = "".join(map("".join, zip(subtitles.lines, ends, strict=True)))
    try:
        return encoding.encode(text) == subtitles.data
    except UnicodeEncodeError:
        return False
