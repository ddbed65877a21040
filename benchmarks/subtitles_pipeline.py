"""The whole subtitles command, beside `srt` parsing and composing alone.

python benchmarks/subtitles_pipeline.py --data ../shared/data/subtitles [--files 1500] [--repeat 3]
    [--cues 259] [--all_cores] [--plain]

Lectures and captions are cut to so many cues, repeated up to the number of files, and corrected by
one worker with the full lexicons, from the shell to the report, on an empty output; then again,
when nothing has changed, and when a lexicon has. `srt` parses and composes the same files in
between, and does nothing else. Everything has one core, unless all are asked for. Prints files a
minute by the clock and by processor time, and peak memory of all processes together. `--plain`
hides what a plain installation lacks and Beam imports where it is there: pandas, Google's clients.
"""

from __future__ import annotations

import argparse
import os
import resource
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
PLAIN = """
import sys
from importlib import import_module
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("pandas", "google.cloud", "google.api_core", "google.auth")):
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Hidden())
sys.exit(import_module("pipelines.subtitles").main())
"""
NEW_ENTRY = "\n- original_term: benchmark\n  variations: [benchmarkk]\n"


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--files", type=int, default=1500)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cues", type=int, default=259)
    parser.add_argument("--all_cores", action="store_true")
    parser.add_argument("--plain", action="store_true")
    args = parser.parse_args()
    if not args.all_cores:
        os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
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
        starter = ["-c", PLAIN] if args.plain else ["-m", "pipelines.subtitles"]
        for _ in range(args.repeat):
            measure(folder, args.files, starter)


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


def measure(folder: Path, files: int, starter: Sequence[str]) -> None:
    """Prints the speed of the peer, of a first run, and of two more."""
    output = folder / "out"
    shutil.rmtree(output, ignore_errors=True)
    start, cpu = time.perf_counter(), time.process_time()
    for path in sorted((folder / "in").rglob("*.srt")):
        srt.compose(srt.parse(path.read_text(encoding="utf-8")))
    peer = time.perf_counter() - start
    _tell("srt alone", files, peer, time.process_time() - cpu)
    command = [sys.executable, *starter, "--workers", "1", "--quiet"]
    command += ["--input", f"{folder}/in/**/*.srt", "--output", str(output)]
    command += ["--lexicon", f"{folder}/lexicons/*.yaml"]
    seconds = _run("first run", files, command)
    print(f"  {seconds / peer:.2f} times as long as srt")
    _run("nothing changed", files, command)
    with (folder / "lexicons/corrections.yaml").open("a", encoding="utf-8") as lexicon:
        lexicon.write(NEW_ENTRY)
    _run("a lexicon changed", files, command)


def _run(name: str, files: int, command: Sequence[str]) -> float:
    """Runs the command, prints how it was, and returns its seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = timed(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory = f"{found.peak_mb:.0f} MB (launcher {found.root_mb:.0f}, worker {found.below_mb:.0f})"
    _tell(name, files, found.seconds, cpu, memory)
    return found.seconds


def _tell(name: str, files: int, seconds: float, cpu: float, memory: str = "") -> None:
    speeds = (
        f"{60 * files / seconds:,.0f} files a minute, {60 * files / cpu:,.0f} of processor time"
    )
    print(f"{name}: {speeds} ({seconds:.1f} s, {cpu:.1f} s) {memory}", flush=True)


if __name__ == "__main__":
    main()
