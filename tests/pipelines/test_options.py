from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from batchio.errors import UsageError
from batchio.fingerprint import of_value
from batchio.version import __version__
from pipelines.launcher.command_line import (
    Parsed,
    beam_option_names,
    own_option_names,
    parse,
    to_arguments,
)
from pipelines.launcher.options import (
    CommonOptions,
    FailureLimit,
    Option,
    Options,
    describe,
    options_markdown,
    settings_fingerprint,
)

PROG = "python -m pipelines.example"
NEEDED = ["--input", "in/*.bufr", "--output", "out"]


class ExampleOptions(CommonOptions):
    """One option of each kind that a domain may declare."""

    compression: Annotated[int, Option(affects_result=True)] = pydantic.Field(
        1, ge=0, le=9, description="Level of compression."
    )
    quicklook: bool = pydantic.Field(True, description="Draw a quick-look of each volume.")
    volume_types: Annotated[str | None, Option("volumes", affects_result=True)] = pydantic.Field(
        None, description="File that names the types of volumes."
    )
    elevations: list[int] = pydantic.Field([], description="Elevations to keep.")
    formats: list[Literal["netcdf", "csv"]] = pydantic.Field(
        ["netcdf"], description="Formats to write."
    )
    smoothing: Annotated[float, Option(affects_result=True)] = pydantic.Field(
        0.5, ge=0, lt=1, description="Share of the neighbours' value."
    )
    folder: Path = pydantic.Field(Path("charts"), description="Folder of the charts.")


def parsed(*argv: str, model: type[Any] = ExampleOptions) -> Parsed[Any]:
    return parse(model, argv, prog=PROG, description="Reads examples.")


def options(*argv: str) -> Any:
    return parsed(*NEEDED, *argv).options


def refused(*argv: str) -> str:
    with pytest.raises(UsageError) as caught:
        parsed(*argv)
    return str(caught.value)


def config(tmp_path: Path, text: str) -> str:
    path = tmp_path / "run.yaml"
    path.write_text(text, "utf-8")
    return str(path)


def test_what_is_not_given_has_its_default() -> None:
    given = options()
    assert (given.input, given.output, given.exclude) == (["in/*.bufr"], "out", [])
    assert (given.rerun, given.on_error, given.retries, given.timeout) == (
        "changed",
        "continue",
        3,
        600.0,
    )
    assert (given.workers, given.max_failures, given.watch) == (None, None, None)
    assert (given.order_by, given.progress, given.runner) == ("name", "auto", "DirectRunner")
    assert given.min_free_space == 500_000_000
    assert (given.plan, given.quicklook) == (False, True)


def test_options_cannot_be_changed() -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        options().plan = True


@pytest.mark.parametrize(
    "argv",
    [
        ["--on_error", "stop"],
        ["--on-error", "stop"],
        ["--on_error=stop"],
        ["--on-error=stop"],
        ["--on_error", "continue", "--on-error", "stop"],
    ],
)
def test_an_option_may_be_spelled_either_way(argv: list[str]) -> None:
    assert options(*argv).on_error == "stop"


@pytest.mark.parametrize(
    "argv",
    [
        ["--exclude", "a", "b c", "--plan"],
        ["--exclude", "a", "--plan", "--exclude", "b c"],
        ["--exclude=a", "--exclude=b c"],
    ],
)
def test_a_list_takes_several_values(argv: list[str]) -> None:
    assert options(*argv).exclude == ["a", "b c"]


class DayOptions(CommonOptions):
    hours: Annotated[list[str], Option("days", "HOUR", bare="all")] = pydantic.Field(
        [], description="Hours."
    )
    day: Annotated[str | None, Option("days", "DAY", positional=True)] = pydantic.Field(
        None, description="Day."
    )
    place: Annotated[str | None, Option("days", "PLACE", positional=True)] = pydantic.Field(
        None, description="Place."
    )


