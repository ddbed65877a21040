"""The soundings command with a server of its own, which answers in every bad way there is."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import netCDF4
import pytest
from http_archive import DROPPED, NOT_FOUND, Answer, HttpArchive, cut, http_archive
from rig import Finished, Rig, Running, wait_until
from sounding_files import (
    CYCLE,
    MODEL,
    RETRIES,
    archive_name,
    give,
    good,
    path_of,
    rig_of,
    sounding_of,
)

BUSY = Answer(500)
STATIONS = ("KABQ", "KDDC", "KDFW", "KSAF", "KTUS", "OUN")


def fetched(rig: Rig) -> dict[str, dict[str, str]]:
    """The rows of `fetch.csv` by station."""
    with (rig.output / "fetch.csv").open(newline="") as file:
        return {row["station"]: row for row in csv.DictReader(file)}


def fetch_statuses(rig: Rig) -> dict[str, str]:
    return {station: row["status"] for station, row in fetched(rig).items()}


def archived(rig: Rig) -> dict[str, bytes]:
    """All files of the archive, the unfinished and the hidden ones too."""
    archive = rig.folder / "archive"
    return {
        str(file.relative_to(archive)): file.read_bytes()
        for file in archive.rglob("*")
        if file.is_file()
    }


def whole_files(ids: Iterable[str]) -> dict[str, bytes]:
    return {archive_name(id_): sounding_of(id_) for id_ in ids}


def stations_made(rig: Rig) -> set[str]:
    with netCDF4.Dataset(rig.output / "2022/10/26/hrrr_2022102612.nc") as dataset:
        return {*netCDF4.chartostring(dataset["station_id"][:]).tolist()}


@pytest.fixture
def server() -> Iterator[HttpArchive]:
    with http_archive() as server:
        yield server


GFS = replace(MODEL, is_gfs=True)
FAULTS: dict[str, tuple[str, str, tuple[Answer, ...]]] = {
    # station: status after the first run, part of its message, answers
    "KABQ": ("fetched", "", (good("KABQ"),)),
    "KDFW": ("fetched", "", (BUSY, BUSY, good("KDFW"))),
    "KMAF": ("fetched", "", (DROPPED, good("KMAF"))),
    "OUN": ("fetched", "", (Answer(429, headers={"Retry-After": "1"}), good("OUN"))),
    "KTUS": ("not_published", "no file of KTUS is published for this run", (NOT_FOUND,)),
    "KDDC": ("failed", "HTTP 500", (BUSY,)),
    "KSHV": ("failed", "the server refuses: HTTP 403", (Answer(403),)),
    "KLBF": ("failed", "shorter than announced", (cut(sounding_of("KLBF")),)),
    "KBOI": ("failed", "is cut short", (Answer(body=sounding_of("KBOI")[:-300]),)),
    "KDSM": ("failed", "a page of HTML", (Answer(body=b"<!DOCTYPE html><html>no</html>"),)),
    "KEPZ": ("failed", "the file is empty", (Answer(),)),
    "KPHX": ("failed", "the server dropped the connection", (DROPPED,)),
    "KLBB": (
        "failed",
        "is of the run of 2022-10-26 06:00, not 2022-10-26 12:00",
        (Answer(body=sounding_of("KLBB", CYCLE.replace(hour=6))),),
    ),
    "KICT": ("failed", "is not of HRRR", (Answer(body=sounding_of("KICT", model=GFS)),)),
    "KAMA": ("wrong_place", "is of station CYYG at", (good("CYYG"),)),
    "FWD": ("wrong_place", "is of station KDFW, 26 km from FWD", (good("KDFW"),)),
    "KTUL": ("present", "", ()),
    "KGUP": ("fetched", "", (good("KGUP"),)),  # what is in the archive is not whole
    "KSAF": ("fetched", "", (good("KSAF", held=True),)),  # long after the others
}
OF_CATALOGUE = {"B#F": "wrong_place", "OSC": "not_published"}
STATUSES = OF_CATALOGUE | {id_: status for id_, (status, *_) in FAULTS.items()}
GOOD = {id_ for id_, status in STATUSES.items() if status in ("fetched", "present")}
BAD = FAULTS.keys() - GOOD
REQUESTS = {  # those that are tried again; all others are asked for once
    "KDFW": 3,
    "KMAF": 2,
    "OUN": 2,
    "KTUL": 0,
    **dict.fromkeys(["KDDC", "KLBF", "KPHX"], 1 + RETRIES),
}


def wait(running: Running, condition: Callable[[], bool]) -> None:
    """Waits until the server has been asked so, or the run is at its end."""
    wait_until(lambda: condition() or running.process.poll() is not None, "the requests")


class Runs(NamedTuple):
    """A run on all faults; one with the server mended; one more."""

    first: Finished
    rows: dict[str, dict[str, str]]
    ledger: dict[str, str]
    archive: dict[str, bytes]
    stations: set[str]
    requests: Counter[str]
    second: Finished
    asked_again: Counter[str]
    third: Finished
    asked_at_last: list[str]
    unchanged: bool
    rig: Rig


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    folder = tmp_path_factory.mktemp("faults")
    with http_archive() as server:
        rig = rig_of(folder, server, "--wfo=GUM", "--station", *FAULTS, "OSC")
        for id_, (_, _, answers) in FAULTS.items():
            server.give(path_of(id_), *answers)
        for id_, content in (("KTUL", sounding_of("KTUL")), ("KGUP", sounding_of("KGUP")[:900])):
            file = folder / "archive" / archive_name(id_)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        with rig.started(f"--log_file={folder}/log", inputs=[]) as running:
            wait(running, lambda: len({*server.requests}) == len(FAULTS) - 1)
            server.gate.set()
            first = running.wait()
        seen = fetched(rig), rig.statuses(), archived(rig), stations_made(rig)
        asked = Counter(server.requests)

        server.requests.clear()
        give(server, BAD)
        second = rig.run(inputs=[])
        asked_again = Counter(server.requests)

        server.requests.clear()
        before = rig.mtimes()
        third = rig.run(inputs=[])
        last = server.requests, rig.mtimes() == before
        yield Runs(first, *seen, asked, second, asked_again, third, *last, rig)


@pytest.mark.parametrize("id_", STATUSES)
def test_every_item_ends_in_its_true_status(runs: Runs, id_: str) -> None:
    row = runs.rows[id_]
    assert row["status"] == STATUSES[id_]
    (status,) = (state for unit, state in runs.ledger.items() if f"Z {id_}" in unit)
    assert row["file"] == (archive_name(id_) if id_ in GOOD else "")
    why = FAULTS[id_][1] if id_ in FAULTS else f"{id_} ("
    assert why in row["message"]
    if id_ in GOOD:
        assert (status, row["message"]) == ("completed", "")
        assert int(row["bytes"]) == len(sounding_of(id_))
    elif id_ in OF_CATALOGUE or status == "pending":
        assert (status, row["bytes"]) == ("pending", "")
    else:
        assert (status, row["bytes"]) == ("failed", "")
        assert row["message"] in runs.first.err  # of the failed ones, each is listed


def test_a_run_with_failed_items_says_so(runs: Runs) -> None:
    assert runs.first.code == 3
    assert "Traceback" not in runs.first.err
    assert set(runs.rows) == set(STATUSES)


def test_each_batch_is_told_of(runs: Runs) -> None:
    log = (runs.rig.folder / "log").read_text().splitlines()
    told = [line.partition(" fetch: ")[2] for line in log if " MB in " in line]
    assert told[0].startswith(f"10 of {len(STATUSES)}: ")
    assert told[-1].startswith(f"{len(STATUSES)} of {len(STATUSES)}: ")


def test_nothing_bad_and_nothing_unfinished_lies_anywhere(runs: Runs) -> None:
    assert runs.archive == whole_files(GOOD)
    assert runs.stations == GOOD
    assert runs.rig.unfinished_files() == []


def test_the_server_is_asked_as_often_as_may_help(runs: Runs) -> None:
    expected = {path_of(id_): REQUESTS.get(id_, 1) for id_ in FAULTS if id_ != "KTUL"}
    dropped = path_of("KPHX")
    assert runs.requests[dropped] >= expected[dropped]  # aiohttp itself may ask once more
    assert runs.requests == expected | {dropped: runs.requests[dropped]}


def test_a_second_run_fetches_what_is_missing_and_no_more(runs: Runs) -> None:
    assert runs.second.code == 0, runs.second.err
    assert runs.asked_again == dict.fromkeys(map(path_of, BAD), 1)
    assert archived(runs.rig) == whole_files(FAULTS)
    assert stations_made(runs.rig) == set(FAULTS)
    statuses = dict.fromkeys(FAULTS, "fetched") | {"KTUL": "present"} | OF_CATALOGUE
    assert fetch_statuses(runs.rig) == statuses


def test_a_third_run_does_nothing(runs: Runs) -> None:
    assert runs.third.code == 0
    assert runs.asked_at_last == []
    assert runs.unchanged
    statuses = {word: count for word, count in runs.rig.report()["statuses"].items() if count}
    assert statuses == {"pending": len(OF_CATALOGUE)}


class Undisturbed(NamedTuple):
    rig: Rig
    done: Finished
    most_at_once: int


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """A run on files that are all there, of which two are asked for at a time."""
    with http_archive() as server:
        rig = rig_of(tmp_path_factory.mktemp("good"), server, "--station", *STATIONS)
        give(server, STATIONS, held=True)
        with rig.started("--max_download_workers=2", inputs=[]) as running:
            wait(running, lambda: server.holding == 2)
            server.gate.set()
            done = running.wait()
    return Undisturbed(rig, done, server.most_at_once)


def without_urls(rig: Rig) -> dict[str, str]:
    """The outputs; the addresses of the server are not the same in two tests."""
    outputs = rig.outputs()
    del outputs["fetch.csv"]
    return outputs


def test_there_are_as_many_downloads_at_a_time_as_are_allowed(undisturbed: Undisturbed) -> None:
    assert undisturbed.done.code == 0, undisturbed.done.err
    assert undisturbed.most_at_once == 2
    assert archived(undisturbed.rig) == whole_files(STATIONS)
    assert stations_made(undisturbed.rig) == set(STATIONS)


def test_fetching_first_and_reading_later_gives_the_same(
    undisturbed: Undisturbed, server: HttpArchive, tmp_path: Path
) -> None:
    rig = rig_of(tmp_path, server, "--station", *STATIONS)
    give(server, STATIONS)
    done = rig.run("--download_only", "--max_download_workers=1", inputs=[])
    assert done.code == 0, done.err
    assert server.most_at_once == 1
    assert archived(rig) == whole_files(STATIONS)
    assert [file.name for file in rig.output_files()] == ["fetch.csv"]
    table = (rig.output / "fetch.csv").read_bytes()

    server.requests.clear()
    done = rig.run("--process_only", inputs=[])
    assert done.code == 0, done.err
    assert server.requests == []
    assert without_urls(rig) == without_urls(undisturbed.rig)
    assert (rig.output / "fetch.csv").read_bytes() == table
    assert fetch_statuses(rig) == fetch_statuses(undisturbed.rig)


def test_a_run_that_was_killed_while_it_fetched_goes_on(
    undisturbed: Undisturbed, server: HttpArchive, tmp_path: Path
) -> None:
    rig = rig_of(tmp_path, server, "--station", *STATIONS)
    give(server, STATIONS)
    gate = rig.gate()
    held = gate.at("batchio.output:OutputRoot._publish", "hrrr_ksaf")
    with rig.started("--max_download_workers=1", inputs=[], sabotage=[held]) as running:
        running.reaches(gate)
        running.kill()
    left = archived(rig)
    assert [name for name in left if "scratch" in name]  # it was killed in the midst of a file
    there = {name: data for name, data in left.items() if "scratch" not in name}
    assert there == whole_files(["KABQ", "KDDC", "KDFW"])

    server.requests.clear()
    assert rig.run(inputs=[]).code == 0
    assert {*server.requests} == {path_of(id_) for id_ in ("KSAF", "KTUS", "OUN")}
    assert archived(rig) == whole_files(STATIONS)
    assert without_urls(rig) == without_urls(undisturbed.rig)
    assert rig.unfinished_files() == []


def test_a_run_of_now_is_waited_for(server: HttpArchive, tmp_path: Path) -> None:
    now = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0)
    rig = rig_of(tmp_path, server, "--station=KABQ", cycle=now)
    done = rig.run(inputs=[])
    assert done.code == 0, done.err
    assert "is not there yet; usually it is by" in done.err
    assert fetch_statuses(rig) == {"KABQ": "not_available_yet"}
    assert rig.statuses()[f"fetch HRRR {now:%Y-%m-%dT%HZ} KABQ"] == "incomplete"

    server.give(path_of("KABQ", now), Answer(body=sounding_of("KABQ", now)))
    done = rig.run(inputs=[])
    assert done.code == 0, done.err
    assert fetch_statuses(rig) == {"KABQ": "fetched"}
    assert (rig.output / f"{now:%Y/%m/%d}/hrrr_{now:%Y%m%d%H}.nc").is_file()


def test_an_archive_that_has_none_of_the_files_is_told_of(
    server: HttpArchive, tmp_path: Path
) -> None:
    rig = rig_of(tmp_path, server, "--station=KABQ", "--process_only")
    (tmp_path / "archive").mkdir()
    done = rig.run(inputs=[])
    assert done.code == 1
    assert f"archive{path_of('KABQ')}: match files: no file matches; " in done.err
    assert server.requests == []
