import hashlib

import fsspec
import pytest

from batchio.fingerprint import of_inputs, of_value, sha256, sha256_of_file

# FIPS 180-2, appendix B.1: the message "abc"
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_bytes_have_the_digest_of_the_standard():
    assert sha256(b"abc") == ABC


@pytest.mark.parametrize("start", ["", "file://"])
def test_a_local_file_has_the_digest_of_its_bytes(tmp_path, start):
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of_file(f"{start}{tmp_path}/abc") == ABC


def test_a_file_on_other_storage_has_the_digest_of_its_bytes():
    fsspec.filesystem("memory").pipe("/fingerprint/abc", b"abc")
    assert sha256_of_file("memory://fingerprint/abc") == ABC


def test_a_file_longer_than_a_block_is_read_to_its_end(tmp_path):
    data = bytes(range(256)) * 4096 + b"rest"
    (tmp_path / "long").write_bytes(data)
    assert sha256_of_file(f"{tmp_path}/long") == hashlib.sha256(data).hexdigest()


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        sha256_of_file(f"{tmp_path}/gone")


def test_equal_values_have_equal_digests_whatever_the_order_of_their_keys():
    assert of_value({"b": [1, 2], "a": None}) == of_value({"a": None, "b": [1, 2]})
    assert of_value({"a": ("x",)}) == of_value({"a": ["x"]})


def test_the_digest_of_a_value_is_that_of_its_compact_json():
    text = '{"a":"ñ","b":[1]}'
    assert of_value({"b": [1], "a": "ñ"}) == hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.mark.parametrize("other", [{"a": 2}, {"a": "1"}, {"b": 1}, {"a": 1, "b": 1}, [1], 1])
def test_other_values_have_other_digests(other):
    assert of_value(other) != of_value({"a": 1})


def test_inputs_have_a_digest_of_names_and_contents_in_any_order():
    pairs = [("a", "1" * 64), ("b", "2" * 64)]
    assert of_inputs(pairs) == of_inputs(iter(reversed(pairs)))
    swapped = [("a", "2" * 64), ("b", "1" * 64)]
    assert len({of_inputs(pairs), of_inputs(swapped), of_inputs(pairs[:1]), of_inputs([])}) == 4
