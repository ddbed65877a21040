import contextlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from rig import ROOT, is_dead, wait_until
from worker_functions import Poison, Summing, do

from batchio.errors import CannotRun
from transforms import worker_pool
from transforms.worker_link import BOARD_BYTES
from transforms.worker_pool import WorkerPool
from transforms.worker_process import Died

DEADLINE_S = 20.0


@pytest.fixture
def pool_of():
    """Makes pools that are closed at the end of the test, and leave no process."""
    pools, processes = [], []

    def make(workers=2, *, function=do, timeout_s=60.0, **more):
        pools.append(WorkerPool(function, workers=workers, timeout_s=timeout_s, **more))
        return pools[-1]

    yield make
    for pool in pools:
        processes += [worker.process for worker in pool.workers]
        pool.close()
    assert all(process.returncode is not None for process in processes)


def answers(pool, orders=()):
    """Submits orders and returns every answer that comes, by its order."""
    pool.submit(list(orders))
    found = []
    end = time.monotonic() + DEADLINE_S
    while pool.busy:
        found += pool.collect(0.2)
        assert time.monotonic() < end, f"no answer: {found}"
    assert len(found) == len({order for order, _ in found})
    return dict(found)


def test_every_item_is_answered_once_whatever_the_order(pool_of):
    orders = [f"echo {number}" for number in range(2000)]
    assert answers(pool_of(2), orders) == {order: order.split()[1] for order in orders}


def test_one_worker_and_several_give_the_same(pool_of):
    orders = [f"length {'x' * number}" for number in range(300)]
    assert answers(pool_of(1), orders) == answers(pool_of(3), orders)


def test_workers_start_as_items_come_and_stay(pool_of):
    pool = pool_of(3)
    assert (pool.workers, pool.busy, pool.backlog) == ([], False, 0)
    first = answers(pool, ["pid 1"])
    assert len(pool.workers) == 1
    assert answers(pool, ["pid 2"]) == {"pid 2": first["pid 1"]}


def test_all_workers_work_at_the_same_time(pool_of, tmp_path):
    pool = pool_of(3)
    pool.submit([f"wait_for {tmp_path}/{number}" for number in range(3)])
    wait_until(lambda: len(list(tmp_path.glob("*.at"))) == 3, "three items at once")
    for number in range(3):
        (tmp_path / str(number)).touch()
    assert len(answers(pool)) == 3


def test_slow_items_are_handed_out_one_by_one(pool_of, tmp_path):
    pool = pool_of(2)
    answers(pool, [f"sleep 0.3{number}" for number in range(4)])
    pool.submit([f"wait_for {tmp_path}/{number}" for number in range(6)])
    assert [len(worker.sent) for worker in pool.workers] == [1, 1]
    assert pool.backlog == 4
    for number in range(6):
        (tmp_path / str(number)).touch()
    assert len(answers(pool)) == 6


def test_fast_items_go_in_batches(pool_of):
    pool = pool_of(1)
    answers(pool, [f"echo {number}" for number in range(500)])
    pool.submit([f"echo again {number}" for number in range(1000)])
    assert len(pool.workers[0].sent) > 100
    assert len(answers(pool)) == 1000


def test_without_batches_no_item_waits_behind_another_however_fast_they_were(pool_of, tmp_path):
    pool = pool_of(2, batch_s=0.0)
    answers(pool, [f"echo {number}" for number in range(100)])
    pool.submit([f"wait_for {tmp_path}/0", *(f"echo {number}" for number in range(50))])
    found = []
    while len(found) < 50:
        found += pool.collect(0.2)
    assert len(pool.workers) == 2
    (tmp_path / "0").touch()
    assert len(answers(pool)) == 1


def test_a_big_item_and_a_big_answer_go_through(pool_of):
    orders = [f"length {'x' * 3_000_000}", "big 5000000"]
    found = answers(pool_of(1), orders)
    assert found == {orders[0]: 3_000_000, orders[1]: "x" * 5_000_000}


