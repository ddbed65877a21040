"""BUFKIT forecast soundings: one station, one model run, all forecast hours a file.

Format: plain text of a block of levels an hour, and a surface section with a row an hour; described
at https://wdtd.dlnc.ncep.noaa.gov/bufkit and by GEMPAK's parameter tables. An ensemble's file holds
one such text a member.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from batchio.errors import doing
from batchio.soundings.bufkit_blocks import Block, bare_number, read_blocks
from batchio.soundings.bufkit_surface import read_surface
from batchio.soundings.bufkit_text import (
    FETCH_AGAIN,
    BufkitError,
    Loss,
    MemberText,
    Text,
    drop_cut_end,
    split_members,
    unpack,
)
from batchio.soundings.profiles import StationForecast, SurfaceTable, Values

__all__ = ["BufkitError", "BufkitFile", "Loss", "decode_bufkit"]


@dataclass(frozen=True, slots=True)
class BufkitFile:
    """What a file holds: a forecast a member (one where it is no ensemble), and what is lost."""

    forecasts: tuple[StationForecast, ...]
    losses: tuple[Loss, ...]  # in the order of the file


def decode_bufkit(data: bytes, path: str) -> BufkitFile:
    """Returns what a file's bytes hold; blocks and rows that are not whole are left out, and named.

    Args:
        data: The whole file; it may be gzipped or zipped.
        path: Where the bytes come from, for the messages of errors.

    Raises:
        BufkitError: The file is no BUFKIT file, or no sounding of it is whole; no other error
            leaves.
    """
    with doing("read BUFKIT", path):
        whole = unpack(data)
        text = Text(drop_cut_end(whole))
        members = split_members(text.data)
        if not any(member.blocks for member in members):
            raise BufkitError(_what_else(whole), action=FETCH_AGAIN)
        forecasts = [
            forecast for member in members if (forecast := _read_member(text, member)) is not None
        ]
        losses = tuple(sorted(text.losses, key=lambda loss: loss.line))
        if not forecasts:
            raise BufkitError(f"no sounding is whole; {losses[0]}", action=FETCH_AGAIN)
        return BufkitFile(tuple(forecasts), losses)


def _what_else(data: bytes) -> str:
    start = data[:1000].lstrip().lower()
    if not start:
        return "the file is empty"
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a page of HTML or XML, not a BUFKIT file"
    if b"traceback (most recent call last)" in start:
        return "is the message of a server's error, not a BUFKIT file"
    if b"snparm" in start:
        return "has no sounding"
    return "is not a BUFKIT file: it has neither SNPARM nor STID"


def _read_member(text: Text, member: MemberText) -> StationForecast | None:
    blocks = _of_one_run(text, read_blocks(text, member.blocks, member.columns))
    if not any(len(block.values) for block in blocks):
        return None
    if not member.surfaces:
        text.lose(len(text.data), "surface section", "is not there: the file may be cut short")
    before = len(text.losses)
    surface = read_surface(text, member.surfaces, blocks[0].head.station.number)
    forecast = _to_forecast(member.name, blocks, surface)
    without = int((~np.isin(forecast.time, surface.time)).sum())
    if member.surfaces and without > len(text.losses) - before:
        cause = f"has no row for {without} of the soundings"
        text.lose(member.surfaces[-1].start, "surface section", cause)
    return forecast


def _of_one_run(text: Text, blocks: Sequence[Block]) -> list[Block]:
    """Returns the blocks of the commonest station and run, each hour once, in the order of time."""
    if not blocks:
        return []
    station, cycle = Counter(map(_run, blocks)).most_common(1)[0][0]
    counts = Counter(len(block.values) for block in blocks if len(block.values)) or Counter([0])
    n_levels = counts.most_common(1)[0][0]
    kept: dict[int, Block] = {}
    for block in blocks:
        hour = block.head.forecast_hour
        if _run(block)[0] != station:
            cause = f"is of station {block.head.station.number}, not {station}"
        elif block.head.cycle != cycle:
            cause = (
                f"is of the run of {block.head.cycle:%Y-%m-%d %H:%M}, not {cycle:%Y-%m-%d %H:%M}"
            )
        elif len(block.values) not in (0, n_levels):
            cause = f"has {len(block.values)} levels, not {n_levels} like the others"
        elif hour in kept:
            cause = "was there before"
        else:
            kept[hour] = block
            continue
        text.lose(block.start, block.part, cause)
    return [kept[hour] for hour in sorted(kept)]


def _run(block: Block) -> tuple[str, datetime]:
    return bare_number(block.head.station.number), block.head.cycle


def _to_forecast(member: str, blocks: Sequence[Block], surface: SurfaceTable) -> StationForecast:
    heads = [block.head for block in blocks]
    names = list(dict.fromkeys(name for head in heads for name in head.indices))
    return StationForecast(
        station=heads[0].station,
        cycle=heads[0].cycle,
        member=member,
        time=np.array([head.time.replace(tzinfo=None) for head in heads], "datetime64[s]"),
        forecast_hour=np.array([head.forecast_hour for head in heads], np.int64),
        n_levels=np.array([len(block.values) for block in blocks], np.int64),
        levels=_to_levels(blocks),
        indices={
            name: np.array([head.indices.get(name, np.nan) for head in heads]) for name in names
        },
        surface=surface,
    )


def _to_levels(blocks: Sequence[Block]) -> dict[str, Values]:
    filled = [block for block in blocks if len(block.values)]
    names = list(dict.fromkeys(name for block in filled for name in block.columns))
    shape = len(blocks), max(len(block.values) for block in blocks)
    levels: dict[str, Values] = {name: np.full(shape, np.nan) for name in names}
    for row, block in enumerate(blocks):
        for column, name in enumerate(block.columns if len(block.values) else ()):
            levels[name][row, : len(block.values)] = block.values[:, column]
    return levels
