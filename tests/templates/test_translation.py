"""Each pipeline as Dataflow would get it. Nothing is submitted, and no cloud is asked."""

import base64
import bz2
from functools import cache

import pytest
from apache_beam.coders.coders import Coder
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.pipeline import Pipeline
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2 as api
from apache_beam.runners.dataflow.internal import apiclient
from apache_beam.runners.pipeline_context import PipelineContext

from pipelines.domains import DOMAINS, load
from pipelines.launcher.command_line import parse
from pipelines.launcher.engine import graph_options
from pipelines.launcher.handover import build_to_the_end
from pipelines.launcher.run import make_run
from pipelines.radar import RADAR
from pipelines.syntax import SYNTAX

IMAGE = "europe-west1-docker.pkg.dev/project-1/headrace/worker:1"
BUCKETS = ("--input=gs://bucket-1/in/**", "--output=gs://bucket-1/out")
OURS = ["--runner=DataflowRunner", "--ledger=postgresql+psycopg://user@host/ledger"]
CLOUD = [
    "--project=project-1",
    "--region=europe-west1",
    "--temp_location=gs://bucket-1/temp",
    "--staging_location=gs://bucket-1/staging",
    f"--sdk_container_image={IMAGE}",
    "--run_id=run-1",
    "--experiments=disable_logging_submission_environment",  # a pip freeze at each submission
]


@pytest.fixture(params=DOMAINS)
def domain(request):
    return load(request.param)


@cache
def translated(domain, *more: str, where=BUCKETS) -> tuple[api.Pipeline, PipelineOptions]:
    """The graph as the runner hands it to the service, and the options as it completed them."""
    parsed = parse(domain.options, [*where, *OURS, *CLOUD, *more], prog="", description="")
    run = make_run(domain.name, parsed.options)
    dry = ["--dry_run=True"]  # the runner's own: it stops before it asks the service
    options = graph_options(run, parsed.options.runner, [*parsed.beam_arguments, *dry])
    pipeline = Pipeline(options=options)
    build_to_the_end(domain, parsed.options, run, pipeline)
    return pipeline.run().job.proto_pipeline, options


def environment_of(pipeline: api.Pipeline, options: PipelineOptions):
    return apiclient.Environment(
        packages=[],
        options=options,
        environment_version="8",
        proto_pipeline_staged_url="gs://bucket-1/staging/pipeline.pb",
        proto_pipeline=pipeline,
    ).proto


def named(pipeline: api.Pipeline) -> dict[str, api.PTransform]:
    return {each.unique_name: each for each in pipeline.components.transforms.values()}


def transforms(pipeline: api.Pipeline, urn: str) -> list[api.PTransform]:
    return [each for each in named(pipeline).values() if each.spec.urn == urn]


@pytest.mark.parametrize(
    ("of", "steps"),
    [
        (RADAR, "MatchFiles FormUnits SkipUpToDate ProcessUnits RecordOutcomes EndRun"),
        (
            SYNTAX,
            "MatchFiles FormUnits SkipUpToDate ProcessUnits RecordOutcomes WriteTables "
            "RecordTables EndRun",
        ),
    ],
    ids=["radar", "syntax"],
)
def test_the_steps_are_named_after_what_they_do(of, steps):
    pipeline, _ = translated(of)
    (root,) = pipeline.root_transform_ids
    children = pipeline.components.transforms[root].subtransforms
    names = [pipeline.components.transforms[child].unique_name for child in children]
    assert names == steps.split()
    assert all("lambda" not in name for name in names)


def test_the_graph_is_small_and_does_not_grow_with_the_files(domain, tmp_path):
    where = (f"--input={tmp_path}/*", "--output=gs://bucket-1/out")
    empty, _ = translated(domain, where=where)
    for number in range(2000):
        (tmp_path / f"file_with_a_name_of_some_length_{number}.json").touch()
    full, _ = translated.__wrapped__(domain, where=where)
    size = len(full.SerializeToString())
    assert abs(size - len(empty.SerializeToString())) < 500  # the clock's digits
    assert size < 200_000  # the service takes 10 MB


def test_the_workers_run_in_the_image_that_is_asked_for(domain):
    environment = environment_of(*translated(domain))
    (pool,) = environment.worker_pools
    assert [each.container_image for each in pool.sdk_harness_container_images] == [IMAGE]
    assert pool.worker_harness_container_image == IMAGE


def test_what_beam_owns_reaches_the_service(domain):
    options = ["--machine_type=n2-standard-8", "--max_num_workers=20", "--job_name=nightly"]
    pipeline, completed = translated(domain, *options)
    environment = environment_of(pipeline, completed)
    (pool,) = environment.worker_pools
    assert (pool.machine_type, pool.autoscaling_settings.max_num_workers) == ("n2-standard-8", 20)
    assert completed.get_all_options()["job_name"] == "nightly"
    assert environment.sdk_pipeline_options["options"]["job_name"] == "nightly"


def test_the_job_bears_the_name_of_the_run(domain):
    _, options = translated(domain)
    assert options.get_all_options()["job_name"] == "headrace-run-1"


def test_no_state_of_the_main_module_travels(domain):
    pipeline, _ = translated(domain)
    environments = pipeline.components.environments.values()
    roles = [artifact.role_payload for each in environments for artifact in each.dependencies]
    assert not any(b"pickled_main_session" in role for role in roles)
    for pardo in transforms(pipeline, common_urns.primitives.PAR_DO.urn):
        payload = api.ParDoPayload.FromString(pardo.spec.payload)
        assert b"__main__" not in bz2.decompress(base64.b64decode(payload.do_fn.payload))


def test_keys_are_grouped_by_coders_that_always_write_the_same(domain):
    pipeline, _ = translated(domain)
    context = PipelineContext(pipeline.components)
    groupings = transforms(pipeline, common_urns.primitives.GROUP_BY_KEY.urn)
    assert groupings
    for grouping in groupings:
        (collection,) = grouping.inputs.values()
        coder = context.coders[pipeline.components.pcollections[collection].coder_id]
        assert isinstance(coder, Coder)
        assert coder.key_coder().is_deterministic(), (grouping.unique_name, coder)


def test_a_step_may_ask_for_an_accelerator(domain):
    asked = "accelerator=type:nvidia-tesla-t4;count:1;install-nvidia-driver"
    pipeline, _ = translated(domain, f"--resource_hints={asked}")
    hints = [
        environment.resource_hints for environment in pipeline.components.environments.values()
    ]
    urn = common_urns.resource_hints.ACCELERATOR.urn
    assert [each[urn].decode() for each in hints] == [asked.partition("=")[2]]
