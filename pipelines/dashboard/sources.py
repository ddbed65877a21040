"""The ledgers that the page shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from batchio.database import shown
from batchio.errors import UsageError
from batchio.fingerprint import of_value
from batchio.ledger_view import LedgerView, Row
from pipelines.launcher import registry

_REMEMBERED = 200  # runs whose ledgers are looked for


@dataclass(frozen=True, slots=True)
class Source:
    """A ledger, and the word that stands for it in addresses."""

    key: str
    view: LedgerView

    @property
    def name(self) -> str:
        """The place of the ledger, without a password."""
        return shown(self.view.url)

    def known_run(self, run_id: str) -> Row:
        """Returns a run's row.

        Raises:
            UsageError: There is no such run.
        """
        return self.view.known_run(run_id, step="page")


class Sources:
    """The named ledgers; if none is, those of the runs that this machine remembers."""

    def __init__(self, ledgers: Sequence[str]) -> None:
        self._named = tuple(ledgers)
        self._views: dict[str, LedgerView] = {}

    def all(self) -> list[Source]:
        """Returns the ledgers, those of the newest runs first."""
        remembered = (run.ledger_url for run in registry.latest(_REMEMBERED))
        return [self._source(url) for url in dict.fromkeys(self._named or remembered)]

    def by_key(self, key: str) -> Source:
        """Returns the ledger that a word in an address stands for.

        Raises:
            UsageError: There is none.
        """
        for source in self.all():
            if source.key == key:
                return source
        raise UsageError(
            "no such ledger", path=key, step="page", action="begin at the list of runs"
        )

    def _source(self, url: str) -> Source:
        view = self._views.setdefault(url, LedgerView(url, read_only=True))
        return Source(of_value(registry.portable(url))[:12], view)
