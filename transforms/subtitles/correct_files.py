"""Corrects subtitle files, and keeps what was found in many of them in one part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

from batchio.errors import doing
from batchio.fileset import STATE_FOLDER, FileRef, is_local, read_bytes
from batchio.fingerprint import of_value, sha256
from batchio.output import Output, OutputRoot
from batchio.storable import storable
from batchio.subtitles.lexicon import Entry
from batchio.subtitles.parts import FileFindings, write_part
from batchio.subtitles.srt import Subtitles, read_srt
from batchio.subtitles.srt_write import Written, write_srt
from transforms.subtitles.correct import Corrector
from transforms.subtitles.edits import Change
from transforms.subtitles.file_row import (
    Corrected,
    correction_rows,
    counts_of,
    issue_rows,
    row_of,
    verse_rows,
)
from transforms.subtitles.file_words import FileWords, odd_texts
from transforms.subtitles.known_words import KnownWords
from transforms.subtitles.profiles import find_profile
from transforms.subtitles.quality import Suspects, assess
from transforms.subtitles.reference import Comparison, compare
from transforms.subtitles.settings import Settings
from transforms.subtitles.verse_index import verse_index
from transforms.subtitles.verse_text import MIN_SCORE, write_verses
from transforms.subtitles.verses import Quotation, find_verses
from transforms.units import Made, Unit

PARTS_FOLDER = f"{STATE_FOLDER}/parts"
LEXICON = "lexicon"  # of a unit's settings and details: the digest of the lexicons
_LEXICON_CHANGED = f"{LEXICON} changed"
REFERENCE = "reference"  # and the path of its reference


@dataclass(frozen=True)
class How:
    """How files are corrected and measured.

    Attributes:
        entries: Those of all lexicons.
        settings: Steps, style, what is never touched.
        profile: The limits of readable cues.
        encoding: Of files without a mark; empty for UTF-8 or a guess.
        verses: Files of verses that may be quoted.
        any_language: Whether files that are not in English are corrected too.
        review: Whether no subtitle file is written.
    """

    entries: tuple[Entry, ...] = ()
    settings: Settings = field(default_factory=Settings)
    profile: str = "lecture"
    encoding: str = ""
    verses: tuple[str, ...] = ()
    any_language: bool = False
    review: bool = False


@dataclass(frozen=True)
class CorrectFiles:
    """Corrects files cue by cue, writes them to the mirrored tree, and tells what was found.

    Attributes:
        output: The root of all outputs.
        how: How files are corrected and measured.
    """

    output: OutputRoot
    how: How = field(default_factory=How)
    _held: list[tuple[tuple[str, ...], FileFindings]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )

    def __call__(self, unit: Unit) -> Made:
        """Corrects a unit's file and holds what was found."""
        file = unit.files[0]
        with doing("read subtitles", file.path):
            subtitles = _read(file, self.how.encoding, self.output.retries)
        with doing("correct", file.path):
            found, written = self._correct(subtitles, unit.details.get(REFERENCE, ""))
        outputs = () if self.how.review else (self._write(unit, written.data),)
        digest = sha256(subtitles.data)
        self._hold(unit, found, digest, outputs)
        remark = "" if found.english or self.how.any_language else "not in English: left as it is"
        if subtitles.lost:
            remark = "; ".join(filter(None, (f"{subtitles.lost} blocks lost", remark)))
        return Made(
            outputs=outputs,
            sha256={file.path: digest},
            remarks={file.path: remark} if remark else {},
            metrics={"cues": len(subtitles.cues), "corrections": found.total},
            details=self._words_of(found),
        )

    def write_pack(self) -> tuple[Output, ...]:
        """Writes the part of the files worked since the last time."""
        if not self._held:
            return ()
        names = of_value([each for each, _ in self._held])  # the same files are the same part
        findings = [each for _, each in self._held]
        self._held.clear()
        root = replace(self.output, suffix="")
        return (root.write(f"{PARTS_FOLDER}/{names}.jsonl", partial(write_part, findings)),)

    @cached_property
    def _corrector(self) -> Corrector:
        return Corrector(self.how.entries, self.how.settings)

    @cached_property
    def _known(self) -> KnownWords:
        return KnownWords(self._corrector.right_words)

    @cached_property
    def _suspects(self) -> Mapping[bool, Suspects]:
        return {True: Suspects(self._known), False: Suspects(None)}  # in English or not

    @cached_property
    def _words(self) -> FileWords:
        return FileWords(self._corrector.may_be_misheard)

    def _words_of(self, found: Corrected) -> dict[str, str]:
        words = frozenset(found.before.vocabulary).union(found.after.vocabulary)
        texts = [*odd_texts(found.subtitles.cues), *self._corrector.take_passed()]
        return self._words.details(words, texts)

    def _correct(self, subtitles: Subtitles, reference: str) -> tuple[Corrected, Written]:
        profile = find_profile(self.how.profile)
        english = self._known.suits(subtitles.cues)
        suspects = self._suspects[english]
        before = after = assess(subtitles, profile, suspects)
        is_left = not english and not self.how.any_language
        quotations = self._quotations(subtitles)
        texts, changes = ({}, {}) if is_left else self._texts(subtitles, quotations or ())
        written = write_srt(subtitles, texts)
        if texts:
            after = assess(subtitles, profile, suspects, texts)
        issues = [*subtitles.issues, *written.issues]
        comparison = self._compare(subtitles, texts, reference) if reference else None
        measured = (before, after, english, comparison)
        return Corrected(subtitles, changes, issues, *measured, quotations), written

    def _quotations(self, subtitles: Subtitles) -> list[Quotation] | None:
        if not self.how.verses:
            return None
        return find_verses(_whole(subtitles), verse_index(self.how.verses))

    def _texts(
        self, subtitles: Subtitles, quotations: Iterable[Quotation]
    ) -> tuple[dict[int, list[str]], dict[int, tuple[Change, ...]]]:
        """Returns the new lines of cues that are to be changed, and the changes, by place.

        Where verses are written, their cues are no business of the lexicons.
        """
        texts: dict[int, list[str]] = {}
        changes: dict[int, tuple[Change, ...]] = {}
        written: set[int] = set()
        sure = [each for each in quotations if each.score >= MIN_SCORE]
        if sure and "verses" in self.how.settings.steps:
            whole = _whole(subtitles)
            new, changes = write_verses(
                whole, verse_index(self.how.verses), self.how.settings.style
            )
            texts = {place: new[place].split("\n") for place in changes}
            written = {place for each in sure for place in range(each.first, each.last + 1)}
        correct = self._corrector.correct
        for place, cue in enumerate(subtitles.cues):
            if place in written:
                continue
            lines, found = correct(cue.lines)
            if found:
                texts[place], changes[place] = lines, found
        return texts, changes

    def _compare(
        self, subtitles: Subtitles, texts: Mapping[int, list[str]], path: str
    ) -> Comparison:
        with doing("read reference", path):
            data = read_bytes(path, retries=self.output.retries)
            reference = read_srt(data, self.how.encoding)
        after = [texts.get(place, cue.lines) for place, cue in enumerate(subtitles.cues)]
        return compare(subtitles.cues, after, reference.cues)

    def _write(self, unit: Unit, data: bytes) -> Output:
        """Writes a file to the mirrored tree; one that a lexicon does not change is left alone."""
        target = self.output.path(unit.unit_id)
        if unit.reason == _LEXICON_CHANGED and is_local(target) and _holds(Path(target), data):
            return Output(target, len(data), sha256(data))
        return self.output.write(unit.unit_id, lambda path: path.write_bytes(data))

    def _hold(self, unit: Unit, found: Corrected, digest: str, outputs: tuple[Output, ...]) -> None:
        name = storable(unit.unit_id)
        row = row_of(found) | {
            "output": storable(outputs[0].path.removeprefix(self.output.folder)) if outputs else "",
            "sha256": digest,
            "lexicon_hash": unit.details.get(LEXICON, ""),
            "settings_hash": unit.settings.partition(";")[0],
        }
        findings = FileFindings(
            name,
            row,
            list(correction_rows(found)),
            list(issue_rows(found.subtitles, found.issues)),
            list(verse_rows(found)),
            counts_of(found.comparison),
        )
        self._held.append(((name, unit.settings, digest, str(unit.attempt)), findings))


def _read(file: FileRef, encoding: str, retries: int) -> Subtitles:
    return read_srt(read_bytes(file.path, size=file.size, retries=retries), encoding)


def _whole(subtitles: Subtitles) -> list[str]:
    return ["\n".join(cue.lines) for cue in subtitles.cues]


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False
