import logging
import traceback
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import fsspec
import pytest
from ftp_archive import TRICKLE as FTP_TRICKLE
from ftp_archive import ftp_archive
from http_archive import DROPPED, NOT_FOUND, TRICKLE, Answer, cut, http_archive
from ports import free_port

from batchio import download as module
from batchio.download import MAX_WAIT_S, download, without_login
from batchio.logins import source_login
from batchio.stores import StoreError

GOOD = Answer(body=b"a sounding\r\n" * 1000)
PATH = "/2022/10/26/bufkit/12/rap/rap_kabq.buf"


@pytest.fixture(scope="module")
def server():
    with http_archive() as server:
        yield server


@pytest.fixture(scope="module")
def ftp():
    with ftp_archive() as server:
        yield server


@pytest.fixture(autouse=True)
def nothing_asked(server, ftp):
    server.requests.clear()
    server.headers.clear()
    ftp.retrieved.clear()
    ftp.login = "230 welcome"


def test_a_file_comes_as_it_is(server):
    assert download(server.give(PATH, GOOD)) == GOOD.body
    assert server.headers[0]["User-Agent"].startswith("headrace/")


@pytest.mark.parametrize(
    "fault",
    [
        Answer(500, b"<html>error</html>"),
        Answer(502),
        Answer(408),
        Answer(429),
        Answer(503, headers={"Retry-After": "nonsense"}),
        DROPPED,
        cut(GOOD.body),
    ],
    ids=["500", "502", "408", "429", "bad Retry-After", "dropped", "cut"],
)
def test_what_may_pass_is_asked_for_again(server, fault):
    assert download(server.give(PATH, fault, GOOD), retries=1) == GOOD.body
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Answer(500), "HTTP 500 Internal Server Error"),
        (DROPPED, "the server dropped the connection"),
        (cut(GOOD.body), "the answer is shorter than announced, or damaged on the way"),
    ],
    ids=["500", "dropped", "cut"],
)
def test_what_does_not_pass_is_an_error_with_all_it_takes(server, caplog, fault, cause):
    url = server.give(PATH, fault)
    with pytest.raises(StoreError) as caught:
        download(url, retries=2)
    action = "check the address, the credentials and the network, or start again later"
    assert str(caught.value) == f"{url}: fetch: {cause}; {action}"
    assert len(caplog.messages) == 2


@pytest.mark.parametrize("status", [404, 410])
def test_a_file_that_is_not_there_is_asked_for_once(server, status):
    url = server.give(PATH, Answer(status, NOT_FOUND.body))
    with pytest.raises(FileNotFoundError) as caught:
        download(url, retries=3)
    assert caught.value.filename == url
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "words"), [(401, "401 Unauthorized"), (403, "403 Forbidden"), (422, "422 Unproc")]
)
def test_what_is_refused_is_asked_for_once(server, status, words):
    with pytest.raises(StoreError, match=f"the server refuses: HTTP {words}"):
        download(server.give(PATH, Answer(status)), retries=3)
    assert len(server.requests) == 1


def test_a_trickle_ends_at_the_limit_of_time(server):
    url = server.give(PATH, TRICKLE, GOOD)
    assert download(url, retries=1, timeout_s=1.0) == GOOD.body
    server.give(PATH, TRICKLE)
    with pytest.raises(StoreError, match=r"no whole answer within 0\.4 s"):
        download(url, retries=0, timeout_s=0.4)


