"""Lists the folders of a server of any kind, one after the other, as long as it takes."""

from __future__ import annotations

import ftplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fsspec.implementations.ftp import FTPFileSystem

from batchio import sftp
from batchio.download import TIMEOUT_S, connect, give_up_s, plain_words, without_login
from batchio.logins import FindLogin, netrc_login
from batchio.stores import RETRIES, os_errors_only, retrying, telling

_NO_MLSD = ("500", "501", "502", "504")


@dataclass(frozen=True, slots=True)
class Entry:
    """What lies in a folder: its name, and its bytes, None where the server does not tell."""

    name: str
    is_folder: bool
    size: int | None = None


@dataclass(slots=True)
class Folders:
    """The folders below a URL, listed over one connection, which is made anew when it breaks.

    Attributes:
        url: Of the top folder, or its path.
        retries: How often a server that falters is asked again, for each folder.
        timeout_s: For each answer of the server.
        patience_s: How long a server may refuse for having too many users.
        login: Finds the login.
    """

    url: str
    retries: int = RETRIES
    timeout_s: float = TIMEOUT_S
    patience_s: float = 0.0
    login: FindLogin = netrc_login
    _fs: Any = field(default=None, init=False, repr=False)

    def path(self, relative: str) -> str:
        """Returns the URL of a file or folder below the top."""
        return f"{self.url.rstrip('/')}/{relative}"

    def entries(self, relative: str) -> list[Entry]:
        """Returns what a folder holds, each name once, by name.

        Raises:
            FileNotFoundError: There is no such folder. FTP has no other word for one that may not
                be read.
            StoreError: Anything else.
        """
        url = self.path(relative)
        shown = without_login(url)
        with telling(shown, "list"):
            found = retrying(
                partial(self._attempt, url),
                retries=self.retries,
                what=shown,
                give_up_s=give_up_s(url),
                patience_s=self.patience_s,
            )
        return sorted({entry.name: entry for entry in found}.values(), key=lambda each: each.name)

    def close(self) -> None:
        """Ends the connection, if there is one that costs the server a user."""
        if isinstance(self._fs, FTPFileSystem):
            self._fs.ftp.close()
        elif self._fs is not None and sftp.is_sftp(self._fs):
            self._fs.client.close()
        self._fs = None

    def _attempt(self, url: str) -> list[Entry]:
        with os_errors_only(), plain_words(self.timeout_s), self._connected(url) as fs:
            name = fs._strip_protocol(url)
            if isinstance(fs, FTPFileSystem):
                return _list_ftp(fs.ftp, name)
            fs.invalidate_cache()
            limit = {"timeout": self.timeout_s} if fs.async_impl else {}
            found = fs.ls(name, detail=True, **limit)
            return [_entry_of(info) for info in found if not _is_no_entry(info["name"], name)]

    @contextmanager
    def _connected(self, url: str) -> Iterator[Any]:
        if self._fs is None:
            self._fs, _ = connect(url, self.timeout_s, self.login)
        try:
            yield self._fs
        except (FileNotFoundError, ftplib.error_perm):  # answers like any other
            raise
        except Exception:
            self.close()
            raise


def _is_no_entry(found: str, folder: str) -> bool:
    """Tells whether it is the folder's own marker, in a bucket, or sorts the list of a web page."""
    own = found.rstrip("/")
    return own == folder.rstrip("/") or (found.startswith("http") and "/?" in own)


def _entry_of(info: dict[str, Any]) -> Entry:
    size = None if info["type"] == "link" else info.get("size")  # of a link it is its own
    return Entry(
        name=info["name"].rstrip("/").rpartition("/")[2],
        is_folder=info["type"] == "directory",
        size=None if size is None else int(size),
    )


def _list_ftp(ftp: ftplib.FTP, folder: str) -> list[Entry]:
    """Lists by ftplib: fsspec takes every error of a server for a missing folder."""
    try:
        found = list(ftp.mlsd(folder))
    except ftplib.error_perm as error:
        if not str(error).startswith(_NO_MLSD):
            raise
        lines: list[str] = []
        ftp.dir(folder, lines.append)
        return [entry for line in lines if (entry := _entry_of_line(line))]
    entries = [
        Entry(
            name=name.rpartition("/")[2],
            is_folder=facts.get("type", "").lower() == "dir",
            size=int(facts["size"]) if facts.get("size", "").isdecimal() else None,
        )
        for name, facts in found
        if facts.get("type", "").lower() not in ("cdir", "pdir")
    ]
    return [entry for entry in entries if entry.name not in (".", "..")]


def _entry_of_line(line: str) -> Entry | None:
    """Reads a line of LIST as `ls -l` or Windows writes it; None for what is neither."""
    unix = line.split(maxsplit=8)
    if len(unix) == 9 and unix[0][0] in "-dl" and unix[4].isdecimal():
        name = unix[8].partition(" -> ")[0] if line[0] == "l" else unix[8]
        entry = Entry(name, line[0] == "d", None if line[0] == "l" else int(unix[4]))
        return None if name in (".", "..") else entry
    windows = line.split(maxsplit=3)
    if len(windows) == 4 and (windows[2] == "<DIR>" or windows[2].isdecimal()):
        is_folder = windows[2] == "<DIR>"
        return Entry(windows[3], is_folder, None if is_folder else int(windows[2]))
    return None
