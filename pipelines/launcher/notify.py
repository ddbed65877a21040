"""Posts the summary of a run to a web address."""

from __future__ import annotations

import json
import logging
import urllib.request
from http.client import HTTPException
from typing import Any

logger = logging.getLogger(__name__)

_KEYS = ("run_id", "pipeline", "status", "exit_code", "seconds", "statuses", "counts", "output")
_TIMEOUT_S = 10


def notify(url: str, report: dict[str, Any]) -> None:
    """Posts the summary as JSON; an address that does not answer is a warning, no error."""
    body = json.dumps({key: report[key] for key in _KEYS}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S):
            pass
    except (OSError, ValueError, HTTPException) as error:
        logger.warning("%s: notify: %s; check --notify", url, error)