def test_a_redirect_is_followed(server):
    server.give("/elsewhere", GOOD)
    assert download(server.give(PATH, Answer(302, headers={"Location": "/elsewhere"}))) == GOOD.body
    assert server.requests == [PATH, "/elsewhere"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_gets_the_time_it_asks_for(server, caplog, status):
    busy = Answer(status, headers={"Retry-After": "1"})
    assert download(server.give(PATH, busy, GOOD), retries=1) == GOOD.body
    (warning,) = (record for record in caplog.records if record.levelno == logging.WARNING)
    assert float(warning.args[-1]) >= 1


@pytest.mark.parametrize(
    ("stated", "least", "most"),
    [
        ("90", 90, 90),
        ("100000", MAX_WAIT_S, MAX_WAIT_S),
        (timedelta(seconds=60), 55, 60),
        (timedelta(days=2), MAX_WAIT_S, MAX_WAIT_S),
        (timedelta(days=-2), 0, 0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0, 0),
        ("soon", 0, 0),
        ("", 0, 0),
    ],
    ids=str,
)
def test_retry_after_is_seconds_or_a_date_and_has_an_upper_limit(stated, least, most):
    if isinstance(stated, timedelta):
        stated = format_datetime(datetime.now(timezone.utc) + stated, usegmt=True)
    assert least <= module._asked_wait_s({"Retry-After": stated}) <= most


def test_a_hash_in_a_name_arrives_as_it_is_quoted(server):
    assert download(server.give("/rap_a%232.buf", GOOD)) == GOOD.body


def test_a_password_is_sent_and_never_shown(server, caplog):
    url = server.give(PATH, Answer(500)).replace("://", "://me:secret@")
    with pytest.raises(StoreError) as caught:
        download(url, retries=1)
    assert server.headers[0]["Authorization"].startswith("Basic ")
    assert caught.value.path == without_login(url) == server.url + PATH
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "secret" not in shown


def test_only_a_server_that_says_when_to_come_back_has_patience(server):
    with pytest.raises(StoreError, match="HTTP 503"):
        download(server.give(PATH, Answer(503)), retries=1, patience_s=60)
    assert len(server.requests) == 2
    server.requests.clear()
    later = Answer(503, headers={"Retry-After": "1"})
    url = server.give(PATH, later, later, GOOD)
    assert download(url, retries=0, patience_s=60) == GOOD.body


@pytest.fixture
def login(tmp_path, monkeypatch):
    """That of the environment, beside another one in `.netrc`."""
    file = tmp_path / ".netrc"
    file.write_text("machine 127.0.0.1 login nobody password wrong\n")
    file.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HEADRACE_SOURCE_USER", "anna")
    monkeypatch.setenv("HEADRACE_SOURCE_PASSWORD", "secret")
    return source_login


def test_a_login_is_sent_to_its_server_and_not_where_that_leads_to(server, login):
    with http_archive() as other:
        away = {"Location": other.give("/elsewhere", GOOD)}
        assert download(server.give(PATH, Answer(302, headers=away)), login=login) == GOOD.body
    assert server.headers[0]["Authorization"] == "Basic YW5uYTpzZWNyZXQ="
    assert "Authorization" not in other.headers[0]


def test_a_login_is_sent_through_a_proxy(server, login, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.give("http://radar.example/a.buf", GOOD)
    assert download("http://radar.example/a.buf", login=login) == GOOD.body
    assert server.headers[0]["Authorization"] == "Basic YW5uYTpzZWNyZXQ="


def test_nobody_listens(caplog):
    with pytest.raises(StoreError, match="Cannot connect to host") as caught:
        download(f"http://127.0.0.1:{free_port()}/a.buf", retries=1)
    assert isinstance(caught.value.__cause__, ConnectionError)
    assert len(caplog.messages) == 1


def test_ftp_gives_a_file(ftp):
    assert download(ftp.give("/pub/bufkit/rap_a#2.buf", GOOD.body)) == GOOD.body
    assert ftp.retrieved == ["/pub/bufkit/rap_a#2.buf"]


def test_ftp_has_no_such_file(ftp):
    with pytest.raises(FileNotFoundError):
        download(f"{ftp.url}/none.buf", retries=3)
    assert ftp.retrieved == ["/none.buf"]


@pytest.mark.parametrize("reply", ["421 idle too long", "450 busy", "426 cut off"])
def test_ftp_is_asked_again_when_it_falters(ftp, reply):
    assert download(ftp.give("/a.buf", reply, b"whole"), retries=1) == b"whole"
    assert len(ftp.retrieved) == 2


def test_ftp_lets_in_at_the_second_try(ftp):
    ftp.greetings = ["421 too many users"]
    assert download(ftp.give("/a.buf", b"whole"), retries=1) == b"whole"


@pytest.mark.parametrize("reply", ["530 too many users", "421 there is a limit of 3 clients"])
def test_a_full_ftp_server_is_waited_for(ftp, monkeypatch, reply):
    monkeypatch.setattr(module, "_FTP_FULL_WAIT_S", 0.01)
    ftp.greetings = [reply] * 3
    assert download(ftp.give("/a.buf", b"whole"), retries=0, patience_s=60) == b"whole"
    ftp.greetings = [reply] * 2
    with pytest.raises(StoreError, match=reply):
        download(ftp.give("/a.buf", b"whole"), retries=1)


def test_ftp_refuses_the_login(ftp):
    ftp.login = "530 not you"
    with pytest.raises(StoreError, match="the server refuses: FTP 530 not you"):
        download(ftp.give("/a.buf", b"whole"), retries=3)
    assert ftp.retrieved == []


def test_ftp_has_its_login_from_netrc(ftp, tmp_path, monkeypatch):
    file = tmp_path / ".netrc"
    file.write_text("machine 127.0.0.1 login anna password secret\n")
    file.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    ftp.logins.clear()
    assert download(ftp.give("/a.buf", b"whole")) == b"whole"
    assert ftp.logins == ["anna", "secret"]
    file.write_text("nonsense\n")
    with pytest.raises(StoreError, match=r"\.netrc cannot be used: bad toplevel token 'nonsense'"):
        download(f"{ftp.url}/a.buf")


def test_an_ftp_trickle_ends_at_the_limit_of_time(ftp):
    with pytest.raises(StoreError, match=r"no whole answer within 0\.3 s"):
        download(ftp.give("/a.buf", FTP_TRICKLE), retries=0, timeout_s=0.3)


def test_files_of_this_machine_and_of_stores_come_the_same_way(tmp_path):
    path = tmp_path / "rap_a#2.buf"
    path.write_bytes(b"whole")
    fsspec.filesystem("memory").pipe_file("/download/rap_a#2.buf", b"whole")
    for url in (str(path), f"file://{path}", "memory://download/rap_a#2.buf"):
        assert download(url) == b"whole"
        with pytest.raises(FileNotFoundError):
            download(f"{url}.none", retries=3)
