import apache_beam as beam
import pytest
from run_samples import a_run

from pipelines.launcher.engine import run_graph


@pytest.mark.parametrize("runner", ["DirectRunner", "FnApiRunner"])
def test_a_graph_is_run_to_its_end_in_this_process(tmp_path, runner):
    marks = tmp_path / "marks"
    marks.mkdir()

    def build(pipeline):
        names = pipeline | beam.Create(["a", "b"])
        return names | beam.Map(lambda name: (marks / name).touch())

    run_graph(build, a_run(tmp_path, "Run_1.a"), runner, [])
    assert sorted(path.name for path in marks.iterdir()) == ["a", "b"]


def test_an_error_of_the_graph_is_raised(tmp_path):
    def build(pipeline):
        return pipeline | beam.Create([1]) | beam.Map(lambda n: n / 0)

    with pytest.raises(Exception, match="division by zero"):
        run_graph(build, a_run(tmp_path), "DirectRunner", [])


def test_another_runner_gets_its_options_and_the_job_a_name(tmp_path, monkeypatch):
    made = []

    class Pipeline:
        def __init__(self, runner, options):
            made.append((runner, options.get_all_options(drop_default=True)))

        def run(self):
            return self

        def wait_until_finish(self):
            made.append("waited")

    monkeypatch.setattr(beam, "Pipeline", Pipeline)
    arguments = ["--job_endpoint=localhost:8099"]
    run_graph(lambda pipeline: None, a_run(tmp_path, "Run_1.a"), "PortableRunner", arguments)
    (runner, options), waited = made
    assert (runner, waited) == (None, "waited")
    assert options["runner"] == "PortableRunner"
    assert options["job_endpoint"] == "localhost:8099"
    assert options["job_name"] == "headrace-run-1-a"
