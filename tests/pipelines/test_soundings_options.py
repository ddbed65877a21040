from __future__ import annotations

import os
from pathlib import Path

import pytest
from bufkit_samples import text

from batchio.errors import CannotRun, UsageError
from pipelines.launcher.command_line import parse, to_arguments
from pipelines.launcher.plan import plan_lines
from pipelines.launcher.preflight import check_inputs
from pipelines.soundings import SOUNDINGS, SoundingsOptions

DATE = ("2022-10-26", "archive", "--hour", "12")
FILES = ("--input", "archive/**/*.buf")


def options(*arguments: str) -> SoundingsOptions:
    parsed = parse(SoundingsOptions, [*arguments, "--output", "out"], prog="x", description="")
    SOUNDINGS.check(parsed.options)
    return parsed.options


def refused(*arguments: str) -> str:
    with pytest.raises(UsageError) as caught:
        options(*arguments)
    return str(caught.value)


def planned(tmp_path: Path, given: SoundingsOptions) -> list[str]:
    return list(plan_lines(SOUNDINGS, given, f"sqlite:///{tmp_path}/ledger.db"))


def test_a_date_and_an_archive_need_no_names() -> None:
    plain = options(*DATE)
    assert (plain.date, plain.archive, plain.hour) == ("2022-10-26", "archive", [12])
    assert (plain.model, plain.wfo, plain.station) == (["HRRR", "RAP"], [], [])
    named = options("--date=2022-10-26", "--archive=archive", "--hour=12")
    assert named == plain
    assert options(*FILES).patterns == ["archive/**/*.buf"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give either a date and an archive, or --input"),
        ((*DATE, *FILES), "give either a date and an archive, or --input"),
        (DATE[:1], "a date needs --archive"),
        (DATE[:2], "a date needs --hour"),
        ((*DATE, "--download_only", "--process_only"), "exclude each other"),
    ],
)
def test_either_a_date_or_files(arguments: tuple[str, ...], message: str) -> None:
    assert message in refused(*arguments)


@pytest.mark.parametrize(
    "argument",
    [
        "--archive=a",
        "--hour=12",
        "--model=GFS",
        "--wfo=FWD",
        "--station=KDFW",
        "--source_url=psu",
        "--download_batch_size=5",
        "--max_download_workers=2",
        "--download_only",
        "--process_only",
    ],
)
def test_what_belongs_to_a_date_is_refused_with_files(argument: str) -> None:
    name = argument.partition("=")[0]
    assert refused(*FILES, argument).endswith(f"{name}: only with a date, not with --input")


def test_models_may_be_in_small_letters() -> None:
    assert options(*DATE, "--model", "hrrr", "Rap", "NAMNEST").model == ["HRRR", "RAP", "NAMNEST"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("2022-13-01", *DATE[1:]), "'2022-13-01' is not accepted; give a day such as 2022-10-26"),
        (("2022-02-29", *DATE[1:]), "'2022-02-29' is not accepted; give a day such as 2022-10-26"),
        (("20221026", *DATE[1:]), "'20221026' is not accepted; give a day such as 2022-10-26"),
        (("2022-10-26T12", *DATE[1:]), "is not accepted; give a day such as 2022-10-26"),
        ((*DATE[:2], "--hour=24"), "'24' is not accepted; give a whole number from 0 to 23"),
        ((*DATE[:2], "--hour=-1"), "'-1' is not accepted; give a whole number from 0 to 23"),
        ((*DATE, "--model=HRR"), "'HRR' is not accepted; give one of HRRR, RAP, NAM, NAMNEST, GFS"),
        ((*DATE, "--wfo", "OUM"), "office OUM is unknown; did you mean OUN?"),
        ((*DATE, "--station", "KOUN"), "station KOUN is unknown; did you mean OUN?"),
        ((*DATE, "--station", "KDMX"), "station KDMX is an office's id; give --wfo DMX"),
        ((*DATE, "--station", "!"), "station ! is unknown; give ids of BUFKIT stations, as KDFW"),
        ((*DATE, "--max_distance_km=0"), "--max_distance_km '0' is not accepted"),
        ((*DATE, "--formats=grib"), "'grib' is not accepted; give one of netcdf, csv, json"),
        ((*DATE, "--skewt=noon"), "'noon' is not accepted; give forecast hours, or all"),
        ((*DATE, "--stations=KABQ"), "did you mean --station?"),
    ],
)
def test_what_is_not_known_is_told_with_what_is(arguments: tuple[str, ...], message: str) -> None:
    assert message in refused(*arguments)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (
            "http://h/{stn}.buf",
            "has the placeholder {stn}, which is not known; give iastate, iastate-api, psu,",
        ),
        ("http://h/kabq.buf", "has no {station}: every station would have the same file"),
        ("http://h/{station.buf", "has a brace without its other half"),
        ("http://me:secret@h/{station}.buf", "http://h/{station}.buf: the source has a login"),
    ],
)
def test_a_source_that_cannot_be_is_refused_before_the_run(template: str, message: str) -> None:
    told = refused(*DATE, "--source_url", template)
    assert message in told
    assert "secret" not in told


