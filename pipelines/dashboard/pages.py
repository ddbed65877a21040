"""The pages, each made whole by the server."""

from __future__ import annotations

from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Query, Request, Response

from batchio.errors import HeadraceError
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
from pipelines.dashboard.html import render
from pipelines.dashboard.unit_readings import list_units, read_picture, read_unit
from pipelines.dashboard.volume_readings import AGES, read_volumes


def routes(desk: Desk) -> APIRouter:
    """Returns the addresses of all pages, and of the pictures on them."""
    pages = APIRouter(include_in_schema=False)

    @pages.get("/")
    async def runs(request: Request) -> Response:
        return await desk.answer(
            request,
            lambda: render("runs.html", found=desk.runs.runs(), health=judge(desk.sources)),
        )

    @pages.get("/ledgers/{ledger}/runs/{run_id}")
    async def run(
        request: Request,
        ledger: Ledger,
        run_id: RunId,
        status: Status = "",
        text: Text = "",
        after: After = "",
    ) -> Response:
        asked = {"status": status, "text": text, "after": after}

        def page() -> str:
            run = desk.runs.run(ledger, run_id)
            units = list_units(desk.sources.by_key(ledger), run_id, **asked)
            return render("run.html", run=run, units=units, asked=asked)

        return await desk.answer(request, page)

    @pages.get("/ledgers/{ledger}/units/{pipeline}")
    async def unit(
        request: Request, ledger: Ledger, pipeline: Pipeline, unit: Unit, run: OfRun = ""
    ) -> Response:
        def page() -> str:
            found = read_unit(desk.sources.by_key(ledger), pipeline, unit, run)
            return render("unit.html", unit=found)

        return await desk.answer(request, page)

    @pages.get("/ledgers/{ledger}/runs/{run_id}/picture")
    async def picture(
        ledger: Ledger, run_id: RunId, unit: Unit, index: Annotated[int, Query(ge=0, le=1_000_000)]
    ) -> Response:
        def read() -> bytes:
            return read_picture(desk.sources.by_key(ledger), run_id, unit, index)

        content = await anyio.to_thread.run_sync(read)
        return Response(content, media_type="image/png")

    @pages.get("/volumes")
    async def volumes(request: Request, status: Status = "", radar: Radar = "") -> Response:
        asked = {"status": status, "radar": radar}

        def page() -> str:
            found = read_volumes(desk.sources, **asked)
            return render("volumes.html", found=found, ages=AGES, asked=asked)

        return await desk.answer(request, page)

    @pages.get("/compare")
    async def compare(request: Request, a: Place = "", b: Place = "") -> Response:
        def page() -> str:
            result, refusal = None, ""
            if a and b:
                try:
                    result = desk.runs.compare(place_of(a), place_of(b))
                except HeadraceError as error:
                    refusal = str(error)
            choices = desk.runs.runs().runs
            return render(
                "compare.html", choices=choices, result=result, refusal=refusal, asked=(a, b)
            )

        return await desk.answer(request, page)

    return pages
