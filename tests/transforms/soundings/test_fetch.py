import pickle
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path

import fsspec
import pytest
from bufkit_samples import GFS_COLUMNS, text
from ftp_archive import ftp_archive
from http_archive import DROPPED, TRICKLE, Answer, cut, http_archive

from batchio.errors import HeadraceError
from batchio.output import OutputRoot
from batchio.records import COMPLETED, FAILED, INCOMPLETE, PENDING
from transforms.soundings.check_file import CutShort, WrongCycle, WrongPlace
from transforms.soundings.fetch import LATE_H, FetchForecast, fetch_status
from transforms.soundings.sources import MODELS
from transforms.soundings.wanted import Wanted
from transforms.units import Attempt, Unit

CYCLE = datetime(2022, 10, 26, 12, tzinfo=timezone.utc)
LONG_AGO = CYCLE + timedelta(days=100)
WANTED = Wanted("RAP", CYCLE, "KABQ", 35.04, -106.6, ("ABQ",), 1.1)
RELATIVE = "2022/10/26/bufkit/12/rap/rap_kabq.buf"
PATH = "/rap_kabq.buf"
DATA = text().encode()
GOOD = Answer(body=DATA)


@pytest.fixture(scope="module")
def shared_server():
    with http_archive() as server:
        yield server


@pytest.fixture
def server(shared_server):
    shared_server.answers.clear()
    shared_server.requests.clear()
    return shared_server


@pytest.fixture
def fetch(server, tmp_path):
    archive = OutputRoot(str(tmp_path / "archive"), "run-1")
    template = f"{server.url}/{{prefix}}_{{station}}.buf"
    return FetchForecast(
        archive, template, retries=1, timeout_s=30.0, max_distance_km=50.0, now=LONG_AGO
    )


def unit(wanted=WANTED):
    return Unit(wanted.name, (), details={"wanted": wanted.to_json()})


def files_of(fetch):
    return sorted(str(path) for path in Path(fetch.archive.url).rglob("*") if path.is_file())


def test_a_file_is_put_where_iowa_state_has_it(server, fetch):
    url = server.give(PATH, GOOD)
    made = pickle.loads(pickle.dumps(fetch))(unit())
    path = f"{fetch.archive.url}/{RELATIVE}"
    assert made.outputs == ((path, len(DATA), sha256(DATA).hexdigest()),)
    assert (made.details, made.metrics) == ({"fetch": "fetched", "url": url}, {"bytes": len(DATA)})
    assert Path(path).read_bytes() == DATA
    assert files_of(fetch) == [path]


def test_a_file_that_is_there_is_not_asked_for(server, fetch):
    server.give(PATH, GOOD)
    first = fetch(unit())
    again = fetch(unit())
    assert server.requests == [PATH]
    assert (again.outputs, again.details, again.metrics) == (
        first.outputs,
        {"fetch": "present"},
        {"bytes": 0},
    )


