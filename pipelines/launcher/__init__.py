"""What happens around a graph: options, checks, the run, progress, report."""
