import gzip
from dataclasses import replace
from pathlib import Path

import fsspec
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from radar_fields import encoded, put, put_field
from radar_files import a_field

from batchio import stores
from batchio.fileset import FileRef
from batchio.fingerprint import sha256
from transforms.radar.take_field import take_field

DAMAGED = "damaged: the file is empty"


def names(remarks):
    return {path.split("/")[-2]: remark for path, remark in remarks.items()}


def test_a_field_is_read_with_its_hash_and_source(tmp_path):
    file = put_field(tmp_path, "ZDR", 2.0)
    taken = take_field([file])
    assert (taken.field, taken.decoded.field, taken.path) == ("ZDR", "ZDR", file.path)
    np.testing.assert_array_equal(
        taken.decoded.sweeps[1].values, a_field("ZDR", 2.0).sweeps[1].values
    )
    digest = sha256(encoded(a_field("ZDR", 2.0)))
    assert taken.sha256 == {file.path: digest}
    assert (taken.source.name, taken.source.sha256) == (file.name, digest)
    assert (taken.remarks, taken.errors, taken.duplicates) == ({}, [], 0)


@pytest.mark.parametrize("backwards", [False, True])
def test_the_same_field_plain_and_zipped_counts_once(tmp_path, backwards):
    data = encoded(a_field("ZDR"))
    plain = put(tmp_path / "a", "ZDR", data)
    zipped = put(tmp_path / "b", "ZDR", gzip.compress(data), extension=".gz")
    again = put(tmp_path / "c", "ZDR", data)
    files = [plain, zipped, again]
    taken = take_field(files[::-1] if backwards else files)
    assert (taken.path, taken.duplicates, len(taken.sha256)) == (plain.path, 2, 3)
    remark = f"duplicate: the same as {plain.path}, which is used"
    assert names(taken.remarks) == {"b": remark, "c": remark}
    assert taken.errors == []


@pytest.mark.parametrize("backwards", [False, True])
def test_of_different_contents_the_first_by_path_is_used(tmp_path, backwards):
    files = [put_field(tmp_path / name, "ZDR", base) for name, base in (("a", 1.0), ("b", 2.0))]
    taken = take_field(files[::-1] if backwards else files)
    assert taken.path == files[0].path
    assert taken.decoded.sweeps[0].values[0, 0] == 1.0
    used = "which is used (first by path that decodes)"
    assert names(taken.remarks) == {"b": f"conflict: other content than {files[0].path}, {used}"}
    assert (taken.duplicates, taken.errors) == (0, [])


def test_another_number_of_sweeps_is_a_conflict(tmp_path):
    whole = put_field(tmp_path / "a", "ZDR")
    short = replace(a_field("ZDR"), sweeps=a_field("ZDR").sweeps[:1])
    put(tmp_path / "b", "ZDR", encoded(short))
    taken = take_field([whole, FileRef(whole.path.replace("/a/", "/b/"), 1, 1.0)])
    assert names(taken.remarks)["b"].startswith("conflict")


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_a_good_file_replaces_a_damaged_one(tmp_path, order):
    damaged = put(tmp_path / order[0], "ZDR", b"")
    good = put_field(tmp_path / order[1], "ZDR")
    taken = take_field([damaged, good])
    assert taken.path == good.path
    assert names(taken.remarks) == {order[0]: DAMAGED}
    assert (taken.errors, set(taken.sha256)) == ([], {damaged.path, good.path})


def test_a_damaged_file_alone_is_an_error(tmp_path):
    file = put(tmp_path, "ZDR", b"")
    taken = take_field([file])
    assert (taken.decoded, taken.path) == (None, "")
    (error,) = taken.errors
    assert (error.path, error.step, error.cause) == (
        file.path,
        "decode radar BUFR",
        "the file is empty",
    )
    assert taken.remarks == {file.path: DAMAGED}
    assert taken.sha256 == {file.path: sha256(b"")}


def test_each_of_several_damaged_files_is_an_error(tmp_path):
    files = [put(tmp_path / name, "ZDR", b"x" * size) for name, size in (("a", 0), ("b", 9))]
    assert [error.path for error in take_field(files).errors] == [file.path for file in files]


def test_a_missing_file_is_an_error_that_says_what_to_check(tmp_path):
    file = put_field(tmp_path, "ZDR")
    (tmp_path / file.name).unlink()
    taken = take_field([file], retries=3)
    (error,) = taken.errors
    assert (error.path, error.step) == (file.path, "read")
    assert error.cause == "cannot be read: No such file or directory"
    assert error.action == "check the file"
    assert taken.sha256 == {}


def test_an_error_without_a_number_is_told_as_it_is(tmp_path, monkeypatch):
    def read_bytes(path, *, size, retries):
        raise ConnectionError("reset by the server")

    monkeypatch.setattr("transforms.radar.take_field.read_bytes", read_bytes)
    (error,) = take_field([put_field(tmp_path, "ZDR")]).errors
    assert error.cause == "cannot be read: reset by the server"


def test_storage_that_falters_is_read_again(tmp_path, monkeypatch):
    file = put_field(tmp_path, "ZDR")
    errors = [OSError(5, "Input/output error")]
    real = MemoryFileSystem.cat_file

    def falters(*args, **kwargs):
        if errors:
            raise errors.pop()
        return real(*args, **kwargs)

    fsspec.filesystem("memory").pipe(f"/taken/{file.name}", Path(file.path).read_bytes())
    monkeypatch.setattr(MemoryFileSystem, "cat_file", falters)
    monkeypatch.setattr(stores.time, "sleep", lambda seconds: None)
    far = replace(file, path=f"memory://taken/{file.name}")
    assert take_field([far], retries=1).decoded is not None
    assert errors == []


def test_a_duplicate_of_a_damaged_file_is_damaged_too(tmp_path):
    files = [put(tmp_path / name, "ZDR", b"") for name in "ab"]
    taken = take_field(files)
    assert names(taken.remarks) == {"a": DAMAGED, "b": DAMAGED}
    assert taken.duplicates == 0
