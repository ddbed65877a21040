"""Serves the page until it is told to end."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress

import uvicorn

from pipelines.dashboard.app import make_app
from pipelines.dashboard.guard import Access
from pipelines.dashboard.sources import Sources
from pipelines.launcher.attend import sigterm_as_sigint

_GRACE_S = 3  # for answers under way when it is ended


def run(ledgers: Sequence[str], token: str, listener: socket.socket) -> None:
    """Serves what the ledgers hold until SIGINT or SIGTERM."""
    app = make_app(Sources(ledgers), Access(token))
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    with suppress(KeyboardInterrupt), sigterm_as_sigint():
        uvicorn.Server(config).run(sockets=[listener])
