"""Answers that many ask for, each made once and kept for a moment."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import anyio.to_thread

from batchio.fingerprint import sha256

_KEPT_S = 1.0
# An answer is kept for so many times as long as it took to make: however big the ledger, each
# takes no more than a twentieth of a core from the runs.
_TIMES_ITS_COST = 20
_ENTRIES = 256
_AT_ONCE = 4  # threads that read


class Body(NamedTuple):
    """What is sent: the bytes, and a tag by which a client knows that it has them."""

    content: bytes
    tag: str

    @classmethod
    def of(cls, text: str) -> Body:
        """Returns the body of a text."""
        content = text.encode("utf-8", "replace")
        return cls(content, f'"{sha256(content)[:32]}"')


class Kept:
    """Bodies by their address; fifty who ask at once cost one reading."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, tuple[float, Body]] = OrderedDict()
        self._making: dict[str, asyncio.Task[Body]] = {}
        self._reading = anyio.CapacityLimiter(_AT_ONCE)

    async def get(self, address: str, make: Callable[[], str]) -> Body:
        """Returns the body of an address, made anew in a thread if there is no fresh one."""
        until, body = self._entries.get(address, (0.0, None))
        if body is not None and time.monotonic() < until:
            return body
        task = self._making.get(address)
        if task is None:
            task = self._making[address] = asyncio.create_task(self._make(address, make))
            task.add_done_callback(partial(self._made, address))
        return await asyncio.shield(task)

    async def _make(self, address: str, make: Callable[[], str]) -> Body:
        body, cost_s = await anyio.to_thread.run_sync(partial(_timed, make), limiter=self._reading)
        self._entries[address] = (time.monotonic() + max(_KEPT_S, _TIMES_ITS_COST * cost_s), body)
        self._entries.move_to_end(address)
        while len(self._entries) > _ENTRIES:
            self._entries.popitem(last=False)
        return body

    def _made(self, address: str, task: asyncio.Task[Body]) -> None:
        del self._making[address]
        if not task.cancelled():
            task.exception()  # all who asked may be gone: then nobody else takes it


def _timed(make: Callable[[], str]) -> tuple[Body, float]:
    began = time.monotonic()
    return Body.of(make()), time.monotonic() - began