@pytest.mark.parametrize(
    "arguments",
    [
        DATE,
        FILES,
        (*DATE, "--hour", "0", "6", "--model=gfs", "--wfo", "FWD", "--source_url", "psu-ftp"),
        (*DATE, "--station", "A#2", "--process_only", "--max_distance_km=7.5", "--skewt=all"),
        (*FILES, "--formats", "json", "parquet", "--per_station", "--skewt", "0", "12"),
    ],
)
def test_options_come_back_from_the_arguments_that_a_run_records(
    arguments: tuple[str, ...],
) -> None:
    given = options(*arguments)
    written = to_arguments(given)
    assert parse(SoundingsOptions, written, prog="x", description="").options == given


def test_a_plan_lists_what_is_fetched_and_what_is_read(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    rap = archive / "2022/10/26/bufkit/12/rap/rap_kabq.buf"
    rap.parent.mkdir(parents=True)
    rap.write_text(text())
    (rap.parent / "rap_ktus.buf").write_text("of a station that is not asked for")
    asked = ("--wfo", "ABQ", "GUM", "--model", "hrrr", "rap")
    given = options("2022-10-26", str(archive), "--hour", "12", *asked)
    lines = planned(tmp_path, given)
    assert [line.partition("  ")[::2] for line in lines[:2]] == [
        ("wait", lines[0].partition("  ")[2]),
        ("work", "fetch HRRR 2022-10-26T12Z KABQ for ABQ  asked for"),
    ]
    assert "B#F for GUM  the HRRR station nearest to GUM (Guam) is B#F" in lines[0]
    assert "8,491 km away; --max_distance_km is 50" in lines[0]
    assert "fetch RAP 2022-10-26T12Z KABQ for ABQ  asked for" in "\n".join(lines)
    size = f"{rap.stat().st_size / 1000:.1f} kB"
    assert f"work  2022/10/26/bufkit/12/rap/rap_kabq.buf  new (1 file, {size})" in lines
    assert not any("ktus" in line for line in lines)
    assert lines[-1].startswith("plan: 3 to work, 0 to skip, 2 to wait; ")
    assert [*tmp_path.iterdir()] == [archive]


def test_what_is_only_read_is_not_planned_to_be_fetched(tmp_path: Path) -> None:
    asked = ("--wfo", "ABQ", "GUM", "--model", "HRRR", "--process_only")
    lines = planned(tmp_path, options("2022-10-26", str(tmp_path), "--hour", "12", *asked))
    assert [line.partition("  ")[0] for line in lines] == [
        "wait",
        "plan: 0 to work, 0 to skip, 1 to wait; 0 B to read",
    ]


def test_an_archive_that_is_only_read_has_to_be_there(tmp_path: Path) -> None:
    arguments = ("2022-10-26", f"{tmp_path}/none", "--hour", "12")
    check_inputs(options(*arguments).needed)
    with pytest.raises(CannotRun) as caught:
        check_inputs(options(*arguments, "--process_only").needed)
    there = os.fspath(tmp_path / "none")
    assert str(caught.value) == (
        f"{there}: preflight: there is no such file or folder; check the path"
    )
