"""Tells Prometheus how the newest run of each pipeline and output stands."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from batchio.errors import CannotRun
from batchio.ledger_view import Row
from batchio.records import RUNNING
from pipelines.dashboard.health import judge, newest_runs
from pipelines.dashboard.sources import Source, Sources
from pipelines.launcher.liveness import last_sign
from pipelines.launcher.progress import (
    alive_processes,
    counters_of,
    current_work,
    parse_time,
    seconds_since,
)
from pipelines.launcher.report import STATUSES
from pipelines.launcher.status import KILLED, is_killed

_SCOPE = ("ledger", "pipeline", "output")


def exposition(sources: Sources) -> str:
    """Returns all metrics in Prometheus's text format."""
    registry = CollectorRegistry()
    gauges = _Gauges(registry)
    for source in sources.all():
        try:
            if source.view.exists():
                for run in newest_runs(source.view):
                    gauges.tell(source, run)
                for watcher in source.view.watchers():
                    gauges.tell_of_watcher(source, watcher)
        except CannotRun:
            gauges.unreadable.labels(source.name).set(1)
    gauges.healthy.set(judge(sources).status == "ok")
    return generate_latest(registry).decode()


class _Gauges:
    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, help_: str, *labels: str) -> Gauge:
            return Gauge(f"headrace_{name}", help_, labels, registry=registry)

        newest = "of the newest run"
        self.healthy = gauge("healthy", "1 if /healthz is green")
        self.unreadable = gauge("ledger_unreadable", "1 for a ledger that cannot be read", "ledger")
        self.units = gauge("units", f"Units {newest} by status", *_SCOPE, "status")
        self.up_to_date = gauge("units_up_to_date", f"Units {newest} left alone", *_SCOPE)
        self.status = gauge("run_status", f"1 for the status {newest}", *_SCOPE, "status")
        self.live = gauge("runs_live", "1 if the newest run is at work", *_SCOPE)
        self.code = gauge("run_exit_code", f"Exit code {newest} that has ended", *_SCOPE)
        self.started = gauge("run_started_timestamp_seconds", f"Start {newest}", *_SCOPE)
        self.finished = gauge("run_finished_timestamp_seconds", f"End {newest}", *_SCOPE)
        self.silent = gauge(
            "last_sign_of_life_seconds", f"Time since the last sign of life {newest}", *_SCOPE
        )
        self.looks = gauge("watcher_looks", "Looks for new files since --watch began", *_SCOPE)
        self.looked = gauge(
            "watcher_last_look_timestamp_seconds", "End of the last look for new files", *_SCOPE
        )
        self.busy = gauge(
            "worker_busy_seconds", "Longest that a worker is at its unit now", *_SCOPE
        )

    def tell_of_watcher(self, source: Source, watcher: Row) -> None:
        scope = (source.name, watcher["pipeline"], watcher["output"])
        self.looks.labels(*scope).set(watcher["polls"])
        if watcher["polled"]:
            self.looked.labels(*scope).set(parse_time(watcher["polled"]).timestamp())

    def tell(self, source: Source, run: Row) -> None:
        scope = (source.name, run["pipeline"], run["output"])
        processes = source.view.workers(run["run_id"])
        counts = source.view.counts(run["run_id"])
        status = KILLED if is_killed(run, processes) else run["status"]
        for name in STATUSES:
            self.units.labels(*scope, name).set(counts.get(name, 0))
        self.up_to_date.labels(*scope).set(counters_of(run, processes).get("skipped", 0))
        self.status.labels(*scope, status.rstrip("?")).set(1)
        self.live.labels(*scope).set(status == RUNNING)
        self.started.labels(*scope).set(parse_time(run["started"]).timestamp())
        if run["finished"]:
            self.finished.labels(*scope).set(parse_time(run["finished"]).timestamp())
        if run["totals"].get("exit_code") is not None:
            self.code.labels(*scope).set(run["totals"]["exit_code"])
        self.silent.labels(*scope).set(seconds_since(last_sign(run, processes)))
        work = current_work(alive_processes(processes)) if status == RUNNING else ()
        self.busy.labels(*scope).set(max((worker.seconds for worker in work), default=0.0))
