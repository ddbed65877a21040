"""Addresses on the GPU of this machine beside its CPU: labels first, then rows/s by batch size.

python benchmarks/addresses_gpu.py [--texts addresses.csv] [--rows 100000] [--references 20000]
                                   [--batches 400 800 4000 16000 64000] [--repeat 3]

Rows all differ and are made as by addresses_tag.py. Labels and matches of both devices have to be
equal, or it ends with exit code 1; without a GPU it ends with 2. Then, for each batch size, in
blocks of as many rows: "labels" are sequences decoded with their confidence, "tag" all of a tagger
from text to components, both with nothing known before; "match" finds the first five of the
references, which are on the device already, for rows with a letter wrong each. Rows per second by
the clock, of the best of the repeats; "busy" is the share of that time in which the device worked:
of the GPU by its own events, of the CPU as processor time of all threads (over 100 % with several).
"""

from __future__ import annotations

import argparse
import platform
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from addresses_match import misspell
from addresses_tag import different_rows, read_texts, tag_blocks

from batchio.addresses.crfsuite_model import find_usaddress_model, read_crfsuite
from batchio.errors import CannotRun
from transforms.addresses.decoders import make_decoder
from transforms.addresses.decoding import Sequences
from transforms.addresses.device import CPU, Device, choose_device
from transforms.addresses.match import MatchSettings, Reference, make_reference, match
from transforms.addresses.tagger import Tagger
from transforms.addresses.tokens import Vocabulary

MODEL = read_crfsuite(find_usaddress_model())
FIRST_FIVE = MatchSettings(5)


def main() -> int:
    """Runs the benchmark; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--references", type=int, default=20_000)
    parser.add_argument("--batches", type=int, nargs="+", default=[400, 800, 4_000, 16_000, 64_000])
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    try:
        gpus = [choose_device("gpu", batch) for batch in args.batches]
    except CannotRun as error:
        print(f"nothing measured: {error}", file=sys.stderr)
        return 2
    work = make_work(read_texts(args.texts), args.rows, args.references)
    print(f"{gpus[0].name} beside {platform.processor() or platform.machine()}", flush=True)
    if not are_equal(work, gpus[0]):
        return 1
    for gpu in gpus:
        compare(work, gpu, args.repeat)
    return 0


@dataclass(frozen=True)
class Work:
    """What is worked: rows to tag, the same with slips to match, and the list to match with."""

    rows: pa.StringArray
    slips: list[str]
    references: list[str]


def make_work(texts: Sequence[str], rows: int, references: int) -> Work:
    """Returns different rows made out of some texts."""
    made, rng = different_rows(texts, max(rows, references)), random.Random(2)
    listed = made[:references]
    slips = [misspell(rng.choice(listed), rng) for _ in range(rows)]
    return Work(pa.array(made[:rows]), slips, listed)


def are_equal(work: Work, gpu: Device) -> bool:
    """Prints and returns whether both devices give the same labels and matches."""
    here, there = (Tagger(MODEL, device).parse(work.rows) for device in (CPU, gpu))
    other = int(np.count_nonzero(here.labels != there.labels))
    print(f"labels of {len(work.rows):,} rows: {other:,} of {len(here.labels):,} differ")
    some = work.slips[:4_000]
    found, expected = (
        match(some, make_reference(work.references, device=device), FIRST_FIVE)
        for device in (gpu, CPU)
    )
    same = np.array_equal(found.reference, expected.reference) and np.array_equal(
        found.score, expected.score
    )
    print(f"matches of {len(some):,} rows: {'the same' if same else 'DIFFERENT'}", flush=True)
    return other == 0 and same


def compare(work: Work, gpu: Device, repeat: int) -> None:
    """Prints the figures for one batch size."""
    batch = gpu.load.rows
    for device in (gpu, CPU):
        reference = make_reference(work.references, device=device)
        for name, run in {
            "labels": partial(decode_blocks, prepared(work.rows, batch), device),
            "tag": partial(tag_cold, work.rows, batch, device),
            "match": partial(match_blocks, work.slips, batch, reference),
        }.items():
            seconds, busy = best_of(run, device, repeat)
            speed = len(work.rows) / seconds
            print(
                f"{batch:>7,} at once, {name:6} on {device.name:24}"
                f"{speed:>12,.0f} rows/s, busy {busy / seconds:4.0%}",
                flush=True,
            )
    if gpu.load.is_reduced:
        print(f"{gpu.name} had no memory for {batch:,} at once: {gpu.load.rows:,} were worked")


def best_of(run: Callable[[], None], device: Device, repeat: int) -> tuple[float, float]:
    """Returns the seconds by the clock of the best run, and for how many the device worked."""
    run()  # compiles, and fills the pools of memory
    times = []
    for _ in range(repeat):
        busy, start = device.busy_s(), time.perf_counter()
        run()
        times.append((time.perf_counter() - start, device.busy_s() - busy))
    return min(times)


@dataclass(frozen=True, eq=False)
class Prepared:
    """The kinds of tokens of blocks of rows, found out before."""

    vocabulary: Vocabulary
    blocks: list[tuple[np.ndarray, np.ndarray]]


def prepared(rows: pa.StringArray, block: int) -> Prepared:
    """Returns the kinds of all rows."""
    vocabulary = Vocabulary(MODEL.attributes)
    tokens = [vocabulary.tokens(rows.slice(at, block)) for at in range(0, len(rows), block)]
    return Prepared(vocabulary, [(each.kinds, each.offsets) for each in tokens])


def decode_blocks(kinds: Prepared, device: Device) -> None:
    """Finds the labels of all rows and how sure they are."""
    sequences = Sequences(make_decoder(MODEL, device))
    for block, offsets in kinds.blocks:
        sequences.numbers(block, offsets, kinds.vocabulary.kinds)


def tag_cold(rows: pa.StringArray, block: int, device: Device) -> None:
    """Tags all rows with a new tagger."""
    tag_blocks(Tagger(MODEL, device), block, rows)


def match_blocks(texts: list[str], block: int, reference: Reference) -> None:
    """Matches all rows."""
    for start in range(0, len(texts), block):
        match(texts[start : start + block], reference, FIRST_FIVE)


if __name__ == "__main__":
    sys.exit(main())
