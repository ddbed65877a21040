"""A read-only web page of runs, read from the ledger: `python -m pipelines serve`."""