DEATHS = [
    ("segfault", "SIGSEGV (crash in a C library)"),
    ("abort", "SIGABRT (abort in a C library)"),
    ("exit 7", "exited with status 7"),
    ("exit 0", "exited with status 0"),
    ("signal 9", "SIGKILL (out of memory, or killed from outside)"),
    ("signal 3", "SIGQUIT"),
    (f"signal {signal.SIGRTMIN + 1}", f"ended by signal {signal.SIGRTMIN + 1}"),
    ("raise ouch", "exited with status 1"),
    ("unpicklable x", "exited with status 1"),
]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_death_costs_the_item_that_caused_it_and_no_other(pool_of, workers):
    good = [f"echo {number}" for number in range(400)]
    orders = list(good)
    for place, (order, _) in enumerate(DEATHS):
        orders.insert(place * 40 + 5, order)
    found = answers(pool_of(workers), orders)
    assert [found.pop(order) for order in good] == [order.split()[1] for order in good]
    assert {order: type(answer) for order, answer in found.items()} == {
        order: Died for order, _ in DEATHS
    }
    assert [cause for order, cause in DEATHS if cause not in found[order].cause] == []


def test_a_death_comes_with_the_trace_of_where_it_was(pool_of, caplog):
    found = answers(pool_of(1), ["segfault x", "raise ouch", "unpicklable x"])
    assert "Fatal Python error: Segmentation fault" in found["segfault x"].trace
    assert "in _segfault" in found["segfault x"].trace
    assert "GeneratorExit: ouch" in found["raise ouch"].trace
    assert "cannot be pickled, says the test" in found["unpicklable x"].trace
    assert any("a worker process died: " in message for message in caplog.messages)


def test_the_first_and_the_last_item_can_die_too(pool_of):
    found = answers(pool_of(1), ["exit 1", "echo a", "exit 2"])
    assert found.pop("echo a") == "a"
    assert [answer.cause.rpartition(" ")[2] for answer in found.values()] == ["1", "2"]


def test_items_that_all_die_are_all_answered(pool_of):
    found = answers(pool_of(2), [f"exit {number}" for number in range(1, 9)])
    assert all(f"status {order.split()[1]}" in answer.cause for order, answer in found.items())


@pytest.mark.parametrize("hang", ["hang x", "spin x", "hang_in_c x"])
def test_an_item_that_hangs_is_killed_with_the_trace_of_where(pool_of, hang):
    good = [f"echo {number}" for number in range(50)]
    pool = pool_of(1, timeout_s=0.5)
    found = answers(pool, [*good[:25], hang, *good[25:]])
    died = found.pop(hang)
    assert died.cause == "took longer than 0.5 s"
    assert 0.5 < died.seconds < DEADLINE_S
    assert "worker_functions.py" in died.trace
    assert found == {order: order.split()[1] for order in good}


def test_a_worker_that_hangs_and_reads_nothing_does_not_hold_up_the_pool(pool_of):
    big = [f"length {'x' * 2_000_000}{number}" for number in range(3)]
    found = answers(pool_of(1, timeout_s=0.5), ["hang_in_c x", *big])
    assert found.pop("hang_in_c x").cause == "took longer than 0.5 s"
    assert found == dict.fromkeys(big, 2_000_001)


def test_the_time_is_that_of_one_item_and_not_of_its_batch(pool_of):
    orders = [f"sleep 0.2{number}" for number in range(5)]
    found = answers(pool_of(1, timeout_s=0.8), orders)
    assert found == {order: order.split()[1] for order in orders}


def test_an_item_that_ends_while_it_is_about_to_be_killed_costs_no_other(pool_of):
    found = answers(pool_of(1, timeout_s=0.4), ["until_usr1 x", "sleep 0.25", "sleep 0.15"])
    assert found == {"until_usr1 x": "in time", "sleep 0.25": "0.25", "sleep 0.15": "0.15"}


