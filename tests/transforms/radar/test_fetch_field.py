import gzip

import pytest
from ftp_archive import ftp_archive
from radar_files import START, write_volume

from batchio.folders import Folders
from batchio.output import OutputRoot
from batchio.records import COMPLETED, FAILED, INCOMPLETE
from transforms.radar.fetch_field import FetchField, fetch_status
from transforms.units import Attempt, Unit

NAME = "RMA1_0301_02_DBZH_20181111T000457Z.BUFR"
PATH = f"RMA1/2018/11/11/00/0457/{NAME}"


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    folder = tmp_path_factory.mktemp("file")
    write_volume(folder, ["DBZH"], time=START)
    return (folder / NAME).read_bytes()


@pytest.fixture(scope="module")
def ftp():
    with ftp_archive() as server:
        yield server


@pytest.fixture
def fetch(ftp, tmp_path):
    ftp.retrieved.clear()
    ftp.answers.clear()
    return FetchField(Folders(ftp.url, retries=1), OutputRoot(str(tmp_path / "out"), "run"))


def a_unit(size, **changes):
    return Unit(PATH, (), f";size={size}", {"size": size}, **changes)


def outcome_of(fetch, size, **changes):
    outcome = Attempt(fetch)(a_unit(size, **changes))
    return outcome.status, fetch_status(outcome), outcome.error_message


def test_a_file_lies_here_as_on_the_server(fetch, ftp, content, tmp_path):
    ftp.give(f"/{PATH}", "426 cut off", content)
    assert outcome_of(fetch, len(content)) == (COMPLETED, "fetched", "")
    assert (tmp_path / "out" / PATH).read_bytes() == content


@pytest.mark.parametrize(("anew", "status"), [(False, "present"), (True, "fetched")])
def test_what_lies_here_whole_is_not_fetched_again_unless_it_is_asked_for(
    fetch, ftp, content, anew, status
):
    ftp.give(f"/{PATH}", content)
    fetch.output.write(PATH, lambda part: part.write_bytes(content))
    fetch = FetchField(fetch.server, fetch.output, anew)
    assert outcome_of(fetch, len(content)) == (COMPLETED, status, "")
    assert len(ftp.retrieved) == anew


@pytest.mark.parametrize("size", [None, 100])
def test_a_half_file_that_lies_here_is_fetched_again(fetch, ftp, content, size):
    ftp.give(f"/{PATH}", content)
    fetch.output.write(PATH, lambda part: part.write_bytes(content[:100]))
    assert outcome_of(fetch, size and len(content)) == (COMPLETED, "fetched", "")


@pytest.mark.parametrize(
    ("cut", "listed", "cause"),
    [
        (200, 200, "is cut short: 200 bytes of a message of"),
        (None, 200, "bytes came of 200 that were listed"),
        (100, 200, "100 bytes came of 200 that were listed"),
        (0, 0, "the file is empty"),
        (200, None, "is cut short: 200 bytes of a message of"),
    ],
)
def test_a_half_file_waits_and_fails_at_last(fetch, ftp, content, tmp_path, cut, listed, cause):
    ftp.give(f"/{PATH}", content[:cut])
    status, word, why = outcome_of(fetch, listed, attempts_allowed=2)
    assert (status, word) == (INCOMPLETE, "half")
    assert why.startswith("half: ")
    assert why.endswith("; the next run looks again")
    assert cause in why
    status, word, why = outcome_of(fetch, listed, attempts_allowed=2, attempt=2)
    assert (status, word) == (FAILED, "failed")
    assert cause in why
    assert not (tmp_path / "out" / PATH).exists()


def test_a_gzipped_file_is_whole_when_its_stream_ends(fetch, ftp, content):
    zipped = gzip.compress(content)
    ftp.give(f"/{PATH}", zipped[:-20])
    assert outcome_of(fetch, None)[1] == "half"
    ftp.give(f"/{PATH}", zipped)
    assert outcome_of(fetch, None)[1] == "fetched"


def test_what_another_fetch_would_not_mend_is_kept(fetch, ftp):
    ftp.give(f"/{PATH}", b"<html>")
    assert outcome_of(fetch, 6) == (COMPLETED, "fetched", "")


def test_a_file_that_is_gone_is_named(fetch):
    status, _, why = outcome_of(fetch, 10)
    assert status == FAILED
    assert why.startswith(
        f"{fetch.server.url}/{PATH}: it was listed, but is not there any more or may not be read"
    )
