"""Subtitles of lectures corrected by lexicons: `python -m pipelines.subtitles --help`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal, cast

import apache_beam as beam
from pydantic import Field, JsonValue

from batchio.errors import UsageError
from batchio.fileset import FileRef, absolute, list_files
from batchio.fingerprint import of_value, sha256_of_file
from batchio.output import OutputRoot
from batchio.subtitles.lexicon import Style
from batchio.subtitles.lexicon_checks import check_lexicons
from batchio.subtitles.srt_encoding import check_encoding
from batchio.subtitles.verses import load_verses
from pipelines.launcher.domain import Aside, Domain
from pipelines.launcher.exit_codes import DONE, SOME_FAILED
from pipelines.launcher.last_good import LastGood
from pipelines.launcher.options import (
    DOMAIN,
    READ_AND_WRITE,
    CommonOptions,
    Option,
    settings_fingerprint,
)
from pipelines.launcher.run import launch
from transforms.filesets import FormUnits, MatchFiles, SkipUpToDate
from transforms.forming import EachFile, LeftOut, root_of
from transforms.outcomes import ProcessUnits, RecordOutcomes
from transforms.run import Run
from transforms.subtitles.correct_files import LEXICON, REFERENCE, CorrectFiles, How
from transforms.subtitles.graph import WriteReports
from transforms.subtitles.lexicons import Lexicons, find_lexicons, load, read_never, styles_of
from transforms.subtitles.reach import Reach
from transforms.subtitles.run_reports import RunReports
from transforms.subtitles.settings import DEFAULT_STEPS, Settings
from transforms.units import Unit

Step = Literal[
    "lexicon", "compound", "case", "fuzzy", "references", "repeats", "fillers", "spaces", "verses"
]
ProfileName = Literal[
    "lecture", "netflix", "netflix-children", "netflix-chinese", "subtitle-edit", "bbc"
]


class SubtitlesOptions(CommonOptions):
    """The options of the subtitles pipeline."""

    lexicon: Annotated[list[str], Option(READ_AND_WRITE, "GLOB")] = Field(
        [], description="Lexicons: YAML files with terms and what is written for them."
    )
    profile: Annotated[ProfileName, Option(DOMAIN, affects_result=True)] = Field(
        "lecture", description="Limits by which cues are called readable."
    )
    style: Annotated[Style, Option(DOMAIN, affects_result=True)] = Field(
        "plain", description="How terms are spelled: Krishna, or Kṛṣṇa (iast)."
    )
    category_style: Annotated[
        list[Annotated[str, Field(pattern=r"^.+=(plain|iast)$")]],
        Option(DOMAIN, "CATEGORY=STYLE", accepts="such as deity=iast", affects_result=True),
    ] = Field([], description="The same for the terms of a category, where it is another.")
    steps: Annotated[list[Step], Option(DOMAIN, affects_result=True)] = Field(
        cast(list[Step], list(DEFAULT_STEPS)),
        min_length=1,
        description="What is corrected. repeats and fillers change what was said.",
    )
    fuzzy_threshold: Annotated[float, Option(DOMAIN, "0-100", affects_result=True)] = Field(
        88.0, ge=0, le=100, description="How near to a term a misheard word has to be."
    )
    language: Annotated[Literal["english", "any"], Option(DOMAIN, affects_result=True)] = Field(
        "english",
        description="Which files are corrected: those in English, for which the guards against "
        "false corrections are made, or any.",
    )
    never: Annotated[str | None, Option(DOMAIN, "FILE", accepts="a file or URL")] = Field(
        None,
        min_length=1,
        description="Words that are left as they are: a text file with one, or a few, a line.",
    )
    encoding: Annotated[
        str | None,
        Option(DOMAIN, "NAME", accepts="an encoding such as cp1252", affects_result=True),
    ] = Field(
        None,
        min_length=1,
        description="Encoding of files that have no mark of one. If not given: UTF-8, or else a "
        "guess, which issues.csv names.",
    )
    verses: Annotated[list[str], Option(READ_AND_WRITE, "FILE")] = Field(
        [],
        description="Tables of verses (JSON lines or YAML): what is quoted of them is told in "
        "verses.csv, and written as it stands there with the step verses.",
    )
    review: Annotated[bool, Option(READ_AND_WRITE, affects_result=True)] = Field(
        False, description="Write tables and report of what would be done, and no subtitles."
    )
    reference: Annotated[str | None, Option(READ_AND_WRITE, "FOLDER")] = Field(
        None,
        min_length=1,
        description="Folder of subtitles that are right, with the names of the inputs: tells word "
        "error rates before and after, and which corrections are right.",
    )
    check_lexicon: Annotated[bool, Option(READ_AND_WRITE, on_service="senseless")] = Field(
        False,
        description="Tell what is wrong in the lexicons, and do nothing else: needs --lexicon "
        "only. The exit code is 3 if anything is.",
    )


class CheckOptions(SubtitlesOptions):
    """The same where only lexicons are checked."""

    input: Annotated[list[str], Option(READ_AND_WRITE, "GLOB")] = Field([], description="Not read.")
    output: Annotated[str, Option(READ_AND_WRITE, "ROOT")] = Field("", description="Not written.")


def build(
    pipeline: beam.Pipeline, options: SubtitlesOptions, run: Run
) -> tuple[beam.PCollection, beam.PCollection]:
    """Adds the graph: files are corrected and recorded; then tables and report of them all."""
    formed = forming(options)
    units = pipeline | MatchFiles(run) | FormUnits(formed, run)
    todo = units | SkipUpToDate(run, spares=formed.spares)
    work = CorrectFiles(run.output, _how(options))
    files = todo | ProcessUnits(work, run) | RecordOutcomes(run)
    written = RunReports(
        run.output,
        options.profile,
        _asked(options),
        _lexicons(options),
        are_current=options.rerun != "failed",
    )
    reports = files | WriteReports(written, run)
    return files, reports | "RecordReports" >> RecordOutcomes(run)


def forming(options: SubtitlesOptions) -> EachFile:
    """Returns how each file becomes a unit."""
    how = _how(options)
    never: list[JsonValue] = [*read_never(options.never)] if options.never else []
    return EachFile(
        partial(
            _form,
            root=root_of(options.patterns),
            outputs=_outputs_among_inputs(options),
            settings=settings_fingerprint(options, never=never),
            lexicon=_lexicons(options).digest,
            verses=_verses_digest(options),
            references=_references(options),
        ),
        Reach(OutputRoot(absolute(options.output), "", options.retries), how.entries, how.settings),
    )


def _form(
    file: FileRef,
    *,
    root: str,
    outputs: str,
    settings: str,
    lexicon: str,
    verses: str,
    references: dict[str, tuple[str, str]],
) -> Unit | LeftOut:
    """Returns a file's unit; its settings are those of the run, the lexicons, its reference.

    Args:
        file: The file.
        root: The folder that all have in common.
        outputs: Where outputs lie among inputs; empty if they do not.
        settings: The fingerprint of the options.
        lexicon: That of the lexicons.
        verses: That of the tables of verses; empty without.
        references: Path and digest of each file's reference, by the unit.
    """
    if outputs and file.path.startswith(outputs):
        return LeftOut(file, "is an output of this pipeline")
    name = file.path.removeprefix(root)
    told = f"{settings};lexicon={lexicon}"
    if verses:
        told += f";verses={verses}"
    details = {LEXICON: lexicon}
    if name in references:
        details[REFERENCE], digest = references[name]
        told += f";reference={digest}"
    return Unit(name, (file,), told, details)


def _outputs_among_inputs(options: SubtitlesOptions) -> str:
    """Returns the output folder if it lies below the folder of the inputs."""
    outputs = OutputRoot(absolute(options.output), "").folder
    root = root_of(options.patterns)
    return outputs if outputs != root and outputs.startswith(root) else ""


def _verses_digest(options: SubtitlesOptions) -> str:
    return _digest_of_verses(tuple(options.verses)) if options.verses else ""


def _digest(tables: tuple[str, ...]) -> str:
    return of_value([[verse.reference, verse.text] for verse in load_verses(tables)])


def _references(options: SubtitlesOptions) -> dict[str, tuple[str, str]]:
    if options.reference is None:
        return {}
    folder = _folder_of(options.reference)
    return {
        file.path.removeprefix(folder): (
            file.path,
            sha256_of_file(file.path, size=file.size, retries=options.retries)[:16],
        )
        for file in _reference_files(options)
    }


def _reference_files(options: SubtitlesOptions) -> Iterator[FileRef]:
    if options.reference:
        yield from list_files([f"{_folder_of(options.reference)}**/*"], retries=options.retries)


def _folder_of(reference: str) -> str:
    return f"{absolute(reference).rstrip('/')}/"


def check(options: SubtitlesOptions) -> None:
    """Checks lexicons, encoding, the list of words, and that no input would be overwritten."""
    if options.check_lexicon:
        raise UsageError("--check_lexicon is for the command line, not for a file of options")
    check_encoding(options.encoding or "utf-8")
    if options.never:
        read_never(options.never)
    if "verses" in options.steps and not options.verses:
        raise UsageError("the step verses needs --verses", action="name tables of verses")
    if options.verses:
        _digest_of_verses.read_anew(tuple(options.verses))
    outputs = OutputRoot(absolute(options.output), "").folder
    if outputs == root_of(options.patterns) and not (options.review or options.timestamped):
        raise UsageError(
            "is the folder of the inputs, which would be overwritten",
            path=options.output,
            action="give another --output",
        )
    if options.reference and not any(_reference_files(options)):
        raise UsageError("holds no file", path=options.reference, action="check --reference")
    if problems := _lexicons_of.read_anew(tuple(options.lexicon)).problems:
        count = len(problems)
        text = f"{count} {'entry or key is' if count == 1 else 'entries or keys are'} not used"
        _warn(f"lexicons: {text}; --check_lexicon tells which")


def _lexicons(options: SubtitlesOptions) -> Lexicons:
    return _lexicons_of(tuple(options.lexicon))


def _listed(patterns: tuple[str, ...]) -> list[FileRef]:
    return list(list_files(patterns))


_lexicons_of = LastGood(load, _listed)
_digest_of_verses = LastGood(_digest, _listed)


@cache
def _warn(text: str) -> None:
    """Tells it once, though --watch checks at each look."""
    print(f"headrace: {text}", file=sys.stderr)


def _how(options: SubtitlesOptions) -> How:
    settings = Settings(
        style=options.style,
        styles=styles_of(options.category_style),
        steps=tuple(options.steps),
        fuzzy_threshold=options.fuzzy_threshold,
        never=read_never(options.never) if options.never else (),
    )
    entries = _lexicons(options).named
    return How(
        entries,
        settings,
        options.profile,
        options.encoding or "",
        verses=tuple(options.verses),
        any_language=options.language == "any",
        review=options.review,
    )


def _asked(options: SubtitlesOptions) -> dict[str, object]:
    """Returns what the report tells of the options."""
    names = (
        *("profile", "style", "category_style", "steps", "fuzzy_threshold", "language"),
        *("encoding", "review"),
    )
    given = ((name, getattr(options, name)) for name in names)
    asked: dict[str, object] = {name: value for name, value in given if value not in (None, [])}
    if options.verses:
        asked["verses"] = [path.rpartition("/")[2] for path in options.verses]
    lexicons = _lexicons(options)
    return asked | {"lexicon_entries": len(lexicons.entries), "lexicon_hash": lexicons.digest}


def show_problems(options: CheckOptions) -> int:
    """Prints what is wrong in lexicons; returns the exit code."""
    if not options.lexicon:
        raise UsageError("--check_lexicon needs --lexicon", action="name the lexicons")
    paths = find_lexicons(options.lexicon)
    problems = check_lexicons(paths)
    here = f"{Path.cwd()}{os.sep}"
    for problem in problems:
        print(str(problem).removeprefix(here))
    print(f"{len(problems)} problems in {len(paths)} lexicons")
    return SOME_FAILED if problems else DONE


SUBTITLES = Domain(
    name="subtitles",
    summary="Corrects SubRip subtitles of lectures by lexicons, shows every change, and tells how "
    "readable they are before and after.",
    options=SubtitlesOptions,
    check=check,
    forming=forming,
    build=build,
    asides=(Aside("check_lexicon", CheckOptions, show_problems),),
)


main = partial(launch, SUBTITLES)

if __name__ == "__main__":
    sys.exit(import_module("pipelines.subtitles").main())  # so that no class belongs to __main__
