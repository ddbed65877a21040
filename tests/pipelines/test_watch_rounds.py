"""What watching makes of what its runs come to: the runs themselves are not what is tested here."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from radar_files import write_volume

from pipelines.launcher.attend import Signals
from pipelines.launcher.command import Command
from pipelines.launcher.command_line import Parsed
from pipelines.launcher.domain import Domain
from pipelines.launcher.watch import watch
from pipelines.radar import RADAR
from transforms.units import Unit


@pytest.fixture
def config(tmp_path: Path) -> Path:
    write_volume(tmp_path / "in", ["DBZH"])
    file = tmp_path / "config.yaml"
    file.write_text("watch: 0.01")
    return file


def watched(config: Path, *more: str, domain: Domain[Any] = RADAR) -> Command[Any]:
    folder = config.parent
    places = ("--input", str(folder / "in"), "--output", str(folder / "out"))
    return Command(domain, [*places, "--config", str(config), *more])


def coming_to(*codes: int, seen: list[Any], then: Callable[[], object] = lambda: None) -> Any:
    """Returns what runs come to, one after the other, and notes the options of each."""
    left = iter(codes)

    def run_once(_domain: Domain[Any], parsed: Parsed[Any], _signals: Signals) -> int:
        seen.append(parsed.options)
        then()
        return next(left)

    return run_once


@pytest.mark.parametrize(("codes", "code"), [((0, 1), 1), ((0, 1, 0), 0), ((3, 0), 3), ((1,), 1)])
def test_the_exit_code_is_that_of_failures_and_of_the_last_look(
    config: Path, codes: tuple[int, ...], code: int
) -> None:
    seen: list[Any] = []
    limited = watched(config, "--max_polls", str(len(codes)), "--rerun", "all")
    assert watch([limited], coming_to(*codes, seen=seen)) == code
    assert [options.rerun for options in seen] == ["all", "changed", "changed"][: len(codes)]


def test_no_look_is_begun_after_the_end_however_long_the_last_took(config: Path) -> None:
    seen: list[Any] = []
    limited = watched(config, "--stop_after", "0.2")
    assert watch([limited], coming_to(0, seen=seen, then=lambda: time.sleep(0.3))) == 0
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ("compression: 2", "--watch was taken back; stop it by Ctrl-C or SIGTERM"),
        ("watch: 0.01\nrun_id: other", "--run_id cannot change while it is watched"),
    ],
)
def test_what_holds_while_it_watches_is_not_taken_from_a_changed_file(
    config: Path, capsys: pytest.CaptureFixture[str], changed: str, told: str
) -> None:
    config.write_text("watch: 0.01\nmax_polls: 3")
    seen: list[Any] = []
    run_once = coming_to(0, 0, 0, seen=seen, then=lambda: config.write_text(changed))
    assert watch([watched(config)], run_once) == 0
    assert seen == seen[:1] * 3
    assert capsys.readouterr().err.count(told) == 1


def test_a_long_look_ends_at_the_first_signal(config: Path) -> None:
    def items(_options: Any) -> Iterator[Unit]:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
        yield from ()

    endless = watched(config, domain=replace(RADAR, items=items))
    assert watch([endless], coming_to(seen=[])) == 130
