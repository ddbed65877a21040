"""Tells other places how a run has ended: a web address as JSON, mail and chat by Apprise."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import re
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException, InvalidURL
from typing import Any, Literal, TypeAlias

from batchio.errors import CannotRun
from batchio.records import UNITS_FAILED
from pipelines.launcher.exit_codes import COULD_NOT_RUN, SOME_FAILED
from pipelines.launcher.report import summary_lines

logger = logging.getLogger(__name__)

Event: TypeAlias = Literal["finish", "failure", "breaker"]

_KEYS = (
    "run_id",
    "pipeline",
    "status",
    "exit_code",
    "stop_reason",
    "seconds",
    "statuses",
    "counts",
    "output",
)
_TIMEOUT_S = 10
_WEB = ("http://", "https://")


def check_places(places: Sequence[str]) -> None:
    """Raises CannotRun if one of the places could never be told anything."""
    for place in places:
        url = _url(place)
        if not url:
            raise _unusable(place, "the environment has no such variable, or it is empty")
        if url.startswith(_WEB):
            continue
        if importlib.util.find_spec("apprise") is None:
            raise CannotRun(
                "only http:// and https:// are known without Apprise",
                path=shown(place),
                step="preflight",
                action="install it: pip install 'headrace[notify]'",
            )
        from apprise import Apprise  # only then: it takes a while

        if Apprise.instantiate(url) is None:
            raise _unusable(place, "Apprise does not understand it")


def notify(places: Sequence[str], events: Sequence[Event], report: dict[str, Any]) -> None:
    """Tells places of a run's end if it is one of the events; who does not answer is a warning."""
    event = event_of(report)
    for place in places if event in events else ():
        url = _url(place)
        try:
            if url.startswith(_WEB):
                _post(url, event, report)
            else:
                _send(url, event, report)
        except (OSError, ValueError, HTTPException) as error:
            # InvalidURL repeats what may be secret.
            cause = "is no valid URL" if isinstance(error, InvalidURL) else str(error)
            logger.warning("%s: notify: %s; check --notify", shown(place), cause)


def event_of(report: dict[str, Any]) -> Event:
    """Returns what kind of end it was: `breaker` where too many failures have stopped the run."""
    if (report["stop_reason"] or "").endswith(UNITS_FAILED):
        return "breaker"
    return "failure" if report["exit_code"] in (COULD_NOT_RUN, SOME_FAILED) else "finish"


def shown(place: str) -> str:
    """Returns a place without what may be secret in it.

    Of a web address scheme and host are left, of others the scheme alone: where the host stands in
    a URL, Apprise has tokens of some services.
    """
    if place.startswith("env:"):
        return place
    scheme, _, rest = place.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    host = authority.rpartition("@")[2] if place.startswith(_WEB) else ""
    return f"{scheme}://{host}"


def without_secrets(places: Sequence[str]) -> list[str]:
    """Returns the places that may be recorded: those in which nothing can be secret."""
    return [place for place in places if place == shown(place)]


def _url(place: str) -> str:
    name = place.removeprefix("env:")
    return place if name == place else os.environ.get(name, "").strip()


def _post(url: str, event: Event, report: dict[str, Any]) -> None:
    body = json.dumps({"event": event, **{key: report[key] for key in _KEYS}}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S):
        pass


def _send(url: str, event: Event, report: dict[str, Any]) -> None:
    from apprise import Apprise, NotifyType

    kinds = {"finish": NotifyType.SUCCESS, "failure": NotifyType.WARNING}
    places = Apprise()
    places.add(url)
    title, *lines = summary_lines(report)
    sent = places.notify("\n".join(lines) or title, title, kinds.get(event, NotifyType.FAILURE))
    if not sent:
        raise OSError("Apprise could not deliver it")


def _unusable(place: str, cause: str) -> CannotRun:
    return CannotRun(cause, path=shown(place), step="preflight", action="check --notify")
