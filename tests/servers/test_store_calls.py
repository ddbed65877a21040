"""What is asked of a store, and what comes of it when it falters: gs:// and s3://."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from store_rig import Store

from batchio.fileset import list_files, missing_roots, read_bytes
from batchio.fingerprint import sha256
from batchio.output import OutputRoot, files_below, remove, remove_folder, those_there
from batchio.stores import StoreError

MANY = 1_050
A_PAGE = 1_000  # objects, which is what the stores give at once


def put(store: Store, name: str, content: bytes = b"content") -> None:
    store.fs.pipe_file(f"{store.bucket}/{name}", content)


def asked(store: Store, before: Counter[str]) -> Counter[str]:
    return store.proxy.counts() - before


@pytest.fixture
def root(store: Store) -> OutputRoot:
    return OutputRoot(f"{store.url}/out", "run-1")


def writes(content: str) -> object:
    return lambda path: Path(path).write_text(content)


def test_files_are_listed_by_the_thousand_and_read_in_one_request_each(store: Store) -> None:
    names = [f"in/{number % 7}/{number:05}.json" for number in range(MANY)]
    store.fs.pipe({f"{store.bucket}/{name}": name.encode() for name in names})
    before = store.proxy.counts()
    files = list(list_files([f"{store.url}/in/**/*.json"]))
    assert asked(store, before) == {"GET": -(-MANY // A_PAGE)}
    assert [file.path for file in files] == sorted(f"{store.url}/{name}" for name in names)
    assert all(file.size == len(names[0]) and file.mtime > 1e9 for file in files)
    before = store.proxy.counts()
    for file in files[:50]:
        content = read_bytes(file.path, size=file.size)
        assert content.decode() == file.path.removeprefix(f"{store.url}/")
    assert asked(store, before) == {"GET": 50}


def test_an_output_is_written_in_one_request_and_removed_in_one(
    store: Store, root: OutputRoot
) -> None:
    before = store.proxy.counts()
    outputs = [root.write(f"a/{number}.txt", writes(f"{number}")) for number in range(20)]
    assert asked(store, before) == {"PUT" if store.kind == "s3" else "POST": 20}
    before = store.proxy.counts()
    assert those_there(outputs) == {*outputs}
    assert asked(store, before).total() <= 60  # a client may ask for each as file and as folder
    before = store.proxy.counts()
    for output in outputs[:10]:
        remove(output.path)
        remove(output.path)
    assert asked(store, before) == {"DELETE": 20}
    assert those_there(outputs) == {*outputs[10:]}


@pytest.mark.parametrize("name", ["a b.txt", "ñandú/línea.txt", "a+b%20c.txt", "x#y?z.txt"])
def test_odd_names_are_listed_read_and_written(store: Store, root: OutputRoot, name: str) -> None:
    output = root.write(name, writes("odd"))
    (file,) = list_files([f"{store.url}/out/**"])
    assert file.path == output.path
    assert read_bytes(file.path, size=file.size) == b"odd"
    assert those_there([output]) == {output}


def test_an_empty_file_and_the_marker_of_a_folder(store: Store) -> None:
    put(store, "in/empty.json", b"")
    put(store, "in/folder/", b"")
    files = list(list_files([f"{store.url}/in/**"]))
    assert [(file.path, file.size) for file in files] == [(f"{store.url}/in/empty.json", 0)]
    assert read_bytes(files[0].path, size=0) == b""
    assert [file.path for file in list_files([f"{store.url}/in/*"])] == [files[0].path]


def test_what_grew_or_shrank_since_it_was_listed_is_read_whole(store: Store) -> None:
    put(store, "in/a.txt", b"0123456789")
    for size in (3, 9, 10, 11, 99):
        assert read_bytes(f"{store.url}/in/a.txt", size=size) == b"0123456789"


def test_every_call_stands_a_store_that_falters(store: Store, root: OutputRoot) -> None:
    for number in range(12):
        put(store, f"in/{number}.txt", b"x" * number)
    store.proxy.every = 4
    outputs = []
    for number, file in enumerate(sorted(list_files([f"{store.url}/in/*"]), key=lambda f: f.size)):
        assert read_bytes(file.path, size=file.size) == b"x" * number
        assert missing_roots([file.path]) == []
        staged = root.write(f"stage/{number}.txt", writes(f"of {number}"))
        outputs.append(root.adopt(staged, f"{number}.txt"))
        remove(staged.path)
    assert those_there(outputs) == {*outputs}
    assert len(files_below(f"{store.url}/out")) == 12
    remove_folder(f"{store.url}/out/stage")
    assert len(store.proxy.met) == 4
    store.proxy.every = 0
    assert {sha256(content) for content in store.files("out").values()} == {
        output.sha256 for output in outputs
    }


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_store_that_always_fails_is_an_error_of_ours(store: Store, root: OutputRoot) -> None:
    put(store, "in/a.txt")
    path = f"{store.url}/in/a.txt"
    store.proxy.fail_always()
    with pytest.raises(StoreError) as caught:
        read_bytes(path, size=7, retries=1)
    assert (caught.value.path, caught.value.step) == (path, "read")
    assert caught.value.action.startswith("check the address, the credentials and the network")


def test_a_bucket_that_is_not_there_is_not_made(store: Store) -> None:
    from batchio.errors import CannotRun
    from pipelines.launcher.preflight import check_inputs, check_output

    nowhere = f"{store.url}-nowhere"
    with pytest.raises(CannotRun, match=r"-nowhere.*: preflight: cannot be written: No such file"):
        check_output(OutputRoot(f"{nowhere}/out", "run-1"))
    with pytest.raises(CannotRun, match=r"-nowhere/in: preflight: there is no such file or folder"):
        check_inputs([f"{nowhere}/in/**"])
    assert not store.fs.exists(f"{store.bucket}-nowhere")
