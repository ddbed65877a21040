"""A real FTP server on loopback, of the few commands that fetch a file."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from serving import serving

TRICKLE = b"trickle"


class FtpArchive(socketserver.ThreadingTCPServer):
    """Gives each path's answers one after the other, the last for ever: content, or a reply.

    Attributes:
        greetings: Replies to those who connect, used up one by one; then it lets them in.
        login: The reply to a password.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, list[bytes | str]] = {}
        self.greetings: list[str] = []
        self.login = "230 welcome"
        self.retrieved: list[str] = []
        self.logins: list[str] = []

    @property
    def url(self) -> str:
        return f"ftp://127.0.0.1:{self.server_address[1]}"

    def give(self, path: str, *answers: bytes | str) -> str:
        """Tells what a path answers; returns its URL."""
        self.answers[path] = list(answers)
        return self.url + path

    def next_answer(self, path: str) -> bytes | str:
        self.retrieved.append(path)
        answers = self.answers.get(path, ["550 no such file"])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: clients leave in the middle."""


class _Handler(socketserver.StreamRequestHandler):
    server: FtpArchive

    def handle(self) -> None:
        greeting = self.server.greetings.pop(0) if self.server.greetings else "220 ready"
        self._reply(greeting)
        if not greeting.startswith("220"):
            return
        with socket.create_server(("127.0.0.1", 0)) as data:
            for line in self.rfile:
                command, _, argument = line.decode().strip().partition(" ")
                if command == "RETR":
                    self._retrieve(data, argument)
                else:
                    self._reply(self._answer(command, argument, data.getsockname()[1]))

    def _answer(self, command: str, argument: str, port: int) -> str:
        if command in ("USER", "PASS"):
            self.server.logins.append(argument)
        replies = {"USER": "331 password", "PASS": self.server.login, "TYPE": "200 binary"}
        replies["PASV"] = f"227 here (127,0,0,1,{port // 256},{port % 256})"
        return replies.get(command, "502 not known")

    def _retrieve(self, data: socket.socket, path: str) -> None:
        answer = self.server.next_answer(path)
        with data.accept()[0] as connection:
            if isinstance(answer, str):
                self._reply(answer)
                return
            self._reply("150 it comes")
            gone = threading.Event()
            while answer == TRICKLE and not gone.wait(0.05):
                connection.sendall(b"\n")  # raises when nobody listens
            connection.sendall(answer)
        self._reply("226 done")

    def _reply(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def ftp_archive() -> Iterator[FtpArchive]:
    server = FtpArchive()
    with serving(server):
        yield server
