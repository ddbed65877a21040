"""Decides who may see the page, and tells browsers what it may do."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from pipelines.dashboard.loopback import is_loopback

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "headrace"
_LOGIN_BYTES = 4096
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::\d+)?")
_OPEN = ("/login", "/healthz", "/static/")  # without a token; health then tells no details
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True)
class Access:
    """Who may see the page: all of this machine, or whoever has the token."""

    token: str = ""

    @property
    def cookie(self) -> str:
        """What a browser keeps that was given the token; the token cannot be had from it."""
        return hmac.new(self.token.encode(), b"headrace page", hashlib.sha256).hexdigest()

    def is_token(self, given: str) -> bool:
        """Tells whether it is the token, in a time that tells nothing else."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())

    def lets_in(self, request: Request) -> bool:
        """Tells whether a request bears the token, or the cookie that stands for it."""
        if not self.token:
            return True
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.is_token(given.strip())
        cookie = request.cookies.get(COOKIE, "")
        return hmac.compare_digest(cookie.encode("utf-8", "replace"), self.cookie.encode())

    def refusal(self, request: Request) -> Response | None:
        """Returns the answer to a request that is refused, None to the others."""
        path = request.url.path
        may_post = bool(self.token) and path == "/login"
        if request.method not in ("GET", "HEAD") and not (may_post and request.method == "POST"):
            return PlainTextResponse("read only\n", 405, {"Allow": "GET, HEAD"})
        if not self.token and not is_loopback(_asked_host(request)):
            # A name of someone else's that leads here: DNS rebinding.
            return PlainTextResponse("ask for localhost or 127.0.0.1\n", 421)
        if self.lets_in(request) or path.startswith(_OPEN):
            return None
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/login", 303)
        return PlainTextResponse("a token is needed\n", 401, {"WWW-Authenticate": "Bearer"})


def _asked_host(request: Request) -> str:
    found = _HOST.fullmatch(request.headers.get("host", ""))
    return found[1].strip("[]") if found else ""


async def token_of_form(request: Request) -> str:
    """Returns the token of the login form, empty if there is none or the form is too long."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LOGIN_BYTES:
            return ""
    return parse_qs(body.decode("utf-8", "replace")).get("token", [""])[0]


class Guard:
    """Wraps the page: refuses, and adds the headers that hold for every answer."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        without_body = scope["method"] == "HEAD"

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "private, no-cache")
            elif without_body:
                message = {**message, "body": b""}
            await send(message)

        refusal = self.access.refusal(Request(scope))
        routed = {**scope, "method": "GET"} if without_body else scope
        await (refusal or self.app)(routed, receive, send_guarded)
