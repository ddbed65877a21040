"""The web application: pages, JSON, metrics, health, and who may see them."""

from __future__ import annotations

from functools import partial
from importlib.resources import files

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from batchio.errors import HeadraceError, UsageError
from batchio.version import __version__
from pipelines.dashboard import api, pages
from pipelines.dashboard.answers import Desk
from pipelines.dashboard.guard import COOKIE, Access, Guard, token_of_form
from pipelines.dashboard.health import judge
from pipelines.dashboard.html import render
from pipelines.dashboard.metrics import exposition
from pipelines.dashboard.models import Health
from pipelines.dashboard.run_readings import RunReadings
from pipelines.dashboard.sources import Sources

_STATIC = {"style.css": "text/css", "live.js": "text/javascript", "icon.svg": "image/svg+xml"}


def make_app(sources: Sources, access: Access) -> Guard:
    """Returns the application that shows these ledgers to those who may see them."""
    app = FastAPI(
        title="Headrace",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # they would load scripts from elsewhere
        redoc_url=None,
    )
    desk = Desk(sources, RunReadings(sources))
    app.include_router(pages.routes(desk))
    app.include_router(api.routes(desk))
    app.include_router(_watching(desk, access))
    app.include_router(_entrance(access))
    for kind in (HeadraceError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _refused)
    return Guard(app, access)


def _watching(desk: Desk, access: Access) -> APIRouter:
    """Returns what programs that watch over others ask for."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz(request: Request) -> Response:
        def read() -> str:
            return judge(desk.sources).model_dump_json()

        health = Health.model_validate_json((await desk.kept.get("/healthz", read)).content)
        told = health if access.lets_in(request) else Health(status=health.status, troubles=[])
        code = 200 if health.status == "ok" else 503
        return JSONResponse(told.model_dump(), code)

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        return await desk.answer(request, partial(exposition, desk.sources), CONTENT_TYPE_LATEST)

    return router


def _entrance(access: Access) -> APIRouter:
    """Returns what is open to all: the login, the style sheet, the script."""
    router = APIRouter(include_in_schema=False)

    @router.get("/login")
    async def login() -> Response:
        return HTMLResponse(render("login.html", wrong=False))

    @router.post("/login")
    async def enter(request: Request) -> Response:
        if not access.is_token(await token_of_form(request)):
            return HTMLResponse(render("login.html", wrong=True), 403)
        answer = RedirectResponse("/", 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, access.cookie, httponly=True, samesite="strict", secure=secure)
        return answer

    @router.get("/static/{name}")
    async def static(name: str) -> Response:
        if name not in _STATIC:
            raise HTTPException(404)
        content = (files(__package__) / "static" / name).read_bytes()
        headers = {"Cache-Control": "max-age=300"}
        return Response(content, media_type=_STATIC[name], headers=headers)

    return router


async def _refused(request: Request, error: Exception) -> Response:
    """Tells what is wrong, as a page or as JSON."""
    code, text = 503, str(error)
    if isinstance(error, HTTPException):
        code, text = error.status_code, error.detail
    elif isinstance(error, RequestValidationError):
        code, text = 404, "there is nothing at this address"
    elif isinstance(error, UsageError):
        code = 404
    if request.url.path.startswith("/api/"):
        return JSONResponse({"detail": text}, code)
    return HTMLResponse(render("error.html", code=code, text=text), code)
