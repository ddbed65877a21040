"""How many quoted verses are found, how many of these rightly, and how fast.

python benchmarks/subtitles_verses.py [--data shared/data/subtitles] [--seed 5]

Each verse of the Bhagavad Gita, whole or a half, is quoted as speech recognition may write it: with
no marks, each word changed so many times by the sound changes of subtitles_accuracy.py (or split in
two), cut over two to four cues, between cues of a lecture on mathematics. Beside it: the time that
259 cues take, in lectures on mathematics and in those that quote verses.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

from subtitle_cues import read_cues  # noqa: E402
from verse_damage import score_quotations  # noqa: E402

from transforms.subtitles.verse_index import VerseIndex, verse_index  # noqa: E402
from transforms.subtitles.verses import find_verses  # noqa: E402

DATA = HERE.parents[1] / "shared" / "data" / "subtitles"
TABLE = "sanskrit/scriptures/bhagavad_gita_verses.jsonl"
CUES = 259  # of a lecture, on average


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    start = time.process_time()
    index = verse_index((str(args.data / TABLE),))
    print(f"{len(index.verses)} verses, index in {time.process_time() - start:.2f} s")
    english = texts_of(args.data, "3b1b/*/*/english/*.srt")
    around = [text for texts in english for text in texts]
    for half in (False, True):
        for times in range(4):
            score = score_quotations(index, around, half=half, times=times, seed=args.seed)
            print(
                f"{'half' if half else 'whole'}, {times} changes a word: recall {score.recall:.3f} "
                f"precision {score.precision:.3f}  {score}"
            )
    report_speed(index, "mathematics", english)
    report_speed(index, "lectures", texts_of(args.data, "sanskrit/lectures/*.srt"))


def texts_of(folder: Path, pattern: str) -> list[list[str]]:
    """Returns the texts of the cues of each file."""
    return [["\n".join(cue) for cue in read_cues(path)] for path in sorted(folder.glob(pattern))]


def report_speed(index: VerseIndex, name: str, files: list[list[str]]) -> None:
    """Prints what is found and how long it takes, cold and warm."""
    taken = []
    found = 0
    for _ in range(3):
        start = time.process_time()
        found = sum(len(find_verses(texts, index)) for texts in files)
        taken.append((time.process_time() - start) / sum(map(len, files)) * CUES * 1000)
    times = f"{taken[0]:.2f} ms, {min(taken[1:]):.2f} ms warm"
    print(f"{name}: {found} quotations, {CUES} cues in {times}")


if __name__ == "__main__":
    main()
