from pipelines.launcher.command_line import parse
from pipelines.launcher.run import make_run
from pipelines.radar import RadarOptions


def test_a_password_is_not_recorded():
    options = parse(
        RadarOptions,
        ["--input", "a", "--output", "b", "--ledger", "postgresql+psycopg://me:secret@host/db"],
        prog="radar",
        description="",
    ).options
    run = make_run("radar", options)
    assert run.ledger_url == "postgresql+psycopg://me:secret@host/db"
    assert run.record.arguments[-1] == "--ledger=postgresql+psycopg://me@host/db"


def test_local_roots_are_recorded_from_the_root_of_the_file_system(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = parse(
        RadarOptions, ["--input", "a", "--output", "b"], prog="radar", description=""
    ).options
    run = make_run("radar", options)
    assert run.output.url == run.record.output == str(tmp_path / "b")
    assert run.record.folder == str(tmp_path)
    assert run.run_id.endswith("-radar-" + run.run_id[-4:])
