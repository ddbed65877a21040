"""Writes the report of a run: JSON for programs, CSV a line a unit, HTML for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from batchio.database import shown
from batchio.fileset import STATE_FOLDER, is_local, local_path
from batchio.ledger_prune import whole_run
from batchio.ledger_view import LedgerView, Row
from batchio.output import OutputRoot
from batchio.records import COMPLETED, FAILED, INCOMPLETE, INTERRUPTED, PENDING, RUNNING
from pipelines.launcher.failures import failed_units, failure_of
from pipelines.launcher.human import count_text, duration_text, one_line, plural, size_text
from pipelines.launcher.progress import counters_of, parse_time, seconds_since
from pipelines.launcher.report_html import write_html
from pipelines.launcher.report_tally import LISTED, Tally, write_units_csv

STATUSES = (COMPLETED, FAILED, INCOMPLETE, PENDING, INTERRUPTED, RUNNING)
_COUNTERS = ("found", "left_out", "units", "skipped", "todo", "bytes_todo")
_LINES_A_KIND = 20
_TRACEBACKS = 50


def build_report(
    view: LedgerView, run_id: str, *, folder: str | Path | None = None
) -> dict[str, Any]:
    """Returns the report of a run as `report_schema.json` describes it.

    Args:
        view: The ledger of the run.
        run_id: The run.
        folder: Where the report lies; the run's own folder below its output if not given.

    Raises:
        UsageError: When the ledger knows no such run, or it was pruned.
    """
    run, tally = whole_run(view, run_id, step="report"), Tally()
    for unit in view.unit_rows(run_id):
        tally.add(unit)
    return _compose(view, run, tally, str(folder or report_folder(run["output"], run_id)))


class WrittenReport(NamedTuple):
    """A report, and the paths of its files by name."""

    report: dict[str, Any]
    paths: dict[str, str]


def write_report(view: LedgerView, run_id: str, folder: str | Path) -> WrittenReport:
    """Writes `units.csv`, `report.json` and `report.html`, each whole."""
    run, tally = whole_run(view, run_id, step="report"), Tally()
    root, below = _root_of(str(folder), run_id)
    units = tally.counted(view.unit_rows(run_id))
    paths = [root.write(f"{below}units.csv", partial(write_units_csv, units)).path]
    report = _compose(view, run, tally, str(folder))
    paths.append(root.write(f"{below}report.json", partial(_write_json, report)).path)
    paths.append(root.write(f"{below}report.html", partial(write_html, report)).path)
    if not below:
        _tidy(root)
    return WrittenReport(report, {Path(path).name: path for path in paths})


def report_folder(output: str, run_id: str) -> str:
    """Returns the folder of a run's report below its output root."""
    return f"{local_path(output).rstrip('/')}/{STATE_FOLDER}/runs/{run_id}"


def summary_lines(report: dict[str, Any]) -> list[str]:
    """Returns the end of a run in words, for the terminal."""
    counts = [f"{count_text(n)} {status}" for status, n in report["statuses"].items() if n]
    if report["counts"]["skipped"]:
        counts.append(f"{count_text(report['counts']['skipped'])} up to date")
    took = duration_text(report["seconds"])
    lines = [
        f"{report['pipeline']} {report['run_id']}: {report['status']} after {took}: "
        + (", ".join(counts) or "nothing to do")
    ]
    if report["stop_reason"]:
        lines.append(f"Stopped: {one_line(report['stop_reason'])}")
    statuses = report["statuses"]
    lines += _listed("Failed:", [f["line"] for f in report["failures"]], statuses[FAILED])
    lines += _listed("Incomplete:", _waiting(report["incomplete"]), statuses[INCOMPLETE])
    lines += _listed("Pending:", _waiting(report["pending"]), statuses[PENDING])
    return [*lines, *_places(report)]


def _listed(title: str, texts: Sequence[str], count: int) -> list[str]:
    if not count:
        return []
    shown_texts = texts[:_LINES_A_KIND]
    more = count - len(shown_texts)
    end = [f"  and {count_text(more)} more, see units.csv"] if more else []
    return [title, *(f"  {one_line(text)}" for text in shown_texts), *end]


def _waiting(units: list[dict[str, Any]]) -> list[str]:
    return [f"{unit['unit']}: {unit['waiting_for']}".removesuffix(": ") for unit in units]


