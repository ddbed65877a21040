import multiprocessing
import os
from pathlib import Path

import pytest

from batchio.database import sqlite_path
from batchio.ledger import Ledger
from pipelines.launcher.registry import (
    KnownRun,
    default_ledger_url,
    find,
    latest,
    remember,
    state_folder,
)


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    folder = tmp_path / "state"
    monkeypatch.setenv("HEADRACE_STATE", str(folder))
    return folder


def test_a_remembered_run_is_found(tmp_path):
    remember("r1", f"sqlite:///{tmp_path}/a.db", str(tmp_path / "a"))
    remember("r2", f"sqlite:///{tmp_path}/b.db", "gs://bucket/b")
    assert find("r1") == f"sqlite:///{tmp_path}/a.db"
    assert find("r3") is None
    assert latest(5) == [
        KnownRun("r2", f"sqlite:///{tmp_path}/b.db", "gs://bucket/b"),
        KnownRun("r1", f"sqlite:///{tmp_path}/a.db", str(tmp_path / "a")),
    ]
    assert [run.run_id for run in latest(1)] == ["r2"]


def test_nothing_is_known_at_first():
    assert find("r1") is None
    assert latest(5) == []


def test_a_resumed_run_is_known_once_where_it_was_last(tmp_path):
    for name in ("old", "new"):
        remember("r1", f"sqlite:///{tmp_path}/{name}.db", "/out")
    assert find("r1") == f"sqlite:///{tmp_path}/new.db"
    assert len(latest(5)) == 1


def test_relative_places_hold_in_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    remember("r1", "sqlite:///out/ledger.db", "out")
    monkeypatch.chdir("/")
    assert latest(1) == [KnownRun("r1", f"sqlite:///{tmp_path}/out/ledger.db", f"{tmp_path}/out")]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://anna:geheim@db.example:5433/headrace?sslmode=require",
        "postgresql+psycopg://anna@db.example:5433/headrace?password=geheim&sslmode=require",
    ],
)
def test_a_password_is_not_written(state, url):
    remember("r1", url, "/out")
    assert "geheim" not in (state / "runs.tsv").read_text()
    assert find("r1") == "postgresql+psycopg://anna@db.example:5433/headrace?sslmode=require"


@pytest.mark.parametrize("name", ["a\tb", "a\nb", "a\\nb", "ü ä", "a?b#c%20d&e", "日本"])
def test_odd_names_come_back(tmp_path, name):
    url = default_ledger_url(str(tmp_path / name))
    remember("r1", url, str(tmp_path / name))
    assert latest(1) == [KnownRun("r1", url, str(tmp_path / name))]
    assert sqlite_path(url) == tmp_path / name / ".headrace" / "ledger.db"


def test_a_ledger_is_made_at_an_odd_place(tmp_path):
    folder = tmp_path / "a?b#c%20d&e ü"
    ledger = Ledger(default_ledger_url(str(folder)))
    ledger.create()
    ledger.close()
    assert (folder / ".headrace" / "ledger.db").stat().st_size > 0


def test_a_damaged_line_hides_only_itself(state, tmp_path):
    remember("r1", f"sqlite:///{tmp_path}/a.db", "/a")
    with (state / "runs.tsv").open("ab") as file:
        file.write(b"half a li\nx\t\\x\ty\n\xff\xfe\t\t\n")
    remember("r2", f"sqlite:///{tmp_path}/b.db", "/b")
    assert find("r1") is not None
    assert find("r2") is not None


def test_a_state_folder_that_cannot_be_made_is_no_error(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HEADRACE_STATE", str(tmp_path / "file" / "state"))
    remember("r1", "sqlite:////l.db", "/out")
    assert find("r1") is None
    assert latest(3) == []


def _remember_many(name):
    for number in range(200):
        remember(f"{name}-{number}", "sqlite:////l.db", "/out")


def test_two_processes_remember_at_once():
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_remember_many, args=(name,)) for name in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert {run.run_id for run in latest(1000)} == {f"{p}-{n}" for p in "ab" for n in range(200)}


def test_the_state_folder_follows_the_environment(monkeypatch, tmp_path):
    assert state_folder() == tmp_path / "state"
    monkeypatch.delenv("HEADRACE_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", "/xdg")
    assert state_folder() == Path("/xdg/headrace")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/anna")
    assert state_folder() == Path("/home/anna/.local/state/headrace")


def test_a_local_output_holds_its_ledger(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = f"sqlite:///{tmp_path}/out/.headrace/ledger.db"
    assert default_ledger_url("out") == expected
    assert default_ledger_url(f"file://{tmp_path}/out") == expected


def test_the_ledger_of_a_remote_output_lies_in_the_state_folder(state):
    url = default_ledger_url("s3://bucket/out")
    path = sqlite_path(url)
    assert path.parent == state / "ledgers"
    assert default_ledger_url("s3://bucket/out/") == url
    assert default_ledger_url("s3://bucket/other") != url
    assert os.sep not in path.name