@pytest.mark.parametrize(
    "argv",
    [
        ["2022-10-26", "a b"],
        ["2022-10-26", "--place=a b"],
        ["--place", "a b", "--day=2022-10-26"],
    ],
)
def test_some_options_may_stand_first_without_a_name(argv: list[str]) -> None:
    given = parsed(*argv, *NEEDED, model=DayOptions).options
    assert (given.day, given.place) == ("2022-10-26", "a b")
    assert parsed(*to_arguments(given), model=DayOptions).options == given


@pytest.mark.parametrize(
    ("argv", "hours"),
    [
        ([], []),
        (["--hours"], ["all"]),
        (["--hours", "-q"], ["all"]),
        (["--hours", "3", "6"], ["3", "6"]),
        (["--hours="], []),
        (["--hours", "3", "--hours"], ["3", "all"]),
    ],
)
def test_the_name_of_some_lists_may_stand_alone(argv: list[str], hours: list[str]) -> None:
    given = parsed(*NEEDED, *argv, model=DayOptions).options
    assert given.hours == hours
    assert parsed(*to_arguments(given), model=DayOptions).options == given


def test_what_stands_without_a_name_is_named_in_the_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        parsed("--help", model=DayOptions)
    usage = capsys.readouterr().out.partition("\n")[0]
    assert usage == f"usage: {PROG} [DAY] [PLACE] --input GLOB ... --output ROOT [options]"


def test_more_words_than_have_a_place_are_refused() -> None:
    for argv in (["2022", "a", "b", *NEEDED], [*NEEDED, "--quiet", "2022", "a"]):
        with pytest.raises(UsageError, match="'2022' belongs to no option") as caught:
            parsed(*argv, model=DayOptions)
        assert caught.value.action.startswith("DAY and PLACE stand before all options; name files")


def test_list_items_have_the_type_of_the_list() -> None:
    assert options("--elevations", "3", "-1", "5").elevations == [3, -1, 5]
    assert options("--formats", "csv", "netcdf").formats == ["csv", "netcdf"]
    assert options("--formats=").formats == []


@pytest.mark.parametrize(
    ("argument", "name", "value"),
    [
        ('--exclude=["a,b", "c d"]', "exclude", ["a,b", "c d"]),
        ("--exclude=[]", "exclude", []),
        ('--formats=["csv", "netcdf"]', "formats", ["csv", "netcdf"]),
        ("--elevations=[3, -1]", "elevations", [3, -1]),
        ("--exclude=[ab]*.json", "exclude", ["[ab]*.json"]),
        ("--exclude=[1]", "exclude", ["[1]"]),
        ("--exclude=[[", "exclude", ["[["]),
    ],
)
def test_a_list_may_be_one_text_in_json(argument: str, name: str, value: list[Any]) -> None:
    assert getattr(options(argument), name) == value


def test_an_item_that_looks_like_a_list_is_written_so_that_it_stays_an_item() -> None:
    given = ExampleOptions(input=["in"], output="out", exclude=['["a"]', "[b]"])
    assert parsed(*to_arguments(given)).options == given


def test_a_wrong_item_in_a_list_is_refused() -> None:
    message = "--formats 'zarr' is not accepted; give one of netcdf, csv"
    assert refused(*NEEDED, '--formats=["csv", "zarr"]') == message


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("--quicklook", True),
        ("--no_quicklook", False),
        ("--no-quicklook", False),
        ("--quicklook=true", True),
        ("--quicklook=False", False),
        ("--quicklook=no", False),
    ],
)
def test_a_flag_can_be_set_and_taken_back(argument: str, value: bool) -> None:
    assert options(argument).quicklook is value


@pytest.mark.parametrize("word", ["--plan", "--dry_run", "--dry-run", "--dry-run=yes"])
def test_a_plan_has_two_names(word: str) -> None:
    given = parsed(*NEEDED, word)
    assert given.options.plan is True
    assert given.beam_arguments == []


