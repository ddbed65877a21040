"""What there is to know of each option of a command: for its parser, its docs and its template."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel, ByteSize, Field, JsonValue
from pydantic.fields import FieldInfo

READ_AND_WRITE = "what to read and write"
DOMAIN = "how to work the files"
DO_AGAIN = "what to do again"
HOW_TO_RUN = "how to run"
WHAT_TO_SEE = "what to see"

Kind: TypeAlias = Literal["flag", "integer", "number", "choice", "text"]
OnService: TypeAlias = Literal["optional", "needed", "senseless"]


@dataclass(frozen=True)
class Option:
    """How an option is shown and recorded; put into the annotation of its field.

    Attributes:
        group: heading of the help under which it stands.
        metavar: what stands for its value in the help; by default made from the type.
        default_text: what is shown where the default is None but means something.
        short: one letter that is another word for it, as in ``-q``.
        aliases: other names for it, in snake case.
        accepts: what follows "give …" in a message; by default made from type and constraints.
        affects_result: whether an output made with another value is out of date.
        on_service: what it is to a run that a service such as Dataflow works, while nobody sits
            before it; a template has no parameter for what is senseless there.
        positional: whether its value may also stand without its name, before all that has one.
        bare: value that a list has where the name stands alone.
    """

    group: str = DOMAIN
    metavar: str = ""
    default_text: str = ""
    short: str = ""
    aliases: tuple[str, ...] = ()
    accepts: str = ""
    affects_result: bool = False
    on_service: OnService = "optional"
    positional: bool = False
    bare: str = ""


@dataclass(frozen=True)
class OptionInfo:
    """What there is to know of one option; see :class:`Option` for the fields not named here.

    Attributes:
        kind: of each value.
        many: whether it takes several values.
        default: as JSON; None also where the option is required.
        help: one sentence or more, without the default.
        pattern: regular expression that a text must match; empty if any will do.
        bounds: least and greatest number that is accepted, None where there is no bound.
    """

    name: str
    kind: Kind
    many: bool
    required: bool
    default: JsonValue
    default_text: str
    help: str
    choices: tuple[str, ...]
    group: str
    metavar: str
    accepts: str
    short: str
    aliases: tuple[str, ...]
    affects_result: bool
    on_service: OnService
    positional: bool
    bare: str
    pattern: str
    bounds: tuple[float | None, float | None]


def describe(model: type[BaseModel]) -> list[OptionInfo]:
    """Returns the options of a command in the order of their groups.

    Raises:
        TypeError: an option is declared in a way that the command line cannot express.
    """
    unused: frozenset[str] = getattr(model, "unused", frozenset())
    fields = {name: field for name, field in model.model_fields.items() if name not in unused}
    options = [_describe_field(name, field) for name, field in fields.items()]
    common = [READ_AND_WRITE, DO_AGAIN, HOW_TO_RUN, WHAT_TO_SEE]
    domain = [option.group for option in options if option.group not in common]
    order = list(dict.fromkeys([READ_AND_WRITE, *domain, *common]))
    return sorted(options, key=lambda option: order.index(option.group))


def describe_command_line(model: type[BaseModel]) -> list[OptionInfo]:
    """Returns what `describe` does, and the options that only a command line has."""
    options = describe(model)
    groups = [option.group for option in options]
    place = groups.count(READ_AND_WRITE)
    return [*options[:place], *describe(_CommandLineOnly), *options[place:]]


def options_markdown(model: type[BaseModel]) -> str:
    """Returns the options of a command as Markdown: a table for each group."""
    groups: dict[str, list[OptionInfo]] = {}
    for option in describe_command_line(model):
        groups.setdefault(option.group, []).append(option)
    return "\n".join(_group_markdown(title, options) for title, options in groups.items())


def closest_name(word: str, names: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """Returns the name that was probably meant by a mistyped one."""
    found = difflib.get_close_matches(word.lower(), names, n=1, cutoff=likeness)
    return found[0] if found else None


def takes_flag(field: FieldInfo) -> bool:
    """Returns whether the option is on or off."""
    return _unwrap(field.annotation)[0] is bool


def takes_many(field: FieldInfo) -> bool:
    """Returns whether the option takes several values."""
    return get_origin(_unwrap(field.annotation)[0]) is list


class _CommandLineOnly(BaseModel):
    config: Annotated[str | None, Option(READ_AND_WRITE, "FILE", accepts="a YAML file")] = Field(
        None,
        description="YAML file with values for any of these options, as in 'on_error: stop'; "
        "what is typed wins over it, and 'beam:' in it holds options of Beam.",
    )


def _describe_field(name: str, field: FieldInfo) -> OptionInfo:
    base, nullable, nested = _unwrap(field.annotation)
    many = get_origin(base) is list
    if many:
        base, _, nested = _unwrap(get_args(base)[0])
    metadata = [*field.metadata, *nested]
    shown = next((item for item in metadata if isinstance(item, Option)), Option())
    kind = _kind_of(base)
    choices = tuple(map(str, get_args(base))) if kind == "choice" else ()
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    _check_declaration(name, field, problem=_problem_of(kind, many, nullable, default))
    return OptionInfo(
        name=name,
        kind=kind,
        many=many,
        required=field.is_required(),
        default=_json_of(default),
        default_text=shown.default_text or _text_of(default),
        help=field.description or "",
        choices=choices,
        group=shown.group,
        metavar=shown.metavar or _metavar_of(kind, choices),
        accepts=shown.accepts or _accepted(kind, choices, metadata),
        short=shown.short,
        aliases=shown.aliases,
        affects_result=shown.affects_result,
        on_service=shown.on_service,
        positional=shown.positional,
        bare=shown.bare,
        pattern=next(filter(None, (getattr(item, "pattern", "") for item in metadata)), ""),
        bounds=(_bound(metadata, "ge", "gt"), _bound(metadata, "le", "lt")),
    )


def _unwrap(annotation: Any) -> tuple[Any, bool, list[Any]]:
    """Returns a type without Annotated and None, whether it had None, and its metadata."""
    nullable, metadata = False, []
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *added = get_args(annotation)
            metadata += [part for item in added for part in _parts_of(item)]
        elif get_origin(annotation) in (Union, types.UnionType):
            members = [member for member in get_args(annotation) if member is not type(None)]
            nullable |= len(members) < len(get_args(annotation))
            if len(members) > 1:
                return annotation, nullable, metadata
            annotation = members[0]
        else:
            return annotation, nullable, metadata


def _parts_of(item: Any) -> Iterator[Any]:
    """Yields the constraints inside a Field(), or the item itself."""
    yield from item.metadata if isinstance(item, FieldInfo) else [item]


def _kind_of(base: Any) -> Kind:
    if get_origin(base) is Literal:
        return "choice"
    kinds: dict[Any, Kind] = {bool: "flag", int: "integer", float: "number"}
    return kinds.get(base, "text")


def _problem_of(kind: Kind, many: bool, nullable: bool, default: object) -> str:
    if kind == "flag" and (many or nullable):
        return "a flag is True or False and not a list"
    if nullable and default is not None:
        return "its default must be None, since None cannot be typed"
    return ""


def _check_declaration(name: str, field: FieldInfo, *, problem: str) -> None:
    if not field.description:
        problem = "it needs a description, which is its help"
    if problem:
        raise TypeError(f"option {name}: {problem}")


def _json_of(default: Any) -> JsonValue:
    plain = isinstance(default, list | bool | int | float | str | None)
    value: JsonValue = default if plain else str(default)
    return value


def _text_of(default: object) -> str:
    if isinstance(default, ByteSize):
        return default.human_readable(decimal=True).replace(".0", "")
    if isinstance(default, list):
        return " ".join(map(str, default))
    if default is None or isinstance(default, bool):
        return "on" if default else ""
    return f"{default:g}" if isinstance(default, float) else str(default)


def _metavar_of(kind: Kind, choices: tuple[str, ...]) -> str:
    if kind == "choice":
        return "{" + ",".join(choices) + "}"
    return {"flag": "", "integer": "N", "number": "X"}.get(kind, "TEXT")


def _accepted(kind: Kind, choices: tuple[str, ...], metadata: list[Any]) -> str:
    if kind == "choice":
        return "one of " + ", ".join(choices) if len(choices) > 1 else "".join(choices)
    nouns = {"flag": "true or false", "integer": "a whole number", "number": "a number"}
    noun = nouns.get(kind, "")
    return f"{noun} {_range_of(metadata)}".strip() if noun else ""


def _range_of(metadata: list[Any]) -> str:
    words = {"ge": "of at least", "gt": "above", "le": "of at most", "lt": "below"}
    bounds = {
        bound: getattr(item, bound)
        for item in metadata
        for bound in words
        if getattr(item, bound, None) is not None
    }
    if bounds.keys() == {"ge", "le"}:
        return f"from {bounds['ge']} to {bounds['le']}"
    return " and ".join(f"{words[bound]} {value}" for bound, value in bounds.items())


def _bound(metadata: list[Any], *names: str) -> float | None:
    found = (getattr(item, name, None) for item in metadata for name in names)
    return next((bound for bound in found if bound is not None), None)


def _group_markdown(title: str, options: list[OptionInfo]) -> str:
    head = f"**{title.capitalize()}**\n\n| option | default | meaning |\n|---|---|---|\n"
    return head + "".join(_row_markdown(option) for option in options)


def _row_markdown(option: OptionInfo) -> str:
    names = [f"--{option.name}", *([f"-{option.short}"] if option.short else [])]
    value = f"{option.metavar}{' ...' if option.many else ''}".strip()
    written = ", ".join(f"`{f'{name} {value}'.strip()}`" for name in names)
    default = "required" if option.required else f"`{option.default_text}`"
    cells = (written, "" if default == "``" else default, option.help.replace("*", r"\*"))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
