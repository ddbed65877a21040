from contextlib import closing

from batchio.ledger import Ledger
from batchio.records import COMPLETED
from pipelines.launcher.options import CommonOptions
from pipelines.launcher.run import make_run
from transforms.arrivals import _PollFn
from transforms.recorder import Recorder


def test_storage_that_is_away_for_a_poll_changes_nothing(tmp_path, caplog):
    (tmp_path / "in").mkdir()
    file = tmp_path / "in" / "a.BUFR"
    file.write_bytes(b"BUFR")
    here, away = (f"{tmp_path}/in/*",), ("ftp://127.0.0.1:1/in/*",)
    options = CommonOptions(input=[*here], output=str(tmp_path / "out"), retries=0)
    run = make_run("radar", options)
    with closing(Ledger(run.ledger_url)) as ledger:
        ledger.create()
        ledger.start_run(run.record)
        poll = _PollFn(run)
        assert [found.path for found in poll._changes(here)] == [str(file)]
        assert list(poll._changes(away)) == []
        (told,) = caplog.messages
        assert "ftp://127.0.0.1:1/in" in told
        assert list(poll._changes(here)) == []
        file.unlink()
        assert [(gone.path, gone.size) for gone in poll._changes(here)] == [(str(file), -1)]
        Recorder.of(run).close()
        ledger.finish_run(run.run_id, COMPLETED, {})
