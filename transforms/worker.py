"""A worker process of the pool: applies one function to the items it is sent.

It ignores the terminal's signals (the pool tells it when to stop) and dies with its parent.
"""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import gc
import logging
import os
import queue
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

from transforms.worker_link import Board, LogLine, Replies, Skipped, frame, read_frame

_REPLY_EVERY_S = 0.05
_FINISH_EVERY_S = 3.0  # where results are written together: a batch is smaller, if it can be told
_COLLECT_AT = 1_000_000  # new objects: a decoded file has many, and none in a cycle
_SENDING = threading.Lock()


def main() -> None:
    """Serves the pool until it closes the worker's stdin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)  # a hung item shows where it hangs
    _die_with_parent(int(sys.argv[2]))
    source, sink = _take_pipes()
    board = Board(int(sys.argv[1]))
    logging.basicConfig(level=int(sys.argv[3]), handlers=[_PoolHandler(sink)])
    function: Callable[[Any], Any] = read_frame(source)
    gc.freeze()  # what is imported by now never becomes garbage
    gc.set_threshold(_COLLECT_AT)
    _send(sink, Replies([], 0.0))  # ready
    batches: queue.SimpleQueue[list[Any] | None] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(source, batches), daemon=True).start()
    number = 0
    while (batch := batches.get()) is not None:
        number = _work(function, batch, number, board, sink)


def _die_with_parent(lifeline: int) -> None:
    """Has the kernel end this process when the pipe's other end closes, even amid C code."""
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    with contextlib.suppress(OSError):  # where pipes give no signals
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC | os.O_RDONLY)
    closed = select.poll()
    closed.register(lifeline, select.POLLHUP)
    if closed.poll(0):  # before there was anyone to tell
        os.kill(os.getpid(), signal.SIGKILL)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Takes stdin and stdout for the frames, so that nothing printed can disturb them."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return source, sink


def _receive(source: BinaryIO, batches: queue.SimpleQueue[list[Any] | None]) -> None:
    """Queues the batches as they come; None is the pool's good-bye."""
    batch: list[Any] | None = []
    while batch is not None:
        try:
            batch = read_frame(source)
        except (EOFError, OSError):
            os._exit(1)  # the pool's process is gone: do not work on for nobody
        except Exception:
            traceback.print_exc()  # an item that cannot be unpickled
            os._exit(1)
        batches.put(batch)


def _work(
    function: Callable[[Any], Any], batch: list[Any], number: int, board: Board, sink: BinaryIO
) -> int:
    finish = getattr(function, "finish", None)
    every = _REPLY_EVERY_S if finish is None else _FINISH_EVERY_S
    replies: list[Any] = []
    told, end = time.monotonic(), number + len(batch)
    for item in batch:
        if board.stop_asked():
            break
        board.begin(number, time.monotonic())
        replies.append(function(item))
        board.end()
        number += 1
        if time.monotonic() - told > every:
            _answer(finish, replies, told, number, board, sink)
            replies, told = [], time.monotonic()
    if replies:
        _answer(finish, replies, told, number, board, sink)
    skipped = end - number
    if skipped:
        _send(sink, Replies([Skipped()] * skipped, 0.0))
    return end


def _answer(
    finish: Callable[[list[Any]], list[Any]] | None,
    replies: list[Any],
    since: float,
    end: int,
    board: Board,
    sink: BinaryIO,
) -> None:
    """Sends the replies to the items before number `end`."""
    if finish is not None:
        board.begin(end - 1, time.monotonic())  # should it hang, the last item pays for all
        replies = finish(replies)
        board.end()
    try:
        _send(sink, Replies(replies, time.monotonic() - since))
    except Exception:
        for number, reply in enumerate(replies, start=end - len(replies)):
            board.begin(number, time.monotonic())
            frame(reply)  # raises at the one that cannot be pickled, which the board names then
        raise


def _send(sink: BinaryIO, message: object) -> None:
    with _SENDING:  # the item's own threads log too
        sink.write(frame(message))
        sink.flush()


class _PoolHandler(logging.Handler):
    """Sends log records to the pool."""

    def __init__(self, sink: BinaryIO) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        _send(self._sink, LogLine(record.levelno, record.name, record.getMessage()))
