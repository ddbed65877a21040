"""Tagging addresses beside usaddress and fastaddress, on one core, in one run.

python benchmarks/addresses_tag.py [--texts addresses.csv] [--rows 200000] [--repeat 3]
                                   [--blocks 400 4000 32000]

Makes rows that all differ out of real addresses (the last column of a CSV), or, with none given,
out of a few of its own: other numbers, other words of that column, a slip of the pen in one of
twenty. "cold" has a new tagger for each repeat, "warm" one that has met the rows before; both give
components, type, confidence and smallest marginal. Rows are Arrow strings for ours, Python strings
for the others. Prints rows per second of processor time, over all threads, of the best of the
repeats, so that other work on the machine counts less. OPENBLAS_NUM_THREADS=1 spares threads.
"""

from __future__ import annotations

import argparse
import csv
import random
import string
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
import usaddress

from transforms.addresses.tagger import Tagger

EXAMPLES = (
    "1600 Pennsylvania Ave NW, Washington, DC 20500",
    "233 S Wacker Dr Ste 8400, Chicago, IL 60606",
    "PO Box 1247, Bangor, ME 04402",
    "4059 Mt Lee Drive, Hollywood, CA 90068",
    "12 West Elm Street Apt. 3B, Burlington, VT 05401",
)
SLIPS = 0.05


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--blocks", type=int, nargs="+", default=[400, 4_000, 32_000])
    args = parser.parse_args()
    rows = different_rows(read_texts(args.texts), args.rows)
    tokens = sum(len(usaddress.tokenize(row)) for row in rows[:1000]) / min(1000, len(rows))
    print(f"{len(rows):,} different rows, {tokens:.1f} tokens a row")
    peers = rows[:: max(1, len(rows) // 20_000)]
    report("usaddress.tag", peers, partial(tag_each, usaddress.tag), args.repeat)
    try:
        import fastaddress
    except ImportError:
        print("fastaddress: not installed")
    else:
        report("fastaddress.tag", rows, partial(tag_each, fastaddress.tag), args.repeat)
        with_confidence = fastaddress.tag_with_confidence
        report("  with confidence", rows, partial(tag_each, with_confidence), args.repeat)
    strings = pa.array(rows)
    for block in args.blocks:
        report(f"ours, blocks of {block:,}, cold", strings, partial(tag_cold, block), args.repeat)
        warm = Tagger()
        tag_blocks(warm, block, strings)
        run = partial(tag_blocks, warm, block)
        report(f"ours, blocks of {block:,}, warm", strings, run, args.repeat)


def read_texts(path: Path | None) -> Sequence[str]:
    """Returns the last column of a CSV, or the examples."""
    if path is None:
        return EXAMPLES
    with path.open(newline="") as lines:
        return [row[-1] for row in csv.reader(lines) if row][1:]


def different_rows(texts: Sequence[str], count: int) -> list[str]:
    """Returns rows made of these, all of them different."""
    rng = random.Random(20)
    words = sorted({word for text in texts for word in text.split() if word.isalpha()})
    rows: dict[str, None] = {}
    while len(rows) < count:
        row = " ".join(_varied(word, words, rng) for word in rng.choice(texts).split())
        if rng.random() < SLIPS:
            place = rng.randrange(len(row))
            row = row[:place] + rng.choice(string.ascii_letters) + row[place + 1 :]
        rows[row] = None
    return list(rows)


def _varied(word: str, words: Sequence[str], rng: random.Random) -> str:
    if any(letter.isdigit() for letter in word):
        return "".join(rng.choice(string.digits) if c.isdigit() else c for c in word)
    return rng.choice(words) if rng.random() < 0.1 else word


def tag_each(tag: Callable[[str], object], rows: Sequence[str]) -> None:
    """Tags row by row, as a loop over a file would."""
    for row in rows:
        try:
            tag(row)
        except Exception as error:
            if type(error).__name__ != "RepeatedLabelError":
                raise


def tag_cold(block: int, rows: pa.StringArray) -> None:
    """Tags all rows with a new tagger."""
    tag_blocks(Tagger(), block, rows)


def tag_blocks(tagger: Tagger, block: int, rows: pa.StringArray) -> None:
    """Tags all rows, a block at a time."""
    for start in range(0, len(rows), block):
        tagger.tag(rows.slice(start, block))


def report(name: str, rows: Sequence[str], run: Callable[[Sequence[str]], None], n: int) -> None:
    """Prints the rows per second of processor time of the best of n runs."""
    seconds = []
    for _ in range(n):
        start = time.process_time()
        run(rows)
        seconds.append(time.process_time() - start)
    print(f"{name:32}{len(rows) / min(seconds):>12,.0f} rows/s", flush=True)


if __name__ == "__main__":
    main()
