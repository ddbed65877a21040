from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pycrfsuite
import pytest

from batchio.addresses.crfsuite_model import find_usaddress_model, parse_crfsuite, read_crfsuite
from batchio.errors import CannotRun, InputError


@pytest.fixture(scope="module")
def data() -> bytes:
    return find_usaddress_model().read_bytes()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that CRFsuite trains here, which its own reader can tell of."""
    path = tmp_path_factory.mktemp("model") / "small.crfsuite"
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.append([{"word": "12"}, {"word": "elm", "é": 0.5}, {"word": "st"}], ["N", "S", "T"])
    trainer.append([{"word": "elm"}, {"word": "st"}], ["S", "T"])
    trainer.train(str(path))
    return path


def test_a_trained_model_is_read_as_by_its_own_reader(trained: Path) -> None:
    model = read_crfsuite(trained)
    tagger = pycrfsuite.Tagger()
    tagger.open(str(trained))
    info = tagger.info()
    assert list(model.labels) == tagger.labels()
    assert {name.decode(): number for number, name in enumerate(model.attributes)} == {
        name: int(number) for name, number in info.attributes.items()
    }
    states = {
        (model.attributes[at].decode(), model.labels[to]): model.weights[at, to]
        for at, to in zip(*np.nonzero(model.weights), strict=True)
    }
    jumps = {
        (model.labels[at], model.labels[to]): model.transitions[at, to]
        for at, to in zip(*np.nonzero(model.transitions), strict=True)
    }
    assert states == pytest.approx(dict(info.state_features), abs=1e-6)
    assert jumps == pytest.approx(dict(info.transitions), abs=1e-6)


def test_the_model_of_usaddress_is_found_and_read(data: bytes) -> None:
    model = read_crfsuite(find_usaddress_model())
    tagger = pycrfsuite.Tagger()
    tagger.open(str(find_usaddress_model()))
    assert list(model.labels) == tagger.labels()
    assert model.weights.shape == (1270, 29)
    assert np.count_nonzero(model.weights) + np.count_nonzero(model.transitions) == 2605
    assert b"previous:address.start" in model.attributes


def test_usaddress_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    monkeypatch.delitem(__import__("sys").modules, "usaddress", raising=False)
    with pytest.raises(CannotRun, match=r"usaddress is not installed; pip install usaddress"):
        find_usaddress_model()


def test_what_is_no_model_names_file_and_cause(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"PK\3\4 and more")
    with pytest.raises(InputError, match="no model of CRFsuite") as caught:
        read_crfsuite(path)
    assert caught.value.path == str(path)
    assert caught.value.step == "read the model"


@pytest.mark.parametrize(
    ("place", "value", "cause"),
    [
        (4, 5, "133768 bytes where the header says 5"),
        (12, 99, "version 99"),
        (20, 30, "no table of 30 strings"),
        (28, 133_760, "ends before byte"),
        (28, 60, "no chunk of features"),
        (60, 7, "a feature of a label or an attribute that there is not"),
        (64, 1270, "a feature of a label or an attribute that there is not"),
        (68, 29, "a feature of a label or an attribute that there is not"),
        (76, 0x7FF00000, "no finite number"),
    ],
)
def test_a_damaged_model_is_refused(data: bytes, place: int, value: int, cause: str) -> None:
    damaged = bytearray(data)
    struct.pack_into("<I", damaged, place, value)
    with pytest.raises(InputError, match=cause):
        parse_crfsuite(bytes(damaged))


def test_a_model_that_is_cut_off_is_refused_wherever_it_ends(data: bytes) -> None:
    for end in range(0, len(data), 997):
        with pytest.raises(InputError):
            parse_crfsuite(data[:end])
        whole_by_its_header = data[:4] + struct.pack("<I", end) + data[8:end]
        if end < 100_000:
            with pytest.raises(InputError):
                parse_crfsuite(whole_by_its_header)
