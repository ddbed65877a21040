"""Writes sample files for every pipeline: `python -m pipelines samples --help`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from batchio.errors import CannotRun, HeadraceError, UsageError
from batchio.fileset import is_local, local_path
from pipelines.domains import DOMAINS
from pipelines.launcher.command_line import parse
from pipelines.launcher.human import plural, size_text
from pipelines.launcher.option_info import closest_name
from pipelines.launcher.options import READ_AND_WRITE, Option, Options

# As for a run; taken from there they would cost the import of Beam.
_DONE, _COULD_NOT_RUN, _WRONG_USAGE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class SampleSet:
    """The samples written for one pipeline."""

    pipeline: str
    folder: Path
    files: int
    size_bytes: int
    command: str  # that runs the pipeline over them


class SampleOptions(Options):
    """The options of the command."""

    output: Annotated[str, Option(READ_AND_WRITE, "FOLDER")] = Field(
        "samples", description="Local folder for the samples; each pipeline gets one below it."
    )


def write_samples(output: str, pipelines: Sequence[str] = ()) -> list[SampleSet]:
    """Writes the samples of the named pipelines, or of all if none is named.

    Files that are there already are left alone, so that a second run finds nothing changed.

    Raises:
        UsageError: A pipeline is unknown, or the output is no local folder.
        CannotRun: A file cannot be written.
    """
    for name in pipelines:
        if name not in DOMAINS:
            close = closest_name(name, DOMAINS)
            hint = f"did you mean {close}?" if close else f"there is {', '.join(DOMAINS)}"
            raise UsageError(f"there are no samples for {name}", step="samples", action=hint)
    root = local_path(output)
    if not root or not is_local(root):
        raise UsageError(
            "is no local folder", path=output, step="samples", action="give one as --output"
        )
    return [_write_set(name, Path(root) / name) for name in dict.fromkeys(pipelines or DOMAINS)]


def _write_set(name: str, folder: Path) -> SampleSet:
    domain = DOMAINS[name]
    sizes = list(_write_files(domain.samples(), folder))
    arguments = domain.arguments.format(folder=folder.as_posix())
    command = f"python -m pipelines.{name} {arguments}"
    return SampleSet(name, folder, len(sizes), sum(sizes), command)


def _write_files(files: Iterable[tuple[str, bytes]], folder: Path) -> Iterator[int]:
    for path, content in files:
        target = folder / path
        try:
            if not target.is_file() or target.read_bytes() != content:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        except OSError as error:
            raise CannotRun(
                f"cannot be written: {error.strerror or error}",
                path=str(target),
                step="samples",
                action="give another folder as --output",
            ) from error
        yield len(content)


def main(argv: Sequence[str] | None = None) -> int:
    """Writes a small set of files for each pipeline: samples --output ROOT"""
    names, options = _split(sys.argv[1:] if argv is None else argv)
    try:
        parsed = parse(
            SampleOptions,
            options,
            prog="python -m pipelines samples [PIPELINE ...]",
            description=f"Writes sample files for the named pipelines ({', '.join(DOMAINS)}), "
            "or for all. They are synthetic; some are damaged or incomplete on purpose.",
        )
        if parsed.beam_arguments:
            raise UsageError(f"{parsed.beam_arguments[0]} is for pipelines, not for samples")
        sets = write_samples(parsed.options.output, names)
    except HeadraceError as error:
        print(f"headrace: {error}", file=sys.stderr)
        return _WRONG_USAGE if isinstance(error, UsageError) else _COULD_NOT_RUN
    for each in sets:
        print(f"{each.folder}: {plural(each.files, 'file')}, {size_text(each.size_bytes)}; try:")
        print(f"  {each.command}")
    return _DONE


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Returns the names and the options; each option of this command takes one value."""
    names: list[str] = []
    options: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        is_value = before.startswith("-") and "=" not in before
        (options if is_value or word.startswith("-") else names).append(word)
    return names, options
