"""What fsspec's client of SFTP leaves open: limits of time, larger parts, and words for errors."""

from __future__ import annotations

import errno
import time
from typing import Any

PROTOCOLS = ("sftp", "ssh")
_WHILE_LOGGING_IN = ("timeout", "saw EOF")  # what may pass, though paramiko says "authentication"
_PART_BYTES = 32_768  # what paramiko asks for at most


def limits(timeout_s: float) -> dict[str, Any]:
    """Returns what the client is given: limits of time, and a connection of its own.

    fsspec would give out the client that it made last, with a connection that may have dropped.
    """
    names = ("timeout", "banner_timeout", "auth_timeout", "channel_timeout")
    return {**dict.fromkeys(names, timeout_s), "skip_instance_cache": True}


def is_sftp(fs: Any) -> bool:
    """Tells whether a client is that of SFTP, which needs a package that may not be there."""
    return bool(fs.protocol == PROTOCOLS)


def retrieve(fs: Any, name: str, timeout_s: float) -> bytes:
    """Returns the content of a file, and ends the connection.

    One part is asked for after the other: paramiko reads ahead in a thread, whose errors nobody can
    catch. By `fsspec` a part would have 8 KB.

    Raises:
        TimeoutError: It has not come whole in time.
    """
    began, parts = time.monotonic(), []
    try:
        file = fs.ftp.open(name, "rb")
        while part := file.read(_PART_BYTES):
            parts.append(part)
            if time.monotonic() - began > timeout_s:  # the channel's own limit is for each part
                raise TimeoutError
    finally:
        fs.client.close()
    return b"".join(parts)


def is_of_ssh(error: Exception) -> bool:
    """Tells whether an error is one of paramiko's own."""
    return type(error).__module__.partition(".")[0] == "paramiko"


def os_error_of(error: Exception) -> OSError:
    """Returns an error of SSH as one of this machine: refused for good, or one that may pass."""
    from paramiko import AuthenticationException, BadHostKeyException

    words = str(error).rstrip(": .")
    is_refused = (
        isinstance(error, (AuthenticationException, BadHostKeyException))
        or words.startswith("No authentication")  # neither a password nor a key
    ) and not words.endswith(_WHILE_LOGGING_IN)
    if is_refused:
        return PermissionError(errno.EACCES, f"the server refuses: SSH: {words}")
    return OSError(f"SSH: {words}")
