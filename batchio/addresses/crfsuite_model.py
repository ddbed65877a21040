"""Models of CRFsuite: linear-chain conditional random fields, read into arrays.

The layout is that of ``crf1d_model.c`` of CRFsuite 0.12: a header, one chunk of features, and two
string tables in the format of CQDB. Little-endian throughout. The features of the header's count
are not relied on: models in use leave it zero. The chunk counts its own.
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchio.errors import CannotRun, InputError, doing

_HEADER = struct.Struct("<4sI4sIIIIIIIII")
_MAGIC, _KIND, _VERSION = b"lCRF", b"FOMC", 100
_CHUNK = struct.Struct("<4sII")  # name, bytes, records
_TABLE = struct.Struct(
    "<4sIIIII"
)  # name, bytes, flag, byte order, strings, where their offsets are
_BYTE_ORDER = 0x62445371
_STRING = struct.Struct("<II")  # id, bytes with the final NUL
_FEATURE = np.dtype([("kind", "<u4"), ("source", "<u4"), ("target", "<u4"), ("weight", "<f8")])
_STATE, _TRANSITION = 0, 1


@dataclass(frozen=True, eq=False)
class CrfModel:
    """A linear-chain CRF.

    ``weights`` is attributes x labels, ``transitions`` is from x to; what the file leaves out is 0.
    """

    labels: tuple[str, ...]
    attributes: tuple[bytes, ...]
    weights: NDArray[np.float64]
    transitions: NDArray[np.float64]
    digest: str


def find_usaddress_model() -> Path:
    """Returns where the installed usaddress package has its model; the package is not imported."""
    found = importlib.util.find_spec("usaddress")
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = Path(folder) / "usaddr.crfsuite"
        if path.is_file():
            return path
    raise CannotRun(
        "the model of usaddress was not found" if found else "usaddress is not installed",
        step="load the model",
        action="pip install usaddress",
    )


def read_crfsuite(path: Path) -> CrfModel:
    """Returns the model in a file."""
    with doing("read the model", str(path)):
        return parse_crfsuite(path.read_bytes())


def parse_crfsuite(data: bytes) -> CrfModel:
    """Returns the model in the bytes of a file.

    Raises:
        InputError: These are not the bytes of a CRFsuite model, or not all of them.
    """
    if data[:4] != _MAGIC:
        raise _damaged("no model of CRFsuite: it does not begin with 'lCRF'")
    _, size, kind, version, _, labels, attributes, *offsets = _unpack(_HEADER, data, 0)
    if (kind, version) != (_KIND, _VERSION):
        raise _damaged(f"a model of kind {kind!r}, version {version}, which is not known")
    if size != len(data):
        raise _damaged(f"{len(data)} bytes where the header says {size}")
    features, label_table, attribute_table = offsets[:3]
    names = _strings(data, label_table, labels)
    weights, transitions = _matrices(_features(data, features), labels, attributes)
    return CrfModel(
        labels=tuple(_text(name) for name in names),
        attributes=_strings(data, attribute_table, attributes),
        weights=weights,
        transitions=transitions,
        digest=sha256(data).hexdigest(),
    )


def _features(data: bytes, start: int) -> NDArray[np.void]:
    name, _, count = _unpack(_CHUNK, data, start)
    first = start + _CHUNK.size
    if name != b"FEAT" or first + count * _FEATURE.itemsize > len(data):
        raise _damaged(f"no chunk of features at byte {start}")
    return np.frombuffer(data, _FEATURE, count, first)


def _matrices(
    features: NDArray[np.void], labels: int, attributes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    kind, source, target = features["kind"], features["source"], features["target"]
    sources = np.where(kind == _STATE, attributes, labels)
    if np.any(kind > _TRANSITION) or np.any(source >= sources) or np.any(target >= labels):
        raise _damaged("a feature of a label or an attribute that there is not")
    if not np.isfinite(features["weight"]).all():
        raise _damaged("a weight that is no finite number")
    matrices = []
    for wanted, rows in ((_STATE, attributes), (_TRANSITION, labels)):
        some = features[kind == wanted]
        matrix = np.zeros((rows, labels))
        matrix[some["source"], some["target"]] = some["weight"]
        matrices.append(matrix)
    return matrices[0], matrices[1]


def _strings(data: bytes, start: int, expected: int) -> tuple[bytes, ...]:
    """Returns the strings of a CQDB table by their ids."""
    name, size, _, order, count, offsets_at = _unpack(_TABLE, data, start)
    if (name, order, count) != (b"CQDB", _BYTE_ORDER, expected):
        raise _damaged(f"no table of {expected} strings at byte {start}")
    table = data[start : start + size]
    found = []
    for number, (offset,) in enumerate(
        struct.iter_unpack("<I", _taken(table, offsets_at, 4 * count))
    ):
        own, length = _unpack(_STRING, table, offset)
        if own != number:
            raise _damaged(
                f"string {number} of the table at byte {start} is not where it should be"
            )
        found.append(_taken(table, offset + _STRING.size, length).rstrip(b"\0"))
    return tuple(found)


def _unpack(layout: struct.Struct, data: bytes, start: int) -> tuple[Any, ...]:
    return layout.unpack(_taken(data, start, layout.size))


def _taken(data: bytes, start: int, length: int) -> bytes:
    taken = data[start : start + length]
    if len(taken) < length:
        raise _damaged(f"it ends before byte {start + length}")
    return taken


def _text(name: bytes) -> str:
    try:
        return name.decode("ascii")
    except UnicodeDecodeError:
        raise _damaged(f"a label that is no ASCII: {name!r}") from None


def _damaged(cause: str) -> InputError:
    return InputError(cause, action="install usaddress again")
