from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest
from radar_files import file_name, write_volume

from batchio.errors import UsageError
from batchio.ledger import Ledger
from batchio.records import FAILED, INCOMPLETE, Outcome, RunRecord, iso
from pipelines import fetch as module
from pipelines.fetch import FETCH, FetchOptions
from pipelines.launcher.command_line import parse, to_arguments
from pipelines.launcher.registry import default_ledger_url
from pipelines.launcher.run import launch

NEEDED = ("radar", "--source", "ftp://h/L2", "--radar", "RMA1", "RMA11", "--output", "out")
START = datetime(2025, 11, 17, tzinfo=timezone.utc)
NOW = START + timedelta(days=30)


def options_of(*arguments):
    return parse(FetchOptions, [*NEEDED, *arguments], prog="fetch", description="").options


def test_the_command_of_the_issue_is_understood():
    options = options_of("--start", "2025-11-17", "--end", "2025-11-18T06:30")
    assert (options.what, options.radar) == ("radar", ["RMA1", "RMA11"])
    assert module._time_of(options.start) == START
    assert module._time_of(options.end, is_end=True) == START + timedelta(hours=30.5)
    assert module._time_of("2025-11-17", is_end=True) == START + timedelta(days=1)
    again = parse(FetchOptions, to_arguments(options), prog="fetch", description="").options
    assert again == options


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--start is needed without --watch"),
        (("--start", "2025-11-17", "--end", "2025-11-16"), "--end lies before --start"),
        (("--start", "yesterday"), "give a day or a time (UTC), such as 2025-11-17"),
        (("--start", "2025-11-17T00:00+03:00"), "give a day or a time (UTC)"),
        (("--start", "2025-11-17", "--radar", "../RMA1"), "give names of radars, such as RMA1"),
        (("--start", "2025-11-17", "--input", "a"), "--input"),
        (("--start", "2025-11-17", "--timestamped"), "--timestamped is unknown"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(UsageError) as caught:
        options_of(*arguments)
    assert message in str(caught.value)


def test_a_password_in_the_source_is_refused_and_not_repeated(capfd):
    source = ("--source", "ftp://anna:secret@h/L2", "--start", "2025-11-17")
    assert launch(FETCH, [*NEEDED, *source]) == 2
    shown = "".join(capfd.readouterr())
    assert "--source must not hold a password" in shown
    assert "secret" not in shown


def test_a_file_of_logins_that_cannot_be_used_is_told_before_the_run(tmp_path, capfd):
    file = tmp_path / "logins"
    file.write_text("nonsense")
    named = ("--start", "2025-11-17", "--credentials", str(file), "--output", str(tmp_path / "o"))
    assert launch(FETCH, [*NEEDED, *named]) == 2
    assert "logins cannot be used: bad toplevel token 'nonsense'" in capfd.readouterr().err
    assert not (tmp_path / "o").exists()


def test_all_since_the_start_is_looked_for_once_and_then_what_may_have_come(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_WALKED", set())
    arguments = ("--watch", "60", "--start", "2025-11-17", "--output", str(tmp_path))
    options = options_of(*arguments, "--max_attempts", "3")
    assert module._since(options, NOW) == START
    module._WALKED.add(module._key(options))
    assert module._since(options, NOW) == NOW - timedelta(hours=3)
    assert module._since(options, START + timedelta(hours=1)) == START
    record(tmp_path, "20251120T063000Z", FAILED, attempt=3)
    assert module._since(options, NOW) == NOW - timedelta(hours=3)
    record(tmp_path, "20251121T063000Z", INCOMPLETE, attempt=2)
    assert module._since(options, NOW) == datetime(2025, 11, 21, 6, 30, tzinfo=timezone.utc)
    again = options_of(*arguments, "--rerun", "failed")
    module._WALKED.add(module._key(again))
    assert module._since(again, NOW) == START


def test_a_look_is_noted_only_once_all_folders_were_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_LISTED", set())
    monkeypatch.setattr(module, "_WALKED", set())
    (tmp_path / "L2" / "RMA1").mkdir(parents=True)
    places = ("--source", str(tmp_path / "L2"), "--output", str(tmp_path / "out"))
    options = options_of(*places, "--watch", "60", "--start", "2025-11-17")
    assert [each.file.path for each in module.items(options)] == [f"{tmp_path}/L2/RMA11"]
    module.looked(options)
    assert module._since(options, NOW) == START
    (tmp_path / "L2" / "RMA11").mkdir()
    assert list(module.items(options)) == []
    assert module._since(options, NOW) == START  # the run of this look lists the same
    module.looked(options)
    assert module._since(options, NOW) == NOW - timedelta(hours=3)


def test_what_is_older_than_the_look_back_is_fetched_by_the_first_look(tmp_path):
    at = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=2)
    volume = write_volume(tmp_path / f"L2/RMA1/{at:%Y/%m/%d/%H/%M%S}", ["DBZH"], time=at)
    source, radar = ("--source", str(tmp_path / "L2")), ("--radar", "RMA1")
    command = ["radar", *source, *radar, "--output", str(tmp_path / "out")]
    limited = ["--start", f"{at:%Y-%m-%d}", "--watch", "0.1", "--max_polls", "2"]
    assert launch(FETCH, [*command, *limited]) == 0
    (fetched,) = (tmp_path / "out").rglob("*.BUFR")
    assert fetched.name == file_name(volume, "DBZH")


def test_without_a_start_only_the_last_hours_are_looked_at(monkeypatch):
    monkeypatch.setattr(module, "_WALKED", set())
    options = options_of("--watch", "60", "--look_back", "6")
    assert module._since(options, NOW) == NOW - timedelta(hours=6)


def record(folder, time, status, attempt):
    unit_id = f"RMA1/folders/RMA1_0301_02_DBZH_{time}.BUFR"
    run = RunRecord(
        time, "fetch", (), {"headrace": "1"}, "here", 1, str(folder), started=iso(START)
    )
    with closing(Ledger(default_ledger_url(str(folder)))) as ledger:
        ledger.create()
        ledger.start_run(run)
        ledger.record(run, [Outcome(unit_id, status, attempt=attempt, started=iso(START))])


def test_a_server_that_cannot_be_listed_ends_a_run_and_not_a_watch(tmp_path, capfd):
    nowhere = ("--source", str(tmp_path / "none"), "--output", str(tmp_path / "out"))
    options = options_of(*nowhere, "--watch", "60", "--start", "2025-11-17")
    assert [each.why for each in module.items(options)] == ["list: there is no such folder"] * 2
    assert launch(FETCH, [*NEEDED, *nowhere, "--start", "2025-11-17", "--plan"]) == 1
    assert "none/RMA1: list: there is no such folder" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (("--plan",), "--max_polls are for both commands; give them before --then"),
        (("--watch", "9"), "--max_polls are for both commands; give them before --then"),
        (("--max_polls", "9"), "--max_polls are for both commands; give them before --then"),
        (("--streaming",), "--streaming do not; give them to a command of its own"),
        (("--runner", "DataflowRunner"), "--then runs by turns, which a service"),
        (("--runner", "NoRunner"), "Beam has no such runner"),
    ],
)
def test_what_is_for_both_stands_before_then(tmp_path, capfd, after, message):
    places = ("--source", str(tmp_path), "--output", str(tmp_path / "in"), "--watch", "60")
    then = ("--then", "radar", "--output", str(tmp_path / "out"), *after)
    assert module.main([*NEEDED, *places, *then]) == 2
    assert message in capfd.readouterr().err
    assert [*tmp_path.iterdir()] == []


