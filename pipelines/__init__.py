"""What a person runs: one module a domain, the launcher around its graph, the front door."""

import logging

# Beam logs a warning while it is imported, which would set the root logger up for the whole run.
logging.getLogger().addHandler(logging.NullHandler())