def _places(report: dict[str, Any]) -> list[str]:
    outputs = report["outputs"]
    of_run = f"{plural(outputs['count'], 'file')}, {size_text(outputs['bytes'])}"
    lines = [
        f"Outputs: {report['output']} ({of_run} by this run)",
        f"Report: {report['folder']}/report.html",
    ]
    if report["commands"]["resume"]:
        lines.append(f"Go on with the rest: {report['commands']['resume']}")
    if report["commands"]["retry"]:
        lines.append(f"Retry what failed: {report['commands']['retry']}")
    return list(map(one_line, lines))


def _compose(view: LedgerView, run: Row, tally: Tally, folder: str) -> dict[str, Any]:
    counters = counters_of(run, view.workers(run["run_id"]))
    remarks, remarks_count = _file_remarks(view, run)
    seconds = _seconds(run)
    worked = sum(tally.statuses.values())
    return {
        "schema_version": 1,
        "run_id": run["run_id"],
        "pipeline": run["pipeline"],
        "status": run["status"],
        "exit_code": _exit_code(run, tally),
        "stop_reason": run["stop_requested"],
        "started": run["started"],
        "finished": run["finished"],
        "seconds": seconds,
        "arguments": run["arguments"],
        "versions": run["versions"],
        "host": run["host"],
        "output": run["output"],
        "ledger": shown(view.url),
        "folder": folder.rstrip("/"),
        "counts": {
            **{name: counters.get(name, 0) for name in _COUNTERS},
            "worked": worked,
            "file_remarks": remarks_count,
        },
        "statuses": {status: tally.statuses[status] for status in STATUSES},
        "reasons": dict(tally.reasons),
        "units_per_minute": round(worked / seconds * 60, 3) if seconds else None,
        "peak_rss_bytes": counters.get("peak_rss_bytes"),
        "unit_seconds": round(tally.seconds, 3),
        "step_seconds": {step: round(s, 3) for step, s in sorted(tally.step_seconds.items())},
        "outputs": {"count": tally.outputs, "bytes": tally.output_bytes},
        "failures": _failures(view, run["run_id"]),
        "incomplete": tally.incomplete,
        "pending": tally.pending,
        "file_remarks": remarks,
        "commands": _commands(run, tally),
    }


def _failures(view: LedgerView, run_id: str) -> list[dict[str, Any]]:
    listed = []
    for number, row in enumerate(failed_units(view, run_id, limit=LISTED)):
        failure = failure_of(row)
        traceback = row["traceback"] if number < _TRACEBACKS else ""
        listed.append({**asdict(failure), "line": str(failure), "traceback": traceback})
    return listed


def _file_remarks(view: LedgerView, run: Row) -> tuple[list[dict[str, Any]], int]:
    listed, count = [], 0
    for file in view.left_out(run):
        count += 1
        if count <= LISTED:
            listed.append({"path": file["path"], "unit": file["unit_id"], "remark": file["remark"]})
    return listed, count


def _seconds(run: Row) -> float:
    if not run["finished"]:
        return round(seconds_since(run["started"]), 3)
    took = parse_time(run["finished"]) - parse_time(run["started"])
    return round(took.total_seconds(), 3)


def _exit_code(run: Row, tally: Tally) -> int | None:
    """Returns what the launcher noted, or what follows from the run's end."""
    noted = run["totals"].get("exit_code")
    if noted is not None or run["status"] == RUNNING:
        return None if noted is None else int(noted)
    if run["status"] == INTERRUPTED:
        return 130
    if tally.statuses[FAILED]:
        return 3
    return 1 if run["status"] == FAILED else 0


def _commands(run: Row, tally: Tally) -> dict[str, str | None]:
    resumable = run["status"] in (INTERRUPTED, RUNNING)
    return {
        "retry": f"python -m pipelines retry {run['run_id']}" if tally.statuses[FAILED] else None,
        "resume": f"python -m pipelines resume {run['run_id']}" if resumable else None,
    }


def _write_json(report: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _root_of(folder: str, run_id: str) -> tuple[OutputRoot, str]:
    """Splits a folder below an output root, so that its scratch folder is the output's."""
    root, found, below = local_path(folder).rstrip("/").partition(f"/{STATE_FOLDER}/")
    if found:
        return OutputRoot(root, run_id), f"{STATE_FOLDER}/{below}/"
    return OutputRoot(root, run_id), ""


def _tidy(root: OutputRoot) -> None:
    """Removes the empty scratch folder from a place that is no output root."""
    if is_local(local_path(root.url)):
        with suppress(OSError):
            for folder in (root.scratch, *root.scratch.parents[:2]):
                folder.rmdir()
