import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from google.cloud.dataflow_v1beta3 import ContainerSpec, ParameterType, SDKInfo, TemplateMetadata
from scripts import ROOT, load_script

from pipelines.domains import DOMAINS, load
from pipelines.launcher.command_line import parse
from pipelines.launcher.option_info import describe
from pipelines.launcher.samples import write_samples

COMMAND = load_script("templates/make_templates.py")
REPOSITORY = "europe-west1-docker.pkg.dev/project-1/headrace"


@pytest.fixture(params=DOMAINS)
def domain(request):
    return load(request.param)


def kept(domain) -> str:
    return (ROOT / "templates" / f"{domain.name}.json").read_text("utf-8")


def parameters(domain):
    return TemplateMetadata.from_json(kept(domain), ignore_unknown_fields=False).parameters


def infos(domain):
    return {info.name: info for info in describe(domain.options)}


def test_every_pipeline_has_a_template_and_no_other_is_left_over():
    kept_names = {path.stem for path in (ROOT / "templates").glob("*.json")}
    assert kept_names == set(DOMAINS)


def test_the_template_is_as_the_options_are(domain):
    assert json.loads(kept(domain)) == COMMAND.metadata(domain), "run `make template`"


def test_every_option_is_a_parameter_but_for_the_senseless_ones(domain):
    names = [each.name for each in parameters(domain)]
    assert len(names) == len(set(names))
    known = infos(domain)
    left_out = known.keys() - set(names)
    assert left_out == {name for name in known if known[name].on_service == "senseless"}
    assert left_out - {"check_lexicon"} == {
        *("watch", "stop_after", "max_polls", "workers", "min_free_space", "runner"),
        *("plan", "progress", "quiet", "verbose", "log_file"),
    }


def test_a_parameter_says_what_its_option_says(domain):
    known = infos(domain)
    for each in parameters(domain):
        info = known[each.name]
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", each.name)
        assert each.label
        assert each.help_text.startswith(info.help)
        assert each.is_optional is not (info.required or info.on_service == "needed")
        assert [option.value for option in each.enum_options] == (
            [] if info.many else list(info.choices)
        )


def test_what_is_needed_comes_first(domain):
    needed = [each.is_optional for each in parameters(domain)]
    assert needed == sorted(needed)
    assert "ledger" in {each.name for each in parameters(domain) if not each.is_optional}


def test_a_regular_expression_takes_the_default_and_what_the_option_takes(domain):
    for each in parameters(domain):
        for regex in map(re.compile, each.regexes):
            assert not each.default_value or regex.fullmatch(each.default_value), each.name
            assert not re.search(r"\(\?[=!<]", regex.pattern), "RE2 has no such thing"


@pytest.mark.parametrize(
    ("pipeline", "name", "taken", "refused"),
    [
        ("radar", "compression", ["0", "9"], ["10", "-1", "x", ""]),
        ("radar", "incomplete_timeout_hours", ["1", "0.5", ".5", "24."], ["-1", "1h", "."]),
        ("radar", "retries", ["0", "12"], ["-1", "1.5"]),
        ("radar", "ledger", ["postgresql+psycopg://user@host/ledger"], ["ledger.db"]),
        ("radar", "on_error", ["continue"], ["go", "continue,stop"]),
        ("syntax", "tables", ["nodes", '["files", "nodes"]'], ["node", "files,nodes"]),
        ("syntax", "batching", ["size", "my.own:weigh"], ["big"]),
    ],
)
def test_a_regular_expression_tells_right_from_wrong(pipeline, name, taken, refused):
    (parameter,) = [each for each in parameters(load(pipeline)) if each.name == name]
    (regex,) = parameter.regexes
    assert all(re.fullmatch(regex, value) for value in taken)
    assert not any(re.fullmatch(regex, value) for value in refused)


def test_the_console_can_offer_what_fits_a_parameter():
    types = {each.name: each.param_type for each in parameters(load("radar"))}
    assert types["input"] == ParameterType.TEXT  # also other than buckets, and lists
    assert types["output"] == ParameterType.GCS_WRITE_FOLDER
    assert types["volume_types"] == ParameterType.GCS_READ_FILE
    assert types["allow_incomplete"] == ParameterType.BOOLEAN
    assert types["compression"] == ParameterType.NUMBER
    assert types["order_by"] == ParameterType.ENUM