def test_a_worker_killed_from_outside_while_working_costs_its_item(pool_of, tmp_path):
    pool = pool_of(1)
    pool.submit(["echo a", f"wait_for {tmp_path}/x", "echo b", "echo c"])
    wait_until((tmp_path / "x.at").exists, "the item")
    pool.workers[0].process.kill()
    found = answers(pool)
    assert "SIGKILL" in found.pop(f"wait_for {tmp_path}/x").cause
    assert found == {"echo a": "a", "echo b": "b", "echo c": "c"}


def test_idle_workers_killed_from_outside_are_replaced_however_many(pool_of):
    pool = pool_of(4)
    answers(pool, [f"sleep 0.{number}" for number in range(1, 5)])
    dead = [worker.process for worker in pool.workers]
    assert len(dead) == 4
    for process in dead:
        process.kill()
        process.wait()
    found = answers(pool, [f"echo {number}" for number in range(20)])
    assert found == {f"echo {number}": str(number) for number in range(20)}
    assert not {worker.process.pid for worker in pool.workers} & {one.pid for one in dead}


def test_a_function_that_workers_cannot_load_ends_the_run_with_the_reason(pool_of, monkeypatch):
    module = type(sys)("module_of_this_process_alone")
    module.work = lambda item: item
    module.work.__module__, module.work.__qualname__ = module.__name__, "work"
    monkeypatch.setitem(sys.modules, module.__name__, module)
    pool = pool_of(1, function=module.work)
    with pytest.raises(CannotRun, match="worker processes do not start") as caught:
        answers(pool, ["a"])
    assert "module_of_this_process_alone" in caught.value.cause
    assert (caught.value.step, bool(caught.value.action)) == ("workers", True)


def test_items_that_workers_cannot_load_end_the_run_instead_of_holding_it_up(pool_of):
    pool = pool_of(1)
    pool.submit([Poison()])
    with pytest.raises(CannotRun, match="cannot be unpickled, says the test"):
        answers(pool)


def test_after_a_stop_what_is_worked_is_finished_and_nothing_else_begun(pool_of, tmp_path):
    pool = pool_of(1)
    answers(pool, [f"echo {number}" for number in range(300)])
    orders = [f"wait_for {tmp_path}/x", *(f"touch {tmp_path}/t{n}" for n in range(500))]
    pool.submit(orders)
    wait_until((tmp_path / "x.at").exists, "the item")
    assert len(pool.workers[0].sent) > 1
    pool.stop()
    assert pool.backlog == 0
    pool.submit(["echo late"])
    (tmp_path / "x").touch()
    began = time.monotonic()
    assert answers(pool) == {orders[0]: f"{tmp_path}/x"}
    assert time.monotonic() - began < 5
    assert not list(tmp_path.glob("t*"))


def test_after_a_stop_a_death_still_is_answered_and_gives_nothing_back(pool_of, tmp_path):
    pool = pool_of(1)
    answers(pool, [f"echo {number}" for number in range(300)])
    pool.submit([f"wait_for {tmp_path}/x", *(f"echo {number}" for number in range(100))])
    wait_until((tmp_path / "x.at").exists, "the item")
    pool.stop()
    pool.workers[0].process.kill()
    assert list(answers(pool)) == [f"wait_for {tmp_path}/x"]


def test_close_ends_idle_and_working_processes_and_can_be_called_twice(pool_of):
    pool = pool_of(2, timeout_s=60)
    answers(pool, ["sleep 0.1", "sleep 0.2"])
    pool.submit(["spin x"])
    processes = [psutil.Process(worker.process.pid) for worker in pool.workers]
    assert len(processes) == 2
    began = time.monotonic()
    pool.close()
    assert time.monotonic() - began < 4
    assert not any(process.is_running() for process in processes)
    pool.close()
    assert pool.workers == []


