"""`--watch`: a run whenever there is something new, for as long as it may take."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from math import inf
from typing import Any, Generic, TypeAlias, TypeVar

from batchio.database import PATIENCE_S, shown
from batchio.errors import CannotRun, HeadraceError, UsageError
from batchio.fileset import absolute
from batchio.ledger import Ledger
from batchio.ledger_view import Row
from batchio.records import Watcher, now
from pipelines.launcher.attend import LOOK_EVERY_S, Signals
from pipelines.launcher.command import Command
from pipelines.launcher.command_line import Parsed
from pipelines.launcher.domain import Domain
from pipelines.launcher.exit_codes import COULD_NOT_RUN, DONE, SOME_FAILED, WAS_INTERRUPTED
from pipelines.launcher.human import duration_text
from pipelines.launcher.liveness import lives
from pipelines.launcher.options import CommonOptions
from pipelines.launcher.plan import decisions
from pipelines.launcher.progress_views import View, make_view
from pipelines.launcher.registry import ledger_url
from transforms.recorder import HOST

logger = logging.getLogger(__name__)

O = TypeVar("O", bound=CommonOptions)  # noqa: E741 - options
RunOnce: TypeAlias = Callable[[Domain[Any], Parsed[Any], Signals], int]

BEAT_EVERY_S = 5.0
_LASTING = ("output", "ledger", "runner", "run_id")


def watch(commands: Sequence[Command[Any]], run_once: RunOnce) -> int:
    """Polls until a signal, `--stop_after` or `--max_polls` ends it; returns the exit code.

    Each poll reads the commands' files again and runs, one after the other, those that have
    something new. What hinders the first poll ends it; later, the next poll may do better, and
    only what hinders the last one is its end.

    Args:
        commands: What to run; the first one's options say how often and for how long.
        run_once: Runs a command to its end.
    """
    began = time.monotonic()
    rounds = [Rounds(command) for command in commands]
    has_failed = False
    with Signals() as signals, ExitStack() as watching:
        for each in rounds:
            watching.enter_context(each.watched())
        polls = 0
        while True:
            polls += 1
            options = rounds[0].parsed.options
            due = time.monotonic() + options.watch
            codes = []
            for each in rounds:
                codes.append(each.poll(run_once, signals))
                if codes[-1] == WAS_INTERRUPTED or (codes[-1] == COULD_NOT_RUN and polls == 1):
                    return codes[-1]
            has_failed = has_failed or SOME_FAILED in codes
            next_s = max(due, time.monotonic()) - began
            if polls == options.max_polls or next_s >= (options.stop_after or inf):
                if COULD_NOT_RUN in codes:
                    return COULD_NOT_RUN
                return SOME_FAILED if has_failed else DONE
            _wait_until(due, signals)
            if signals.received:
                return WAS_INTERRUPTED


def _wait_until(due: float, signals: Signals) -> None:
    while not signals.received and (left_s := due - time.monotonic()) > 0:
        time.sleep(min(LOOK_EVERY_S, left_s))


class Rounds(Generic[O]):
    """The rounds of one command.

    Attributes:
        parsed: Its options as they were last accepted.
    """

    def __init__(self, command: Command[O]) -> None:
        self.parsed = command.parsed()
        self._command = command
        self._problems: list[str] = []  # of this poll
        self._told: set[str] = set()
        options = self.parsed.options
        self._watcher = Watcher(
            pipeline=command.domain.name,
            output=absolute(options.output),
            host=HOST,
            pid=os.getpid(),
            every_s=options.watch or 0.0,
            started=now(),
        )

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Is this output's watcher within the `with`, and gives signs of life.

        Raises:
            CannotRun: Another one watches already.
        """
        url = ledger_url(self.parsed.options)
        with closing(Ledger(url, patience_s=PATIENCE_S)) as ledger:
            ledger.create()
            ledger.start_watching(self._watcher, self._check_other)
            every = duration_text(self._watcher.every_s)
            self._view().message(f"Watching: looks for new files every {every}")
            ended = threading.Event()
            beats = threading.Thread(target=self._beat, args=(ledger, ended), daemon=True)
            beats.start()
            try:
                yield
            finally:
                ended.set()
                beats.join()
                self._watcher.ended = now()
                self._beat_once(ledger)

    def poll(self, run_once: RunOnce, signals: Signals) -> int:
        """Runs if there is something new; returns the exit code."""
        code, self._problems = DONE, []
        if self._watcher.polls:
            self._read_again()
        try:
            if self._has_news(signals):
                code = run_once(self._command.domain, self.parsed, signals)
        except KeyboardInterrupt:
            return WAS_INTERRUPTED
        except HeadraceError as error:
            code = COULD_NOT_RUN
            self._tell(str(error))
        else:
            if code == COULD_NOT_RUN:
                self._problems.append("the last run could not go on; see its report")
            elif code != WAS_INTERRUPTED:
                self._command.domain.looked(self.parsed.options)
        self._note()
        return code

    def _note(self) -> None:
        """Notes what became of the poll, for its signs of life and for the next one."""
        self._told = {*self._problems}
        watcher = self._watcher
        watcher.polls, watcher.polled = watcher.polls + 1, now()
        watcher.problem = "; ".join(self._problems)
        watcher.every_s = self.parsed.options.watch or 0.0

    def _read_again(self) -> None:
        """Takes the options as their files are now, if they are accepted.

        What --rerun asks for was done in the first poll.
        """
        try:
            parsed = self._command.parsed()
            self._check_lasting(parsed.options)
            self._command.check(parsed.options)
        except HeadraceError as error:
            self._tell(f"{error}; the options of before are kept")
            parsed = self.parsed
        once = parsed.options.model_copy(update={"rerun": "changed"})
        self.parsed = replace(parsed, options=once)

    def _check_lasting(self, options: O) -> None:
        """Raises UsageError if options are others that hold for as long as it watches."""
        for name in _LASTING:
            if getattr(options, name) != getattr(self.parsed.options, name):
                raise UsageError(
                    f"--{name} cannot change while it is watched", action="stop, and start anew"
                )
        if options.watch is None or options.plan:
            raise UsageError("--watch was taken back", action="stop it by Ctrl-C or SIGTERM")

    def _has_news(self, signals: Signals) -> bool:
        options = self.parsed.options
        planned = decisions(self._command.domain, options, ledger_url(options), [])
        with signals.raised():
            return any(
                each.action == "work" or (each.action == "wait" and each.is_news)
                for each in planned
            )

    def _tell(self, problem: str) -> None:
        """Tells of a problem once, not at each poll."""
        self._problems.append(problem)
        if problem not in self._told:
            print(f"headrace: {problem}", file=sys.stderr)

    def _view(self) -> View:
        return make_view(self.parsed.options.progress, quiet=self.parsed.options.quiet)

    def _beat(self, ledger: Ledger, ended: threading.Event) -> None:
        while not ended.wait(BEAT_EVERY_S):
            self._beat_once(ledger)

    def _beat_once(self, ledger: Ledger) -> None:
        try:
            ledger.beat_watcher(self._watcher)
        except CannotRun as error:  # a poll tells of it, and the end has its own exit code
            logger.info("%s", error)

    def _check_other(self, other: Row) -> None:
        # Containers of one name give each command the same number.
        mine = (other["host"], other["pid"]) == (self._watcher.host, self._watcher.pid)
        if not mine and lives(other["host"], other["pid"], other["beat"]):
            raise CannotRun(
                f"process {other['pid']} on {other['host']} watches this output already",
                path=shown(ledger_url(self.parsed.options)),
                step="watch",
                action="stop it first, or watch into another --output",
            )
