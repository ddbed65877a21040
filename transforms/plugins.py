"""Loads what the user adds: `package.module:name`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from batchio.errors import UsageError


def load_plugin(name: str, option: str) -> Any:
    """Returns the object of this name, found as Python finds modules.

    Args:
        name: Module and object, `package.module:name`.
        option: The option that names it, for the message.

    Raises:
        UsageError: If there is no such module, or nothing of that name in it.
    """
    module, _, attribute = name.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except Exception as error:  # whatever the user's module does
        raise UsageError(
            f"cannot be loaded: {type(error).__name__}: {error}",
            path=name,
            step=option,
            action="write package.module:name, and see that Python finds the module",
        ) from error
