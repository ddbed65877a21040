"""Reads YAML whose scalars are text, and says in a line what is wrong with a YAML text."""

from __future__ import annotations

from typing import Any

import yaml

from batchio.errors import UsageError
from batchio.fileset import open_text


def read_yaml_text(path: str, *, step: str, option: str) -> Any:
    """Returns what a YAML file holds, every scalar as text: YAML takes 0315 for an octal number.

    Args:
        path: The file, on any storage.
        step: Who reads it, for the error.
        option: What names it, for the error.

    Raises:
        UsageError: It cannot be read, or is no YAML.
    """
    try:
        text = open_text(path)
        return yaml.load(text, Loader=yaml.BaseLoader)
    except (OSError, ValueError, ImportError) as error:  # of the path, the text, the storage
        why = getattr(error, "strerror", None) or error
        action = f"check what {option} names"
        raise UsageError(f"cannot be read: {why}", path=path, step=step, action=action) from error
    except yaml.YAMLError as error:
        fault = yaml_fault(error, text)
        raise UsageError(fault, path=path, step=step, action="correct the YAML") from error


def yaml_fault(error: yaml.YAMLError, text: str, line: int = 1) -> str:
    """Returns line and fault.

    Args:
        error: What the parser raised.
        text: What it read.
        line: Where the fault is if the error does not tell.
    """
    if isinstance(error, yaml.MarkedYAMLError):
        line = error.problem_mark.line + 1 if error.problem_mark else line
        return f"line {line}: {error.problem}"
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return f"line {line}: {error.reason}"
    return f"line {line}: {error}"
