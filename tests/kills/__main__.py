"""python -m tests.kills batch|film|training [-n 100] [--seed 0]

Kills a process (SIGKILL, with all of its children) at random moments of its work, starts it again,
and compares what it ends with to the work of a process that nobody killed.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.kills.kills import WORKS, kill_and_compare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("-n", type=int, default=100, help="kills")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nvs-kills-") as folder:
        told = kill_and_compare(WORKS[options.work], Path(folder), options.n, options.seed)
    print(
        f"{options.work}: {told.kills} kills in {told.runs} runs that were finished; all outputs "
        f"the same; unfinished files after a kill: {told.left}, after the rerun: 0"
    )


if __name__ == "__main__":
    main()
