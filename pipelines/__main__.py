"""The front door: `python -m pipelines`, installed as `headrace`."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import Field

from batchio.errors import HeadraceError, UsageError
from batchio.records import ASKED_TO_STOP, RUNNING
from batchio.version import __version__
from pipelines.dashboard.command import serve
from pipelines.domains import DOMAINS
from pipelines.launcher import registry
from pipelines.launcher.command_line import parse
from pipelines.launcher.compare import compare
from pipelines.launcher.exit_codes import COULD_NOT_RUN, DONE, WRONG_USAGE
from pipelines.launcher.option_info import closest_name
from pipelines.launcher.options import (
    LEDGER_URLS,
    READ_AND_WRITE,
    WHAT_TO_SEE,
    LedgerUrl,
    Option,
    Options,
)
from pipelines.launcher.prune import prune
from pipelines.launcher.report import report_folder, summary_lines, write_report
from pipelines.launcher.samples import main as samples
from pipelines.launcher.status import status_text


class RunOptions(Options):
    """The options of the commands that look at runs."""

    output: Annotated[str | None, Option(READ_AND_WRITE, "ROOT")] = Field(
        None, description="Output root whose ledger to look into; all remembered runs if not given."
    )
    ledger: Annotated[LedgerUrl | None, Option(READ_AND_WRITE, "URL", accepts=LEDGER_URLS)] = Field(
        None, description="Ledger to look into, if it does not lie below --output."
    )
    json_: Annotated[bool, Option(WHAT_TO_SEE, aliases=("json",))] = Field(
        False, description="Print JSON instead of text."
    )

    @property
    def ledgers(self) -> list[str]:
        """The ledgers that were named."""
        if self.ledger:
            return [self.ledger]
        return [registry.default_ledger_url(self.output)] if self.output else []


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code."""
    command, *rest = (sys.argv[1:] if argv is None else list(argv)) or ["--help"]
    try:
        if command in ("--help", "-h", "help"):
            print(_help())
            return DONE
        if command == "--version":
            print(f"headrace {__version__}")
            return DONE
        if command in DOMAINS:
            return int(importlib.import_module(f"pipelines.{command}").main(rest))
        if command not in COMMANDS:
            close = closest_name(command, [*DOMAINS, *COMMANDS])
            hint = f"did you mean {close}?" if close else "see python -m pipelines --help"
            raise UsageError(f"unknown command {command}", action=hint)
        return COMMANDS[command](rest)
    except HeadraceError as error:
        print(f"headrace: {error}", file=sys.stderr)
        return WRONG_USAGE if isinstance(error, UsageError) else COULD_NOT_RUN


def list_pipelines(argv: Sequence[str]) -> int:
    """Lists the pipelines."""
    _split("list", argv, 0)
    for name, entry in DOMAINS.items():
        print(f"{name:10} {entry.about}")
    return DONE


def status(argv: Sequence[str]) -> int:
    """Shows the latest runs, or one in detail: status [RUN_ID]"""
    run_ids, options = _split("status", argv, 0, 1)
    run_id = run_ids[0] if run_ids else None
    print(status_text(run_id, ledgers=options.ledgers, as_json=options.json_))
    return DONE


def resume(argv: Sequence[str]) -> int:
    """Goes on with the work of a run, with its own arguments: resume RUN_ID"""
    run_ids, options = _split("resume", argv, 1)
    return _again(run_ids[0], options, "changed")


def retry(argv: Sequence[str]) -> int:
    """Works again what failed, with the arguments of a run: retry RUN_ID"""
    run_ids, options = _split("retry", argv, 1)
    return _again(run_ids[0], options, "failed")


def stop(argv: Sequence[str]) -> int:
    """Lets a run end after the units that are being worked: stop RUN_ID"""
    run_ids, options = _split("stop", argv, 1)
    with registry.recorded(run_ids[0], options.ledgers, step="stop") as (ledger, run):
        if run["status"] != RUNNING:
            print(f"{run_ids[0]} is not running: {run['status']}")
            return DONE
        ledger.request_stop(run_ids[0], f"{ASKED_TO_STOP} by `pipelines stop`")
    print(f"{run_ids[0]} will end after the units that are being worked")
    return DONE


def fetch(argv: Sequence[str]) -> int:
    """Fetches files from a server by date, as they arrive: fetch radar --source URL …"""
    return int(importlib.import_module("pipelines.fetch").main(argv))


def compare_runs(argv: Sequence[str]) -> int:
    """Shows what changed between two runs: compare RUN_A RUN_B"""
    run_ids, options = _split("compare", argv, 2)
    one, other = run_ids
    with (
        registry.recorded(one, options.ledgers, step="compare") as (view_a, _),
        registry.recorded(other, options.ledgers, step="compare") as (view_b, _),
    ):
        result = compare(view_a, one, view_b, other)
    print(json.dumps(result.as_json(), indent=2) if options.json_ else result.as_text())
    return DONE


def report(argv: Sequence[str]) -> int:
    """Writes the report of a run anew and shows its summary: report RUN_ID"""
    run_ids, options = _split("report", argv, 1)
    with registry.recorded(run_ids[0], options.ledgers, step="report") as (view, run):
        folder = report_folder(run["output"], run_ids[0])
        content = write_report(view, run_ids[0], folder).report
    print(json.dumps(content, indent=2) if options.json_ else "\n".join(summary_lines(content)))
    return DONE


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "list": list_pipelines,
    "samples": samples,
    "fetch": fetch,
    "status": status,
    "resume": resume,
    "retry": retry,
    "stop": stop,
    "compare": compare_runs,
    "report": report,
    "prune": prune,
    "serve": serve,
}


def _help() -> str:
    lines = ["usage: python -m pipelines PIPELINE|COMMAND [ARGUMENT …]", "", "pipelines:"]
    lines += [f"  {name:10} {entry.about}" for name, entry in DOMAINS.items()]
    lines += ["", "commands:"]
    lines += [f"  {name:10} {_about(run)}" for name, run in COMMANDS.items()]
    return "\n".join([*lines, "", "PIPELINE --help and COMMAND --help tell their options."])


def _about(command: Callable[[Sequence[str]], int]) -> str:
    return (command.__doc__ or "").splitlines()[0]


def _split(command: str, argv: Sequence[str], *counts: int) -> tuple[list[str], RunOptions]:
    """Splits the arguments of a command into its run ids and its options."""
    arguments = list(argv)
    run_ids = []
    while arguments and not arguments[0].startswith("-"):
        run_ids.append(arguments.pop(0))
    parsed = parse(
        RunOptions,
        arguments,
        prog=f"python -m pipelines {command}",
        description=_about(COMMANDS[command]),
    )
    if len(run_ids) not in counts:
        wanted = " or ".join(map(str, counts))
        raise UsageError(
            f"{command} takes {wanted} run ids, not {len(run_ids)}",
            action="python -m pipelines status lists the runs",
        )
    return run_ids, parsed.options


def _again(run_id: str, options: RunOptions, rerun: str) -> int:
    """Gives the command of a run again, in the folder where it was given."""
    step = "retry" if rerun == "failed" else "resume"
    with registry.recorded(run_id, options.ledgers, step=step) as (_, run):
        pass
    os.chdir(run["folder"] or ".")
    arguments = [each for each in run["arguments"] if not each.startswith("--run_id=")]
    pipeline = importlib.import_module(f"pipelines.{run['pipeline']}")
    return int(pipeline.main([*arguments, "--rerun", rerun]))


if __name__ == "__main__":
    sys.exit(main())