def test_the_defaults_of_a_template_are_those_of_the_options(domain):
    """Who takes all that the console fills in gets what who types nothing gets."""
    needed = ["--input=gs://bucket-1/in", "--output=gs://bucket-1/out"]
    defaults = [
        f"--{each.name}={each.default_value}" for each in parameters(domain) if each.default_value
    ]
    assert len(defaults) > 5
    given, plain = (
        parse(domain.options, arguments, prog="", description="").options
        for arguments in ([*needed, *defaults], needed)
    )
    assert given == plain


@pytest.fixture(scope="module")
def specifications(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("specifications")
    command = [sys.executable, ROOT / "templates/make_templates.py", "--to", folder]
    before = {name: kept(load(name)) for name in DOMAINS}
    subprocess.run([*command, "--repository", REPOSITORY, "--tag", "7"], check=True)
    assert {name: kept(load(name)) for name in DOMAINS} == before
    return folder


def test_the_specification_of_a_template_is_one_to_google(specifications, domain):
    text = (specifications / f"{domain.name}.json").read_text("utf-8")
    spec = ContainerSpec.from_json(text, ignore_unknown_fields=False)
    assert spec.image == f"{REPOSITORY}/launcher-{domain.name}:7"
    assert spec.default_environment.sdk_container_image == f"{REPOSITORY}/worker:7"
    assert spec.sdk_info.language == SDKInfo.Language.PYTHON
    assert list(spec.metadata.parameters) == list(parameters(domain))


def launched(pipeline: str, given: dict[str, str], folder: Path, *beams: str):
    """What the launcher of templates starts in the image: the program's file, from anywhere."""
    program = str(ROOT / "pipelines" / f"{pipeline}.py")
    arguments = [f"--{name}={value}" for name, value in given.items()]
    return subprocess.run(
        [sys.executable, program, *arguments, *beams],
        cwd=folder,
        env={**os.environ, "HEADRACE_STATE": str(folder / "state")},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def samples(pipeline: str, folder: Path) -> dict[str, str]:
    """Inputs, and parameters of each kind as the console sends them: all of them text."""
    write_samples(str(folder), [pipeline])
    if pipeline == "addresses":
        return {
            "input": f"{folder}/addresses/columns/*.csv",
            "address_columns": '["street", "unit", "city", "state", "zip"]',
            "match": f"{folder}/addresses/known_places.csv",
            "top_k": "2",
            "min_score": ".5",
            "formats": '["csv", "parquet"]',
            "device": "cpu",
        }
    if pipeline == "radar":
        return {
            "input": json.dumps([f"{folder}/radar/**/*_1_*", f"{folder}/radar/**/*"]),
            "exclude": "*.yaml",
            "compression": "3",
            "allow_incomplete": "true",
        }
    if pipeline == "soundings":
        return {
            "input": f"{folder}/soundings/archive/**/rap_*.buf",
            "formats": '["netcdf", "json"]',
            "per_station": "true",
            "max_distance_km": "20.5",
        }
    if pipeline == "subtitles":
        return {
            "input": f"{folder}/subtitles/lectures/*.srt",
            "lexicon": f"{folder}/subtitles/lexicons/*.yaml",
            "steps": '["lexicon", "fuzzy"]',
            "fuzzy_threshold": "90.5",
        }
    return {
        "input": f"{folder}/syntax/**/*.json*",
        "tables": '["files", "symbols"]',
        "formats": "jsonl",
        "max_file_mb": "20.5",
    }


@pytest.mark.parametrize("pipeline", DOMAINS)
def test_the_program_of_a_template_runs_with_its_parameters(pipeline, tmp_path):
    given = samples(pipeline, tmp_path / "in")
    known = {each.name: each for each in parameters(load(pipeline))}
    for name, value in given.items():
        assert all(re.fullmatch(regex, value) for regex in known[name].regexes)
    output = {"output": str(tmp_path / "out")}
    ended = launched(pipeline, given | output, tmp_path, "--runner=DirectRunner")
    assert ended.returncode in (0, 3), ended.stderr  # some samples are damaged on purpose
    made = {path.suffix for path in (tmp_path / "out").rglob("*")}
    assert made & {".nc", ".jsonl", ".parquet", ".srt"}


def test_a_parameter_that_there_is_not_is_refused_by_its_name(tmp_path):
    given = {"inptu": "gs://bucket-1/in/*", "output": "gs://bucket-1/out"}
    ended = launched("radar", given, tmp_path, "--runner=DataflowRunner")
    assert ended.returncode == 2
    assert ended.stderr == "headrace: --inptu is unknown; did you mean --input?\n"
