"""Matching of addresses with a reference list, beside its peers.

python benchmarks/addresses_match.py --data ../shared/data/addresses [--references 10000 100000]
                                     [--queries 4000] [--repeat 3] [--gpu]

The references are the US addresses of the data, then the same with other digits; the queries are
references with an error each. Prints rows/s for whole matches, ours and the peers', and for the
search alone by each route, the best of the repeats, with the share of queries whose own row came
first; then the peak memory of the process. Peers get folded texts, and do no more than search:
RapidFuzz by `process.extract` a query and by `cdist` in blocks, SciPy by a sparse product of the
same vectors.
"""

from __future__ import annotations

import argparse
import csv
import platform
import random
import re
import resource
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process
from scipy.sparse import csr_array

sys.path.insert(0, str(Path(__file__).parents[1]))

from transforms.addresses.device import Device, choose_device
from transforms.addresses.match import (
    MatchSettings,
    Reference,
    make_reference,
    match,
)
from transforms.addresses.nearest import Wanted, nearest
from transforms.addresses.trigrams import (
    DIMENSIONS,
    Vectors,
    count_trigrams,
    fold,
    weigh,
)

PEER_QUERIES = 200  # the slow peers are timed on the first ones
BLOCK = 500


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--references", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--queries", type=int, default=4_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--gpu", action="store_true")
    args = parser.parse_args()
    device = choose_device("gpu") if args.gpu else None
    if device:
        print(f"GPU: {device.name}; CPU: {platform.processor() or platform.machine()}")
    for count in args.references:
        texts = make_texts(args.data, count)
        rng = random.Random(2)
        right = [rng.randrange(count) for _ in range(args.queries)]
        compare(texts, [misspell(texts[row], rng) for row in right], right, args.repeat, device)


def make_texts(data: Path, count: int) -> list[str]:
    """Returns different addresses: the real ones, then the same with other digits."""
    with (data / "us/rrad_us_one_column.csv").open(encoding="utf-8", newline="") as file:
        real = list(dict.fromkeys(row["address"] for row in csv.DictReader(file)))
    rng = random.Random(1)
    made = dict.fromkeys(real[:count])
    while len(made) < count:
        made[re.sub(r"\d", lambda _: str(rng.randrange(10)), rng.choice(real))] = None
    return list(made)


def misspell(text: str, rng: random.Random) -> str:
    """Returns the text with one letter wrong."""
    at = rng.choice([place for place, each in enumerate(text) if each.isalpha()])
    return text[:at] + rng.choice("aeinorst") + text[at + 1 :]


def compare(
    texts: list[str], queries: list[str], right: list[int], repeat: int, device: Device | None
) -> None:
    """Prints the figures for one list."""
    start = time.perf_counter()
    reference = make_reference(texts)
    print(f"{len(texts):,} references, made ready in {time.perf_counter() - start:.2f} s")
    vectors = weigh(count_trigrams([fold(text) for text in queries]), reference.weights)
    routes: dict[str, tuple[int, Callable[[int], Iterable[int]]]] = {
        "match": (len(queries), lambda n: firsts(match(queries[:n], reference, MatchSettings(5)))),
        "search, sparse (CPU)": (len(queries), lambda n: searched(vectors, reference, n)),
        "search, dense (CPU)": (len(queries), lambda n: dense(vectors, reference, n)),
        "peer: scipy sparse product": (BLOCK, lambda n: sparse_product(vectors, reference, n)),
        "peer: rapidfuzz cdist": (PEER_QUERIES, lambda n: by_cdist(queries[:n], reference)),
        "peer: rapidfuzz extract": (PEER_QUERIES, lambda n: by_extract(queries[:n], reference)),
    }
    if device:
        far = make_reference(texts, device=device)
        routes["match (GPU)"] = (
            len(queries),
            lambda n: firsts(match(queries[:n], far, MatchSettings(5))),
        )
        routes["search (GPU)"] = (
            len(queries),
            lambda n: searched(vectors, far, n),
        )
    for name, (count, run) in routes.items():
        seconds, found = timed(run, count, repeat)
        hits = np.mean([a == b for a, b in zip(found, right, strict=False)])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"  {name:26} {count / seconds:8,.0f} rows/s, own row first {hits:.4f}, {peak:,.0f} MB"
        )


def timed(
    run: Callable[[int], Iterable[int]], count: int, repeat: int
) -> tuple[float, Iterable[int]]:
    """Returns the best time of some, and what was found."""
    best, found = float("inf"), None
    for _ in range(repeat):
        start = time.perf_counter()
        found = run(count)
        best = min(best, time.perf_counter() - start)
    assert found is not None
    return best, found


def firsts(matches: Any) -> list[int]:
    """Returns the best row of each query, in their order; each has one."""
    _, first = np.unique(matches.row, return_index=True)
    return list(matches.reference[first].tolist())


def searched(vectors: Vectors, reference: Reference, count: int) -> list[int]:
    """Returns the nearest row of each query by one of our routes, of 20 that are found."""
    near = nearest(vectors.rows(0, count), reference.index, Wanted(20))
    _, first = np.unique(near.query, return_index=True)
    return list(reference.rows[near.reference[first]].tolist())


def dense(vectors: Vectors, reference: Reference, count: int) -> list[int]:
    """Returns the nearest rows by products of dense blocks, as a GPU would do it."""
    right = reference.index.vectors.dense().T
    found: list[int] = []
    for start in range(0, count, BLOCK):
        scores = vectors.rows(start, min(start + BLOCK, count)).dense() @ right
        found += scores.argmax(axis=1).tolist()
    return found


def sparse_product(vectors: Vectors, reference: Reference, count: int) -> list[int]:
    """Returns the nearest rows by SciPy's product of two sparse arrays."""
    left, right = (
        csr_array((each.data, each.indices, each.indptr), shape=(len(each), DIMENSIONS))
        for each in (vectors.rows(0, count), reference.index.vectors)
    )
    return list((left @ right.T).tocsr().argmax(axis=1).ravel().tolist())


def by_cdist(queries: list[str], reference: Reference) -> list[int]:
    """Returns the rows with the best edit ratio, all pairs at once."""
    folded = [fold(text) for text in queries]
    scores = process.cdist(folded, reference.folded, scorer=fuzz.ratio, dtype=np.float32)
    return list(scores.argmax(axis=1).tolist())


def by_extract(queries: list[str], reference: Reference) -> list[int]:
    """Returns the rows with the best edit ratio, a query at a time."""
    choices = reference.folded
    return [
        process.extract(fold(text), choices, scorer=fuzz.ratio, limit=5)[0][2] for text in queries
    ]


if __name__ == "__main__":
    main()
