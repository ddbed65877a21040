"""Compares the results of two runs, unit by unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from batchio.errors import UsageError
from batchio.fileset import local_path
from batchio.ledger_prune import whole_run
from batchio.ledger_view import LedgerView, Row
from pipelines.launcher.human import count_text, one_line

LISTED = 1000  # of each kind; all are counted


@dataclass(frozen=True, slots=True)
class Change:
    """A unit that is not the same in both runs, with each value before and after."""

    unit: str
    status: tuple[str, str] | None = None
    metrics: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()  # below the output root: added, removed or of other bytes


@dataclass(slots=True)
class Comparison:
    """What differs between two runs; lists hold the first of each kind, counts all."""

    run_a: str
    run_b: str
    pipeline: str
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("unchanged", "changed", "added", "removed"), 0)
    )
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether both runs gave the same results."""
        return not (self.added or self.removed or self.changed)

    def as_json(self) -> dict[str, Any]:
        """Returns the comparison as JSON values."""
        return {**asdict(self), "same": self.same}

    def as_text(self, *, listed: int = 50) -> str:
        """Returns the comparison in words, at most `listed` units of each kind."""
        counts = ", ".join(f"{count_text(n)} {kind}" for kind, n in self.counts.items())
        lines = [f"{self.pipeline}: {self.run_a} -> {self.run_b}: {counts}"]
        lines += _section("Added", self.added[:listed], self.counts["added"])
        lines += _section("Removed", self.removed[:listed], self.counts["removed"])
        changed = [_change_text(change) for change in self.changed[:listed]]
        return "\n".join([*lines, *_section("Changed", changed, self.counts["changed"])])


def compare(view_a: LedgerView, run_a: str, view_b: LedgerView, run_b: str) -> Comparison:
    """Compares the state of all units as it stood at two runs of one pipeline.

    Raises:
        UsageError: When a run is unknown or pruned, or they are of different pipelines.
    """
    a, b = whole_run(view_a, run_a, step="compare"), whole_run(view_b, run_b, step="compare")
    if a["pipeline"] != b["pipeline"]:
        raise UsageError(
            f"{run_a} is a run of {a['pipeline']}, {run_b} of {b['pipeline']}",
            step="compare",
            action="name two runs of one pipeline",
        )
    result = Comparison(run_a, run_b, a["pipeline"])
    before = view_a.units_as_of(a)
    after = view_b.units_as_of(b)
    for old, new in _side_by_side(before, after):
        _note(result, old, new, (a["output"], b["output"]))
    return result


def _side_by_side(
    before: Iterator[Row], after: Iterator[Row]
) -> Iterator[tuple[Row | None, Row | None]]:
    """Joins two streams sorted by unit, so that neither is held in memory."""
    old, new = next(before, None), next(after, None)
    while old is not None or new is not None:
        if new is None or (old is not None and old["unit_id"] < new["unit_id"]):
            yield old, None
            old = next(before, None)
        elif old is None or new["unit_id"] < old["unit_id"]:
            yield None, new
            new = next(after, None)
        else:
            yield old, new
            old, new = next(before, None), next(after, None)


def _note(result: Comparison, old: Row | None, new: Row | None, roots: tuple[str, str]) -> None:
    if old is None or new is None:
        kind, unit = ("added", new) if old is None else ("removed", old)
        listed = result.added if old is None else result.removed
        if unit is not None and len(listed) < LISTED:
            listed.append(unit["unit_id"])
    else:
        change = _change(old, new, roots)
        kind = "unchanged" if change is None else "changed"
        if change is not None and len(result.changed) < LISTED:
            result.changed.append(change)
    result.counts[kind] += 1


def _change(old: Row, new: Row, roots: tuple[str, str]) -> Change | None:
    status = (old["status"], new["status"]) if old["status"] != new["status"] else None
    metrics = _differing(_results(old["metrics"]), _results(new["metrics"]))
    outputs = _differing(_digests(old, roots[0]), _digests(new, roots[1]))
    if status is None and not metrics and not outputs:
        return None
    return Change(new["unit_id"], status, metrics, tuple(outputs))


def _results(metrics: dict[str, Any]) -> dict[str, Any]:
    """Leaves out the times that steps took, which differ in any two runs."""
    return {name: value for name, value in metrics.items() if not name.startswith("seconds")}


def _digests(unit: Row, root: str) -> dict[str, str]:
    below = f"{local_path(root).rstrip('/')}/"
    return {path.removeprefix(below): sha256 for path, _, sha256 in unit["outputs"]}


def _differing(old: dict[str, Any], new: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {
        name: (old.get(name), new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    }


def _section(title: str, listed: list[str], count: int) -> list[str]:
    if not count:
        return []
    more = count - len(listed)
    end = [f"  and {count_text(more)} more"] if more else []
    return [f"{title}:", *(f"  {one_line(text)}" for text in listed), *end]


def _change_text(change: Change) -> str:
    told = [f"{change.status[0]} -> {change.status[1]}"] if change.status else []
    told += [f"{name} {old} -> {new}" for name, (old, new) in change.metrics.items()]
    if change.outputs:
        told.append(f"other outputs: {', '.join(change.outputs)}")
    return f"{change.unit}: {'; '.join(told)}"
