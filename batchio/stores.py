"""Calls to storage that is not this machine's: tried again, with errors that say what to do."""

from __future__ import annotations

import errno
import logging
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from fsspec.core import url_to_fs

from batchio.errors import HeadraceError

logger = logging.getLogger(__name__)

T = TypeVar("T")

RETRIES = 3
# A call that took this long to fail was tried again by the store's own client, as most do.
CLIENT_RETRIED_S = 20.0
_CAUSE_CHARACTERS = 300
_CHECK = "check the address, the credentials and the network, and start again"
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


class Busy(OSError):
    """A server asks to come back after `wait_s` seconds."""

    def __init__(self, cause: str, wait_s: float) -> None:
        super().__init__(cause)
        self.wait_s = wait_s


def ask(path: str, call: Callable[[Any, str], T], *, step: str, retries: int = RETRIES) -> T:
    """Returns what `call` returns of the file system of a URL and the URL's name there.

    It is called again when the store falters, so it has to be such that twice does no harm.

    Raises:
        FileNotFoundError: There is no such file.
        StoreError: Anything else, whatever error the store's client has for it.
    """

    def attempt() -> T:
        with os_errors_only():
            fs, name = url_to_fs(path)
            return call(fs, name)

    with telling(path, step):
        return retrying(attempt, retries=retries, what=path)


@contextmanager
def os_errors_only() -> Iterator[None]:
    """Makes an OSError of what a store's client has for one."""
    try:
        yield
    except (OSError, *_FINAL):
        raise
    except Exception as error:  # each client has its own
        raise OSError(_cause(error)) from error


@contextmanager
def telling(path: str, step: str, action: str = _CHECK) -> Iterator[None]:
    """Gives an error of a store the file, the step and the next action.

    Raises:
        FileNotFoundError: There is no such file.
        StoreError: Anything else.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
    except (OSError, *_FINAL) as error:
        raise StoreError(_cause(error), path=path, step=step, action=advice(error, action)) from (
            error
        )


def retrying(
    call: Callable[[], T],
    *,
    retries: int,
    what: str = "",
    give_up_s: float = CLIENT_RETRIED_S,
    patience_s: float = 0.0,
) -> T:
    """Returns what `call` returns, tried again after an OSError that may pass.

    The wait doubles each time and is scattered, so that many workers do not return together. An
    error that tells when to come back is waited for as long as it says.

    Args:
        call: What may be called twice.
        retries: How often it is called again.
        what: What it is about, for the log.
        give_up_s: Once this much time has gone it is not called again; without end for a client
            that does not try again by itself.
        patience_s: For so long, `Busy` is no failed try: a server that is full has no fault.
    """
    began, wait_s, tried = time.monotonic(), 0.2, 0
    while True:
        try:
            return call()
        except _FINAL:
            raise
        except OSError as error:
            gone_s, wait = time.monotonic() - began, wait_s * random.uniform(0.5, 1.5)
            if isinstance(error, Busy):
                wait += error.wait_s
            if not isinstance(error, Busy) or gone_s > patience_s:
                if tried == retries or gone_s > give_up_s:
                    raise
                tried += 1
                wait_s *= 2
            where = f"{what}: " if what else ""
            logger.warning("%s%s; trying again in %.1f s", where, _cause(error), wait)
            time.sleep(wait)


def advice(error: BaseException, otherwise: str) -> str:
    """Returns what to do about an error of storage: to install a package where that is missing."""
    if isinstance(error, ImportError) or isinstance(error.__cause__, ImportError):
        return (
            "install that; headrace[s3], headrace[gcs] and headrace[sftp] bring what s3://, gs:// "
            "and sftp:// need"
        )
    return otherwise


def _cause(error: BaseException) -> str:
    """Returns an error in one line, with its kind where the words alone would not tell."""
    text = getattr(error, "strerror", None) or " ".join(str(error).split())
    kind = type(error).__name__
    named = text if text and isinstance(error, OSError) else ": ".join(filter(None, (kind, text)))
    return named[:_CAUSE_CHARACTERS]
