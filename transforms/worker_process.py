"""One worker process as its pool sees it: what it was sent, where it is, how it died."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Generic, TypeVar, cast

from transforms.worker_link import BOARD_BYTES, Board, FrameBuffer, Replies, frame

Item = TypeVar("Item")

_TRACE_BYTES = 4000

# A worker imports from where this process does. PYTHONPATH cannot tell it: with a checkout on it,
# Python 3.10 takes the folder `io` for its own module and does not start.
_START = """
import json, sys
sys.path[:] = json.loads(sys.argv.pop(1))
from transforms.worker import main
main()
"""


@dataclass(frozen=True, slots=True)
class Died:
    """Stands for the answer to an item at which its worker crashed or was stopped."""

    cause: str
    trace: str
    seconds: float


class WorkerProcess(Generic[Item]):
    """One worker process: what it was sent and has not answered, and its board."""

    def __init__(self, function: bytes) -> None:
        self.buffer = FrameBuffer()
        self.batches = 0
        self.sent: deque[Item] = deque()
        self._answered = 0
        self._ends: deque[int] = deque()  # numbers of items at which a batch ends
        self._kill_cause = ""
        lifeline, held = os.pipe()  # one a worker: a pipe tells but one process of its end
        self._lifeline = os.fdopen(held, "wb")  # closed with this process, whatever ends it
        with tempfile.TemporaryFile() as board, os.fdopen(lifeline, "rb"):
            board.truncate(BOARD_BYTES)
            self.board = Board(board.fileno())
            self._errors = tempfile.TemporaryFile("ab+")  # noqa: SIM115 - closed with the worker
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _START,
                    json.dumps([entry or str(Path.cwd()) for entry in sys.path]),
                    str(board.fileno()),
                    str(lifeline),
                    str(logging.getLogger().getEffectiveLevel()),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                pass_fds=[board.fileno(), lifeline],
                env=_worker_environment(),
                start_new_session=True,  # out of reach of the terminal's Ctrl-C
            )
        self._stdin = cast(IO[bytes], self.process.stdin)
        self._stdout = cast(IO[bytes], self.process.stdout)
        # Sent by a thread: a worker that hangs does not read, and the pool has to go on.
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._sender = threading.Thread(target=_send, args=(self._stdin, self._outbox), daemon=True)
        self._sender.start()
        self._outbox.put(function)

    @property
    def descriptor(self) -> int:
        """The pipe on which the worker answers."""
        return self._stdout.fileno()

    def send(self, batch: list[Item]) -> None:
        """Sends items to be worked in this order."""
        self.sent.extend(batch)
        self._ends.append(self._answered + len(self.sent))
        self.batches += 1
        self._outbox.put(frame(batch))

    def match(self, replies: Replies) -> Iterator[tuple[Item, Any]]:
        """Yields the answers, each with its item."""
        for value in replies.values:
            item = self.sent.popleft()
            self._answered += 1
            if self._ends[0] == self._answered:
                self._ends.popleft()
                self.batches -= 1
            yield item, value

    @property
    def answered(self) -> int:
        """How many items it has done."""
        return self._answered

    def current(self) -> tuple[Item | None, float]:
        """Returns the item being worked, if any, and for how many seconds; from any thread."""
        try:
            at = self.board.current()
            return (None, 0.0) if at is None else (self.item(at[0]), time.monotonic() - at[1])
        except (IndexError, ValueError):  # answered, or buried, in this moment
            return None, 0.0

    def item(self, number: int) -> Item:
        """Returns the unanswered item of this number."""
        if number < self._answered:
            raise IndexError(number)
        return self.sent[number - self._answered]

    def unanswered(self, lost: int | None) -> list[Item]:
        """Returns the items that were sent and not answered, without the lost one."""
        return [
            item for number, item in enumerate(self.sent, start=self._answered) if number != lost
        ]

    def overdue(self, timeout_s: float) -> bool:
        """Tells whether the item being worked has had more than its time."""
        at = self.board.current()
        return at is not None and time.monotonic() - at[1] > timeout_s and not self._kill_cause

    def kill(self, cause: str) -> None:
        """Kills the process after it has written where it hangs, unless it goes on just then."""
        at = self.board.current()
        self.process.send_signal(signal.SIGUSR1)
        time.sleep(0.1)
        if self.board.current() == at:  # else the next item would pay for it
            self._kill_cause = cause
            self.process.kill()

    def post_mortem(self) -> tuple[Died, int | None]:
        """Returns how the process ended, and the number of the item at which it did."""
        status = self.process.wait()
        at = self.board.current()
        seconds = 0.0 if at is None else time.monotonic() - at[1]
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _TRACE_BYTES))
        trace = self._errors.read().decode(errors="replace")
        self._release()
        return Died(self._kill_cause or _explain(status), trace, seconds), at and at[0]

    def say_goodbye(self) -> None:
        """Lets the process end: at once if it is working, else by its own will."""
        if self.sent:
            self.process.kill()
        else:
            self._outbox.put(frame(None))

    def close(self) -> None:
        """Waits for the end of the process after `say_goodbye`, and sees to it."""
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._release()

    def _release(self) -> None:
        self._outbox.put(None)
        self._sender.join()
        self.board.close()
        self._errors.close()
        for pipe in (self._stdin, self._stdout, self._lifeline):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def _send(pipe: IO[bytes], outbox: queue.SimpleQueue[bytes | None]) -> None:
    with contextlib.suppress(BrokenPipeError):  # it has died: the end of its stdout tells
        while (data := outbox.get()) is not None:
            pipe.write(data)
            pipe.flush()


def _explain(status: int) -> str:
    if status >= 0:
        return f"the worker process exited with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:  # a real-time signal
        name = f"signal {-status}"
    hints = {
        "SIGKILL": "out of memory, or killed from outside",
        "SIGSEGV": "crash in a C library",
        "SIGABRT": "abort in a C library",
        "SIGBUS": "crash in a C library",
    }
    hint = hints.get(name)
    return f"the worker process was ended by {name}" + (f" ({hint})" if hint else "")


def _worker_environment() -> dict[str, str]:
    """Returns the environment of a worker: this process's, with one thread a library."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**threads, **os.environ}
