"""python -m tests.fuzz [KIND ...] [--count 10000] [--first 0] [--keep FOLDER]

Gives changed files to their readers and prints a table; a fault's input is kept in the folder.
Input number k of a kind is the same on every machine with the same libraries.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings
from pathlib import Path

from tests.fuzz.fuzz import answer, inputs
from tests.fuzz.kinds import KINDS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], default=[])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("out/fuzz"))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    # What is asked for and never used would not show in the process's size.
    resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30))
    print(f"{'kind':<16} {'inputs':>8} {'faults':>7} {'of kinds':>9} {'cpu s':>7}")
    for name in options.kinds or KINDS:
        kind, began = KINDS[name], time.process_time()
        faults = {}
        count = 0
        for file, data in inputs(kind.seeds(), options.first, options.count):
            fault = answer(kind, file, data)
            if fault is not None:
                count += 1
                place = fault.what.rsplit("(", 1)[-1]
                if place not in faults:
                    faults[place] = fault
                    print(f"  {fault.keep(options.keep)}\n    {fault.what}", flush=True)
        took = time.process_time() - began
        print(f"{name:<16} {options.count:>8} {count:>7} {len(faults):>9} {took:>7.0f}", flush=True)


if __name__ == "__main__":
    main()
