"""What the worker processes of the tests do: importable there, unlike a test module's own."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

C = ctypes.PyDLL(None)  # its functions keep the interpreter's lock


class Unpicklable:
    def __reduce__(self) -> str:
        raise TypeError("cannot be pickled, says the test")


class Poison:
    """Can be pickled and not be unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return fail, ("cannot be unpickled, says the test",)


def fail(text: str) -> None:
    raise ValueError(text)


def do(order: str) -> Any:
    """Does as it is told: "what argument"."""
    what, _, argument = order.partition(" ")
    return ORDERS[what](argument)


def _segfault(_: str) -> None:
    ctypes.string_at(0)


def _raise(text: str) -> None:
    raise GeneratorExit(text)


def _signal(number: str) -> None:
    if int(number) != signal.SIGKILL:
        signal.signal(int(number), signal.SIG_DFL)  # a shell's background jobs ignore SIGQUIT
    os.kill(os.getpid(), int(number))
    time.sleep(60)


def _spin(_: str) -> None:
    while True:
        pass


def _hang_in_c(_: str) -> None:
    while True:
        C.sleep(60)


def _sleep(seconds: str) -> str:
    time.sleep(float(seconds))
    return seconds


def _print(text: str) -> str:
    print(text, flush=True)  # noqa: T201 - what it is about
    sys.stdout.write(text * 10_000)
    sys.stderr.write(text)
    os.write(1, text.encode())
    subprocess.run(["echo", text], check=True)
    return f"printed {text}"


def _log(text: str) -> str:
    logging.getLogger("test.worker").warning("%s, twice", text)
    logging.getLogger("test.worker").debug("not shown")
    threads = [
        threading.Thread(target=lambda: logging.getLogger("test.thread").error(text))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return "logged"


def _read(_: str) -> str:
    return sys.stdin.read()


def _until_usr1(_: str) -> str:
    """Ends when the pool asks where the worker hangs, which is just before it is killed."""
    told: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, _: told.append(number))
    while not told:
        time.sleep(0.005)
    return "in time"


def _touch(path: str) -> str:
    Path(path).touch()
    return path


def _wait_for(path: str) -> str:
    Path(f"{path}.at").touch()
    while not Path(path).exists():
        time.sleep(0.01)
    return path


class Summing:
    """Answers each "number N" with N, and the sum and count of those finished with it."""

    def __call__(self, order: str) -> Any:
        return int(do(order))

    def finish(self, values: list[int]) -> list[tuple[int, int, int]]:
        return [(value, sum(values), len(values)) for value in values]


ORDERS = {
    "number": lambda text: text,
    "echo": lambda text: text,
    "pid": lambda _: os.getpid(),
    "session": lambda _: os.getsid(0),
    "environment": lambda name: os.environ.get(name),
    "length": lambda text: len(text),
    "big": lambda size: "x" * int(size),
    "segfault": _segfault,
    "abort": lambda _: os.abort(),
    "exit": lambda status: os._exit(int(status)),
    "raise": _raise,
    "signal": _signal,
    "spin": _spin,
    "hang": lambda _: time.sleep(60),
    "hang_in_c": _hang_in_c,
    "sleep": _sleep,
    "print": _print,
    "log": _log,
    "read": _read,
    "until_usr1": _until_usr1,
    "touch": _touch,
    "wait_for": _wait_for,
    "unpicklable": lambda _: Unpicklable(),
    "ignores": lambda name: str(signal.getsignal(getattr(signal, name))),
}


def make(unit: Any) -> Any:
    """Works a unit as its details order; a worker process imports this."""
    from transforms.units import Made

    answer = do(unit.details["order"])
    return Made(metrics={"answer": answer}, sha256={file.path: "0" * 64 for file in unit.files})


def fail_unit(unit: Any) -> Any:
    raise ValueError(f"{unit.unit_id} is bad")
