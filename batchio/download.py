"""Gets whole files from servers of any kind: one limit of time a try, and another try if it helps.

HTTP goes through aiohttp, which takes proxies, certificates and logins from where the environment
and `.netrc` have them; FTP's logins are in `.netrc` too.
"""

from __future__ import annotations

import errno
import ftplib
import math
import netrc
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from fsspec.core import url_to_fs
from fsspec.exceptions import FSTimeoutError
from fsspec.implementations.ftp import FTPFileSystem

from batchio.stores import CLIENT_RETRIED_S, RETRIES, Busy, os_errors_only, retrying, telling
from batchio.version import __version__

TIMEOUT_S = 60.0
MAX_WAIT_S = 120.0
"""What a server may ask for by `Retry-After`: a longer wait is cut to this."""

_AGAIN = "check the address, the credentials and the network, or start again later"
_HTTP = ("http://", "https://")
_ONE_TRY = (*_HTTP, "ftp://")  # whose clients do not try again
_LOGIN = re.compile(r"(?<=://)[^/@]+@")
_GONE = (404, 410)
_MAY_PASS = (408, 425, 429)  # as any 5xx
_FTP_GONE = "550"


def download(url: str, *, retries: int = RETRIES, timeout_s: float = TIMEOUT_S) -> bytes:
    """Returns the content of a file on any fsspec storage.

    What may pass is tried again after waits that double: errors 5xx and 408, a connection that
    breaks, an answer shorter than announced or not whole in time, FTP's 4xx. A server that answers
    429 or 503 with `Retry-After` gets as much time as it asks for, at most `MAX_WAIT_S`.

    Args:
        url: URL or local path.
        retries: How often it is asked for again.
        timeout_s: For each try, from the request to the last byte. A local file has none.

    Raises:
        FileNotFoundError: There is no such file (404, 410, FTP's 550). FTP has no other word for
            one that may not be read.
        StoreError: Anything else.
    """
    shown = without_login(url)
    with telling(shown, "fetch", _AGAIN):
        return retrying(
            partial(_attempt, url, timeout_s),
            retries=retries,
            what=shown,
            give_up_s=math.inf if url.startswith(_ONE_TRY) else CLIENT_RETRIED_S,
        )


def without_login(url: str) -> str:
    """Returns a URL as it may be shown and recorded: without a user's name and password."""
    return _LOGIN.sub("", url)


def _attempt(url: str, timeout_s: float) -> bytes:
    with os_errors_only(), _plain_words(timeout_s):
        fs, name = url_to_fs(url, **_options(url, timeout_s))
        if isinstance(fs, FTPFileSystem):
            return _retrieve(fs.ftp, name, timeout_s)
        if fs.async_impl:
            return bytes(fs.cat_file(name, timeout=timeout_s))
        return bytes(fs.cat_file(name))


def _options(url: str, timeout_s: float) -> dict[str, Any]:
    if url.startswith(_HTTP):
        client = {
            "trust_env": True,
            "timeout": aiohttp.ClientTimeout(),  # none: fsspec limits the call as a whole
            "headers": {"User-Agent": f"headrace/{__version__}"},
        }
        return {"client_kwargs": client}
    if url.startswith("ftp://"):
        return {"timeout": timeout_s, **_ftp_login(urlsplit(url).hostname or "")}
    return {}


def _ftp_login(host: str) -> dict[str, str]:
    """Returns the login that `.netrc` has for a server; none is needed for most."""
    try:
        found = netrc.netrc().authenticators(host)
    except FileNotFoundError:
        return {}
    except netrc.NetrcParseError as error:
        raise PermissionError(errno.EACCES, f".netrc cannot be used: {error}") from error
    return {"username": found[0], "password": found[2] or ""} if found else {}


def _retrieve(ftp: ftplib.FTP, name: str, timeout_s: float) -> bytes:
    began = time.monotonic()
    parts = []

    def take(part: bytes) -> None:
        parts.append(part)
        if time.monotonic() - began > timeout_s:  # the socket's own limit is for each part
            raise TimeoutError

    with closing(ftp):
        ftp.retrbinary(f"RETR {name}", take)
    return b"".join(parts)


@contextmanager
def _plain_words(timeout_s: float) -> Iterator[None]:
    """Gives the clients' errors the class by which they are tried again, and words."""
    try:
        yield
    except (TimeoutError, FSTimeoutError) as error:
        raise TimeoutError(f"no whole answer within {timeout_s:g} s") from error
    except aiohttp.ClientResponseError as error:
        raise _of_status(error) from error
    except aiohttp.ClientPayloadError as error:
        raise OSError("the answer is shorter than announced, or damaged on the way") from error
    except aiohttp.ClientConnectorError as error:
        raise ConnectionError(str(error)) from error
    except (aiohttp.ServerDisconnectedError, ConnectionResetError, EOFError) as error:
        raise ConnectionError("the server dropped the connection") from error
    except ftplib.error_perm as error:
        if str(error).startswith(_FTP_GONE):
            raise FileNotFoundError(errno.ENOENT, str(error)) from error
        raise PermissionError(errno.EACCES, f"the server refuses: FTP {error}") from error
    except ftplib.Error as error:
        raise OSError(f"FTP {error}") from error


def _of_status(error: aiohttp.ClientResponseError) -> OSError:
    answer = f"HTTP {error.status} {error.message}".strip()
    if error.status in _GONE:
        return FileNotFoundError(errno.ENOENT, answer)
    if error.status in _MAY_PASS or error.status >= 500:
        return Busy(answer, _asked_wait_s(error.headers or {}))
    return PermissionError(errno.EACCES, f"the server refuses: {answer}")


def _asked_wait_s(headers: Mapping[str, str]) -> float:
    """Returns the seconds that `Retry-After` states, itself or by a date."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return min(float(text), MAX_WAIT_S)
    try:
        until = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=timezone.utc)
    return min(max((until - datetime.now(timezone.utc)).total_seconds(), 0.0), MAX_WAIT_S)
