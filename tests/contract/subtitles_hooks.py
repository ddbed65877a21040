from __future__ import annotations

import csv
import json
from pathlib import Path

import orjson
from contract_hooks import Contract
from rig import Rig

from batchio.subtitles.samples import make_srt
from batchio.subtitles.srt import read_srt

LEXICON = """\
entries:
- original_term: moksha
  variations: [moksh]
- term: Krishna
  variations: [krsna, krishn]
"""
GAP = "99\n00:59:00,000 --> 00:59:02,000\nAgain krishn speaks.\n"  # a number too high
NOT_SUBTITLES = "<!DOCTYPE html><html><title>503 Service Unavailable</title></html>"


def write_lecture(folder: Path, number: int) -> Path:
    """A lecture of a few cues; every other one has something to correct."""
    texts = [f"This is the sentence number {cue} of lecture {number}." for cue in range(number + 2)]
    if number % 2:
        texts.append("Here krsna speaks of moksh, chapter two.")
    file = folder / f"lecture_{number:02}.srt"
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(make_srt(texts))
    return file


class SubtitlesHooks(Contract):
    module = "pipelines.subtitles"
    pattern = "*.srt"
    works = "transforms.subtitles.correct_files:_read"
    writes = "transforms.subtitles.correct_files:write_part"
    bad_step = "read subtitles"
    bad_cause = "no line has times that can be read"
    further_units = ("reports",)

    def rig_in(self, folder: Path) -> Rig:
        folder.mkdir(parents=True, exist_ok=True)
        lexicon = folder / "terms.yaml"
        lexicon.write_text(LEXICON)
        return Rig(self.module, folder, self.pattern, ("--lexicon", str(lexicon)))

    def make_inputs(self, folder: Path, count: int) -> list[str]:
        return [write_lecture(folder, number).name for number in range(count)]

    def make_bad(self, folder: Path) -> str:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "lecture_bad.srt"
        file.write_text(NOT_SUBTITLES)
        return file.name

    def files_of(self, folder: Path, unit: str) -> list[Path]:
        return [folder / unit]

    def change(self, folder: Path, unit: str) -> None:
        file = write_lecture(folder, int(unit[8:10]))
        file.write_text(f"{file.read_text()}\n{GAP}")

    def read_output(self, path: Path) -> None:
        if path.suffix == ".srt":
            assert read_srt(path.read_bytes()).lost == 0
        elif path.suffix == ".csv":
            with path.open(newline="") as file:
                assert len({len(row) for row in csv.reader(file, strict=True)}) == 1
        elif path.suffix == ".jsonl":
            for line in path.read_bytes().splitlines():
                orjson.loads(line.partition(b"\t")[2])
        elif path.suffix == ".json":
            json.loads(path.read_text())
        else:
            assert path.read_text().endswith("\n")
