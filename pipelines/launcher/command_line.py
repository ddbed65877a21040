"""Turns typed arguments and a YAML file into options, and options into arguments again."""

from __future__ import annotations

import argparse
import datetime
import functools
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Generic, NoReturn, TypeVar

import pydantic

from batchio.errors import UsageError
from batchio.version import __version__
from pipelines.launcher.config_file import ConfigFile, read_config
from pipelines.launcher.option_info import (
    OptionInfo,
    closest_name,
    describe,
    describe_command_line,
)
from pipelines.launcher.options import Options

M = TypeVar("M", bound=Options)

_TRUTH = {"true": True, "yes": True, "on": True, "1": True} | {
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
_EPILOG = (
    "A name may be written with dashes too, as in --on-error; a flag is taken back by --no_FLAG. "
    'Several values may also be given as one list in JSON, as in --exclude=\'["a", "b"]\'. '
    "Options of Beam, such as --job_name or --flink_master, are passed on to it."
)


@dataclass(frozen=True)
class Parsed(Generic[M]):
    """A command line that was understood.

    Attributes:
        options: everything that is ours, the runner among it.
        beam_arguments: what Beam owns, to be given to its PipelineOptions; never the runner.
        explicit: names of the options that were typed or stand in the YAML file.
        config: the YAML file that was read.
    """

    options: M
    beam_arguments: list[str]
    explicit: frozenset[str]
    config: str | None


def parse(
    model: type[M],
    argv: Sequence[str],
    *,
    prog: str,
    description: str,
    defaults: Mapping[str, Any] | None = None,
) -> Parsed[M]:
    """Returns the options that a command line asks for.

    What is typed wins over what the YAML file says, and that over the defaults. ``--help`` and
    ``--version`` print and leave with exit code 0.

    Args:
        model: the options of the command.
        argv: the arguments after the program's name.
        prog: the command as its user types it, for the help and for messages.
        description: what the command does, for the help.
        defaults: values of options that are neither typed nor in the YAML file.

    Raises:
        UsageError: an option is unknown, missing or has a value that is not accepted.
    """
    infos = describe_command_line(model)
    parser = _build_parser(infos, prog, description)
    arguments, typed = _respell(_named(argv, infos), infos)
    given, rest = _parse_known(parser, arguments, typed)
    given = _with_lists(given, infos)
    path = given.pop("config", None)
    config = read_config(path, describe(model)) if path is not None else ConfigFile()
    beam_arguments = _check_beam_arguments(rest, infos, prog) if rest else []
    if config.beam_arguments:
        _check_beam_arguments(config.beam_arguments, infos, prog, path=config.path)
    options = _validate(model, {**(defaults or {}), **config.values, **given}, config, typed)
    return Parsed(
        options,
        beam_arguments=[*config.beam_arguments, *beam_arguments],
        explicit=frozenset(options.model_fields_set),
        config=path,
    )


def to_arguments(options: Options) -> list[str]:
    """Returns the arguments that, parsed again, give the same options; defaults are left out."""
    values = options.model_dump(mode="json")
    arguments: list[str] = []
    for info in describe(type(options)):
        default = type(options).model_fields[info.name].get_default(call_default_factory=True)
        if getattr(options, info.name) != default:
            arguments += _written(info, values[info.name])
    return arguments


def beam_option_names() -> frozenset[str]:
    """Returns the names, without leading dashes, of all options that Beam owns."""
    return frozenset(option.lstrip("-") for option in _beam_parser()._option_string_actions)


def own_option_names(model: type[Options]) -> frozenset[str]:
    """Returns all names, without leading dashes and in snake case, that a command understands."""
    return frozenset(_spellings(describe_command_line(model)))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise argparse.ArgumentError(None, message)

    def add_value_provider_argument(self, *names: str, **kwargs: Any) -> None:
        """Takes the options that Beam's classes declare as values known only at run time."""
        self.add_argument(*names, **kwargs)


class _Extend(argparse.Action):
    """Adds values to a list; the name alone adds what it stands for then."""

    def __call__(
        self, _parser: object, given: argparse.Namespace, values: Any, _word: str | None = None
    ) -> None:
        before = getattr(given, self.dest, [])
        setattr(given, self.dest, [*before, *(values or [self.const])])


def _build_parser(infos: list[OptionInfo], prog: str, description: str) -> _Parser:
    width = min(shutil.get_terminal_size().columns, 100) - 2
    bare = [
        info.metavar if info.required else f"[{info.metavar}]" for info in infos if info.positional
    ]
    required = [
        f"--{info.name} {info.metavar}{' ...' * info.many}"
        for info in infos
        if info.required and not info.positional
    ]
    parser = _Parser(
        prog=prog,
        usage=" ".join(["%(prog)s", *bare, *required, "[options]"]),
        description=description,
        epilog=_EPILOG,
        formatter_class=functools.partial(
            argparse.HelpFormatter, max_help_position=26, width=width
        ),
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
        exit_on_error=False,
        add_help=False,
    )
    groups = {info.group: None for info in infos}
    for title in groups:
        group = parser.add_argument_group(title)
        for info in infos:
            if info.group == title:
                _add_option(group, info)
    group.add_argument("-h", "--help", action="help", help="Show this and leave.")
    version = f"headrace {__version__}"
    group.add_argument("--version", action="version", version=version, help="Show the version.")
    return parser


def _add_option(group: argparse._ArgumentGroup, info: OptionInfo) -> None:
    names = [f"-{info.short}"] * bool(info.short) + [f"--{info.name}"]
    text = info.help + (f" (default: {info.default_text})" if info.default_text else "")
    text = text.replace("%", "%%")
    if info.kind == "flag":
        group.add_argument(*names, action="store_true", help=text)
        negative = f"Do without --{info.name}." if info.default is True else argparse.SUPPRESS
        group.add_argument(f"--no_{info.name}", dest=info.name, action="store_false", help=negative)
    elif info.many:
        many: dict[str, Any] = {"nargs": "*" if info.bare else "+", "const": info.bare}
        group.add_argument(*names, action=_Extend, **many, metavar=info.metavar, help=text)
    else:
        group.add_argument(*names, metavar=info.metavar, help=text)


def _spellings(infos: list[OptionInfo]) -> dict[str, str]:
    """Returns the name that each word for an option stands for."""
    spellings = {"help": "help", "version": "version"}
    for info in infos:
        spellings |= dict.fromkeys([info.name, *info.aliases], info.name)
        if info.kind == "flag":
            negatives = [f"no_{name}" for name in (info.name, *info.aliases)]
            spellings |= dict.fromkeys(negatives, f"no_{info.name}")
    return spellings


def _respell(argv: Sequence[str], infos: list[OptionInfo]) -> tuple[list[str], dict[str, str]]:
    """Returns the arguments with one spelling for each name, and how each name was typed."""
    spellings = _spellings(infos)
    flags = {info.name for info in infos if info.kind == "flag"}
    arguments: list[str] = []
    typed: dict[str, str] = {}
    for argument in argv:
        word, equals, value = argument.partition("=")
        dashes = 2 if word.startswith("--") else 1
        name = spellings.get(word[dashes:].replace("-", "_")) if word.startswith("-") else None
        if name is None:
            arguments.append(argument)
            continue
        if dashes == 1:
            raise UsageError(f"{word} is unknown", action=f"did you mean -{word}?")
        typed[name] = word
        if equals and name in flags:
            arguments.append(f"--{name}" if _truth(word, value) else f"--no_{name}")
        elif value == "--":
            # argparse drops this text wherever it stands, also as a value.
            raise UsageError(f"{word} '--' is not accepted", action="give another value")
        else:
            arguments.append(f"--{name}{equals}{value}")
    return arguments, typed


def _named(argv: Sequence[str], infos: list[OptionInfo]) -> list[str]:
    """Returns the arguments with a name before each that may stand without one."""
    bare = list(takewhile(lambda argument: not argument.startswith("-"), argv))
    names = [info.name for info in infos if info.positional]
    if len(bare) > len(names):
        return list(argv)  # to be refused
    return [*map("--{}={}".format, names, bare), *argv[len(bare) :]]


def _truth(word: str, value: str) -> bool:
    truth = _TRUTH.get(value.lower())
    if truth is None:
        raise UsageError(f"{word} {value!r} is not accepted", action="give true or false")
    return truth


def _parse_known(
    parser: _Parser, arguments: Sequence[str], typed: Mapping[str, str], path: str = ""
) -> tuple[dict[str, Any], list[str]]:
    try:
        given, rest = parser.parse_known_args(arguments)
    except (argparse.ArgumentError, argparse.ArgumentTypeError, ValueError) as error:
        raise _usage_error(error, typed, path) from error
    return vars(given), rest


def _with_lists(given: Mapping[str, Any], infos: list[OptionInfo]) -> dict[str, Any]:
    """Returns the values with lists in JSON taken apart: who can give each name only once."""
    texts = {info.name: info.kind in ("text", "choice") for info in infos if info.many}
    opened = dict(given)
    for name in texts.keys() & given.keys():
        parts = [_list_in(item, of_texts=texts[name]) for item in given[name]]
        opened[name] = [item for part in parts for item in part]
    return opened


def _list_in(item: str, *, of_texts: bool) -> list[Any]:
    """Returns what a list in JSON holds, or the item alone: `[ab]*` and `[1]` are globs."""
    if not item.startswith("["):
        return [item]
    try:
        found = json.loads(item)
    except (ValueError, RecursionError):
        return [item]
    is_list = all(isinstance(each, str) for each in found) or not of_texts
    return found if is_list else [item]


def _usage_error(error: Exception, typed: Mapping[str, str], path: str) -> UsageError:
    if not isinstance(error, argparse.ArgumentError) or error.argument_name is None:
        return UsageError(f"an option of Beam is not accepted: {error}", path=path)
    option = error.argument_name.split("/")[-1]
    option = typed.get(option.removeprefix("--"), option)
    if error.message.startswith("expected"):
        return UsageError(f"{option} needs a value", path=path, action=f"write {option}=VALUE")
    return UsageError(f"{option}: {error.message}", path=path)


def _beam_parser() -> _Parser:
    # Beam takes more than a second to import: only those who name an option of it pay.
    from apache_beam.options.pipeline_options import PipelineOptions

    parser = _Parser(
        add_help=False, allow_abbrev=False, exit_on_error=False, conflict_handler="resolve"
    )
    for options in {str(options): options for options in PipelineOptions.__subclasses__()}.values():
        options._add_argparse_args(parser)
    return parser


def _check_beam_arguments(
    arguments: list[str], infos: list[OptionInfo], prog: str, path: str = ""
) -> list[str]:
    """Returns the arguments in Beam's own spelling; refuses any that it does not know."""
    if not any(argument.startswith("-") for argument in arguments):
        raise _of_no_option(arguments[0], infos, path)
    parser = _beam_parser()
    names = [name.lstrip("-") for name in parser._option_string_actions]
    respelled = [_beam_spelling(argument, names) for argument in arguments]
    _, unknown = _parse_known(parser, respelled, {}, path)
    if unknown and not unknown[0].startswith("-"):
        raise _of_no_option(unknown[0], infos, path)
    if unknown:
        raise _unknown(unknown[0], _spellings(infos), names, prog, path)
    return respelled


def _beam_spelling(argument: str, names: Iterable[str]) -> str:
    word, equals, value = argument.partition("=")
    name = word[2:].replace("-", "_")
    return f"--{name}{equals}{value}" if word.startswith("--") and name in names else argument


def _of_no_option(argument: str, infos: list[OptionInfo], path: str) -> UsageError:
    """Returns the refusal of a value without an option."""
    first = " and ".join(info.metavar for info in infos if info.positional)
    action = "name files with --input, and put quotes around a glob"
    if first:
        action = f"{first} stand before all options; {action}"
    return UsageError(f"{argument!r} belongs to no option", path=path, action=action)


def _unknown(
    argument: str, ours: Iterable[str], beams: Iterable[str], prog: str, path: str
) -> UsageError:
    """Returns the refusal of an option that neither we nor Beam know."""
    word = argument.partition("=")[0]
    name = word.lstrip("-").replace("-", "_")
    # Beam has hundreds: one of them is a little like any word.
    close = closest_name(name, ours) or closest_name(name, beams, likeness=0.8)
    if not close:
        return UsageError(f"{word} is unknown", path=path, action=f"see {prog} --help")
    dashed = "-" in word.lstrip("-") and "_" not in word
    name = close.replace("_", "-") if dashed else close
    return UsageError(f"{word} is unknown", path=path, action=f"did you mean --{name}?")


def _validate(
    model: type[M], values: Mapping[str, Any], config: ConfigFile, typed: Mapping[str, str]
) -> M:
    try:
        return model.model_validate(values)
    except pydantic.ValidationError as error:
        infos = {info.name: info for info in describe(model)}
        problems = [_refusal(problem, infos, config, typed) for problem in error.errors()]
        if len(problems) == 1:
            raise problems[0] from error
        raise UsageError("\n".join(map(str, problems))) from error


def _refusal(
    problem: Any,
    infos: Mapping[str, OptionInfo],
    config: ConfigFile,
    typed: Mapping[str, str],
) -> UsageError:
    """Returns what to tell of a value that the model refused."""
    if not problem["loc"]:
        return UsageError(str(problem["ctx"]["error"]))
    name = problem["loc"][0]
    if problem["type"] == "missing":
        return UsageError(
            f"--{name} is required", action="give it here or in the file that --config names"
        )
    label, path = typed.get(name, f"--{name}"), ""
    if name in config.values and name not in typed:
        label, path = config.labels[name], config.path
    value, info = problem["input"], infos[name]
    cause, action = f"{label} {value!r} is not accepted", ""
    is_text = problem["type"] == "string_type" or not info.accepts
    if is_text and isinstance(value, int | float | datetime.date):
        action = "put quotes around it to make it text"
    elif info.accepts:
        action = f"give {info.accepts}"
    else:
        cause += f": {_reason(problem)}"
    return UsageError(cause, path=path, action=action)


def _reason(problem: Any) -> str:
    reason = str(problem.get("ctx", {}).get("error") or problem["msg"])
    return reason[:1].lower() + reason[1:]


def _written(info: OptionInfo, value: Any) -> list[str]:
    if info.kind == "flag":
        return [f"--{info.name}" if value else f"--no_{info.name}"]
    if info.many:
        return [f"--{info.name}={_as_item(item)}" for item in value] or [f"--{info.name}="]
    return [f"--{info.name}={value}"]


def _as_item(item: Any) -> Any:
    """Returns an item of a list such that it is not itself taken for a list in JSON."""
    is_text = isinstance(item, str)
    return json.dumps([item]) if is_text and _list_in(item, of_texts=True) != [item] else item
