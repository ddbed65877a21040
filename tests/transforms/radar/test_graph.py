import json
from datetime import datetime, timezone
from functools import partial

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to
from radar_fields import put, put_field
from run_samples import a_run, left_out, recorder_of, rows

from batchio.fileset import FileRef
from transforms.filesets import FormUnits, MatchFiles, SkipUpToDate
from transforms.forming import Grouped
from transforms.outcomes import ProcessUnits, RecordOutcomes
from transforms.radar.completeness import VolumeRules, form_volume, volume_of
from transforms.radar.make_volume import MakeVolume

NOW = datetime(2025, 1, 1, tzinfo=timezone.utc)
TABLE = {"0301": {"02": ("DBZH", "ZDR")}}


def pipeline():
    return beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([]))


def forming(table=None):
    return Grouped(volume_of, partial(form_volume, rules=VolumeRules(NOW, table)))


def ref(name):
    return FileRef(f"/in/{name}", 10, 1.0)


def test_files_are_grouped_into_volumes_and_the_others_recorded(tmp_path):
    run = a_run(tmp_path)
    files = [
        ref("RMA1_0301_02_ZDR_20181111T000457Z.BUFR"),
        ref("RMA1_0301_02_DBZH_20181111T001457Z.BUFR"),
        ref("notes.txt"),
        ref("RMA1_0301_02_DBZH_20181111T000457Z.BUFR.gz"),
        ref("RMA1_0301_02_FOO_20181111T000457Z.BUFR"),
    ]
    with recorder_of(run), pipeline() as p:
        units = p | beam.Create(files) | FormUnits(forming(TABLE), run)
        about = units | beam.Map(lambda u: (u.unit_id, [f.name[13:17] for f in u.files], u.waits))
        expected = [
            ("RMA1_0301_02_20181111T000457Z", ["DBZH", "ZDR_"], ""),
            ("RMA1_0301_02_20181111T001457Z", ["DBZH"], "incomplete"),
        ]
        assert_that(about, equal_to(expected))
    found = left_out(run)
    assert set(found) == {"/in/notes.txt", files[4].path}
    assert "the name is not RADAR_STRATEGY_VOLUME_FIELD_TIMESTAMP" in found["/in/notes.txt"]
    assert found[files[4].path].startswith("the field FOO is unknown")


@pytest.mark.parametrize("damaged", [False, True])
def test_the_whole_chain_makes_volumes_once(tmp_path, damaged):
    put_field(tmp_path / "in", "DBZH")
    if damaged:
        put(tmp_path / "in", "ZDR", b"")
    else:
        put_field(tmp_path / "in", "ZDR")

    def go(run_id):
        run = a_run(tmp_path, run_id, patterns=(f"{tmp_path}/in/**",))
        with recorder_of(run), pipeline() as p:
            volumes = p | MatchFiles(run) | FormUnits(forming(), run)
            made = volumes | SkipUpToDate(run) | ProcessUnits(MakeVolume(run.output), run)
            _ = made | RecordOutcomes(run)
        return rows(run)

    (row,) = go("run-1").values()
    ((path, size, _),) = json.loads(row["outputs"])
    assert path == f"{tmp_path}/out/RMA1_0301_02_20181111T000457Z.nc"
    assert size == json.loads(row["metrics"])["bytes_out"]
    if damaged:
        assert (row["status"], row["step"]) == ("failed", "decode radar BUFR")
        assert "the file is empty" in row["error_message"]
        assert next(iter(go("run-2").values()))["reason"] == "failed last time"
    else:
        assert row["status"] == "completed"
        assert go("run-2") == {}
