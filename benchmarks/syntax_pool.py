"""The syntax pipeline's own functions in a bare `multiprocessing.Pool`: what there is without it.

python benchmarks/syntax_pool.py FOLDER OUTPUT [--workers 2] [--rows parts|parent]

Reads the same files by the same function and writes the same tables. With `parts` a task is 1,500
files, whose rows the worker writes to a part, as Headrace's workers do; with `parent` each file is
a call (in chunks of 100) that returns its rows. There is no ledger, no progress, no report, and
nothing is left to go on with after a kill; an error ends it all.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from batchio.fileset import FileRef, list_files
from batchio.output import OutputRoot
from batchio.syntax.parts import PartRows, write_part
from transforms.syntax.live import Part, live_trees
from transforms.syntax.names import NameIndex, build_index
from transforms.syntax.tables import write_table
from transforms.syntax.take_trees import TakeTrees
from transforms.units import Unit

FILES_A_PART = 1500
TABLES = ("calls", "symbols", "imports", "files", "inherits", "quarantine")


def main() -> None:
    """Makes the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rows", choices=("parts", "parent"), default="parts")
    args = parser.parse_args()
    root = f"{args.folder.resolve()}/"
    files = list(list_files([f"{root}**/*.json"]))
    output = OutputRoot(str(args.output.resolve()), "pool")
    with multiprocessing.Pool(args.workers) as pool:
        if args.rows == "parts":
            chunks = (files[at : at + FILES_A_PART] for at in range(0, len(files), FILES_A_PART))
            parts = sorted(pool.imap_unordered(partial(take, root, output), chunks))
        else:
            found = pool.imap_unordered(partial(take_one, root, output), files, chunksize=100)
            parts = list(write_parts(found, output))
        index = args.output / "names.arrow"
        build_index(trees_of(parts)).save(index)
        pool.map(partial(make_table, parts, index, args.output), TABLES, chunksize=1)


def take(root: str, output: OutputRoot, files: list[FileRef]) -> str:
    """Takes files apart and returns the path of their part."""
    work = TakeTrees(output)
    for file in files:
        work(Unit(file.path.removeprefix(root), (file,)))
    return work.write_pack()[0].path


def take_one(root: str, output: OutputRoot, file: FileRef) -> tuple[tuple, dict]:
    """Takes a file apart and returns its rows."""
    work = TakeTrees(output)
    work(Unit(file.path.removeprefix(root), (file,)))
    rows = work._held[0].rows
    return rows._files[0], rows._rows


def write_parts(found: Iterable[tuple[tuple, dict]], output: OutputRoot) -> Iterator[str]:
    """Writes parts of rows as they come, and yields their paths."""
    rows = PartRows()
    for number, (file, lists) in enumerate(found, start=1):
        rows.add(file, **lists)
        if number % FILES_A_PART == 0:
            yield output.write(f"part{number}.arrow", partial(write_part, rows)).path
            rows = PartRows()
    yield output.write("last.arrow", partial(write_part, rows)).path


def trees_of(parts: list[str]):  # type: ignore[no-untyped-def]
    """Returns the trees of parts of which every row counts."""
    return live_trees([Part(path) for path in parts])


def make_table(parts: list[str], index: Path, output: Path, name: str) -> int:
    """Writes a table and returns how many rows it has."""
    path = output / f"{name}.parquet"
    return write_table(name, path, trees=trees_of(parts), index=NameIndex.load(index))


if __name__ == "__main__":
    main()
