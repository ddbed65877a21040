"""Unfolds the differential phase of a volume, and retrieves KDP from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from batchio.radar.volume import DerivedField, Volume
from transforms.radar.circular import mean_direction
from transforms.radar.gate_filter import described, rays_of
from transforms.radar.pyart import pyart, to_pyart
from transforms.radar.quality_settings import QualitySettings

_UNFOLDED = "PHIDP_UNFOLDED"


def unfold_phase(volume: Volume, flags: DerivedField, settings: QualitySettings) -> DerivedField:
    """Returns PHIDP plus multiples of 360 degrees, where no flag is set.

    The turns are those of the running mean along the ray, which noise does not throw off. Each ray
    begins within half a turn of the sweep's own phase: the mean of the first gates of its rays.
    """
    observed = np.where(flags.values == 0, volume.fields["PHIDP"], np.nan).astype(np.float64)
    unfolded = np.full(observed.shape, np.nan)
    for sweep in volume.sweeps:
        rays = rays_of(sweep)
        unfolded[rays] = _unfold_sweep(observed[rays], settings.window_gates)
    attributes = {
        **described("PHIDP", "differential phase, unfolded"),
        "window_gates": settings.window_gates,
        "comment": "PHIDP plus whole turns, so that it follows its running mean along the ray.",
    }
    return DerivedField(unfolded.astype(np.float32), attributes)


def _unfold_sweep(observed: NDArray[np.float64], gates: int) -> NDArray[np.float64]:
    valid = np.isfinite(observed)
    if not valid.any():
        return observed
    mean = np.angle(mean_direction(np.deg2rad(observed), gates))
    # Gates without a phase repeat the one before them, those ahead of the first the first.
    last_valid = np.maximum.accumulate(np.where(valid, np.arange(valid.shape[1]), -1), axis=1)
    first_valid = np.argmax(valid, axis=1)[:, None]
    held = np.take_along_axis(mean, np.maximum(last_valid, first_valid), axis=1)
    track = np.rad2deg(np.unwrap(held, axis=1))
    begin = track[:, :1]  # of each ray
    own = np.rad2deg(np.angle(np.exp(1j * np.deg2rad(begin[valid.any(axis=1)])).mean())) % 360
    track += 360 * np.round((own - begin) / 360)
    turns: NDArray[np.float64] = observed + 360 * np.round((track - observed) / 360)
    return turns


def kdp_window_gates(volume: Volume, settings: QualitySettings) -> int:
    """Returns the even number of gates over which KDP is retrieved, 0 if rays are too short."""
    gates = 2 * max(1, round((settings.kdp_window_m or 0) / volume.bin_size_m / 2))
    return gates if gates < volume.n_gates else 0


def retrieve_kdp(volume: Volume, unfolded: DerivedField, settings: QualitySettings) -> DerivedField:
    """Returns KDP by Vulpiani et al. (2012), in degrees/km.

    Gaps shorter than the window are bridged by straight lines and stay without a value, as do
    gates with an end of their window outside of the echo: nothing is known of the phase there.
    """
    window = kdp_window_gates(volume, settings)
    phase = _bridge(unfolded.values.astype(np.float64), window)
    bridged = replace(unfolded, values=phase.astype(np.float32))
    radar = to_pyart(replace(volume, fields={}, derived={_UNFOLDED: bridged}))
    kdp, _ = pyart.retrieve.kdp_vulpiani(
        radar,
        psidp_field=_UNFOLDED,
        band="C",
        windsize=window,
        n_iter=settings.kdp_iterations,
    )
    half = window // 2
    known = np.zeros(phase.shape, np.bool_)
    known[:, half:-half] = np.isfinite(phase[:, window:]) & np.isfinite(phase[:, :-window])
    known &= np.isfinite(unfolded.values)
    values = np.where(known, np.ma.filled(kdp["data"], np.nan), np.nan).astype(np.float32)
    attributes = {
        **described("KDP", "specific differential phase from PHIDP_UNFOLDED"),
        "kdp_window_m": float(window * volume.bin_size_m),
        "kdp_iterations": settings.kdp_iterations,
        "references": "Vulpiani et al. 2012, doi:10.1175/JAMC-D-10-05024.1",
        "software": f"Py-ART {pyart.__version__}, kdp_vulpiani, band C",
    }
    return DerivedField(values, attributes)


def _bridge(phase: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Returns the phase with straight lines over the gaps that are shorter than the window."""
    valid = np.isfinite(phase)
    bridged = ndimage.binary_closing(valid, np.ones((1, window), np.bool_)) & ~valid
    gates = np.arange(phase.shape[1])
    filled = phase.copy()
    for ray in np.flatnonzero(bridged.any(axis=1)):
        known, gaps = valid[ray], bridged[ray]
        filled[ray, gaps] = np.interp(gates[gaps], gates[known], phase[ray, known])
    return filled
