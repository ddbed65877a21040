"""Shows what a run would do, and touches nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeVar

from batchio.fileset import list_files
from batchio.ledger_view import LedgerView
from pipelines.launcher.domain import Domain
from pipelines.launcher.human import count_text, one_line, plural, size_text
from pipelines.launcher.options import CommonOptions
from transforms.decisions import Decision, batches, decide_all

O = TypeVar("O", bound=CommonOptions)  # noqa: E741 - options

_AT_ONCE = 500


def plan_lines(domain: Domain[O], options: O, ledger_url: str) -> Iterator[str]:
    """Yields a line a unit (action, unit, reason, size), a line a file left out, and the counts."""
    unlisted: list[tuple[str, str]] = []
    found = list_files(
        options.input,
        exclude=options.exclude,
        order_by=options.order_by,
        left_out=lambda path, why: unlisted.append((path, why)),
    )
    units, left_out = domain.form_units(found, options)
    view: LedgerView | None = LedgerView(ledger_url)
    if view is not None and not view.exists():
        view = None
    counts: Counter[str] = Counter()
    work_bytes = 0
    for batch in batches(units, _AT_ONCE):
        for decision in decide_all(
            batch, view, domain.name, rerun=options.rerun, retries=options.retries
        ):
            counts[decision.action] += 1
            work_bytes += decision.unit.size if decision.action == "work" else 0
            yield _line(decision)
    for path, why in [*unlisted, *((file.path, why) for file, why in left_out)]:
        counts["left out"] += 1
        yield one_line(f"left out  {path}  {why}")
    yield _total(counts, work_bytes)


def _line(decision: Decision) -> str:
    unit = decision.unit
    size = f"{plural(len(unit.files), 'file')}, {size_text(unit.size)}"
    return one_line(f"{decision.action}  {unit.unit_id}  {unit.reason} ({size})")


def _total(counts: Counter[str], work_bytes: int) -> str:
    parts: Iterable[str] = (
        f"{count_text(counts[action])} to {action}" for action in ("work", "skip", "wait")
    )
    out = f", {plural(counts['left out'], 'file')} left out" if counts["left out"] else ""
    return f"plan: {', '.join(parts)}{out}; {size_text(work_bytes)} to read"
