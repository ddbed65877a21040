"""What every pipeline must keep, tested by its real command in subprocesses.

A domain inherits `PipelineContract` in a class named `Test…`, says how its inputs are made, and
has all of these tests.
"""

from __future__ import annotations

from contract_failures import FailuresContract
from contract_interruptions import InterruptionsContract
from contract_results import ResultsContract


class PipelineContract(ResultsContract, FailuresContract, InterruptionsContract):
    """All the tests; see `contract_hooks` for what a domain fills in."""
