import asyncio
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest
from page_ledger import write_ledger

from pipelines.__main__ import main
from pipelines.dashboard.kept import Kept


def test_it_answers_until_it_is_told_to_end(tmp_path):
    url = write_ledger(tmp_path, units=2)
    command = [sys.executable, "-m", "pipelines", "serve", "--port", "0", "--ledger", url]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        address = process.stderr.readline().split()[-1]
        assert "first" in httpx.get(f"{address}api/v1/runs", timeout=30).text
        process.send_signal(signal.SIGTERM)
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_a_port_that_is_taken_is_told(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 1
    told = capsys.readouterr().err
    assert f"127.0.0.1 port {port}: serve: cannot listen" in told
    assert "another --port" in told


def test_it_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert main(["serve"]) == 1
    assert "pip install 'headrace[dashboard]'" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "radar.example"])
def test_others_are_not_let_in_without_a_token(host, capsys, monkeypatch):
    monkeypatch.delenv("HEADRACE_TOKEN", raising=False)
    assert main(["serve", "--host", host, "--port", "0"]) == 2
    assert "--token_file" in capsys.readouterr().err


def test_a_short_token_is_refused(capsys, monkeypatch):
    monkeypatch.setenv("HEADRACE_TOKEN", "short")
    assert main(["serve", "--host", "0.0.0.0"]) == 2
    told = capsys.readouterr().err
    assert "16 characters" in told
    assert "short" not in told


@pytest.mark.parametrize(("content", "code"), [(None, 1), (" \n", 2), ("short", 2)])
def test_a_token_file_has_to_hold_one(tmp_path, capsys, content, code):
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content)
    assert main(["serve", "--token_file", str(path)]) == code
    assert str(path) in capsys.readouterr().err


def test_fifty_who_ask_at_once_cost_one_reading():
    made = []

    def make():
        time.sleep(0.05)
        made.append(threading.get_ident())
        return "page"

    async def ask():
        kept = Kept()
        bodies = await asyncio.gather(*(kept.get("/", make) for _ in range(50)))
        return [*bodies, await kept.get("/", make)]

    assert {body.content for body in asyncio.run(ask())} == {b"page"}
    assert len(made) == 1


def test_an_answer_that_fails_is_asked_for_again():
    answers = iter([ValueError("away"), "page"])

    def make():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def ask():
        kept = Kept()
        with pytest.raises(ValueError, match="away"):
            await kept.get("/", make)
        return await kept.get("/", make)

    assert asyncio.run(ask()).content == b"page"
