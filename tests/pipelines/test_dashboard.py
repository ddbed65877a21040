import re
from contextlib import closing
from pathlib import Path

import jsonschema
import pytest
from page_ledger import SCRIPT, a_png, all_units, key_of, page_of, write_ledger
from prometheus_client.parser import text_string_to_metric_families
from sample_ledger import a_ledger, a_run, ago

from batchio.fileset import STATE_FOLDER
from batchio.ledger import Ledger
from pipelines.dashboard import html
from pipelines.launcher import registry


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def client(folder):
    with page_of(write_ledger(folder)) as client:
        yield client


@pytest.fixture(scope="module")
def first(client):
    return f"ledgers/{key_of(client)}/runs/first"


@pytest.fixture(scope="module")
def second(client):
    return f"ledgers/{key_of(client)}/runs/second"


def of_unit(client, unit, **more):
    return f"ledgers/{key_of(client)}/units/radar", {"unit": unit, **more}


def test_the_list_of_runs_has_the_newest_first_and_tells_of_the_one_at_work(client):
    page = client.get("/").text
    assert page.index("/runs/second") < page.index("/runs/first")
    assert re.search(r"<progress [^>]*value=\"25.0\"", page)
    runs = client.get("/api/v1/runs").json()["runs"]
    assert [run["run_id"] for run in runs] == ["second", "first"]
    assert runs[0]["live"]
    assert runs[0]["eta_s"] > 0
    assert not runs[1]["live"]
    assert runs[1]["exit_code"] == 3


def test_the_page_of_a_run_groups_failures_by_cause(client, first):
    causes = client.get(f"/api/v1/{first}").json()["causes"]
    assert [(cause["count"], cause["action"]) for cause in causes] == [
        (3, "fetch it again"),
        (1, f"remove {SCRIPT}"),
    ]
    page = client.get(f"/{first}").text
    assert "fetch it again" in page
    assert "4 failures by cause" in page


def test_the_page_of_a_run_at_work_shows_its_workers(client, second):
    page = client.get(f"/{second}").text
    assert "4711" in page
    assert 'role="status" aria-live="polite"' in page


def test_all_units_are_on_one_page_or_another_in_order(client, first):
    names = all_units(client, first)
    assert len(names) == 127
    assert names == sorted(set(names))


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"status": "failed"}, 4),
        ({"text": "BYTES OF"}, 3),
        ({"text": "%"}, 0),
        ({"text": "unit-000"}, 10),
        ({"status": "failed", "text": "unit"}, 0),
    ],
)
def test_units_are_found_by_status_and_text(client, first, asked, count):
    assert len(all_units(client, first, **asked)) == count
    page = client.get(f"/{first}", params=asked).text
    assert page.count("/units/radar?unit=") >= count


def test_a_page_of_units_leads_to_the_next_and_keeps_what_was_asked_for(client, first):
    page = client.get(f"/{first}", params={"status": "completed"}).text
    link = re.search(r'rel="next" href="([^"]*)#units"', page)
    following = client.get(link[1].replace("&amp;", "&")).text
    assert "unit-0050" in following
    assert "unit-0000" not in following


def test_the_page_of_a_unit_tells_all_of_a_failure(client):
    place, asked = of_unit(client, "cut-2")
    unit = client.get(f"/api/v1/{place}", params=asked).json()
    assert (unit["file"], unit["step"]) == ("/data/in/cut-2", "decode")
    assert (unit["cause"], unit["action"]) == ("has 2 bytes of 500", "fetch it again")
    page = client.get(f"/{place}", params=asked).text
    assert "Traceback (most recent call last)" in page
    assert "fetch it again" in page


def test_the_page_of_a_unit_shows_its_newest_state_or_that_of_a_run(client):
    place, asked = of_unit(client, "cut-1")
    now = client.get(f"/api/v1/{place}", params=asked).json()
    assert now["status"] == "completed"
    assert [past["run_id"] for past in now["history"]] == ["second", "first"]
    then = client.get(f"/api/v1/{place}", params={**asked, "run": "first"}).json()
    assert then["status"] == "failed"
    assert [past["status"] for past in then["history"]] == ["completed", "failed"]


