"""Shows what a run would do, and touches nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain
from typing import TypeVar

from batchio.fileset import absolute, list_files
from batchio.ledger_view import LedgerView
from batchio.records import Scope, ago
from pipelines.launcher.domain import Domain
from pipelines.launcher.human import count_text, one_line, plural, size_text
from pipelines.launcher.options import FAILURES_REST_S, CommonOptions
from transforms.decisions import Decision, batches, decide_all
from transforms.forming import EachFile, LeftOut
from transforms.units import Unit

O = TypeVar("O", bound=CommonOptions)  # noqa: E741 - options

_AT_ONCE = 500


def plan_lines(domain: Domain[O], options: O, ledger_url: str) -> Iterator[str]:
    """Yields a line a unit (action, unit, reason, size), a line a file left out, and the counts."""
    left_out: list[tuple[str, str]] = []
    counts: Counter[str] = Counter()
    work_bytes = 0
    skipped: list[Unit] = []
    for decision in decisions(domain, options, ledger_url, left_out):
        counts[decision.action] += 1
        work_bytes += decision.unit.size if decision.action == "work" else 0
        if decision.action == "skip":
            skipped.append(decision.unit)
        yield _line(decision)
    for path, why in left_out:
        yield one_line(f"left out  {path}  {why}")
    with closing(LedgerView(ledger_url)) as view:
        if skipped and view.exists():
            scope = Scope(domain.name, absolute(options.output))
            yield from map(one_line, domain.also_planned(options, view, scope, skipped))
    yield _total(counts, len(left_out), work_bytes)


def decisions(
    domain: Domain[O], options: O, ledger_url: str, left_out: list[tuple[str, str]]
) -> Iterator[Decision]:
    """Yields what a run would decide about each unit; files of no unit are added to `left_out`."""
    found = list_files(
        options.patterns,
        exclude=options.exclude,
        order_by=options.order_by,
        left_out=lambda path, why: left_out.append((path, why)),
        retries=options.retries,
    )
    forming = domain.forming(options)
    formed = list(forming.units_of(found))
    units = _units(chain(domain.items(options), formed), left_out)
    scope = Scope(domain.name, absolute(options.output))
    with closing(LedgerView(ledger_url)) as view:
        known = view if view.exists() else None
        for batch in batches(units, _AT_ONCE):
            yield from decide_all(
                batch,
                known,
                scope,
                rerun=options.rerun,
                retries=options.retries,
                resting_since=ago(FAILURES_REST_S) if options.watch else "",
                spares=forming.spares if isinstance(forming, EachFile) else None,
            )


def _units(formed: Iterable[Unit | LeftOut], left_out: list[tuple[str, str]]) -> Iterator[Unit]:
    for each in formed:
        if isinstance(each, Unit):
            yield each
        else:
            left_out.append((each.file.path, each.why))


def _line(decision: Decision) -> str:
    unit = decision.unit
    size = f" ({plural(len(unit.files), 'file')}, {size_text(unit.size)})" if unit.files else ""
    return one_line(f"{decision.action}  {unit.unit_id}  {unit.reason}{size}")


def _total(counts: Counter[str], left_out: int, work_bytes: int) -> str:
    parts = (f"{count_text(counts[action])} to {action}" for action in ("work", "skip", "wait"))
    out = f", {plural(left_out, 'file')} left out" if left_out else ""
    return f"plan: {', '.join(parts)}{out}; {size_text(work_bytes)} to read"
