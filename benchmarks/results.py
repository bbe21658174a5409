"""Everything in docs/results.md, measured anew.

    python -m benchmarks.results --data DIR

`nvs evaluate depth` and `nvs evaluate views` of the embedded model on a folder of data sets, a
section of the document each.  A run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from nvs import cli

DOCUMENT = Path(__file__).parents[1] / "docs" / "results.md"
ALIGNMENTS = ("affine-disparity", "affine-log", "scale")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder of data sets")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/results"))
    parser.add_argument("--pairs", default="5", help="views of each scene, at most")
    parser.add_argument("--lpips-weights", type=Path, help="AlexNet's file, if not downloaded")
    options = parser.parse_args()

    views = ["--pairs", options.pairs]
    if options.lpips_weights is not None:
        views += ["--lpips-weights", str(options.lpips_weights)]
    runs = [(alignment, "depth", ["--alignment", alignment]) for alignment in ALIGNMENTS]
    codes = []
    for name, task, more in (*runs, ("views", "views", views)):
        arguments = ["evaluate", task, "--data", str(options.data), *more]
        arguments += ["-o", str(options.output / name), "--markdown", str(DOCUMENT)]
        print(f"nvs {' '.join(arguments)}", flush=True)
        codes.append(cli.run(arguments))
    return max(codes)


if __name__ == "__main__":
    raise SystemExit(main())