@pytest.mark.parametrize(
    "content",
    [b"", DATA[: len(DATA) // 2], b"<html>error</html>", text(columns=GFS_COLUMNS).encode()],
    ids=["empty", "cut", "page", "other model"],
)
def test_a_file_that_is_not_right_is_fetched_anew(server, fetch, caplog, content):
    server.give(PATH, GOOD)
    path = Path(fetch.archive.url) / RELATIVE
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert fetch(unit()).details["fetch"] == "fetched"
    assert path.read_bytes() == DATA
    assert caplog.messages[0].startswith(f"{path}: ")
    assert caplog.messages[0].endswith("; fetching it anew")


FAULTS = {
    "404": (Answer(404), PENDING, "not_published"),
    "410": (Answer(410), PENDING, "not_published"),
    "403": (Answer(403), FAILED, "failed"),
    "500": (Answer(500), FAILED, "failed"),
    "429": (Answer(429, headers={"Retry-After": "0"}), FAILED, "failed"),
    "slow": (TRICKLE, FAILED, "failed"),
    "truncated": (cut(DATA), FAILED, "failed"),
    "ends early": (Answer(body=DATA[:-200]), FAILED, "failed"),
    "dropped": (DROPPED, FAILED, "failed"),
    "error page": (Answer(body=b"<html>sorry</html>"), FAILED, "failed"),
    "empty": (Answer(), FAILED, "failed"),
    "other run": (Answer(body=DATA.replace(b"221026/", b"221025/")), FAILED, "failed"),
    "other model": (Answer(body=text(columns=GFS_COLUMNS).encode()), FAILED, "failed"),
    "other place": (Answer(body=DATA.replace(b"35.05", b"46.28")), FAILED, "wrong_place"),
    "neighbour": (
        Answer(body=DATA.replace(b"KABQ", b"KAEG").replace(b"723650", b"723654")),
        FAILED,
        "wrong_place",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_item_ends_in_its_true_status_and_a_second_run_completes_it(server, fetch, fault):
    answer, status, word = FAULTS[fault]
    url = server.give(PATH, answer)
    outcome = Attempt(replace(fetch, timeout_s=0.3) if answer.trickle else fetch)(unit())
    assert (outcome.status, fetch_status(outcome), outcome.outputs) == (status, word, ())
    assert url in outcome.error_message
    assert outcome.step == ("" if status == PENDING else "fetch")
    assert files_of(fetch) == []
    server.give(PATH, GOOD)
    outcome = Attempt(fetch)(unit())
    assert (outcome.status, fetch_status(outcome)) == (COMPLETED, "fetched")


@pytest.mark.parametrize(
    "fault", [Answer(500), DROPPED, cut(DATA)], ids=["500", "dropped", "truncated"]
)
def test_a_server_that_falters_once_costs_nothing(server, fetch, fault):
    server.give(PATH, fault, GOOD)
    assert fetch(unit()).details["fetch"] == "fetched"


def test_what_is_refused_says_which_file_and_what_to_do(server, fetch):
    url = server.give(PATH, Answer(body=DATA[:-200]))
    with pytest.raises(CutShort) as caught:
        fetch(unit())
    error = caught.value
    assert (error.path, error.step, error.action) == (url, "fetch", "fetch the file again")


def test_another_place_is_not_kept(server, fetch):
    server.give(PATH, Answer(body=DATA.replace(b"35.05", b"46.28")))
    with pytest.raises(WrongPlace, match="1250 km from ABQ KABQ") as caught:
        fetch(unit())
    assert isinstance(caught.value, HeadraceError)


@pytest.mark.parametrize("model", MODELS)
def test_a_young_run_is_awaited_and_an_old_one_is_not(fetch, model):
    limit = CYCLE + timedelta(hours=MODELS[model].usual_h + LATE_H)
    asked = unit(replace(WANTED, model=model))
    young = replace(fetch, now=limit - timedelta(minutes=1))(asked)
    old = replace(fetch, now=limit)(asked)
    assert (young.waits, young.details["fetch"]) == (INCOMPLETE, "not_available_yet")
    assert f"by 2022-10-26 {12 + MODELS[model].usual_h}:00 UTC" in young.reason
    assert (old.waits, old.details["fetch"]) == (PENDING, "not_published")
    assert "no file of KABQ is published" in old.reason


def test_yesterdays_file_in_the_place_of_todays_is_awaited(server, fetch):
    server.give(PATH, Answer(body=DATA.replace(b"221026/", b"221025/")))
    young = replace(fetch, now=CYCLE + timedelta(hours=1))(unit())
    assert (young.waits, young.details["fetch"]) == (INCOMPLETE, "not_available_yet")
    with pytest.raises(WrongCycle):
        fetch(unit())


@pytest.mark.parametrize("problem", ["not_published", "wrong_place"])
def test_what_the_catalogue_does_not_have_is_not_asked_for(server, fetch, problem):
    why = "the nearest HRRR station is CYYG, 12807 km away"
    outcome = Attempt(fetch)(unit(replace(WANTED, problem=problem, why=why)))
    assert (outcome.status, fetch_status(outcome)) == (PENDING, problem)
    assert outcome.error_message == why
    assert server.requests == []


def test_a_password_is_not_recorded(server, fetch):
    template = fetch.template.replace("://", "://me:secret@")
    for answer in (GOOD, Answer(404), Answer(500), Answer()):
        url = server.give(PATH, answer)
        outcome = Attempt(replace(fetch, template=template))(unit())
        assert "secret" not in repr(outcome)
        assert url in repr(outcome)
        Path(fetch.archive.url, RELATIVE).unlink(missing_ok=True)


def test_a_station_with_a_hash_is_fetched(server, fetch):
    server.give("/rap_a%232.buf", Answer(body=DATA.replace(b"STID = KABQ", b"STID = A#2")))
    made = fetch(unit(replace(WANTED, station="A#2")))
    assert made.outputs[0].path.endswith("/rap/rap_a#2.buf")
    assert fetch(unit(replace(WANTED, station="A#2"))).details["fetch"] == "present"


def test_files_come_by_ftp(fetch):
    with ftp_archive() as ftp:
        ftp.give(PATH, DATA)
        fetch = replace(fetch, template=f"{ftp.url}/{{prefix}}_{{station}}.buf")
        assert fetch(unit()).details["fetch"] == "fetched"
        ftp.give("/hrrr_kabq.buf", "550 none")
        made = fetch(unit(replace(WANTED, model="HRRR")))
        assert made.details["fetch"] == "not_published"


def test_files_come_from_folders_and_go_to_stores(fetch, tmp_path):
    (tmp_path / "rap_kabq.buf").write_bytes(DATA)
    archive = OutputRoot("memory://fetched", "run-1")
    template = f"file://{tmp_path}/{{prefix}}_{{station}}.buf"
    fetch = replace(fetch, archive=archive, template=template)
    made = fetch(unit())
    assert made.outputs[0].path == f"memory://fetched/{RELATIVE}"
    assert fsspec.filesystem("memory").cat_file(f"/fetched/{RELATIVE}") == DATA
    assert fetch(unit()).details["fetch"] == "present"