def test_short_words_may_be_joined() -> None:
    assert options("-q").quiet
    assert options("-v").verbose
    assert refused(*NEEDED, "-qv") == "--quiet and --verbose exclude each other"


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["--workers", "4"], {"workers": 4}),
        (["--workers", "auto"], {"workers": None}),
        (["--min_free_space", "2GiB"], {"min_free_space": 2 * 1024**3}),
        (["--min_free_space", "1.5 GB"], {"min_free_space": 1_500_000_000}),
        (["--min_free_space", "0"], {"min_free_space": 0}),
        (["--max_failures", "10"], {"max_failures": FailureLimit(10)}),
        (["--max_failures", "2.5%"], {"max_failures": FailureLimit(2.5, is_percent=True)}),
        (["--watch", "0.5"], {"watch": 0.5}),
        (["--run_id", "2024-01-02.a_b"], {"run_id": "2024-01-02.a_b"}),
        (["--ledger", "postgresql+psycopg://u@h/d"], {"ledger": "postgresql+psycopg://u@h/d"}),
        (["--runner", "FlinkRunner"], {"runner": "FlinkRunner"}),
        (["--folder", "a b/c"], {"folder": Path("a b/c")}),
    ],
)
def test_values_are_read(argv: list[str], expected: dict[str, object]) -> None:
    given = options(*argv)
    assert {name: getattr(given, name) for name in expected} == expected


RUN_ID = "give up to 80 letters, digits, dots, underscores and dashes, with a letter or digit first"
FAILURES = "give a number such as 10 or a percentage such as 5%"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("--compression 12", "--compression '12' is not accepted; give a whole number from 0 to 9"),
        ("--compression x", "--compression 'x' is not accepted; give a whole number from 0 to 9"),
        (
            "--smoothing 1",
            "--smoothing '1' is not accepted; give a number of at least 0 and below 1",
        ),
        ("--on-error=go", "--on-error 'go' is not accepted; give one of continue, stop"),
        ("--formats csv pdf", "--formats 'pdf' is not accepted; give one of netcdf, csv"),
        ("--elevations 1.5", "--elevations '1.5' is not accepted; give a whole number"),
        ("--timeout 0", "--timeout '0' is not accepted; give a number above 0"),
        ("--timeout inf", "--timeout 'inf' is not accepted; give a number above 0"),
        ("--timeout nan", "--timeout 'nan' is not accepted; give a number above 0"),
        ("--retries -1", "--retries '-1' is not accepted; give a whole number of at least 0"),
        (
            "--workers 0",
            "--workers '0' is not accepted; give a whole number of at least 1, or auto",
        ),
        ("--max-failures -1", f"--max-failures '-1' is not accepted; {FAILURES}"),
        ("--max-failures 101%", f"--max-failures '101%' is not accepted; {FAILURES}"),
        ("--max-failures few", f"--max-failures 'few' is not accepted; {FAILURES}"),
        (
            "--min_free_space lots",
            "--min_free_space 'lots' is not accepted; give a size such as 500MB or 2GiB",
        ),
        ("--run_id .a", f"--run_id '.a' is not accepted; {RUN_ID}"),
        ("--run_id a/b", f"--run_id 'a/b' is not accepted; {RUN_ID}"),
        (f"--run_id {'a' * 81}", f"--run_id '{'a' * 81}' is not accepted; {RUN_ID}"),
        (
            "--notify host",
            "--notify 'host' is not accepted; "
            "give a URL, or env: and the name of a variable that has it",
        ),
        (
            "--ledger ledger.db",
            "--ledger 'ledger.db' is not accepted; "
            "give a URL such as postgresql+psycopg://user@host/database",
        ),
        ("--output=", "--output '' is not accepted; give a folder or URL"),
        (
            "--runner=",
            "--runner '' is not accepted: string should have at least 1 character",
        ),
        ("--dry-run=maybe", "--dry-run 'maybe' is not accepted; give true or false"),
        ("--no_plan=true", "--no_plan: ignored explicit argument 'true'"),
        ("--log-file=--", "--log-file '--' is not accepted; give another value"),
        ("--timeout", "--timeout needs a value; write --timeout=VALUE"),
        ("--on-error --plan", "--on-error needs a value; write --on-error=VALUE"),
        ("--exclude", "--exclude needs a value; write --exclude=VALUE"),
    ],
)
def test_a_bad_value_is_refused_as_it_was_typed(argv: str, message: str) -> None:
    assert refused(*NEEDED, *argv.split(" ")) == message


