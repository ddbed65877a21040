import pytest
from page_ledger import TOKEN, page_of, write_ledger
from sample_ledger import a_ledger, a_run

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    return write_ledger(tmp_path_factory.mktemp("page"), units=2)


@pytest.fixture(scope="module")
def client(url):
    with page_of(url) as client:
        yield client


@pytest.fixture(scope="module")
def guarded(url):
    with page_of(url, token=TOKEN) as client:
        yield client


@pytest.fixture(autouse=True)
def _no_cookie(guarded):
    guarded.cookies.clear()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/", "/api/v1/runs", "/login"])
def test_the_page_only_reads(client, method, path):
    assert client.request(method, path).status_code == 405


def test_a_head_has_no_body(client):
    answer = client.head("/")
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["etag"]


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "", "evil:8000"]
)
def test_a_strange_name_that_leads_here_is_refused(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "127.0.0.1", "[::1]:8000"])
def test_the_names_of_this_machine_are_not(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/nowhere", "/static/style.css", "/api/v1/runs", "/metrics"])
def test_every_answer_tells_browsers_what_it_may_do(client, path):
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers or headers["server"] == "uvicorn"


def test_a_page_holds_no_script_or_style_of_its_own(client):
    page = client.get("/").text
    assert "style=" not in page
    assert " on" + "click" not in page
    assert page.count("<script") == page.count('<script src="/static/') == 1


@pytest.mark.parametrize("path", ["/", "/api/v1/runs", "/metrics", "/volumes", "/nowhere"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer"},
        {"Cookie": f"headrace={TOKEN}"},
        {"Cookie": "headrace="},
    ],
)
def test_nothing_is_shown_without_the_token(guarded, path, headers):
    answer = guarded.get(path, headers=headers)
    assert answer.status_code == 401
    assert "first" not in answer.text


def test_the_token_may_be_a_bearer(guarded):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert "first" in guarded.get("/api/v1/runs", headers=headers).text


def test_with_a_token_the_name_of_the_host_does_not_matter(guarded):
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": "radar.example"}
    assert guarded.get("/", headers=headers).status_code == 200


def test_a_browser_is_asked_for_the_token_and_keeps_a_cookie(guarded):
    answer = guarded.get("/", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    form = guarded.get("/login").text
    assert '<form method="post" action="/login"' in form
    entered = guarded.post("/login", data={"token": TOKEN})
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    assert "first" in guarded.get("/", headers=HTML).text


@pytest.mark.parametrize("token", ["", "wrong", TOKEN.upper(), TOKEN + "x" * 5000, "é"])
def test_a_wrong_token_does_not_enter(guarded, token):
    answer = guarded.post("/login", data={"token": token})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "not the token" in answer.text


def test_health_is_open_without_its_reasons(tmp_path):
    ledger = a_ledger(tmp_path, a_run("killed"))
    ledger.close()
    with page_of(ledger.url, token=TOKEN) as client:
        bare = client.get("/healthz")
        assert (bare.status_code, bare.json()) == (503, {"status": "red", "troubles": []})
        told = client.get("/healthz", headers={"Authorization": f"Bearer {TOKEN}"})
        assert told.json()["troubles"][0]["run_id"] == "killed"