def test_the_page_of_a_unit_has_metrics_inputs_and_outputs(client):
    place, asked = of_unit(client, "unit-0005")
    page = client.get(f"/{place}", params=asked).text
    assert "gates" in page
    assert "/data/in/unit-0005" in page
    assert "/data/out/unit-0005.nc" in page


def test_volumes_are_told_with_their_age_and_the_fields_that_are_missing(client):
    found = client.get("/api/v1/volumes").json()
    assert {"status": "incomplete", "age": "10 min", "count": 1} in found["counts"]
    newest = found["volumes"][0]
    assert newest["volume_id"] == "waits-for-DBZV"
    assert newest["expected"] == ["DBZH", "DBZV"]
    assert newest["present"] == ["DBZH"]
    page = client.get("/volumes", params={"radar": "RMA1"}).text
    assert 'DBZV<span class="unseen"> is missing' in page
    assert "waits-for-DBZV" in page
    assert "unit-0001" not in page


def test_two_runs_are_compared(client, first, second):
    key = key_of(client)
    asked = {"a": f"{key}/first", "b": f"{key}/second"}
    result = client.get("/api/v1/compare", params=asked).json()
    assert not result["same"]
    page = client.get("/compare", params=asked).text
    assert "What differs" in page
    assert f'<option value="{key}/second" selected>' in page


def test_runs_that_cannot_be_compared_are_told_why(client):
    key = key_of(client)
    page = client.get("/compare", params={"a": f"{key}/first", "b": f"{key}/unknown"})
    assert "no such run" in page.text


def test_what_files_and_messages_say_is_shown_as_text(client, first):
    key = key_of(client)
    place, asked = of_unit(client, f"{SCRIPT}.BUFR")
    pages = [
        client.get(f"/{first}"),
        client.get(f"/{first}", params={"text": SCRIPT}),
        client.get(f"/{place}", params=asked),
        client.get(f"/{place}", params={"unit": SCRIPT}),
        client.get("/volumes"),
        client.get("/compare", params={"a": f"{key}/first", "b": f"{key}/second"}),
    ]
    for page in pages:
        assert "<script>" not in page.text
        assert "&lt;script&gt;" in page.text


@pytest.mark.parametrize(
    "address",
    [
        "/nowhere",
        "/ledgers/000000000000/runs/first",
        "/ledgers/KEY/runs/third",
        "/ledgers/KEY/runs/..%2f..%2fetc",
        "/ledgers/KEY/runs/first%00",
        "/ledgers/KEY/units/radar?unit=unknown",
        "/ledgers/KEY/units/radar?unit=unit-0001&run=unknown",
        "/ledgers/KEY/units/radar",
        "/ledgers/KEY/units/..%2f..%2f?unit=unit-0001",
        "/static/unknown",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/compare?a=../../etc/passwd&b=x",
        "/api/v1/ledgers/KEY/runs/third",
        "/api/v1/compare?a=KEY/first&b=KEY/third",
    ],
)
def test_what_is_not_there_is_told_so(client, address):
    answer = client.get(address.replace("KEY", key_of(client)))
    assert answer.status_code == 404
    kind = "application/json" if address.startswith("/api") else "text/html; charset=utf-8"
    assert answer.headers["content-type"] == kind


def test_a_picture_is_served_as_one(client, first):
    place, asked = of_unit(client, "pictured")
    page = client.get(f"/{place}", params=asked).text
    sources = re.findall(r'<img src="(/ledgers/[^"]*)"', page)
    answer = client.get(sources[0].replace("&amp;", "&"))
    assert answer.content == a_png()
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("index", [1, 2, 3, 4, 5, 6, -1, "x", "../../outside.png", "1e2"])
def test_only_recorded_pictures_below_the_output_root_are_served(client, first, index):
    asked = {"unit": "pictured", "index": index}
    answer = client.get(f"/{first}/picture", params=asked)
    assert answer.status_code == 404
    assert a_png() not in answer.content


