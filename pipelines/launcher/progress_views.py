"""Shows the progress of a run: live on a terminal, as plain lines, as JSON, or not at all."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import Any, Protocol, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pipelines.launcher.failures import Failure
from pipelines.launcher.human import (
    count_text,
    duration_text,
    one_line,
    plural,
    rate_text,
    size_text,
)
from pipelines.launcher.progress import Progress

MODES = ("auto", "live", "plain", "json", "none")
_FIRST_LINE_S = 5.0
_LONGEST_GAP_S = 60.0
_WORKERS_SHOWN = 16


class View(Protocol):
    """Shows a run to somebody."""

    def update(self, progress: Progress) -> None:
        """Shows how far the run is, and each failure that was not shown yet."""
        ...

    def message(self, text: str) -> None:
        """Shows a remark."""
        ...

    def close(self, progress: Progress) -> None:
        """Shows the last state and ends the view."""
        ...


def make_view(mode: str, *, quiet: bool = False, stream: TextIO | None = None) -> View:
    """Returns the view of a mode; `auto` is live on a terminal, plain elsewhere.

    Args:
        mode: One of `MODES`.
        quiet: Show only failures and the last line.
        stream: Where to write; standard output for JSON, else standard error, if not given.
    """
    if mode == "none":
        return NoView()
    if mode == "json":
        return JsonView(stream or sys.stdout, quiet=quiet)
    stream = stream or sys.stderr
    if quiet or mode == "plain" or (mode == "auto" and not _is_terminal(stream)):
        return PlainView(stream, quiet=quiet)
    return LiveView(stream)


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class _News:
    """Tells each failure once."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._counted = 0

    def since_last(self, progress: Progress) -> tuple[list[Failure], int]:
        """Returns the failures not yet told, and how many more came than are listed."""
        fresh = [failure for failure in progress.failures if failure.unit not in self._told]
        self._told.update(failure.unit for failure in fresh)
        self._counted += len(fresh)
        unlisted = max(0, progress.failed - self._counted)
        self._counted += unlisted
        return fresh, unlisted

    def lines(self, progress: Progress) -> list[str]:
        """Returns the same in lines of text."""
        fresh, unlisted = self.since_last(progress)
        lines = [f"failed: {failure}" for failure in fresh]
        if unlisted:
            lines.append(f"failed: {plural(unlisted, 'more unit')}; the report names each")
        return lines


class NoView:
    """Shows nothing."""

    def update(self, progress: Progress) -> None:
        """Shows nothing."""

    def message(self, text: str) -> None:
        """Shows nothing."""

    def close(self, progress: Progress) -> None:
        """Shows nothing."""


class PlainView:
    """Writes a line at growing intervals, and one at the end."""

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._stream = stream
        self._quiet = quiet
        self._news = _News()
        self._next_s = self._gap_s = _FIRST_LINE_S

    def update(self, progress: Progress) -> None:
        """Writes new failures, and the progress when it is due."""
        self._write(*self._news.lines(progress))
        if progress.elapsed_s >= self._next_s:
            if not self._quiet:
                self._write(progress_line(progress))
            self._next_s = progress.elapsed_s + self._gap_s
            self._gap_s = min(2 * self._gap_s, _LONGEST_GAP_S)

    def message(self, text: str) -> None:
        """Writes a remark."""
        if not self._quiet:
            self._write(one_line(text))

    def close(self, progress: Progress) -> None:
        """Writes the last line."""
        self._write(*self._news.lines(progress), end_line(progress))

    def _write(self, *lines: str) -> None:
        for line in lines:
            print(line, file=self._stream, flush=True)


class JsonView:
    """Writes one JSON object a line."""

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._stream = stream
        self._quiet = quiet
        self._news = _News()

    def update(self, progress: Progress) -> None:
        """Writes a `failure` for each new one, then `progress`."""
        self._write_failures(progress)
        if not self._quiet:
            self._write("progress", _json_of(progress))

    def message(self, text: str) -> None:
        """Writes a `message`."""
        if not self._quiet:
            self._write("message", {"text": text})

    def close(self, progress: Progress) -> None:
        """Writes the failures left, then `end`."""
        self._write_failures(progress)
        self._write("end", _json_of(progress))

    def _write_failures(self, progress: Progress) -> None:
        fresh, unlisted = self._news.since_last(progress)
        for failure in fresh:
            self._write("failure", asdict(failure))
        if unlisted:
            self._write("failure", {"unlisted": unlisted})

    def _write(self, event: str, content: dict[str, Any]) -> None:
        print(json.dumps({"event": event, **content}), file=self._stream, flush=True)


