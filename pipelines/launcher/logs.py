"""Sends log records to the view, and all of them to --log_file."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from batchio.errors import CannotRun
from pipelines.launcher.progress_views import View
from transforms.recording_fn import TO_THE_USER

# Beam's routine remarks that look like warnings.
_ROUTINE = (
    "No semi_persistent_directory",
    "No shards found to finalize",
    "apitools not found",
    "Really starting service",
    "Really destroying service",
    "Waiting for grpc channel to be ready",
)


@contextmanager
def logging_to(view: View, log_file: str | None, *, verbose: bool) -> Iterator[None]:
    """Logs to the view, and to the file if one is named, within the `with`.

    Raises:
        CannotRun: When the file cannot be written.
    """
    handlers: list[logging.Handler] = [_ViewHandler(view, verbose)]
    if log_file is not None:
        handlers.append(_file_handler(log_file))
    root, beam = logging.getLogger(), logging.getLogger("apache_beam")
    levels = root.level, beam.level
    root.setLevel(logging.DEBUG if log_file else logging.INFO)
    beam.setLevel(logging.INFO if verbose else logging.WARNING)
    for handler in handlers:
        root.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
        root.setLevel(levels[0])
        beam.setLevel(levels[1])


def _file_handler(path: str) -> logging.Handler:
    try:
        handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise CannotRun(
            f"cannot be written: {error.strerror}", path=path, step="log", action="check --log_file"
        ) from error
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    return handler


class _ViewHandler(logging.Handler):
    """Shows warnings, errors and what is meant for the user; with verbose, everything."""

    def __init__(self, view: View, verbose: bool) -> None:
        super().__init__(logging.INFO)
        self._view = view
        self._verbose = verbose

    def emit(self, record: logging.LogRecord) -> None:
        for_all = record.levelno >= logging.WARNING or hasattr(record, TO_THE_USER)
        if not for_all and not self._verbose:
            return
        if record.exc_info and isinstance(record.exc_info[1], CannotRun):
            return  # Beam's word of what the end of the run says without a trace
        try:
            # Traces are for --log_file and --verbose.
            text = self.format(record) if self._verbose else record.getMessage()
        except Exception:  # a library's message does not fit its arguments
            self.handleError(record)
            return
        if not any(routine in text for routine in _ROUTINE):
            self._view.message(text)
