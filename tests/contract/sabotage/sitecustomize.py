"""Makes a named function of the product misbehave in a subprocess of the tests.

Python imports this module at its start when its folder is on PYTHONPATH. HEADRACE_SABOTAGE holds
a JSON list of objects: `function` as "module:function" or "module:Class.method", `action`, and
`marker`: the function misbehaves when one of its arguments is a path (or an object with a path)
that contains it, and always if it is empty.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.machinery
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

Plan = dict[str, Any]


def segfault(_plan: Plan, _path: str = "") -> None:
    ctypes.string_at(0)


def leave(_plan: Plan, _path: str = "") -> None:
    os._exit(7)


def hang(_plan: Plan, _path: str = "") -> None:
    time.sleep(10_000)


def hang_in_c(_plan: Plan, _path: str = "") -> None:
    while True:  # a signal ends a sleep
        ctypes.PyDLL(None).sleep(10_000)  # holds the interpreter's lock


def spin(_plan: Plan, _path: str = "") -> None:
    while True:
        pass


def no_memory(_plan: Plan, _path: str = "") -> None:
    raise MemoryError("no room for the array")


def slow(plan: Plan, _path: str = "") -> None:
    time.sleep(plan["seconds"])


def gate(plan: Plan, path: str = "") -> None:
    """Tells that it is there, and waits until it is let through."""
    folder = Path(plan["folder"])
    (folder / f"{os.getpid()}.at").write_text(path)
    while not (folder / "open").exists():
        time.sleep(0.01)


ACTIONS: dict[str, Callable[..., None]] = {
    action.__name__: action
    for action in (segfault, leave, hang, hang_in_c, spin, no_memory, slow, gate)
}


def paths_in(arguments: Sequence[Any]) -> list[str]:
    texts = []
    for argument in arguments:
        value = getattr(argument, "path", argument)
        if isinstance(value, str | os.PathLike):
            texts.append(os.fspath(value))
    return texts


def sabotaged(function: Callable[..., Any], plans: list[Plan]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        paths = paths_in([*args, *kwargs.values()])
        for plan in plans:
            marked = [path for path in paths if plan["marker"] in path]
            if marked or not plan["marker"]:
                ACTIONS[plan["action"]](plan, *marked[:1])
        return function(*args, **kwargs)

    return wrapper


def apply(module: ModuleType, plans: list[Plan]) -> None:
    for name in {plan["function"].partition(":")[2] for plan in plans}:
        *owners, last = name.split(".")
        owner = functools.reduce(getattr, owners, module)
        mine = [plan for plan in plans if plan["function"].endswith(f":{name}")]
        setattr(owner, last, sabotaged(getattr(owner, last), mine))


class Finder:
    """Finds the sabotaged modules as Python would, and changes them once they are loaded."""

    def __init__(self, plans: list[Plan]) -> None:
        self._plans = plans

    def find_spec(
        self, name: str, path: Sequence[str] | None, _target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        plans = [plan for plan in self._plans if plan["function"].startswith(f"{name}:")]
        spec = importlib.machinery.PathFinder.find_spec(name, path) if plans else None
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            apply(module, plans)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if os.environ.get("HEADRACE_SABOTAGE"):
    sys.meta_path.insert(0, Finder(json.loads(os.environ["HEADRACE_SABOTAGE"])))
