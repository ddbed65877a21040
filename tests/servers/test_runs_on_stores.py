"""The pipelines' commands with inputs and outputs on object stores: gs:// and s3://."""

from __future__ import annotations

import random

import pytest
from rig import Finished, wait_until
from store_domains import ends_well
from store_rig import StoreRig

_KEPT = {"runs", "parts", "lexicons"}  # below .headrace, at the end of a run


def test_a_run_gives_what_a_local_run_gives_and_the_next_one_skips_all(
    local: StoreRig, rig: StoreRig
) -> None:
    done = ends_well(rig.run(*rig.to_store, inputs=rig.from_store))
    assert rig.stored() == local.outputs()
    assert rig.statuses() == local.statuses()
    report = rig.stored_report()
    assert (report["exit_code"], report["output"]) == (0, rig.output_url)
    below = f"runs/{report['run_id']}"
    files = rig.stored_state()
    assert {f"{below}/{name}" for name in ("report.json", "report.html", "units.csv")} <= {*files}
    assert f"{rig.output_url}/.headrace/{below}/report.html" in done.err
    assert {name.split("/")[0] for name in files} <= _KEPT  # nothing unfinished

    times = rig.times()
    ends_well(rig.run(*rig.to_store, inputs=rig.from_store))
    assert rig.times() == times
    assert rig.stored_report()["counts"]["worked"] == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_was_changed_or_removed_is_made_again_and_the_plan_says_so(
    local: StoreRig, rig: StoreRig
) -> None:
    def run(*more: str) -> Finished:
        return ends_well(rig.run(*rig.to_store, *more, inputs=rig.from_store))

    run()
    before, times = rig.stored(), rig.times()
    count = len(rig.domain.files)
    assert f"plan: 0 to work, {count} to skip" in run("--plan").out
    assert rig.times() == times

    rig.domain.change(rig.inputs)
    rig.bucket.upload(rig.inputs, "in")
    plan = run("--plan").out
    assert f"plan: 1 to work, {count - 1} to skip" in plan
    assert "input changed" in plan
    run()
    assert rig.stored_report()["reasons"]["input changed"] == 1
    changed = rig.stored()
    assert changed.keys() == before.keys()
    assert changed != before

    (gone, *_) = sorted(changed)
    rig.bucket.fs.rm_file(f"{rig.bucket.bucket}/out/{gone}")
    if rig.domain.plans_outputs:
        assert "output missing" in run("--plan").out
    run()
    assert rig.stored_report()["reasons"] == {"output missing": 1}
    assert rig.stored() == changed


def test_from_the_store_to_this_machine_and_the_other_way(local: StoreRig, rig: StoreRig) -> None:
    ends_well(rig.run(*rig.to_store))
    assert rig.stored() == local.outputs()
    ends_well(rig.run(inputs=rig.from_store))
    assert rig.outputs() == local.outputs()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_kill_leaves_no_partial_object_and_the_next_run_completes(
    local: StoreRig, rig: StoreRig
) -> None:
    """Killed at the n-th request: while files are listed, read, written, replaced, reported."""
    proxy = rig.bucket.proxy
    for _ in range(3):
        proxy.hold_at(random.randint(5, 20))
        with rig.started(*rig.to_store, inputs=rig.from_store) as running:
            wait_until(lambda: proxy.held.is_set() or running.process.poll() is not None, "it")
            if proxy.held.is_set():
                running.kill()
        proxy.go_on()
        assert rig.stored().items() <= local.outputs().items()
        for name, content in rig.stored_state().items():
            rig.domain.check_state_file(name, content)
    ends_well(rig.run(*rig.to_store, inputs=rig.from_store))
    assert rig.stored() == local.outputs()
    assert rig.statuses() == local.statuses()


@pytest.mark.timeout(300)
def test_a_store_that_falters_costs_nothing(local: StoreRig, rig: StoreRig) -> None:
    proxy = rig.bucket.proxy
    proxy.every = 5
    ends_well(rig.run(*rig.to_store, inputs=rig.from_store, timeout_s=280))
    assert sum(proxy.met.values()) >= 3
    proxy.every = 0
    assert rig.stored() == local.outputs()
    assert rig.statuses() == local.statuses()
    assert rig.stored_report()["exit_code"] == 0
    assert {name.split("/")[0] for name in rig.stored_state()} <= _KEPT


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_store_that_always_fails_ends_the_run_with_what_to_do(
    local: StoreRig, rig: StoreRig
) -> None:
    rig.bucket.proxy.fail_always()
    done = rig.run(*rig.to_store, inputs=rig.from_store, timeout_s=250)
    assert done.code == 1
    said = [line for line in done.err.splitlines() if line.startswith("headrace: ")]
    assert len(said) == 1
    assert said[0].startswith(f"headrace: {rig.input_url}: preflight: cannot be reached: ")
    assert said[0].endswith("; check the address and the credentials")
    assert "Traceback" not in done.err


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_output_that_fails_from_some_moment_on_is_told_of_unit_by_unit(
    local: StoreRig, rig: StoreRig
) -> None:
    proxy = rig.bucket.proxy
    proxy.hold_at(5)  # the probe, and what is asked of buckets, went well
    with rig.started(*rig.to_store, "--retries=1") as running:
        wait_until(proxy.held.is_set, "the first output")
        proxy.fail_always()
        proxy.go_on()
        done = running.wait(250)
    assert done.code == 1
    assert "Traceback" not in done.err
    said = [line for line in done.err.splitlines() if line.startswith("headrace: ")]
    assert len(said) == 1
    assert ": write: " in said[0]
    assert "; check the address, the credentials and the network, and start again" in said[0]
    assert "failed" in {*rig.statuses().values()}
    proxy.every = 0
    ends_well(rig.run(*rig.to_store))
    assert rig.stored() == local.outputs()
