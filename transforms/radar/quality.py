"""Quality control of a radar volume: flags of its gates, and fields made of those that pass.

It imports Py-ART, which is an extra (``headrace[pyart]``) and takes seconds to load: this module is
imported for the first volume that is to be controlled.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from batchio.radar.volume import DerivedField, Volume
from transforms.radar.dealias import dealias_velocity, nyquist_a_sweep
from transforms.radar.gate_filter import FLAGS, echo_field, flag_gates, passing
from transforms.radar.phase import kdp_window_gates, retrieve_kdp, unfold_phase
from transforms.radar.quality_settings import QualitySettings


def control_quality(volume: Volume, settings: QualitySettings) -> tuple[Volume, dict[str, float]]:
    """Returns the volume with derived fields beside its own, and a summary in numbers.

    The fields are QC_FLAGS, and as far as the volume has what they are made of, DBZH_QC,
    VRAD_DEALIASED, PHIDP_UNFOLDED and KDP_RETRIEVED. What is left out is in the volume's notes.
    """
    if echo_field(volume) is None:
        return _noted(volume, {"all": "no field of echoes"}), {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Py-ART's, of what others deprecate and of empty rays
        flags, left_out = flag_gates(volume, settings)
        tests = [name for name in FLAGS if name not in left_out]
        derived = {"QC_FLAGS": flags}
        if "DBZH" in volume.fields:
            derived["DBZH_QC"] = passing(volume, "DBZH", flags)
        left_out |= _add_velocity(volume, settings, derived)
        left_out |= _add_phase(volume, settings, derived)
    controlled = replace(volume, derived={**volume.derived, **derived})
    summary = {**_shares(flags, tests), **_counts(volume, derived)}
    return _noted(controlled, left_out), summary


def _add_velocity(
    volume: Volume, settings: QualitySettings, derived: dict[str, DerivedField]
) -> dict[str, str]:
    """Adds the velocity to the derived fields, or returns why it is left out."""
    nyquist = settings.nyquist_of(volume.radar, volume.strategy, volume.volume_number)
    if "VRAD" not in volume.fields:
        return {"VRAD_DEALIASED": "no VRAD"}
    if nyquist is None:
        return {"VRAD_DEALIASED": "no Nyquist velocity is set"}
    try:
        each = nyquist_a_sweep(volume, nyquist)
    except ValueError as error:
        return {"VRAD_DEALIASED": str(error)}
    derived["VRAD_DEALIASED"] = dealias_velocity(volume, derived["QC_FLAGS"], each, settings)
    return {}


def _add_phase(
    volume: Volume, settings: QualitySettings, derived: dict[str, DerivedField]
) -> dict[str, str]:
    """Adds the phase and KDP to the derived fields, or returns why they are left out."""
    if "PHIDP" not in volume.fields:
        return dict.fromkeys(("PHIDP_UNFOLDED", "KDP_RETRIEVED"), "no PHIDP")
    unfolded = unfold_phase(volume, derived["QC_FLAGS"], settings)
    derived["PHIDP_UNFOLDED"] = unfolded
    if settings.kdp_window_m is None:
        return {"KDP_RETRIEVED": "off"}
    if not kdp_window_gates(volume, settings):
        return {"KDP_RETRIEVED": "rays are shorter than the window"}
    derived["KDP_RETRIEVED"] = retrieve_kdp(volume, unfolded, settings)
    return {}


def _noted(volume: Volume, left_out: Mapping[str, str]) -> Volume:
    notes = (f"quality control left out {name}: {why}" for name, why in left_out.items())
    return replace(volume, notes=(*volume.notes, *notes))


def _shares(flags: DerivedField, tests: Iterable[str]) -> dict[str, float]:
    """Returns how many echoes there are, and how many in 100 each test flags and none does."""
    values = flags.values.astype(np.int8)
    marked = {name: (values & FLAGS[name]) != 0 for name in tests}
    echoes = values.size - int(marked.pop("no_echo").sum())
    marked["passed"] = values == 0
    percent = 100 / max(echoes, 1)
    shares = {f"qc_{name}_percent": round(int(m.sum()) * percent, 2) for name, m in marked.items()}
    return {"qc_echo_gates": echoes, **shares}


def _counts(volume: Volume, derived: Mapping[str, DerivedField]) -> dict[str, float]:
    """Returns how many gates were unfolded, and how many have a KDP."""
    counts: dict[str, float] = {}
    for name, observed in (("PHIDP_UNFOLDED", "PHIDP"), ("VRAD_DEALIASED", "VRAD")):
        if name in derived:
            moved = np.abs(derived[name].values - volume.fields[observed]) > 1
            counts[f"qc_{name.lower()}_gates"] = int(np.count_nonzero(moved))
    if "KDP_RETRIEVED" in derived:
        known = np.isfinite(derived["KDP_RETRIEVED"].values)
        counts["qc_kdp_retrieved_gates"] = int(np.count_nonzero(known))
    return counts
