"""Values of JSON objects, of which none need be there or be what it should."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def is_node(value: Any, kind_key: str) -> bool:
    """Tells whether a JSON value is a node: a dict with text under the key."""
    return type(value) is dict and type(value.get(kind_key)) is str


def text_of(node: Mapping[str, Any], key: str) -> str:
    """Returns the text under a key, empty if there is anything else."""
    value = node.get(key)
    return value if type(value) is str else ""


def dict_of(node: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Returns the object under a key, an empty one if there is anything else."""
    value = node.get(key)
    return value if type(value) is dict else {}


def list_of(node: Mapping[str, Any], key: str) -> list[Any]:
    """Returns the list under a key, an empty one if there is anything else."""
    value = node.get(key)
    return value if type(value) is list else []


def children(node: Json, key: str) -> list[Json]:
    """Returns the dicts in the list under a key."""
    value = node.get(key)
    return [item for item in value if type(item) is dict] if type(value) is list else []


def length(node: Json, key: str) -> int:
    """Returns how long the list under a key is, 0 if there is none."""
    value = node.get(key)
    return len(value) if type(value) is list else 0


def number(node: Json, key: str) -> int:
    """Returns the whole number under a key, 0 if there is none."""
    value = node.get(key)
    return value if type(value) is int else 0
