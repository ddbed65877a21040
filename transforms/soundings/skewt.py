"""Pictures of forecast profiles: skew-T log-p diagram, hodograph and a panel of indices, as PNG.

Matplotlib is an extra (``headrace[plots]``) that takes a second to import: it is imported for the
first picture, and never with its global state (pyplot).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from batchio.errors import CannotRun, InputError, doing
from batchio.soundings.profiles import StationForecast, Values
from transforms.soundings import skewt_panel as panel
from transforms.soundings.skewt_lines import single


def require_matplotlib() -> None:
    """Raises CannotRun if there is nothing to draw with."""
    _drawing()


def draw_skewt(
    forecast: StationForecast,
    number: int,
    indices: Mapping[str, Values],
    path: Path,
    *,
    model: str,
) -> None:
    """Writes the picture of one profile, 1200 x 900 pixels; equal input gives equal bytes.

    Args:
        forecast: The file that has the profile.
        number: Which of its profiles.
        indices: Ours of all its profiles, `compute_indices`; what is not there is a dash.
        path: The PNG to write.
        model: Its name, for the title.

    Raises:
        InputError: The profile has no level, or the file no pressure, height or temperature.
        CannotRun: Matplotlib is not installed.
    """
    draw_picture = _drawing()
    with doing("draw skew-T"):
        hour = int(forecast.forecast_hour[number])
        lacking = [name for name in ("PRES", "TMPC", "HGHT") if name not in forecast.levels]
        if lacking or not forecast.n_levels[number]:
            what = f"no {', '.join(lacking)}" if lacking else "no levels"
            raise InputError(
                f"forecast hour {hour} has {what}", action="draw another hour, or another file"
            )
        values = {name: float(found[number]) for name, found in indices.items()}
        text = panel.Text(
            panel.title(forecast, number, model),
            panel.our_blocks(values),
            panel.bufkit_block(forecast, number),
        )
        draw_picture(single(forecast, number), values, text, path)


def _drawing() -> Callable[[StationForecast, Mapping[str, float], panel.Text, Path], None]:
    try:
        from transforms.soundings.skewt_figure import draw_picture
    except ImportError as error:
        raise CannotRun(
            "pictures need matplotlib", action="pip install 'headrace[plots]'"
        ) from error
    return draw_picture
