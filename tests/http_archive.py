"""A real HTTP server on loopback that answers each path as it is told."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from serving import serving

_PART_S = 0.05


@dataclass(frozen=True)
class Answer:
    """What the server does with a request.

    Attributes:
        announced: Bytes that it says will come, beside those that do.
        drop: Hangs up in the place of an answer.
        trickle: Sends a byte at a time, for as long as somebody listens.
        held: Waits, as the server's `gate` says.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    announced: int = 0
    drop: bool = False
    trickle: bool = False
    held: bool = False


NOT_FOUND = Answer(404, b"<html>no such file</html>")
DROPPED = Answer(drop=True)
TRICKLE = Answer(trickle=True)


def cut(body: bytes) -> Answer:
    return Answer(body=body[: len(body) // 2], announced=len(body) - len(body) // 2)


class HttpArchive(ThreadingHTTPServer):
    """Gives the answers of a path one after the other, the last for ever; 404 to others.

    `holding` is how many answers wait until `gate` is set, and `most_at_once` how many requests
    there were at a time.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.gate = threading.Event()
        self.holding = 0
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def give(self, path: str, *answers: Answer) -> str:
        """Tells what a path answers; returns its URL."""
        self.answers[path] = list(answers)
        return self.url + path

    def next_answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        with self._lock:
            self.requests.append(path)
            self.headers.append(headers)
            answers = self.answers.get(path, [NOT_FOUND])
            return answers.pop(0) if len(answers) > 1 else answers[0]

    @contextmanager
    def working(self, answer: Answer) -> Iterator[None]:
        """Counts a request as long as it is answered, which is not before it may be."""
        with self._lock:
            self._at_once += 1
            self.holding += answer.held
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if answer.held:
                self.gate.wait()
            yield
        finally:
            with self._lock:
                self._at_once -= 1
                self.holding -= answer.held

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: clients leave in the middle."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HttpArchive

    def do_GET(self) -> None:
        answer = self.server.next_answer(self.path, dict(self.headers))
        with self.server.working(answer):
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        if answer.drop:
            self._hang_up()
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        size = 1 << 20 if answer.trickle else len(answer.body) + answer.announced
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.write(answer.body)
        if answer.trickle:
            self._trickle()
        elif answer.announced:
            self._hang_up()

    def _trickle(self) -> None:
        gone = threading.Event()
        with contextlib.suppress(OSError):
            while not gone.wait(_PART_S):
                self.wfile.write(b"\n")
        self.close_connection = True

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def http_archive() -> Iterator[HttpArchive]:
    server = HttpArchive()
    with serving(server):
        try:
            yield server
        finally:
            server.gate.set()
