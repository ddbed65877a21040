from pipelines.launcher.command_line import parse
from pipelines.launcher.run import make_run
from pipelines.radar import main
from pipelines.radar_options import RadarOptions


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


def test_a_run_with_a_remote_output_tells_where_its_ledger_is(tmp_path, state_folder, capsys):
    (tmp_path / "notes.txt").write_text("no radar file")
    arguments = ["--input", str(tmp_path), "--output", "memory://told/out"]
    assert main([*arguments, "--progress", "plain"]) == 0
    first, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith(f"The ledger is {state_folder}/ledgers/")
    assert first.endswith(".db")