def test_what_is_missing_is_named() -> None:
    hint = "give it here or in the file that --config names"
    assert refused("--input", "a") == f"--output is required; {hint}"
    assert refused() == f"--input is required; {hint}\n--output is required; {hint}"
    assert refused("--input=", "--output=o") == (
        "--input [] is not accepted; give one glob or more"
    )


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("--ouput out", "--ouput is unknown; did you mean --output?"),
        ("--ouput=out", "--ouput is unknown; did you mean --output?"),
        ("--max-failure 3", "--max-failure is unknown; did you mean --max-failures?"),
        ("--max_failure 3", "--max_failure is unknown; did you mean --max_failures?"),
        ("--Input a", "--Input is unknown; did you mean --input?"),
        ("---plan", "---plan is unknown; did you mean --plan?"),
        ("-input a", "-input is unknown; did you mean --input?"),
        ("--dryrun", "--dryrun is unknown; did you mean --dry_run?"),
        ("--flink_mastre a", "--flink_mastre is unknown; did you mean --flink_master?"),
        ("--job-nam a", "--job-nam is unknown; did you mean --job-name?"),
        ("--qqqqqq", f"--qqqqqq is unknown; see {PROG} --help"),
        ("-j 4", f"-j is unknown; see {PROG} --help"),
    ],
)
def test_an_unknown_option_is_refused_with_the_nearest_name(argv: str, message: str) -> None:
    assert refused(*NEEDED, *argv.split(" ")) == message


def test_no_option_is_known_by_its_beginning() -> None:
    assert refused(*NEEDED, "--comp", "3").startswith("--comp is unknown")


@pytest.mark.parametrize("argv", [["out", *NEEDED], [*NEEDED, "--plan", "a.bufr", "b.bufr"]])
def test_a_value_of_no_option_is_refused(argv: list[str]) -> None:
    message = refused(*argv)
    assert "belongs to no option; name files with --input, and put quotes around a glob" in message


def test_what_beam_owns_goes_on_to_beam() -> None:
    from apache_beam.options.pipeline_options import (
        DebugOptions,
        FlinkRunnerOptions,
        GoogleCloudOptions,
        PipelineOptions,
        SetupOptions,
        StandardOptions,
        WorkerOptions,
    )

    given = parsed(
        *["--job-name", "nightly", "--input", "a", "b", "--streaming", "--output", "o"],
        *["--parallelism", "-1", "--experiments=x,y", "--experiments", "z", "--plan"],
        *["--labels", "team=a", "--no-use-public-ips", "--save_main_session", "--num_workers=3"],
        *["--runner", "FlinkRunner"],
    )
    assert (given.options.input, given.options.plan) == (["a", "b"], True)
    beam = PipelineOptions(given.beam_arguments)
    assert beam.view_as(GoogleCloudOptions).job_name == "nightly"
    assert beam.view_as(GoogleCloudOptions).labels == ["team=a"]
    assert beam.view_as(StandardOptions).streaming is True
    assert beam.view_as(FlinkRunnerOptions).parallelism == -1
    assert beam.view_as(DebugOptions).experiments == ["x", "y", "z"]
    assert beam.view_as(WorkerOptions).use_public_ips is False
    assert beam.view_as(WorkerOptions).num_workers == 3
    assert beam.view_as(SetupOptions).save_main_session is True
    assert given.options.runner == "FlinkRunner"
    assert "--runner" not in given.beam_arguments


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("--num_workers many", "--num_workers: invalid int value: 'many'"),
        ("--job_name", "--job_name needs a value; write --job_name=VALUE"),
        ("--streaming=yes", "--streaming: ignored explicit argument 'yes'"),
        (
            "--gcs_custom_audit_entries={",
            "an option of Beam is not accepted: "
            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
    ],
)
def test_a_bad_value_for_beam_is_refused(argv: str, message: str) -> None:
    assert refused(*NEEDED, *argv.split(" ")) == message


