import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from serving import serving

from pipelines.launcher.notify import notify

REPORT = {
    "run_id": "run-1",
    "pipeline": "radar",
    "status": "completed",
    "exit_code": 3,
    "seconds": 1.5,
    "statuses": {"failed": 1},
    "counts": {"found": 2},
    "output": "/out",
    "failures": [{"unit": "is not part of the summary"}],
}


@pytest.fixture
def server():
    """A server on loopback; `answer` is what it writes, `received` what it got."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            kind = self.headers["Content-Type"]
            server.received.append((self.path, kind, self.rfile.read(length)))
            self.wfile.write(server.answer)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.received, server.answer = [], b"HTTP/1.0 204 No Content\r\n\r\n"
    server.url = f"http://127.0.0.1:{server.server_port}/hook?key=1"
    with serving(server):
        yield server


def test_the_summary_is_posted_as_json(server, caplog):
    notify(server.url, REPORT)
    ((path, kind, body),) = server.received
    assert (path, kind) == ("/hook?key=1", "application/json")
    assert json.loads(body) == {key: REPORT[key] for key in REPORT if key != "failures"}
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.0 500 Internal Server Error\r\n\r\n", "HTTP Error 500"),
        (b"HTTP/1.0 404 Not Found\r\n\r\n", "HTTP Error 404"),
        (b"nonsense\r\n\r\n", "nonsense"),
        (b"", "closed connection without response"),
    ],
)
def test_an_answer_that_is_none_is_a_warning(server, caplog, answer, told):
    server.answer = answer
    notify(server.url, REPORT)
    (message,) = caplog.messages
    assert message.startswith(f"{server.url}: notify: ")
    assert told in message
    assert message.endswith("; check --notify")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://127.0.0.1:port/", "http://.example/", "http://a b/"]
)
def test_an_address_that_cannot_be_reached_is_a_warning(caplog, url):
    notify(url, REPORT)
    assert [message.startswith(f"{url}: notify: ") for message in caplog.messages] == [True]
