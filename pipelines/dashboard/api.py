"""The JSON API: what the pages show, for programs."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from pipelines.dashboard.answers import (
    After,
    Desk,
    Ledger,
    OfRun,
    Pipeline,
    Place,
    Radar,
    RunId,
    Status,
    Text,
    Unit,
    place_of,
)
from pipelines.dashboard.health import judge
from pipelines.dashboard.models import (
    ComparisonPage,
    Health,
    RunDetail,
    Runs,
    UnitDetail,
    Units,
    Volumes,
)
from pipelines.dashboard.unit_readings import list_units, read_unit
from pipelines.dashboard.volume_readings import read_volumes


def routes(desk: Desk) -> APIRouter:
    """Returns the addresses below /api/v1."""
    api = APIRouter(prefix="/api/v1")

    async def told(request: Request, read: Callable[[], BaseModel]) -> Response:
        return await desk.answer(request, lambda: read().model_dump_json(), "application/json")

    @api.get("/runs", response_model=Runs)
    async def runs(request: Request) -> Response:
        """The latest runs of all ledgers."""
        return await told(request, desk.runs.runs)

    @api.get("/ledgers/{ledger}/runs/{run_id}", response_model=RunDetail)
    async def run(request: Request, ledger: Ledger, run_id: RunId) -> Response:
        """A run, with what it does and why units failed."""
        return await told(request, lambda: desk.runs.run(ledger, run_id))

    @api.get("/ledgers/{ledger}/runs/{run_id}/units", response_model=Units)
    async def units(
        request: Request,
        ledger: Ledger,
        run_id: RunId,
        status: Status = "",
        text: Text = "",
        after: After = "",
    ) -> Response:
        """A page of the units of a run, by name."""

        def read() -> Units:
            source = desk.sources.by_key(ledger)
            source.known_run(run_id)
            return list_units(source, run_id, status=status, text=text, after=after)

        return await told(request, read)

    @api.get("/ledgers/{ledger}/units/{pipeline}", response_model=UnitDetail)
    async def unit(
        request: Request, ledger: Ledger, pipeline: Pipeline, unit: Unit, run: OfRun = ""
    ) -> Response:
        """A unit, as the named run left it or the newest one."""
        return await told(
            request, lambda: read_unit(desk.sources.by_key(ledger), pipeline, unit, run)
        )

    @api.get("/volumes", response_model=Volumes)
    async def volumes(request: Request, status: Status = "", radar: Radar = "") -> Response:
        """Radar volumes by status and age."""
        return await told(request, lambda: read_volumes(desk.sources, status=status, radar=radar))

    @api.get("/compare", response_model=ComparisonPage)
    async def compare(request: Request, a: Place, b: Place) -> Response:
        """What differs between two runs."""
        return await told(request, lambda: desk.runs.compare(place_of(a), place_of(b)))

    @api.get("/health", response_model=Health)
    async def health(request: Request) -> Response:
        """What is wrong, if anything is."""
        return await told(request, lambda: judge(desk.sources))

    return api
