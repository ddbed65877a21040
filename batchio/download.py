"""Gets whole files from servers of any kind: one limit of time a try, and another try if it helps.

HTTP goes through aiohttp, which takes proxies, certificates and logins from where the environment
and `.netrc` have them; other logins are found by `batchio.logins`.
"""

from __future__ import annotations

import errno
import ftplib
import math
import re
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from fsspec.core import url_to_fs
from fsspec.exceptions import FSTimeoutError
from fsspec.implementations.ftp import FTPFileSystem

from batchio import sftp
from batchio.logins import FindLogin, Login, netrc_login
from batchio.stores import CLIENT_RETRIED_S, RETRIES, Busy, os_errors_only, retrying, telling
from batchio.version import __version__

TIMEOUT_S = 60.0
MAX_WAIT_S = 120.0
"""What a server may ask for by `Retry-After`: a longer wait is cut to this."""

_AGAIN = "check the address, the credentials and the network, or start again later"
_ONE_TRY = ("http", "https", "ftp", *sftp.PROTOCOLS)  # whose clients do not try again
_LOGIN = re.compile(r"(?<=://)[^/@]+@")
_GONE = (404, 410)
_MAY_PASS = (408, 425, 429)  # as any 5xx
_FTP_GONE = "550"
_FTP_FULL = re.compile(
    r"(421|425|530).*\b(too many|maximum|limit|later|busy|full)", re.I | re.DOTALL
)
_FTP_FULL_WAIT_S = 2.0


def download(
    url: str,
    *,
    retries: int = RETRIES,
    timeout_s: float = TIMEOUT_S,
    patience_s: float = 0.0,
    login: FindLogin = netrc_login,
) -> bytes:
    """Returns the content of a file on any fsspec storage.

    What may pass is tried again after waits that double: errors 5xx and 408, a connection that
    breaks, an answer shorter than announced or not whole in time, FTP's 4xx. A server that answers
    429 or 503 with `Retry-After` gets as much time as it asks for, at most `MAX_WAIT_S`.

    Args:
        url: URL or local path.
        retries: How often it is asked for again.
        timeout_s: For each try, from the request to the last byte. A local file has none.
        patience_s: How long a server may refuse for having too many users, beside the tries.
        login: Finds the login; aiohttp itself looks into `.netrc`.

    Raises:
        FileNotFoundError: There is no such file (404, 410, FTP's 550). FTP has no other word for
            one that may not be read.
        StoreError: Anything else.
    """
    shown = without_login(url)
    with telling(shown, "fetch", _AGAIN):
        return retrying(
            partial(_attempt, url, timeout_s, login),
            retries=retries,
            what=shown,
            give_up_s=give_up_s(url),
            patience_s=patience_s,
        )


def without_login(url: str) -> str:
    """Returns a URL as it may be shown and recorded: without a user's name and password."""
    return _LOGIN.sub("", url)


def _attempt(url: str, timeout_s: float, login: FindLogin) -> bytes:
    with os_errors_only(), plain_words(timeout_s):
        fs, name = connect(url, timeout_s, login)
        if isinstance(fs, FTPFileSystem):
            return _retrieve(fs.ftp, name, timeout_s)
        if sftp.is_sftp(fs):
            return sftp.retrieve(fs, name, timeout_s)
        if fs.async_impl:
            return bytes(fs.cat_file(name, timeout=timeout_s))
        return bytes(fs.cat_file(name))


def give_up_s(url: str) -> float:
    """Returns after how much time a call is not made again."""
    return math.inf if url.partition("://")[0] in _ONE_TRY else CLIENT_RETRIED_S


def connect(url: str, timeout_s: float, login: FindLogin) -> tuple[Any, str]:
    """Returns fsspec's client of a URL, with a login if there is one, and its name there.

    Raises:
        PermissionError: The file of logins cannot be used.
    """
    fs, name = url_to_fs(url, **_client_options(url, timeout_s, login))
    if sftp.is_sftp(fs):
        fs.ftp.get_channel().settimeout(timeout_s)
    return fs, name


def _client_options(url: str, timeout_s: float, login: FindLogin) -> dict[str, Any]:
    kind = url.partition("://")[0]
    if kind in ("http", "https"):
        return _http_options(url, None if login is netrc_login else login(url))
    if kind == "ftp" or kind in sftp.PROTOCOLS:
        found = login(url)
        named = {"username": found.user, "password": found.password} if found else {}
        return {**({"timeout": timeout_s} if kind == "ftp" else sftp.limits(timeout_s)), **named}
    return {}


def _http_options(url: str, login: Login | None) -> dict[str, Any]:
    headers = {"User-Agent": f"headrace/{__version__}"}
    client = {"timeout": aiohttp.ClientTimeout(), "headers": headers}  # fsspec limits the call
    if login is None:
        return {"client_kwargs": {**client, "trust_env": True}}
    # As a header it does not follow a redirect to another server. With `trust_env` aiohttp would
    # find a second one in `.netrc`; so proxies are looked up here.
    headers["Authorization"] = f"Basic {b64encode(':'.join(login).encode()).decode()}"
    parts = urlsplit(url)
    is_direct = proxy_bypass(parts.hostname or "")
    return {"client_kwargs": client, "proxy": None if is_direct else getproxies().get(parts.scheme)}


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
def plain_words(timeout_s: float) -> Iterator[None]:
    """Gives the clients' errors the class by which they are tried again, and words.

    Raises:
        FileNotFoundError: There is no such file or folder.
        PermissionError: The server refuses.
        Busy: It has too many users, or asks to come back later.
        OSError: Anything else.
    """
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
    except (ftplib.error_perm, ftplib.error_temp) as error:
        if _FTP_FULL.match(str(error)):
            raise Busy(f"FTP {error}", _FTP_FULL_WAIT_S) from error
        if isinstance(error, ftplib.error_temp):
            raise OSError(f"FTP {error}") from error
        if str(error).startswith(_FTP_GONE):
            raise FileNotFoundError(errno.ENOENT, str(error)) from error
        raise PermissionError(errno.EACCES, f"the server refuses: FTP {error}") from error
    except ftplib.Error as error:
        raise OSError(f"FTP {error}") from error
    except Exception as error:
        if isinstance(error, OSError) or not sftp.is_of_ssh(error):
            raise
        raise sftp.os_error_of(error) from error


def _of_status(error: aiohttp.ClientResponseError) -> OSError:
    answer = f"HTTP {error.status} {error.message}".strip()
    if error.status in _GONE:
        return FileNotFoundError(errno.ENOENT, answer)
    if error.status in _MAY_PASS or error.status >= 500:
        wait_s = _asked_wait_s(error.headers or {})
        return Busy(answer, wait_s) if wait_s else OSError(answer)
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
