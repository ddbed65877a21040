from pathlib import Path

import fsspec
import pytest
from http_archive import Answer, http_archive

from batchio.errors import InputError
from batchio.file_ranges import file_size, read_chunks, read_range

CONTENT = bytes(range(256)) * 10


@pytest.fixture(params=["path", "file://", "memory://"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "memory://":
        with fsspec.open("memory://ranges/file", "wb") as file:
            file.write(CONTENT)
        return "memory://ranges/file"
    (tmp_path / "file").write_bytes(CONTENT)
    return f"{request.param.removeprefix('path')}{tmp_path / 'file'}"


def test_size_and_parts(place: str):
    assert file_size(place) == len(CONTENT)
    assert read_range(place, 0, 3) == CONTENT[:3]
    assert read_range(place, 1000, len(CONTENT)) == CONTENT[1000:]
    assert read_range(place, 5, 5) == b""


@pytest.mark.parametrize("size", [1, 100, 5000])
def test_chunks_are_the_whole(place: str, size: int):
    chunks = list(read_chunks(place, 7, len(CONTENT), size))
    assert b"".join(chunks) == CONTENT[7:]
    assert {len(chunk) for chunk in chunks[:-1]} <= {size}


def test_an_end_beyond_the_file_is_an_error(place: str):
    with pytest.raises(InputError, match="gave 60 bytes where 100 were asked for"):
        read_range(place, len(CONTENT) - 60, len(CONTENT) + 40)


def test_a_server_that_gives_whole_files_only_is_an_error():
    with http_archive() as server:
        url = server.give("/file", Answer(body=CONTENT))
        assert read_range(url, 0, len(CONTENT)) == CONTENT
        with pytest.raises(InputError, match="does not give parts of files: copy it first"):
            read_range(url, 10, 20)
