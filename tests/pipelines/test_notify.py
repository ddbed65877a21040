import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sample_ledger import a_ledger, a_run, failed
from serving import serving

from batchio.errors import CannotRun
from batchio.records import COMPLETED
from pipelines.launcher.notify import check_places, notify, shown
from pipelines.launcher.options import CommonOptions
from pipelines.launcher.report import build_report
from pipelines.launcher.run import make_run

REPORT = {
    "run_id": "run-1",
    "pipeline": "radar",
    "status": "completed",
    "exit_code": 3,
    "stop_reason": None,
    "seconds": 1.5,
    "statuses": {"failed": 1},
    "counts": {"found": 2},
    "output": "/out",
    "failures": [{"unit": "is not part of the summary"}],
}


EVENTS = ["finish", "failure", "breaker"]


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
    notify([server.url], EVENTS, REPORT)
    ((path, kind, body),) = server.received
    assert (path, kind) == ("/hook?key=1", "application/json")
    told = {key: REPORT[key] for key in REPORT if key != "failures"}
    assert json.loads(body) == {"event": "failure", **told}
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
    notify([server.url], EVENTS, REPORT)
    (message,) = caplog.messages
    assert message.startswith(f"{server.url.partition('/hook')[0]}: notify: ")
    assert "key=1" not in message
    assert told in message
    assert message.endswith("; check --notify")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://127.0.0.1:port/", "http://.example/", "http://a b/"]
)
def test_an_address_that_cannot_be_reached_is_a_warning(caplog, url):
    notify([url], EVENTS, REPORT)
    assert [message.startswith(f"{shown(url)}: notify: ") for message in caplog.messages] == [True]


@pytest.mark.parametrize(
    ("exit_code", "stop_reason", "event"),
    [
        (0, None, "finish"),
        (130, "interrupted by SIGTERM", "finish"),
        (1, None, "failure"),
        (3, None, "failure"),
        (3, "11 of 20 units failed", "breaker"),
    ],
)
def test_an_end_is_told_to_those_who_want_it(server, exit_code, stop_reason, event):
    report = {**REPORT, "exit_code": exit_code, "stop_reason": stop_reason}
    notify([server.url], [each for each in EVENTS if each != event], report)
    assert server.received == []
    notify([server.url], [event], report)
    assert json.loads(server.received[0][2])["event"] == event


def test_an_address_may_come_from_the_environment(server, monkeypatch):
    monkeypatch.setenv("HOOK", server.url)
    check_places(["env:HOOK"])
    notify(["env:HOOK"], EVENTS, REPORT)
    assert len(server.received) == 1
    monkeypatch.delenv("HOOK")
    with pytest.raises(CannotRun, match=r"env:HOOK: preflight: the environment has no such"):
        check_places(["env:HOOK"])


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("https://anna:p@ss@hooks.example/a?key=1", "https://hooks.example"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("tgram://123:secret/456", "tgram://"),
        ("mailto://anna:secret@mail.example", "mailto://"),
        ("env:HOOK", "env:HOOK"),
    ],
)
def test_of_a_place_only_what_cannot_be_secret_is_shown_and_recorded(place, told):
    assert shown(place) == told
    options = CommonOptions(input=["a"], output="out", notify=[place, "env:OTHER"])
    arguments = make_run("radar", options).record.arguments
    recorded = [place] if told == place else []
    assert [each for each in arguments if each.startswith("--notify")] == [
        f"--notify={each}" for each in [*recorded, "env:OTHER"]
    ]


def test_what_stands_in_the_environment_is_not_repeated(server, monkeypatch, caplog):
    monkeypatch.setenv("HOOK", f"{server.url}\n")
    notify(["env:HOOK"], EVENTS, REPORT)
    assert len(server.received) == 1
    monkeypatch.setenv("HOOK", "http://example/secret key")
    notify(["env:HOOK"], EVENTS, REPORT)
    assert caplog.messages == ["env:HOOK: notify: is no valid URL; check --notify"]


def test_apprise_delivers_to_all_else(server, caplog, tmp_path):
    run = a_run()
    ledger = a_ledger(tmp_path, run)
    ledger.record(run, [failed("a")])
    ledger.finish_run(run.run_id, COMPLETED, {"exit_code": 3})
    report = build_report(ledger, run.run_id)
    ledger.close()
    place = server.url.replace("http://", "json://")
    check_places([place])
    notify([place], EVENTS, report)
    ((_, _, body),) = server.received
    content = json.loads(body)
    assert content["title"].startswith("radar run-1: completed")
    assert content["type"] == "warning"
    server.answer = b"HTTP/1.0 500 Internal Server Error\r\n\r\n"
    notify([place], EVENTS, report)
    assert any("Apprise could not deliver it; check --notify" in line for line in caplog.messages)


def test_a_place_that_nobody_understands_is_refused():
    with pytest.raises(CannotRun, match=r"^nowhere://: preflight: Apprise does not understand it"):
        check_places(["nowhere://user:secret@a/b"])
