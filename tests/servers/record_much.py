"""Records outcomes of units and files seen, in an order of its own; see test_postgresql_writers."""

import random
import sys
import time

from batchio.output import OutputRoot
from batchio.records import COMPLETED, InputFile, Outcome, RunRecord
from transforms.recorder import Recorder
from transforms.run import Run

url, output, started, name, count = sys.argv[1:]
record = RunRecord(
    run_id="run",
    pipeline="radar",
    arguments=(),
    versions={"headrace": "0"},
    host="here",
    pid=1,
    output=output,
    started=started,
)
recorder = Recorder.of(Run(record, url, OutputRoot(output, "run")))
numbers = list(range(int(count)))
random.Random(name).shuffle(numbers)
for part in range(0, len(numbers), 250):
    some = numbers[part : part + 250]
    for number in some:
        own, shared = f"{name}-{number}", f"shared-{number}"
        for unit in (own, shared):
            file = InputFile(f"/in/{unit}", number, 1.0, "ab")
            recorder.add(Outcome(unit, COMPLETED, files=(file,)))
    seen = [(InputFile(f"/in/seen-{number}", number, 1.0), None) for number in some]
    recorder.see(seen, again=[f"/in/seen-{number}" for number in some])
    recorder.commit()
    time.sleep(0.02)
recorder.close()
