"""The words and figures beside a skew-T diagram, as lines of text; a missing value is a dash."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from batchio.soundings.profiles import StationForecast
from transforms.soundings.index_names import INDICES, PARCELS
from transforms.soundings.wind import KNOT, speed_and_direction

MISSING = "\N{EN DASH}"

_BUFKIT_A_LINE = 4
_BUFKIT_CAPE = "CAPE: mean parcel of the lowest 500 m, not virtual"
_LAYERS = {"0-1 km": "0_1km", "0-3 km": "0_3km", "0-6 km": "0_6km", "effective": "effective"}
_LAPSE_RATES = {
    "0-3 km": "0_3km",
    "3-6 km": "3_6km",
    "850-500": "850_500",
    "700-500": "700_500",
}


class Block(NamedTuple):
    """A heading and the lines below it, for letters of one width."""

    title: str
    lines: tuple[str, ...]


class Text(NamedTuple):
    """All that is written above and beside a diagram."""

    title: tuple[str, str]
    ours: tuple[Block, ...]
    bufkit: Block


def figure_text(value: float, decimals: int = 0) -> str:
    """Returns a value with so many decimals."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}" if math.isfinite(value) else MISSING


def title(forecast: StationForecast, number: int, model: str) -> tuple[str, str]:
    """Returns which forecast it is of what, and where."""
    station = forecast.station
    hour = int(forecast.forecast_hour[number])
    valid = str(forecast.time[number].astype("datetime64[m]")).replace("T", " ")
    names = f"{station.id} ({station.number})" if station.id else station.number
    run = " ".join(filter(None, (model, forecast.member)))
    above = f"{names}   {run}   valid {valid} UTC   forecast hour {hour}"
    place = f"{_degrees(station.latitude_deg, 'NS')} {_degrees(station.longitude_deg, 'EW')}"
    terrain = f"model terrain {figure_text(station.elevation_m)} m"
    return above, f"cycle {forecast.cycle:%Y-%m-%d %H:%M} UTC   {place}   {terrain}"


def our_blocks(indices: Mapping[str, float]) -> tuple[Block, ...]:
    """Returns our indices of one profile; those that are not in ``indices`` are missing."""
    of = _Figures(indices)
    return (
        Block("Parcels", (*_parcel_lines(of), _effective_line(of))),
        Block("Wind and lapse rates", (*_layer_lines(of), *_storm_lines(of))),
        Block("Levels and indices", _other_lines(of)),
    )


def bufkit_block(forecast: StationForecast, number: int) -> Block:
    """Returns the indices that the file itself states, in its order."""
    entries = [
        f"{name:<5}{figure_text(float(values[number]), 1):>8}"
        for name, values in forecast.indices.items()
    ]
    rows = [entries[k : k + _BUFKIT_A_LINE] for k in range(0, len(entries), _BUFKIT_A_LINE)]
    lines = [" ".join(row) for row in rows] or [MISSING]
    if "CAPE" in forecast.indices:
        lines.append(_BUFKIT_CAPE)
    return Block("BUFKIT's own, as the file states them", tuple(lines))


class _Figures(dict[str, float]):
    """Indices of one profile, as text."""

    def text(self, name: str, decimals: int = 0, scale: float = 1.0) -> str:
        return figure_text(self.get(name, math.nan) * scale, decimals)


def _parcel_lines(of: _Figures) -> list[str]:
    lines = [
        _columns(("", "CAPE", "CIN", "LI", "LCL", "LCL", "LFC", "EL")),
        _columns(("", "J/kg", "J/kg", "K", "hPa", "m", "hPa", "hPa")),
    ]
    for short in PARCELS:
        figures = [of.text(f"{short}_{name}", int(name == "li")) for name in ("cape", "cin", "li")]
        levels = [of.text(f"{short}_{name}") for name in ("lcl", "lcl_height", "lfc", "el")]
        lines.append(_columns((short.upper(), *figures, *levels)))
    return lines


def _effective_line(of: _Figures) -> str:
    ends = [of.text(f"effective_{end}_height") for end in ("bottom", "top")]
    layer = MISSING if MISSING in ends else f"{ends[0]} to {ends[1]} m"
    start = of.text("mu_start")
    return f"MU from {start} hPa  DCAPE {of.text('dcape')}  inflow layer {layer}"


def _layer_lines(of: _Figures) -> list[str]:
    lines = [f"{'':<10}{'shear':>6}{'SRH':>7}      {'lapse rate':<12}"]
    lines.append(f"{'':<10}{'kn':>6}{'m²/s²':>7}      {'':<9}{'K/km':>6}")
    pairs = zip(_LAYERS.items(), _LAPSE_RATES.items(), strict=True)
    for (layer, name), (between, rate) in pairs:
        shear = of.text(f"shear_{name}", scale=1 / KNOT)
        helicity = of.text(f"srh_{name}") if f"srh_{name}" in INDICES else ""
        steep = of.text(f"lapse_rate_{rate}", 1)
        lines.append(f"{layer:<10}{shear:>6}{helicity:>7}      {between:<9}{steep:>6}")
    return lines


def _storm_lines(of: _Figures) -> list[str]:
    sides = [f"{side} {_motion(of, side)}" for side in ("right", "left")]
    return ["Bunkers, from  " + "   ".join(sides)]


def _motion(of: _Figures, side: str) -> str:
    u, v = (of.get(f"bunkers_{side}_{part}", math.nan) for part in "uv")
    speed, direction = speed_and_direction(np.array(u), np.array(v))
    if not math.isfinite(speed):
        return MISSING
    return f"{round(float(direction)) % 360:03}° {float(speed) / KNOT:.0f} kn"


def _other_lines(of: _Figures) -> tuple[str, ...]:
    return (
        _pairs(
            ("PWAT, mm", of.text("precipitable_water", 1)),
            ("0 °C, m", of.text("freezing_level")),
            ("wet-bulb 0, m", of.text("wet_bulb_zero")),
        ),
        _pairs(
            ("K index", of.text("k_index")),
            ("TT", of.text("total_totals")),
            ("Showalter", of.text("showalter", 1)),
        ),
        _pairs(
            ("STP fixed", of.text("stp_fixed", 1)),
            ("STP eff.", of.text("stp_effective", 1)),
            ("SWEAT", of.text("sweat")),
        ),
        _pairs(
            ("EHI 0-1 km", of.text("ehi_0_1km", 1)),
            ("SCP", of.text("scp", 1)),
            ("SHIP", of.text("ship", 1)),
        ),
        _inversion_line(of),
    )


def _inversion_line(of: _Figures) -> str:
    line = f"inversions below 5 km: {of.text('inversion_count')}"
    if not math.isfinite(of.get("inversion_strength", math.nan)):
        return line
    return (
        f"{line}, strongest {of.text('inversion_strength', 1)} K at {of.text('inversion_base')} m"
    )


def _columns(cells: Sequence[str]) -> str:
    return f"{cells[0]:<3}" + "".join(f"{cell:>7}" for cell in cells[1:])


def _pairs(*pairs: tuple[str, str]) -> str:
    widths = ((11, 6), (10, 6), (13, 6))
    return "  ".join(
        f"{name:<{left}}{text:>{right}}"
        for (name, text), (left, right) in zip(pairs, widths, strict=True)
    )


def _degrees(degrees: float, letters: str) -> str:
    return f"{abs(degrees):.2f}° {letters[degrees < 0]}"