def test_options_whose_value_comes_at_run_time_are_beams_too() -> None:
    from apache_beam.options.pipeline_options import PipelineOptions

    class LateOptions(PipelineOptions):  # type: ignore[misc]
        @classmethod
        def _add_argparse_args(cls, parser: Any) -> None:
            parser.add_value_provider_argument("--example_given_late", type=int)

    assert LateOptions.__name__ == "LateOptions"
    assert parsed(*NEEDED, "--example-given-late", "3").beam_arguments == [
        "--example_given_late",
        "3",
    ]


def test_no_option_takes_a_name_from_beam() -> None:
    beam = beam_option_names()
    assert {"runner", "job_name", "num_workers", "streaming", "dry_run"} <= beam
    spelled = {name.replace("-", "_") for name in beam}
    assert own_option_names(CommonOptions) & spelled == {"runner", "dry_run"}


def test_beam_is_not_imported_unless_it_is_needed() -> None:
    program = (
        "import sys\n"
        "from pipelines.launcher.command_line import parse\n"
        "from pipelines.launcher.options import CommonOptions\n"
        f"parse(CommonOptions, {NEEDED!r}, prog='p', description='d')\n"
        "print('apache_beam' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_a_file_gives_options_in_either_spelling(tmp_path: Path) -> None:
    path = config(
        tmp_path,
        "input: in/*.bufr\noutput: out\non-error: stop\nmin_free_space: 1GB\nmax_failures: 5\n"
        "dry_run: yes\nelevations: [1, 2]\nwatch: 30\nworkers: auto\nledger:\n",
    )
    given = parsed("--config", path)
    assert given.config == path
    assert given.options.input == ["in/*.bufr"]
    assert given.options.on_error == "stop"
    assert given.options.min_free_space == 1_000_000_000
    assert given.options.max_failures == FailureLimit(5)
    assert given.options.plan is True
    assert given.options.elevations == [1, 2]
    assert given.options.watch == 30.0
    assert (given.options.workers, given.options.ledger) == (None, None)


def test_what_is_typed_wins_over_the_file(tmp_path: Path) -> None:
    path = config(tmp_path, "input: [a, b]\nretries: 5\nquicklook: no\nworkers: 2\ntimeout: 9\n")
    given = parsed(
        *["--input", "c", "--config", path, "--output=o", "--quicklook", "--workers=auto"]
    )
    assert given.options.input == ["c"]
    assert (given.options.quicklook, given.options.workers) == (True, None)
    assert (given.options.retries, given.options.timeout) == (5, 9.0)
    assert given.explicit == {"input", "output", "quicklook", "workers", "retries", "timeout"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("plan: no\nouput: out\n", "line 2: option ouput is unknown; did you mean output?"),
        (
            "qqqqqq: 1\n",
            "line 1: option qqqqqq is unknown; see --help for the options there are",
        ),
        ("\nretries: -1", "line 2: retries -1 is not accepted; give a whole number of at least 0"),
        ("on-error: go", "line 1: on-error 'go' is not accepted; give one of continue, stop"),
        ("timeout:", "line 1: timeout None is not accepted; give a number above 0"),
        ("retries: yes", "line 1: retries True is not accepted; give a whole number of at least 0"),
        (
            "elevations: [1, on]",
            "line 1: elevations [1, True] is not accepted; give a whole number",
        ),
        ("run_id: 2024", "line 1: run_id 2024 is not accepted; put quotes around it to make it"),
        ("run_id: 2024-01-01", "line 1: run_id datetime.date(2024, 1, 1) is not accepted; put"),
        ("log_file: {a: 1}", "line 1: log_file {'a': 1} is not accepted; give a file name"),
        ("log_file: no", "line 1: log_file False is not accepted; give a file name"),
        ("exclude: no", "line 1: exclude False is not accepted; put quotes around it to make"),
        ("min_free_space: -5", "line 1: min_free_space -5 is not accepted; give a size such as"),
        ("plan: true\ndry_run: true\n", "line 2: dry_run is given twice; leave out one of them"),
        ("config: other.yaml\n", "line 1: option config is unknown"),
        ("plan: [1\nretries: 2\n", "line 2: expected ',' or ']', but got ':'; correct the YAML"),
        ("plan: &a *b\n", "line 1: "),
        ("\nwatch: 2024-99-99\n", "line 2: month must be in 1..12; correct the YAML"),
        ("plan: no\nwatch: \x01\n", "line 2: special characters are not allowed; correct the YAML"),
        ("plan: true\n---\nplan: true\n", "line 2: but found another document; correct the YAML"),
        ("- plan\n", "holds no options; write one a line, as in 'on_error: stop'"),
        ("beam: nightly", "line 1: beam holds no options; write them indented below it"),
        ("beam:\n  runner: x\n", "line 1: runner is not Beam's alone; write it above beam:"),
        ("beam:\n  job_nam: x\n", "--job_nam is unknown; did you mean --job_name?"),
        ("beam:\n  num_workers: x\n", "--num_workers: invalid int value: 'x'"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    path = config(tmp_path, text)
    assert refused(*NEEDED, "--config", path).startswith(f"{path}: {message}")


def test_a_value_in_the_file_that_is_overridden_does_not_count(tmp_path: Path) -> None:
    path = config(tmp_path, "retries: many\n")
    assert parsed(*NEEDED, "--config", path, "--retries", "2").options.retries == 2
    assert refused(*NEEDED, "--config", path, "--retries", "x").startswith("--retries 'x'")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "\ufeffplan: no\n"])
def test_a_file_may_say_little(tmp_path: Path, text: str) -> None:
    path = config(tmp_path, text)
    assert parsed(*NEEDED, "--config", path).options == options()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    absent = tmp_path / "absent.yaml"
    assert refused(*NEEDED, "--config", str(absent)) == (
        f"{absent}: No such file or directory; check what --config names"
    )
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("output: año\n".encode("latin-1"))
    assert refused(*NEEDED, "--config", str(latin)) == (f"{latin}: is not UTF-8; save it as UTF-8")


def test_a_file_gives_options_to_beam(tmp_path: Path) -> None:
    path = config(
        tmp_path,
        "beam:\n  job-name: nightly\n  experiments: [a, b]\n  streaming: yes\n"
        "  save_main_session: no\n  parallelism: 4\n",
    )
    given = parsed(*NEEDED, "--config", path, "--parallelism", "8")
    assert given.beam_arguments == [
        *["--job_name=nightly", "--experiments=a", "--experiments=b", "--streaming"],
        *["--parallelism=4", "--parallelism", "8"],
    ]


@pytest.mark.parametrize("columns", [80, 100])
def test_the_help_names_every_option_and_fits(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit) as left:
        parsed("--help")
    assert left.value.code == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= columns
    assert text.startswith(f"usage: {PROG} --input GLOB ... --output ROOT [options]\n")
    words = " ".join(text.split())
    for info in describe(ExampleOptions):
        assert f"--{info.name}" in words
        assert info.help in words
        assert not info.default_text or f"(default: {info.default_text})" in words
    for name in (
        "--config FILE",
        "--version",
        "-h, --help",
        "--no_quicklook",
        "--max_failures N|P%",
    ):
        assert name in words
    assert "--no_quicklook Do without --quicklook." in words
    assert "--no_plan" not in words


def test_the_help_stands_in_groups(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("-h")
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.endswith(":") and not line.startswith(" ")] == [
        "what to read and write:",
        "how to work the files:",
        "volumes:",
        "what to do again:",
        "how to run:",
        "what to see:",
    ]


def test_the_version_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parsed("--version")
    assert left.value.code == 0
    assert capsys.readouterr().out == f"headrace {__version__}\n"


def test_options_can_be_described() -> None:
    known = {info.name: info for info in describe(ExampleOptions)}
    assert set(known) == set(ExampleOptions.model_fields)
    kinds = {name: (info.kind, info.many) for name, info in known.items()}
    assert kinds["input"] == ("text", True)
    assert kinds["plan"] == ("flag", False)
    assert kinds["compression"] == ("integer", False)
    assert kinds["smoothing"] == ("number", False)
    assert kinds["volume_types"] == ("text", False)
    assert kinds["elevations"] == ("integer", True)
    assert kinds["formats"] == ("choice", True)
    assert known["formats"].choices == ("netcdf", "csv")
    assert known["formats"].default_text == "netcdf"
    assert known["output"].required
    assert known["workers"].default_text == "auto"
    assert known["min_free_space"].default == 500_000_000
    assert known["folder"].default == "charts"
    assert known["volume_types"].group == "volumes"


def test_the_docs_table_lists_every_option_with_its_help() -> None:
    rows = [row for row in options_markdown(ExampleOptions).splitlines() if "`--" in row]
    assert len(rows) == len(ExampleOptions.model_fields) + 1
    for info in describe(ExampleOptions):
        row = next(
            row for row in rows if row.startswith((f"| `--{info.name} ", f"| `--{info.name}`"))
        )
        assert info.help.replace("*", r"\*") in row
    assert "| `--max_failures N\\|P%` |" in "\n".join(rows)
    assert "| `--timeout SECONDS` | `600` |" in "\n".join(rows)
    assert "| `--output ROOT` | required |" in "\n".join(rows)


def test_only_what_changes_results_is_in_the_fingerprint() -> None:
    given = options("--compression", "4", "--workers", "2")
    counts = {"compression": 4, "smoothing": 0.5, "volume_types": None}
    assert settings_fingerprint(given) == of_value(counts)
    assert settings_fingerprint(given, more=[1]) == of_value({**counts, "more": [1]})
    assert settings_fingerprint(parsed(*NEEDED, model=CommonOptions).options) == of_value({})


@pytest.mark.parametrize(
    ("annotation", "field", "message"),
    [
        (int, pydantic.Field(1), "needs a description"),
        (float | None, pydantic.Field(1.0, description="x"), "must be None"),
        (bool | None, pydantic.Field(None, description="x"), "a flag is True or False"),
        (list[bool], pydantic.Field([], description="x"), "a flag is True or False"),
    ],
)
def test_an_option_that_cannot_be_typed_is_no_option(
    annotation: Any, field: Any, message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        pydantic.create_model("Wrong", __base__=Options, wrong=(annotation, field))


@pytest.mark.parametrize("name", ["beam", "config", "help", "version"])
def test_an_option_may_not_have_a_name_with_another_meaning(name: str) -> None:
    field: Any = (str, pydantic.Field("", description="x"))
    with pytest.raises(TypeError, match="another meaning"):
        pydantic.create_model("Wrong", __base__=Options, **{name: field})


@pytest.mark.parametrize(
    ("limit", "failed", "done", "total", "exceeded"),
    [
        ("3", 3, 10, 100, False),
        ("3", 4, 10, 100, True),
        ("0", 0, 0, 100, False),
        ("0", 1, 1, 0, True),
        ("10%", 2, 2, 100, False),
        ("10%", 3, 3, 100, True),
        ("10%", 3, 30, 100, False),
        ("10%", 4, 30, 100, True),
        ("10%", 2, 5, 0, False),
        ("10%", 1, 4, 10, False),
        ("10%", 2, 4, 10, True),
        ("100%", 50, 50, 50, False),
        ("0%", 1, 1, 100, True),
        ("2.5%", 1, 40, 40, False),
        ("2.5%", 1, 39, 40, True),
    ],
)
def test_a_limit_of_failures_is_exceeded(
    limit: str, failed: int, done: int, total: int, exceeded: bool
) -> None:
    assert FailureLimit.from_text(limit).exceeded(failed, done, total) is exceeded


def _without_surrogates(**kwargs: Any) -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"]), max_size=8, **kwargs).filter(
        lambda text: text != "--"
    )


_TEXT = _without_surrogates(min_size=1)
_POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
_LIMITS = st.one_of(
    st.integers(0, 10**12).map(FailureLimit),
    st.integers(0, 100_000).map(lambda n: FailureLimit(n / 1000, is_percent=True)),
)
_WORDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", fullmatch=True)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "exclude": st.lists(_TEXT, max_size=3),
    "timestamped": st.booleans(),
    "rerun": st.sampled_from(["changed", "failed", "all"]),
    "watch": st.none() | _POSITIVE,
    "retries": st.integers(0, 99),
    "ledger": st.none() | _TEXT.map(lambda text: f"sqlite:///{text}"),
    "on_error": st.sampled_from(["continue", "stop"]),
    "max_failures": st.none() | _LIMITS,
    "timeout": _POSITIVE,
    "workers": st.none() | st.integers(1, 99),
    "order_by": st.sampled_from(["name", "size", "mtime"]),
    "min_free_space": st.integers(0, 2**50),
    "runner": _TEXT,
    "run_id": st.none() | _WORDS,
    "plan": st.booleans(),
    "progress": st.sampled_from(["auto", "live", "plain", "json", "none"]),
    "log_file": st.none() | _TEXT,
    "notify": st.lists(st.sampled_from(["https://h/a", "mailto://b", "env:C"]), max_size=2),
    "notify_on": st.lists(st.sampled_from(["finish", "failure", "breaker"]), max_size=3),
    "compression": st.integers(0, 9),
    "quicklook": st.booleans(),
    "volume_types": st.none() | _without_surrogates(),
    "elevations": st.lists(st.integers(), max_size=3),
    "formats": st.lists(st.sampled_from(["netcdf", "csv"]), max_size=2),
    "smoothing": st.floats(0, 1, exclude_max=True),
    "folder": _TEXT.map(Path),
}
_OPTIONS = st.builds(
    lambda needed, chosen: ExampleOptions(**needed, **chosen),
    st.fixed_dictionaries({"input": st.lists(_TEXT, min_size=1, max_size=3), "output": _TEXT}),
    st.fixed_dictionaries(
        {},
        optional=_VALUES | {"quiet": st.booleans()},
    ),
)


