"""The plain loop that people write today: a CSV through usaddress.tag or fastaddress.tag.

python benchmarks/addresses_peers.py usaddress|fastaddress IN.csv OUT.csv

Reads the column `address` and writes all columns, the components, the type and, where fastaddress
gives it, the confidence.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from transforms.addresses.tagging import COMPONENTS


def main() -> None:
    """Runs the loop."""
    name, source, target = sys.argv[1:]
    peer = import_module(name)
    with_confidence = getattr(peer, "tag_with_confidence", None)
    tag: Callable[[str], tuple[object, ...]] = with_confidence or peer.tag
    with Path(source).open(newline="") as rows, Path(target).open("w", newline="") as out:
        reader = csv.DictReader(rows)
        names = [*(reader.fieldnames or ()), "type", "confidence", *COMPONENTS]
        writer = csv.DictWriter(out, names, extrasaction="ignore")
        writer.writeheader()
        for row in reader:
            try:
                components, kind, *confidence = tag(row["address"])
            except Exception as error:
                if type(error).__name__ != "RepeatedLabelError":
                    raise
                components, kind, confidence = {}, "repeated", []
            sure = dict(zip(("confidence",), confidence, strict=False))
            writer.writerow({**row, **dict(components), "type": kind, **sure})  # type: ignore[call-overload]


if __name__ == "__main__":
    main()