def test_a_plan_of_both_is_one_of_what_is_fetched_and_touches_nothing(tmp_path, capfd):
    at = datetime(2025, 11, 17, 6, tzinfo=timezone.utc)
    write_volume(tmp_path / "L2/RMA1/2025/11/17/06/0000", ["DBZH"], time=at)
    (tmp_path / "L2/RMA11").mkdir()
    places = ("--source", str(tmp_path / "L2"), "--output", str(tmp_path / "in"))
    asked = ("--start", "2025-11-17", "--end", "2025-11-17", "--plan")
    then = ("--then", "radar", "--output", str(tmp_path / "out"))
    assert module.main([*NEEDED, *places, *asked, *then]) == 0
    assert capfd.readouterr().out.endswith("plan: 1 to work, 0 to skip, 0 to wait; 0 B to read\n")
    assert [each.name for each in tmp_path.iterdir()] == ["L2"]


def test_radar_takes_from_the_fetch_what_neither_it_nor_its_file_says(tmp_path):
    fetch = options_of("--start", "2025-11-17", "--volume_types", "a.yaml", "--progress", "none")
    config = tmp_path / "radar.yaml"
    config.write_text("volume_types: b.yaml")
    own = ["--output", "made", "--config", str(config)]
    options = module._followed(fetch, own).parsed().options
    assert (options.input, options.volume_types) == (["out/**/*.BUFR*"], "b.yaml")
    assert (options.progress, options.watch) == ("none", None)
    assert module._followed(fetch, own[:2]).parsed().options.volume_types == "a.yaml"
    assert module._followed(fetch, [*own, "--input", "x"]).parsed().options.input == ["x"]
