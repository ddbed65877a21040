"""Calls to storage that is not this machine's: tried again, with errors that say what to do."""

from __future__ import annotations

import errno
import logging
import os
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from fsspec.core import url_to_fs

from batchio.errors import HeadraceError

logger = logging.getLogger(__name__)

T = TypeVar("T")

RETRIES = 3
# A call that took this long to fail was tried again by the store's own client, as most do.
_LONG_S = 20.0
_CAUSE_CHARACTERS = 300
# What trying again does not mend: the file, the permission, the address, a package to install.
_FINAL = (
    FileNotFoundError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
    ValueError,
    TypeError,
    ImportError,
    NotImplementedError,
)


class StoreError(HeadraceError, OSError):
    """A store did not do what it was asked, however often."""

    def __init__(self, cause: str, *, path: str = "", step: str = "", action: str = "") -> None:
        super().__init__(cause, path=path, step=step, action=action)
        self.strerror = cause  # where an OSError has it


def ask(path: str, call: Callable[[Any, str], T], *, step: str, retries: int = RETRIES) -> T:
    """Returns what `call` returns of the file system of a URL and the URL's name there.

    It is called again when the store falters, so it has to be such that twice does no harm.

    Raises:
        FileNotFoundError: There is no such file.
        StoreError: Anything else, whatever error the store's client has for it.
    """

    def attempt() -> T:
        try:
            fs, name = url_to_fs(path)
            return call(fs, name)
        except (OSError, *_FINAL):
            raise
        except Exception as error:  # each client has its own
            raise OSError(_cause(error)) from error

    try:
        return retrying(attempt, retries=retries, what=path)
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
    except (OSError, *_FINAL) as error:
        raise StoreError(
            _cause(error),
            path=path,
            step=step,
            action=advice(
                error, "check the address, the credentials and the network, and start again"
            ),
        ) from error


def retrying(call: Callable[[], T], *, retries: int, what: str = "") -> T:
    """Returns what `call` returns, tried again after an OSError that may pass.

    The wait doubles each time and is scattered, so that many workers do not return together.
    """
    began, wait_s = time.monotonic(), 0.2
    for _ in range(retries):
        try:
            return call()
        except _FINAL:
            raise
        except OSError as error:
            if time.monotonic() - began > _LONG_S:
                raise
            wait = wait_s * random.uniform(0.5, 1.5)
            where = f"{what}: " if what else ""
            logger.warning("%s%s; trying again in %.1f s", where, _cause(error), wait)
            time.sleep(wait)
            wait_s *= 2
    return call()


def advice(error: BaseException, otherwise: str) -> str:
    """Returns what to do about an error of storage: to install a package where that is missing."""
    if isinstance(error, ImportError) or isinstance(error.__cause__, ImportError):
        return "install that; headrace[s3] and headrace[gcs] bring what s3:// and gs:// need"
    return otherwise


def _cause(error: BaseException) -> str:
    """Returns an error in one line, with its kind where the words alone would not tell."""
    text = getattr(error, "strerror", None) or " ".join(str(error).split())
    kind = type(error).__name__
    named = text if text and isinstance(error, OSError) else ": ".join(filter(None, (kind, text)))
    return named[:_CAUSE_CHARACTERS]