def test_a_worker_that_does_not_say_good_bye_is_killed(pool_of, monkeypatch):
    pool = pool_of(1)
    answers(pool, ["echo a"])
    (worker,) = pool.workers
    worker.process.send_signal(signal.SIGSTOP)
    real = worker.process.wait
    waits = []

    def wait(timeout=None):
        waits.append(timeout)
        return real(None if timeout is None else 0.2)

    monkeypatch.setattr(worker.process, "wait", wait)
    pool.close()
    assert waits == [5, None]
    assert worker.process.returncode == -signal.SIGKILL


def test_the_current_item_is_shown_with_its_seconds(pool_of, tmp_path):
    pool = pool_of(1)
    pool.submit(["echo a", f"wait_for {tmp_path}/x", "echo b"])
    wait_until((tmp_path / "x.at").exists, "the item")
    (worker,) = pool.workers
    order, seconds = worker.current()
    assert order == f"wait_for {tmp_path}/x"
    assert 0 < seconds < DEADLINE_S
    (tmp_path / "x").touch()
    answers(pool)
    assert (worker.current(), worker.answered) == ((None, 0.0), 3)
    pool.close()
    assert worker.current() == (None, 0.0)


def test_what_is_answered_in_this_moment_is_no_current_item(pool_of):
    pool = pool_of(1)
    answers(pool, ["echo a"])
    (worker,) = pool.workers
    worker.board.begin(0, time.monotonic())  # as a worker is seen whose answer has come
    assert worker.current() == (None, 0.0)
    worker.board.end()


def test_logging_of_a_worker_arrives_here_at_the_level_of_here(pool_of, caplog):
    caplog.set_level(logging.INFO)
    assert answers(pool_of(1), ["log 50 % done"]) == {"log 50 % done": "logged"}
    assert Counter(caplog.record_tuples) == Counter(
        {
            ("test.worker", logging.WARNING, "50 % done, twice"): 1,
            ("test.thread", logging.ERROR, "50 % done"): 5,
        }
    )


def test_what_a_function_prints_or_reads_disturbs_nothing(pool_of, capfd):
    found = answers(pool_of(1), ["print a", "read x", "print b", "echo c"])
    assert found == {
        "print a": "printed a",
        "read x": "",
        "print b": "printed b",
        "echo c": "c",
    }
    assert capfd.readouterr() == ("", "")


def test_what_was_printed_before_a_death_is_part_of_its_trace(pool_of):
    found = answers(pool_of(1), ["print hello", "exit 3"])
    assert "hello" in found["exit 3"].trace
    assert len(found["exit 3"].trace) <= 4000


def test_workers_have_one_thread_a_library_and_this_process_settings(pool_of, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]
    found = answers(pool_of(1), [f"environment {name}" for name in names])
    assert [found[f"environment {name}"] for name in names[:2]] == ["1", "3"]


def test_a_worker_ignores_the_signals_that_are_meant_for_the_launcher(pool_of):
    found = answers(pool_of(1), ["ignores SIGINT", "ignores SIGTERM"])
    assert set(found.values()) == {str(signal.SIG_IGN)}


PARENT = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.path[:0] = {path!r}
from transforms.worker_pool import WorkerPool
from worker_functions import do
pool = WorkerPool(do, workers={workers}, timeout_s=60)
pool.submit({orders!r})
print(*[worker.process.pid for worker in pool.workers], flush=True)
found = []
while pool.busy:
    found += pool.collect(0.2)