@settings(max_examples=150)
@given(_OPTIONS)
def test_arguments_give_the_same_options_again(given: ExampleOptions) -> None:
    arguments = to_arguments(given)
    again = parsed(*arguments)
    assert again.options == given
    assert again.beam_arguments == []
    assert to_arguments(again.options) == arguments


@settings(max_examples=60)
@given(_OPTIONS)
def test_a_file_gives_the_same_options_again(
    tmp_path_factory: pytest.TempPathFactory, given: ExampleOptions
) -> None:
    path = tmp_path_factory.getbasetemp() / "again.yaml"
    path.write_text(yaml.safe_dump(given.model_dump(mode="json")), "utf-8")
    assert parsed("--config", str(path)).options == given


def test_arguments_leave_out_what_is_the_default() -> None:
    given = options("--retries=3", "--workers=auto", "--no_plan", "--no_quicklook", "--timeout=600")
    assert to_arguments(given) == ["--input=in/*.bufr", "--output=out", "--no_quicklook"]


_TOKENS = st.one_of(
    st.sampled_from(sorted(own_option_names(ExampleOptions) - {"help", "version"})).map(
        "--{}".format
    ),
    st.sampled_from(
        ["-q", "-v", "-1", "--", "=", "--=", "-", "--job_name", "--streaming", "--plan="]
    ),
    st.text(max_size=6).filter(lambda text: not text.startswith("-")),
    st.text(max_size=6).map("--{}".format),
)


@settings(max_examples=150)
@given(st.lists(_TOKENS, max_size=8))
@example(["--input", "\ud800", "--output", "o"])
@example(["--output=--"])
def test_any_arguments_are_understood_or_refused(argv: list[str]) -> None:
    assume("--help" not in argv)
    with contextlib.suppress(UsageError):
        assert isinstance(parsed(*argv).options, ExampleOptions)
