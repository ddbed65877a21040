"""The command `python -m pipelines serve`."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from pydantic import Field

from batchio.errors import CannotRun, UsageError
from pipelines.dashboard.loopback import is_loopback
from pipelines.launcher import registry
from pipelines.launcher.command_line import parse
from pipelines.launcher.exit_codes import DONE
from pipelines.launcher.options import (
    HOW_TO_RUN,
    LEDGER_URLS,
    READ_AND_WRITE,
    LedgerUrl,
    Option,
    Options,
)

TOKEN_VARIABLE = "HEADRACE_TOKEN"
_TOKEN_CHARACTERS = 16  # at least
_NEEDED = ("fastapi", "uvicorn", "prometheus_client")
_NICE = 5  # the page gives way to the runs it shows


class ServeOptions(Options):
    """The options of the command."""

    output: Annotated[list[str], Option(READ_AND_WRITE, "ROOT")] = Field(
        [], description="Output roots whose ledgers to show; all remembered runs if not given."
    )
    ledger: Annotated[list[LedgerUrl], Option(READ_AND_WRITE, "URL", accepts=LEDGER_URLS)] = Field(
        [], description="Ledgers to show that do not lie below an output root."
    )
    host: Annotated[str, Option(HOW_TO_RUN, "ADDRESS")] = Field(
        "127.0.0.1",
        min_length=1,
        description="Address to listen at; one that others can reach needs a token.",
    )
    port: Annotated[int, Option(HOW_TO_RUN)] = Field(
        8000, ge=0, le=65535, description="Port to listen at; 0 takes any that is free."
    )
    token_file: Annotated[str | None, Option(HOW_TO_RUN, "FILE")] = Field(
        None,
        min_length=1,
        description=f"File that holds the token; {TOKEN_VARIABLE} in the environment is another "
        "place for it.",
    )

    @property
    def ledgers(self) -> list[str]:
        """The ledgers that were named."""
        return [*self.ledger, *map(registry.default_ledger_url, self.output)]


def serve(argv: Sequence[str]) -> int:
    """Shows runs on a web page, for as long as it runs"""
    prog, description = "python -m pipelines serve", serve.__doc__ or ""
    parsed = parse(ServeOptions, argv, prog=prog, description=description)
    if parsed.beam_arguments:
        raise UsageError(f"{parsed.beam_arguments[0]} is for pipelines, not for serve")
    options = parsed.options
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise CannotRun(
            f"{' and '.join(missing)} not installed",
            step="serve",
            action="pip install 'headrace[dashboard]'",
        )
    token = _token(options)
    with _listening(options) as listener:
        host, port = listener.getsockname()[:2]
        name = f"[{host}]" if ":" in host else host
        print(f"The page is at http://{name}:{port}/", file=sys.stderr, flush=True)
        with suppress(AttributeError, OSError):  # not on Windows
            os.nice(_NICE)
        # Looked for above; what it imports is an extra.
        import_module("pipelines.dashboard.server").run(options.ledgers, token, listener)
    return DONE


def _token(options: ServeOptions) -> str:
    """Returns the token, empty if there is none and none is needed."""
    token, place = os.environ.get(TOKEN_VARIABLE, "").strip(), TOKEN_VARIABLE
    if options.token_file is not None:
        token, place = _read_token(options.token_file), options.token_file
    if not token and (options.token_file or not is_loopback(options.host)):
        raise UsageError(
            f"{options.host} can be reached by others, and there is no token"
            if options.token_file is None
            else "holds no token",
            path=options.token_file or "",
            step="serve",
            action=f"put one into {TOKEN_VARIABLE} or into a file, and name it with --token_file",
        )
    if token and len(token) < _TOKEN_CHARACTERS:
        raise UsageError(
            f"the token has fewer than {_TOKEN_CHARACTERS} characters",
            path=place,
            step="serve",
            action="make one: python -c 'import secrets; print(secrets.token_urlsafe())'",
        )
    return token


def _read_token(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotRun(
            f"cannot be read: {error}", path=path, step="serve", action="check --token_file"
        ) from error


def _listening(options: ServeOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        return socket.create_server((options.host, options.port), family=family)
    except OSError as error:
        raise CannotRun(
            f"cannot listen: {error.strerror or error}",
            path=f"{options.host} port {options.port}",
            step="serve",
            action="end what listens there, or give another --port or --host",
        ) from error