print(sorted(answer for _, answer in found), flush=True)
pool.close()
"""


@contextlib.contextmanager
def parent_process(*orders, workers):
    """A process, in a session of its own, whose pool works the orders; gives its workers too."""
    path = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]
    code = PARENT.format(path=path, workers=workers, orders=list(orders))
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    try:
        yield parent, [psutil.Process(pid) for pid in pids]
    finally:
        parent.stdout.close()
        parent.kill()
        parent.wait()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("what", ["spin", "hang", "hang_in_c"])
@pytest.mark.parametrize("workers", [1, 2])
def test_workers_die_with_their_parent_busy_or_idle(tmp_path, what, workers):
    """Of one worker both items are, of two the first is idle then."""
    orders = [f"touch {tmp_path}/begun", f"{what} x"]
    with parent_process(*orders, workers=workers) as (parent, processes):
        wait_until((tmp_path / "begun").exists, "the first item")
        time.sleep(0.2)
        assert not any(map(is_dead, processes))
        parent.kill()
        wait_until(lambda: all(map(is_dead, processes)), "the workers' end", timeout_s=2)


def test_a_worker_whose_parent_died_before_it_has_begun_ends():
    """It is told by a pipe's end, which tells only those who listen by then."""
    lifeline, held = os.pipe()
    os.close(held)
    with tempfile.TemporaryFile() as board, os.fdopen(lifeline, "rb"):
        board.truncate(BOARD_BYTES)
        numbers = (str(board.fileno()), str(lifeline), str(logging.INFO))
        code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from transforms.worker import main"
        command = [sys.executable, "-c", f"{code}; main()", str(ROOT), *numbers]
        pipes = {"stdin": subprocess.PIPE, "pass_fds": (board.fileno(), lifeline)}
        with subprocess.Popen(command, **pipes) as process:
            try:
                assert process.wait(DEADLINE_S) == -signal.SIGKILL
            finally:
                process.kill()


def test_a_signal_from_the_terminal_reaches_no_worker_even_while_it_starts():
    with parent_process(*(f"echo {number}" for number in range(8)), workers=4) as (parent, _):
        for _ in range(20):
            os.killpg(parent.pid, signal.SIGINT)
            time.sleep(0.02)
        assert parent.stdout.readline().strip() == str([str(number) for number in range(8)])
        assert parent.wait(DEADLINE_S) == 0


def test_the_batch_size_follows_the_speed_of_the_items(pool_of):
    pool = pool_of(1)
    sizes = []
    for seconds in (10.0, 0.05, 0.01, 0.0):
        pool._seconds_a_weight = max(seconds, 1e-9)
        pool._wait(["echo"] * 1000)
        sizes.append(len(pool._take_batch()))
    assert sizes == [1, 1, 5, int(pool._batch_s * worker_pool._MAX_ITEMS_A_SECOND)]


def test_batches_weigh_the_same_and_shrink_towards_the_end(pool_of):
    pool = pool_of(2, weigh=lambda item: float(item))
    pool._seconds_a_weight = pool._batch_s / 100
    pool._wait([10.0] * 20 + [100.0, 250.0, 10.0] + [10.0] * 10)
    sizes = []
    while pool.backlog:
        sizes.append(len(pool._take_batch()))
    assert sizes == [10, 10, 1, 1, 2, 2, 1, 1, 1, 1, 1, 1, 1]


def test_a_function_that_finishes_answers_a_batch_at_once(pool_of):
    pool = pool_of(2, function=Summing(), batch_s=1.0)
    answers(pool, [f"number {number}" for number in range(1, 5)])
    found = answers(pool, [f"number {number}" for number in range(1, 101)])
    sums = {(total, count) for _, total, count in found.values()}
    assert sum(total for total, _ in sums) == 5050
    assert sum(count for _, count in sums) == 100
    assert {f"number {number}": number for number in range(1, 101)} == {
        order: value for order, (value, _, _) in found.items()
    }


def test_a_death_loses_no_item_of_an_unfinished_batch_but_its_own(pool_of):
    pool = pool_of(1, function=Summing(), batch_s=1.0)
    answers(pool, [f"number {number}" for number in range(1, 50)])
    orders = [*(f"number {number}" for number in range(10)), "segfault x", "number 99"]
    found = answers(pool, orders)
    assert isinstance(found.pop("segfault x"), Died)
    assert [value for value, _, _ in found.values()] == [*range(10), 99]
