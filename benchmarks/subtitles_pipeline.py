"""The whole subtitles command, beside `srt` parsing and composing alone.

python benchmarks/subtitles_pipeline.py --data ../shared/data/subtitles [--files 1500] [--repeat 3]
    [--cues 259]

Lectures and captions are cut to so many cues, repeated up to the number of files, and corrected by
one worker with the full lexicons, from the shell to the report, on an empty output; then again,
when nothing has changed, and when a lexicon has. `srt` parses and composes the same files in
between, and does nothing else. Prints files a minute and peak memory of all processes together.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import srt

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from timed_command import timed  # noqa: E402 - needs the path above

SOURCES = ("sanskrit/lectures/*.srt", "3b1b/*/*/english/*.srt")
NEW_ENTRY = "\n- original_term: benchmark\n  variations: [benchmarkk]\n"


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--files", type=int, default=1500)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cues", type=int, default=259)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["HEADRACE_STATE"] = str(folder / "state")
        texts = list(lectures(args.data, args.cues))
        for number, text in enumerate(islice(cycle(texts), args.files)):
            file = folder / "in" / f"{number // 100:03}" / f"lecture_{number:05}.srt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        shutil.copytree(args.data / "sanskrit/lexicons_full", folder / "lexicons")
        print(f"{args.files} files of {args.cues} cues, {len(texts)} different")
        for _ in range(args.repeat):
            measure(folder, args.files)


def lectures(data: Path, cues: int) -> list[str]:
    """Returns texts of so many cues, made of the cues of all sources one after the other."""
    found: list[srt.Subtitle] = []
    for pattern in SOURCES:
        for path in sorted(data.glob(pattern)):
            found += srt.parse(path.read_text(encoding="utf-8-sig"), ignore_errors=True)
    ends = range(cues, len(found) + 1, cues)
    return [srt.compose(_in_time(found[end - cues : end])) for end in ends]


def _in_time(cues: Sequence[srt.Subtitle]) -> list[srt.Subtitle]:
    """Returns cues of several files as those of one: each begins when the last has ended."""
    placed, at = [], srt.timedelta()
    for cue in cues:
        length = max(cue.end - cue.start, srt.timedelta(milliseconds=500))
        placed.append(srt.Subtitle(None, at, at + length, cue.content))
        at += length
    return placed


def measure(folder: Path, files: int) -> None:
    """Prints the speed of the peer, of a first run, and of two more."""
    output = folder / "out"
    shutil.rmtree(output, ignore_errors=True)
    start = time.perf_counter()
    for path in sorted((folder / "in").rglob("*.srt")):
        srt.compose(srt.parse(path.read_text(encoding="utf-8")))
    peer = time.perf_counter() - start
    _tell("srt alone", files, peer)
    command = [sys.executable, "-m", "pipelines.subtitles", "--workers", "1", "--quiet"]
    command += ["--input", f"{folder}/in/**/*.srt", "--output", str(output)]
    command += ["--lexicon", f"{folder}/lexicons/*.yaml"]
    first = timed(command)
    _tell("first run", files, first.seconds, first.peak_mb)
    print(f"  {first.seconds / peer:.2f} times as long as srt; launcher {first.root_mb:.0f} MB, ",
          f"worker {first.below_mb:.0f} MB")  # fmt: skip
    again = timed(command)
    _tell("nothing changed", files, again.seconds, again.peak_mb)
    with (folder / "lexicons/corrections.yaml").open("a", encoding="utf-8") as lexicon:
        lexicon.write(NEW_ENTRY)
    changed = timed(command)
    _tell("a lexicon changed", files, changed.seconds, changed.peak_mb)


def _tell(name: str, files: int, seconds: float, peak_mb: float = 0) -> None:
    memory = f", {peak_mb:.0f} MB" if peak_mb else ""
    print(f"{name}: {60 * files / seconds:,.0f} files a minute ({seconds:.1f} s{memory})")


if __name__ == "__main__":
    main()
