"""The exit codes of every command."""

DONE = 0  # also when there was nothing to do
COULD_NOT_RUN = 1
WRONG_USAGE = 2
SOME_FAILED = 3  # the run went through, some units failed
WAS_INTERRUPTED = 130
