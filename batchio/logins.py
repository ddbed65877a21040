"""Finds the login of a server where it may lie: never in what is shown or recorded."""

from __future__ import annotations

import errno
import netrc
import os
from collections.abc import Callable
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

USER, PASSWORD = "HEADRACE_SOURCE_USER", "HEADRACE_SOURCE_PASSWORD"


class Login(NamedTuple):
    """A user and a password."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.user!r}, …)"


FindLogin: TypeAlias = Callable[[str], Login | None]
"""Returns the login for the server of a URL, None if there is none: most need none."""


def netrc_login(url: str, file: str | None = None) -> Login | None:
    """Returns the login that a file has for the server of a URL, and for the user it names.

    Args:
        url: Of anything on the server.
        file: In the form of `.netrc`; that of the user if not given, which need not be there.

    Raises:
        PermissionError: The file cannot be used.
    """
    parts = urlsplit(url)
    if parts.password is not None:  # the server's client has it from the URL
        return None
    try:
        found = netrc.netrc(file).authenticators(parts.hostname or "")
    except (OSError, netrc.NetrcParseError) as error:
        if file is None and isinstance(error, FileNotFoundError):
            return None
        why = error.msg if isinstance(error, netrc.NetrcParseError) else error.strerror
        raise PermissionError(errno.EACCES, f"{file or '.netrc'} cannot be used: {why}") from error
    if found is None or (parts.username and parts.username != found[0]):
        return None
    return Login(found[0], found[2] or "")


def source_login(url: str, file: str | None = None) -> Login | None:
    """Returns what the environment has for the source of a run, else what `netrc_login` does."""
    if (password := os.environ.get(PASSWORD)) is not None:
        return Login(os.environ.get(USER) or urlsplit(url).username or "", password)
    return netrc_login(url, file)
