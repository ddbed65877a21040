from datetime import datetime, timezone

import pytest

from batchio.errors import UsageError
from batchio.fileset import list_files
from batchio.globs import alternatives
from batchio.soundings.bufkit_names import PREFIXES, find_model
from transforms.soundings.find_wanted import Search
from transforms.soundings.sources import (
    MODELS,
    PLACEHOLDERS,
    archive_globs,
    archive_path,
    fill,
    find_template,
)
from transforms.soundings.wanted import Wanted


def wanted(model="RAP", hour=12, station="KABQ"):
    cycle = datetime(2022, 10, 6, hour, tzinfo=timezone.utc)
    return Wanted(model, cycle, station, 35.05, -106.62)


IOWA = "https://mtarchive.geol.iastate.edu"


@pytest.mark.parametrize(
    ("model", "hour", "file"),
    [
        ("HRRR", 7, "07/hrrr/hrrr_kabq.buf"),
        ("RAP", 12, "12/rap/rap_kabq.buf"),
        ("NAM", 0, "00/nam/nam_kabq.buf"),
        ("NAM", 6, "06/nam/namm_kabq.buf"),
        ("NAM", 18, "18/nam/namm_kabq.buf"),
        ("NAMNEST", 18, "18/nam4km/nam4km_kabq.buf"),
        ("GFS", 6, "06/gfs/gfs3_kabq.buf"),
    ],
)
def test_iowa_states_archive_and_the_local_one_are_laid_out_alike(model, hour, file):
    asked = wanted(model, hour)
    assert fill(find_template("iastate"), asked) == f"{IOWA}/2022/10/06/bufkit/{file}"
    assert archive_path(asked) == f"2022/10/06/bufkit/{file}"
    assert find_model(archive_path(asked)) == model


@pytest.mark.parametrize(
    ("model", "hour", "file"),
    [
        ("NAM", 18, "NAM/18/nam_kabq.buf"),
        ("NAMNEST", 0, "NAMNEST/00/namnest_kabq.buf"),
        ("GFS", 6, "GFS/06/gfs3_kabq.buf"),
    ],
)
def test_penn_state_has_names_of_its_own(model, hour, file):
    asked = wanted(model, hour)
    web, ftp = (fill(find_template(name), asked) for name in ("psu", "psu-ftp"))
    assert web == f"http://www.meteo.psu.edu/bufkit/data/{file}"
    assert ftp == f"ftp://ftp.meteo.psu.edu/pub/bufkit/{file}"


def test_every_placeholder_has_a_value():
    template = find_template("/" + "/".join(f"{{{name}}}" for name in PLACEHOLDERS))
    values = "2022/10/06/12/gfs/GFS/gfs3/gfs3/kabq/KABQ/35.0500/-106.6200"
    assert fill(template, wanted("GFS")) == f"/{values}"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_hash_is_quoted_where_it_would_end_the_url(scheme):
    template = find_template(f"{scheme}://host/rap_{{station}}.buf")
    assert fill(template, wanted(station="A#2")) == f"{scheme}://host/rap_a%232.buf"


@pytest.mark.parametrize("start", ["ftp://host", "s3://bucket", "memory://x", "file:///x", "/x"])
def test_a_hash_stays_elsewhere(start):
    template = find_template(f"{start}/rap_{{station}}.buf")
    assert fill(template, wanted(station="A#2")) == f"{start}/rap_a#2.buf"


def test_the_archive_lists_a_name_with_a_hash(tmp_path):
    path = tmp_path / archive_path(wanted(station="A#2"))
    path.parent.mkdir(parents=True)
    path.touch()
    for pattern in (f"{tmp_path}/**/*.buf*", str(path), f"file://{path}"):
        assert [file.path for file in list_files([pattern])] == [str(path)]


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("http://host/{station}/{year}", r"has the placeholder \{year\}, which is not known"),
        ("http://host/{station}/{Y:04}", r"has the placeholder \{Y:04\}, which is not known"),
        ("http://host/{}/{station}", r"has the placeholder \{\}, which is not known"),
        ("http://host/{station}/{Y", "has a brace without its other half"),
        ("http://host/{Y}{m}{d}{H}.buf", r"has no \{station\}"),
        ("http://host/{lat}.buf", r"has no \{station\}"),
        ("iowa", r"has no \{station\}"),
    ],
)
def test_a_template_that_cannot_be_right_is_refused(source, cause):
    with pytest.raises(UsageError, match=cause) as caught:
        find_template(source)
    assert repr(source) in caught.value.cause
    assert "iastate, iastate-api, psu, psu-ftp or a template of {Y} {m}" in caught.value.action


@pytest.mark.parametrize("end", ["{STATION}.buf", "?lat={lat}&lon={lon}"])
def test_a_place_may_be_named_in_other_ways(end):
    assert find_template(f"http://host/{end}") == f"http://host/{end}"


def test_models_are_called_as_the_reader_of_names_calls_them():
    assert MODELS.keys() <= set(PREFIXES.values())


@pytest.mark.parametrize("scheme", ["ftp", "https"])
def test_a_login_in_a_template_is_refused_and_not_shown(scheme):
    with pytest.raises(UsageError, match=r"put the login into ~/\.netrc") as caught:
        find_template(f"{scheme}://anna:secret@host/{{station}}.buf")
    assert "secret" not in str(caught.value)
    assert f"{scheme}://host/{{station}}.buf" in str(caught.value)


def test_few_globs_name_the_files_of_many_items_and_no_others():
    cycles = tuple(datetime(2022, 10, 6, hour, tzinfo=timezone.utc) for hour in (0, 1, 6, 12))
    search = Search(cycles, ("HRRR", "NAM", "GFS"), ("ABQ", "FWD"), ("A#2",))
    found = [each for each in search.found() if not each.problem]
    globs = archive_globs(found)
    assert len(globs) == 4  # NAM has two prefixes
    named = [path for glob in globs for path in alternatives(glob)]
    assert sorted(named) == sorted(map(archive_path, found))
    assert archive_globs(found[:1]) == [archive_path(found[0])]


def test_where_not_every_hour_has_every_station_each_file_is_named():
    assert archive_globs([wanted(hour=12, station="KDFW"), wanted(hour=0)]) == [
        "2022/10/06/bufkit/00/rap/rap_kabq.buf",
        "2022/10/06/bufkit/12/rap/rap_kdfw.buf",
    ]


def test_the_service_of_iowa_state_is_asked_for_a_station_and_a_run():
    assert fill(find_template("iastate-api"), wanted("HRRR", 7, "A#2")) == (
        "https://mesonet.agron.iastate.edu/api/1/nws/bufkit.txt"
        "?model=HRRR&runtime=2022-10-06T07:00:00Z&fall=1&station=A%232"
    )
