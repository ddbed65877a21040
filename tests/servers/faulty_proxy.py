"""A real HTTP proxy before one server, which counts requests and spoils some."""

from __future__ import annotations

import http.client
import itertools
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from serving import serving

REFUSE, DROP, LOSE, CUT = "refuse", "drop", "lose", "cut"
"""503; no answer; the same after the server has done it; half of the body."""

_HOP_HEADERS = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect"}


class FaultyProxy(ThreadingHTTPServer):
    """Forwards requests; every `every`-th meets the next of the faults."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, server_url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.server_url = server_url
        self.held, self._go_on = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forgets what was asked, and serves as the server does."""
        self.every = 0
        self.faults: Iterator[str] = itertools.cycle([REFUSE, DROP, REFUSE, LOSE, CUT])
        self.requests: list[tuple[str, str]] = []
        self.met: Counter[str] = Counter()
        self.go_on()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def note(self, method: str, path: str) -> str:
        """Counts a request; returns the fault that it meets, if any."""
        with self._lock:
            self.requests.append((method, path))
            wait = self._hold_at and len(self.requests) >= self._hold_at
        if wait:
            self.held.set()
            self._go_on.wait()
        with self._lock:
            if not self.every or len(self.requests) % self.every:
                return ""
            fault = next(self.faults)
            self.met[fault] += 1
            return fault

    def hold_at(self, number: int) -> None:
        """Lets requests from that number on wait, counted from now."""
        self._go_on.clear()
        self.held.clear()
        self._hold_at = len(self.requests) + number

    def go_on(self) -> None:
        self._hold_at = 0
        self._go_on.set()

    def fail_always(self) -> None:
        self.every, self.faults = 1, itertools.repeat(REFUSE)

    def counts(self) -> Counter[str]:
        """How many requests there were, by method."""
        return Counter(method for method, _ in self.requests)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: clients that are killed leave in the middle."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer goes out in one piece, which clients wait less for
    disable_nagle_algorithm = True
    server: FaultyProxy

    def handle_expect_100(self) -> bool:
        """Says at once that the body may come."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def _forward(self) -> None:
        body = self._body()
        fault = self.server.note(self.command, self.path)
        if fault == REFUSE:
            self._answer(503, [], b"come back later")
        elif fault == DROP:
            self._hang_up()
        else:
            status, headers, content = self._ask(body)
            if fault == LOSE:
                self._hang_up()
            else:
                self._answer(status, headers, content, cut=fault == CUT)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _forward

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        own, server = self.server.url, self.server.server_url
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_HEADERS}
        with closing(http.client.HTTPConnection(urlsplit(server).netloc, timeout=60)) as to:
            to.request(self.command, self.path, body, headers)
            answer = to.getresponse()
            content = answer.read()
        found = [(name, value.replace(server, own)) for name, value in answer.getheaders()]
        return answer.status, found, content

    def _answer(
        self, status: int, headers: list[tuple[str, str]], content: bytes, *, cut: bool = False
    ) -> None:
        self.send_response_only(status)
        length = str(len(content))
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = value
            elif name.lower() not in _HOP_HEADERS:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if cut:
            self.wfile.write(content[: len(content) // 2])
            self._hang_up()
        elif self.command != "HEAD":
            self.wfile.write(content)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def proxy_before(server_url: str) -> Iterator[FaultyProxy]:
    proxy = FaultyProxy(server_url)
    with serving(proxy):
        try:
            yield proxy
        finally:
            proxy.go_on()