class LiveView:
    """Redraws a few lines at the foot of a terminal; failures stay above them."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream)
        self._live = Live(console=self._console, auto_refresh=False)
        self._live.start()
        self._news = _News()

    def update(self, progress: Progress) -> None:
        """Prints new failures above, and redraws."""
        for line in self._news.lines(progress):
            self._print(line, "red")
        self._live.update(_picture(progress), refresh=True)

    def message(self, text: str) -> None:
        """Prints a remark above."""
        self._print(one_line(text))

    def close(self, progress: Progress) -> None:
        """Shows the last state, which stays."""
        self.update(progress)
        self._live.update(Text(end_line(progress)), refresh=True)
        self._live.stop()

    def _print(self, line: str, style: str = "") -> None:
        self._console.print(Text(line, style=style), soft_wrap=True)


def progress_line(progress: Progress) -> str:
    """Returns how far a run is, in one line."""
    if progress.percent is None:
        start = f"looking for files: {count_text(progress.found)} found"
    else:
        start = f"{_percent(progress.percent)} of {plural(progress.todo, 'unit')}"
    return ", ".join([start, *_counts(progress), *_pace(progress)])


def end_line(progress: Progress) -> str:
    """Returns what became of the units, in one line."""
    took = f"after {duration_text(progress.elapsed_s)}"
    return ", ".join([f"{took}: {_counts(progress)[0]}", *_counts(progress)[1:]])


def _counts(progress: Progress) -> list[str]:
    more = {
        "failed": progress.failed,
        "incomplete": progress.incomplete,
        "pending": progress.pending,
        "up to date": progress.skipped,
    }
    told = [f"{count_text(count)} {what}" for what, count in more.items() if count]
    return [f"{count_text(progress.done)} done", *told]


def _pace(progress: Progress) -> list[str]:
    pace = [] if progress.rate_per_minute is None else [rate_text(progress.rate_per_minute)]
    if progress.eta_s:
        pace.append(f"about {duration_text(progress.eta_s)} left")
    return [*pace, size_text(progress.rss_bytes)] if progress.rss_bytes else pace


def _percent(percent: float) -> str:
    # Whole percents rounded down: 100 % is said when all is done, not before.
    return f"{int(percent)} %"


def _json_of(progress: Progress) -> dict[str, Any]:
    content = asdict(progress)
    del content["failures"]
    return content


def _picture(progress: Progress) -> Group:
    known = progress.percent is not None
    bar = Table.grid(padding=(0, 1), expand=True)
    bar.add_column(ratio=1)
    bar.add_column(justify="right", no_wrap=True)
    bar.add_row(
        ProgressBar(total=100 if known else None, completed=progress.percent or 0, pulse=not known),
        Text(_bar_text(progress)),
    )
    counts = Text(", ".join([*_counts(progress), f"{count_text(progress.found)} files found"]))
    pace = Text(", ".join([*_pace(progress), f"{duration_text(progress.elapsed_s)} so far"]))
    return Group(bar, counts, pace, _workers_table(progress))


def _bar_text(progress: Progress) -> str:
    if progress.percent is None:
        return f"looking for files: {count_text(progress.units)} units so far"
    of_all = f"{_percent(progress.percent)} of {plural(progress.todo, 'unit')}"
    return f"{of_all}, {size_text(progress.bytes_todo)}" if progress.bytes_todo else of_all


def _workers_table(progress: Progress) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="dim")
    table.add_column(overflow="ellipsis", no_wrap=True)
    table.add_column(justify="right")
    table.add_column(justify="right", style="dim")
    for worker in progress.workers[:_WORKERS_SHOWN]:
        table.add_row(
            str(worker.pid),
            Text(one_line(worker.unit)),
            duration_text(worker.seconds),
            size_text(worker.rss_bytes),
        )
    if len(progress.workers) > _WORKERS_SHOWN:
        table.add_row("", f"and {len(progress.workers) - _WORKERS_SHOWN} more processes")
    return table
