"""What is told of a file beside its outputs: its rows, how fast they were worked, and advice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from batchio.addresses.csv_dialect import Dialect
from batchio.version import __version__
from transforms.addresses.blocks import BlockResult
from transforms.addresses.device import CPU
from transforms.addresses.statuses import EMPTY, INVALID_ROW, LOW_CONFIDENCE, NOT_US, STATUSES
from transforms.addresses.work_block import Choice
from transforms.units import Unit

_BIG_BATCH_ROWS = 16_000  # beyond, a GPU gains nothing from larger ones
_MANY = 0.2  # of rows
_ADVICE = {  # by stage, in their order
    "read": "copy the file to a nearer disk",
    "tag": "give more --workers, or a GPU",
    "standardise": "give more --workers",
    "score": "give more --workers",
    "match": "give more --workers, a GPU, or a shorter list",
    "write": "give more --workers, or write fewer --formats",
    "join": "write to a nearer disk, or fewer --formats",
}
_OF_MANY = {
    INVALID_ROW: "see whether --delimiter is the file's",
    EMPTY: "see whether the columns named are those of the address",
    LOW_CONFIDENCE: "see whether the columns named are those of the address",
    NOT_US: "the model knows addresses of the United States",
}


@dataclass(frozen=True)
class Aims:
    """The speed that is hoped for.

    Attributes:
        rows_per_s: Of a file, over all workers.
        busy_share: Of the time, in which a GPU should have work.
    """

    rows_per_s: float = 2000.0
    busy_share: float = 0.9


@dataclass(frozen=True)
class Account:
    """A file and what became of its blocks.

    Attributes:
        sha256: Of its content.
        dialect: How it is written.
        results: What its blocks left behind.
        writing: The stage that made the outputs, and its seconds.
        ended: When that ended, in seconds of Unix time.
    """

    sha256: str
    dialect: Dialect
    results: tuple[BlockResult, ...]
    writing: tuple[str, float] = ("write", 0.0)
    ended: float = 0.0


def count_rows(results: Sequence[BlockResult]) -> dict[str, int]:
    """Returns how many rows there are, and how many of each status."""
    counts: Counter[str] = Counter()
    for result in results:
        counts.update(result["statuses"])
    rows = sum(result["rows"] for result in results)
    return {"rows": rows, **{status: counts[status] for status in STATUSES}}


def metadata(unit: Unit, account: Account, choice: Choice, aims: Aims) -> dict[str, Any]:
    """Returns what is told of a file, as JSON; what differs between runs is in ``measured``."""
    (file,) = unit.files
    counts = count_rows(account.results)
    measured = measure(account)
    return {
        "input": unit.unit_id,
        "sha256": account.sha256,
        "bytes": file.size,
        "encoding": account.dialect.encoding,
        "delimiter": account.dialect.delimiter,
        "columns": list(account.dialect.columns),
        "rows": counts["rows"],
        "rows_by_status": {status: counts[status] for status in STATUSES},
        "version": __version__,
        "settings": asdict(choice),
        "measured": {
            **measured,
            "suggestions": list(suggest(counts, measured, choice, aims)),
        },
    }


def measure(account: Account) -> dict[str, Any]:
    """Returns how fast the blocks were worked that this run has worked itself."""
    own = [result for result in account.results if not result["from_before"]]
    stages = Counter(dict([account.writing]))
    for result in own:
        stages.update(result["seconds"])
    began = min((result["clock"][0] for result in own), default=account.ended)
    seconds = account.ended - began
    in_work = sum(result["clock"][1] - result["clock"][0] for result in own)
    rows = sum(result["rows"] for result in own)
    return {
        "devices": sorted({result["device"] for result in own}),
        "blocks": len(own),
        "blocks_from_before": len(account.results) - len(own),
        "batches": sum(result["batches"] for result in own),
        "seconds": round(seconds, 3),
        "rows_per_s": round(rows / seconds) if rows else None,
        "busy_share": round(sum(r["busy_s"] for r in own) / in_work, 3) if in_work else None,
        "seconds_by_stage": {
            stage: round(stages[stage], 3) for stage in _ADVICE if stage in stages
        },
    }


def suggest(
    counts: Mapping[str, int], measured: Mapping[str, Any], choice: Choice, aims: Aims
) -> Iterator[str]:
    """Yields what follows from the figures."""
    share = measured["busy_share"]
    on_gpu = any(device != CPU.name for device in measured["devices"])
    if on_gpu and share < aims.busy_share and choice.batch_rows < _BIG_BATCH_ROWS:
        yield (
            f"the GPU had work for {share:.0%} of the time, less than {aims.busy_share:.0%}: "
            f"raise --gpu_batch_size ({choice.batch_rows})"
        )
    rate, stages = measured["rows_per_s"], measured["seconds_by_stage"]
    if rate is not None and rate < aims.rows_per_s:
        slowest = max(stages, key=stages.__getitem__)
        yield (
            f"{rate} rows/s are less than the {aims.rows_per_s:g} aimed at; most of the time, "
            f"{stages[slowest] / sum(stages.values()):.0%}, goes to {slowest}: {_ADVICE[slowest]}"
        )
    for status, advice in _OF_MANY.items():
        if counts["rows"] and counts[status] / counts["rows"] > _MANY:
            yield f"{counts[status] / counts['rows']:.0%} of the rows are {status}: {advice}"
