"""Reads the YAML file that gives options: one key an option, in either spelling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from batchio.errors import UsageError
from batchio.yaml_text import yaml_fault
from pipelines.launcher.option_info import OptionInfo, closest_name

_BEAM = "beam"


@dataclass(frozen=True)
class ConfigFile:
    """What a configuration file says.

    Attributes:
        path: the file, empty when there is none.
        values: value of each option, not yet validated.
        labels: line and name of each option as they stand in the file, for messages.
        beam_arguments: what stands below ``beam:``, as arguments.
    """

    path: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    beam_arguments: list[str] = field(default_factory=list)


def read_config(path: str, infos: list[OptionInfo]) -> ConfigFile:
    """Returns what a YAML file says of the options of a command.

    Raises:
        UsageError: the file cannot be read, or names an option that there is not.
    """
    names = {name: info.name for info in infos for name in (info.name, *info.aliases)}
    found = ConfigFile(path)
    for line, key, value in _entries(path):
        word = key.replace("-", "_")
        if word == _BEAM:
            found.beam_arguments.extend(_beam_arguments(value, names, path=path, line=line))
        elif word not in names:
            close = closest_name(word, [*names, _BEAM])
            action = f"did you mean {close}?" if close else "see --help for the options there are"
            raise UsageError(f"line {line}: option {key} is unknown", path=path, action=action)
        elif names[word] in found.values:
            raise UsageError(
                f"line {line}: {key} is given twice", path=path, action="leave out one of them"
            )
        else:
            found.values[names[word]] = value
            found.labels[names[word]] = f"line {line}: {key}"
    return found


def _entries(path: str) -> Iterator[tuple[int, str, Any]]:
    """Yields line, key and value of each entry of the mapping in a YAML file."""
    text, line = _read_text(path), 1
    try:
        loader = yaml.SafeLoader(text)
        document = loader.get_single_node()
        if document is None:
            return
        if not isinstance(document, yaml.MappingNode):
            raise UsageError(
                "holds no options", path=path, action="write one a line, as in 'on_error: stop'"
            )
        for key, value in document.value:
            line = key.start_mark.line + 1
            yield line, str(key.value), loader.construct_object(value, deep=True)
    except yaml.YAMLError as error:
        cause = yaml_fault(error, text, line)
        raise UsageError(cause, path=path, action="correct the YAML") from error
    except ValueError as error:
        # A date such as 2024-99-99 is refused by Python, not by YAML.
        raise UsageError(f"line {line}: {error}", path=path, action="correct the YAML") from error


def _read_text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError("is not UTF-8", path=path, action="save it as UTF-8") from error
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise UsageError(cause, path=path, action="check what --config names") from error


def _beam_arguments(
    options: object, own_names: dict[str, str], *, path: str, line: int
) -> Iterator[str]:
    if not isinstance(options, dict):
        raise UsageError(
            f"line {line}: beam holds no options",
            path=path,
            action="write them indented below it, as in 'job_name: nightly'",
        )
    for key, value in options.items():
        name = str(key).replace("-", "_")
        if name in own_names:
            raise UsageError(
                f"line {line}: {key} is not Beam's alone", path=path, action="write it above beam:"
            )
        if value is True:
            yield f"--{name}"
        elif value is not False and value is not None:
            yield from (
                f"--{name}={item}" for item in (value if isinstance(value, list) else [value])
            )
