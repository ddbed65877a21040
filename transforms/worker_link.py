"""What a worker pool and its worker processes say to each other.

Frames of pickled messages go through the worker's stdin and stdout; a small board in shared
memory tells the pool at any moment which item the worker is at, even when it hangs or has died.
"""

from __future__ import annotations

import mmap
import pickle
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

_LENGTH = struct.Struct("<I")
_POSITION = struct.Struct("<qd")  # number of the item, when it was begun (monotonic seconds)
_BUSY, _STOP = _POSITION.size, _POSITION.size + 1
BOARD_BYTES = _POSITION.size + 2


@dataclass(frozen=True, slots=True)
class Replies:
    """Answers to the next items in order; `Skipped` for those not begun because of a stop."""

    values: list[Any]
    seconds: float  # what they took


@dataclass(frozen=True, slots=True)
class LogLine:
    """A log record of the worker, to be logged by the pool's process."""

    level: int
    logger: str
    text: str


class Skipped:
    """Stands for the answer to an item that was not begun."""


class Board:
    """The shared memory in which a worker shows what it is at and sees whether to stop."""

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, BOARD_BYTES)

    def begin(self, number: int, at: float) -> None:
        """Shows that an item is being worked."""
        _POSITION.pack_into(self._memory, 0, number, at)
        self._memory[_BUSY] = 1

    def end(self) -> None:
        """Shows that the item is done."""
        self._memory[_BUSY] = 0

    def current(self) -> tuple[int, float] | None:
        """Returns the item being worked and when it was begun, None between items."""
        if not self._memory[_BUSY]:
            return None
        number, at = _POSITION.unpack_from(self._memory, 0)
        return number, at

    def ask_stop(self) -> None:
        """Asks the worker to begin no further item."""
        self._memory[_STOP] = 1

    def stop_asked(self) -> bool:
        """Tells whether no further item shall be begun."""
        return bool(self._memory[_STOP])

    def close(self) -> None:
        """Gives the memory back."""
        self._memory.close()


def frame(message: object) -> bytes:
    """Returns a message as it travels: its length, then its pickle."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


def read_frame(source: BinaryIO) -> Any:
    """Returns the next message.

    Raises:
        EOFError: When the other side is gone.
    """
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    body = source.read(_LENGTH.unpack(head)[0])
    return pickle.loads(body)


class FrameBuffer:
    """Puts messages together from the bytes of a pipe as they arrive."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[Any]:
        """Returns the messages that are complete with these bytes."""
        self._bytes += data
        messages = []
        while len(self._bytes) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._bytes)[0]
            if len(self._bytes) < end:
                break
            messages.append(pickle.loads(memoryview(self._bytes)[_LENGTH.size : end]))
            del self._bytes[:end]
        return messages
