"""Says in a line what is wrong with a YAML text."""

from __future__ import annotations

import yaml


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