def test_a_path_is_no_name_of_a_unit(client, first, folder):
    for unit in (str(folder / "outside.png"), "../outside.png", "/etc/passwd"):
        answer = client.get(f"/{first}/picture", params={"unit": unit, "index": 0})
        assert answer.status_code == 404


def test_what_has_not_changed_is_not_sent_again(client, first):
    answer = client.get(f"/{first}")
    again = client.get(f"/{first}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_metrics_are_as_prometheus_reads_them(client):
    families = {
        family.name: family
        for family in text_string_to_metric_families(client.get("/metrics").text)
    }
    units = {sample.labels["status"]: sample.value for sample in families["headrace_units"].samples}
    assert units["completed"] == 2
    assert {s.labels["pipeline"] for s in families["headrace_units"].samples} == {"radar"}
    assert families["headrace_runs_live"].samples[0].value == 1
    assert families["headrace_worker_busy_seconds"].samples[0].value >= 5
    assert families["headrace_last_sign_of_life_seconds"].samples[0].value < 300
    assert families["headrace_healthy"].samples[0].value == 1


def test_answers_of_the_api_are_as_its_schema_says(client, first):
    schema = client.get("/api/v1/openapi.json").json()
    key = key_of(client)
    asked = {
        "/api/v1/runs": {},
        "/api/v1/ledgers/{ledger}/runs/{run_id}": {},
        "/api/v1/ledgers/{ledger}/runs/{run_id}/units": {},
        "/api/v1/ledgers/{ledger}/units/{pipeline}": {"unit": "cut-1"},
        "/api/v1/volumes": {},
        "/api/v1/compare": {"a": f"{key}/first", "b": f"{key}/second"},
        "/api/v1/health": {},
    }
    assert asked.keys() == schema["paths"].keys()
    for path, params in asked.items():
        operation = schema["paths"][path]["get"]
        described = operation["responses"]["200"]["content"]["application/json"]["schema"]
        address = path.format(ledger=key, run_id="first", pipeline="radar")
        answer = client.get(address, params=params).json()
        jsonschema.validate(answer, {**described, "components": schema["components"]})


def test_a_ledger_that_is_replaced_is_read_anew(tmp_path):
    url = write_ledger(tmp_path, units=1)
    with page_of(url) as client:
        assert "first" in client.get("/api/v1/runs").text
        for file in tmp_path.glob("ledger.db*"):
            file.unlink()
        a_ledger(tmp_path, a_run("other", started=ago(1))).close()
        assert [run["run_id"] for run in client.get("/api/v1/runs?anew").json()["runs"]] == [
            "other"
        ]


def test_runs_that_are_remembered_are_shown_when_no_ledger_is_named(tmp_path):
    url = registry.default_ledger_url(str(tmp_path))
    (tmp_path / STATE_FOLDER).mkdir()
    with page_of() as client:
        assert client.get("/api/v1/runs").json()["runs"] == []
        with closing(Ledger(url)) as ledger:
            ledger.create()
            ledger.start_run(a_run("remembered"))
        registry.remember("remembered", url, str(tmp_path))
        assert "remembered" in client.get("/?anew").text


def test_a_password_of_a_ledger_is_never_shown(tmp_path):
    url = "postgresql+psycopg://anna:s3cret@127.0.0.1:1/headrace"
    with page_of(url) as client:
        for address in ("/", "/volumes", "/metrics", "/healthz", "/api/v1/runs"):
            text = client.get(address).text
            assert "s3cret" not in text
        assert "anna:***@127.0.0.1" in client.get("/").text


def test_colours_can_be_read():
    style = (Path(html.__file__).parent / "static" / "style.css").read_text()
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w+);", part)) for part in style.split("@media", 2)[:2]
    )
    for colours in (light, light | dark):
        for name in ("ink", "soft", "link", "good", "bad", "wait", "idle", "cut", "busy"):
            for ground in ("page", "card", "alert"):
                assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
        assert contrast(colours["on-top"], colours["top"]) >= 4.5
        assert contrast(colours["on-button"], colours["button"]) >= 4.5
        assert contrast(colours["field"], colours["card"]) >= 3


def contrast(one: str, other: str) -> float:
    """The contrast of two colours by WCAG 2."""
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
