"""What pages and JSON share: where they read, how they answer, what an address may hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

from fastapi import Path, Query, Request, Response

from pipelines.dashboard.kept import Kept
from pipelines.dashboard.run_readings import RunReadings
from pipelines.dashboard.sources import Sources

_RUN = "[A-Za-z0-9][A-Za-z0-9._-]{0,79}"
_KEY = "[0-9a-f]{12}"
_WORD = r"^[A-Za-z0-9_-]{0,40}$"

Ledger: TypeAlias = Annotated[str, Path(pattern=f"^{_KEY}$", description="Key of the ledger.")]
RunId: TypeAlias = Annotated[str, Path(pattern=f"^{_RUN}$", description="Name of the run.")]
OfRun: TypeAlias = Annotated[str, Query(pattern=f"^({_RUN})?$", description="Name of a run.")]
Pipeline: TypeAlias = Annotated[str, Path(pattern=r"^\w{1,40}$", description="Name of a pipeline.")]
Status: TypeAlias = Annotated[str, Query(pattern=_WORD, description="Only of this status.")]
Radar: TypeAlias = Annotated[str, Query(pattern=_WORD, description="Only of this radar.")]
Text: TypeAlias = Annotated[str, Query(max_length=200, description="What a name or message holds.")]
Unit: TypeAlias = Annotated[str, Query(max_length=8000, description="Name of a unit.")]
After: TypeAlias = Annotated[str, Query(max_length=8000, description="Last unit before.")]
Place: TypeAlias = Annotated[
    str,
    Query(pattern=f"^({_KEY}/{_RUN})?$", description="A run: key of its ledger, slash, its name."),
]


@dataclass(frozen=True)
class Desk:
    """Where all answers come from."""

    sources: Sources
    runs: RunReadings
    kept: Kept = field(default_factory=Kept)

    async def answer(
        self, request: Request, make: Callable[[], str], media_type: str = "text/html"
    ) -> Response:
        """Returns what `make` returns, or that nothing has changed since the client asked last."""
        address = f"{request.url.path}?{request.url.query}"
        body = await self.kept.get(address, make)
        headers = {"ETag": body.tag}
        if request.headers.get("if-none-match") == body.tag:
            return Response(status_code=304, headers=headers)
        return Response(body.content, media_type=media_type, headers=headers)


def place_of(text: str) -> tuple[str, str]:
    """Splits the place of a run into the key of its ledger and its name."""
    key, _, run_id = text.partition("/")
    return key, run_id
