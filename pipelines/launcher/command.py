"""A pipeline's command as it was typed, read and checked; its files may say otherwise later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pipelines.launcher import preflight
from pipelines.launcher.command_line import Parsed, parse
from pipelines.launcher.domain import Domain
from pipelines.launcher.notify import check_places
from pipelines.launcher.options import CommonOptions

O = TypeVar("O", bound=CommonOptions)  # noqa: E741 - options


@dataclass(frozen=True)
class Command(Generic[O]):
    """What was typed after `python -m pipelines.NAME`.

    Attributes:
        defaults: Values of options that neither it nor its YAML file gives.
    """

    domain: Domain[O]
    argv: Sequence[str]
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> dict[str, Any]:
        """What its help says first."""
        return {
            "prog": f"python -m pipelines.{self.domain.name}",
            "description": self.domain.summary,
        }

    def parsed(self) -> Parsed[O]:
        """Returns the options that it asks for, with those of its YAML file as it is now."""
        return parse(self.domain.options, self.argv, **self.about, defaults=self.defaults)

    def check(self, options: O) -> None:
        """Raises a HeadraceError if a run with these options could not begin."""
        preflight.check_inputs(options.needed)
        check_places(options.notify)
        self.domain.check(options)
