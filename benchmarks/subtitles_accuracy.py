"""How right the corrections of subtitles are, and how fast.

python benchmarks/subtitles_accuracy.py [--data shared/data/subtitles] [--changes 2000] [--seed 20]

Damages terms of real lectures: by the variations that the lexicons list, and by changes of sound
(long vowels, sibilants, aspirates, v, a last "a", words split in two; marks are lost). Then
corrects them, and prints how many changes were right (precision), and how much damage was put right
(recall). Lectures are corrected before, so that their own faults do not count. Beside it: the
changes in lectures on mathematics, which hold no term at all, and the processor time of 259 cues.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

from subtitle_cues import read_cues  # noqa: E402
from subtitle_damage import Damage, score_damage  # noqa: E402

from batchio.subtitles.lexicon import Entry, Style, load_lexicons  # noqa: E402
from transforms.subtitles.correct import Corrector  # noqa: E402
from transforms.subtitles.settings import Settings  # noqa: E402

DATA = HERE.parents[1] / "shared" / "data" / "subtitles"
CUES = 259  # of a lecture, on average
STYLES: tuple[Style, ...] = ("plain", "iast")


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--changes", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=20)
    args = parser.parse_args()
    lexicons = sorted(map(str, (args.data / "sanskrit/lexicons_full").glob("*.yaml")))
    entries, _ = load_lexicons(lexicons)
    lectures = cues_of(args.data, "sanskrit/lectures/*.srt")
    english = cues_of(args.data, "3b1b/*/*/english/*.srt")
    print(f"{len(entries)} entries, {len(lectures):,} cues of lectures, {len(english):,} without")
    for style in STYLES:
        report_damage(entries, style, lectures, args)
        report_speed(entries, style, "lectures", lectures)
        report_speed(entries, style, "mathematics", english)


def cues_of(folder: Path, pattern: str) -> list[list[str]]:
    """Returns the cues of files in their order."""
    return [cue for path in sorted(folder.glob(pattern)) for cue in read_cues(path)]


def report_damage(
    entries: list[Entry], style: Style, cues: list[list[str]], args: argparse.Namespace
) -> None:
    """Prints precision and recall."""
    corrector = Corrector(entries, Settings(style=style))

    def correct(lines: Sequence[str]) -> list[str]:
        return corrector.correct(lines)[0]

    clean = [correct([line])[0] for cue in cues for line in correct(cue)]
    for kind in ("listed", "sound"):
        damage = Damage(entries, style, args.seed)
        score = score_damage(clean, damage, correct, kind=kind, changes=args.changes)
        print(
            f"{style:5} {kind:6} precision {score.precision:.4f} recall {score.recall:.4f}  {score}"
        )


def report_speed(entries: list[Entry], style: Style, name: str, cues: list[list[str]]) -> None:
    """Prints how many changes are made and how long they take, cold and warm."""
    corrector = Corrector(entries, Settings(style=style))
    taken = []
    changes = 0
    for _ in range(3):
        start = time.process_time()
        changes = sum(len(corrector.correct(cue)[1]) for cue in cues)
        taken.append((time.process_time() - start) / len(cues) * CUES * 1000)
    print(
        f"{style:5} {name}: {changes} changes, {CUES} cues in {taken[0]:.2f} ms, "
        f"{min(taken[1:]):.2f} ms warm"
    )


if __name__ == "__main__":
    main()
