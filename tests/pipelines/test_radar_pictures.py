from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from radar_files import write_volume
from rig import Rig

from batchio.errors import UsageError
from pipelines.radar import check
from pipelines.radar_options import RadarOptions


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig("pipelines.radar", tmp_path, "**/*.BUFR")


def test_pictures_are_made_and_kept_and_others_make_the_volume_again(rig: Rig) -> None:
    volume = write_volume(rig.inputs)
    asked = ("--quicklook", "VRAD", "KDP", "--quicklook_geotiff")
    done = rig.run(*asked)
    assert done.code == 0, done.err
    names = {path.name for path in rig.output_files()}
    assert names == {f"{volume}.nc", f"{volume}_VRAD.png", f"{volume}_VRAD.tif"}
    (unit,) = rig.units().values()
    assert json.loads(unit["details"])["not_drawn"] == ["KDP"]
    (row,) = rig.rows("SELECT netcdf_path FROM volume_processing")
    assert row["netcdf_path"] == str(rig.output / f"{volume}.nc")

    assert "skip" in rig.run(*asked, "--plan").out
    plan = rig.run("--quicklook", "--plan").out
    assert plan.startswith(f"work  {volume}  pictures changed"), plan


def test_an_unknown_field_is_refused_before_the_run() -> None:
    options = RadarOptions(input=["*"], output="out", quicklook=["VARD"])
    with pytest.raises(UsageError, match="VARD is unknown; did you mean VRAD"):
        check(options)


@pytest.mark.parametrize("asked", [{"quicklook_sweep": 1}, {"quicklook_geotiff": True}])
def test_how_to_draw_needs_something_to_draw(asked: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="only with --quicklook"):
        RadarOptions(input=["*"], output="out", **asked)
