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
# Split once, before the first measurement.  Checkpoints and sizes are chosen by the first half;
# the second is measured at the end and decides nothing.
HALVES = {
    "choosing": (
        "rgbd-7scenes-redkitchen",
        "rgbd-rendered-icl-livingroom",
        "rgbd-waymo-495",
        "rgbd-waymo-seq",
    ),
    "reporting": (
        "rgbd-arkit-promptda",
        "rgbd-eth3d",
        "rgbd-graspnet-table",
        "rgbd-kitti-metric3d",
        "rgbd-redwood-chair",
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder of data sets")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/results"))
    parser.add_argument("--pairs", default="5", help="views of each scene, at most")
    parser.add_argument("--lpips-weights", type=Path, help="AlexNet's file, if not downloaded")
    options = parser.parse_args()

    runs = []
    for half, sets in HALVES.items():
        folder = gathered(options.data, sets, options.output / "data" / half)
        runs += [("depth", f"{half}-{a}", folder, ["--alignment", a]) for a in ALIGNMENTS]
    views = ["--pairs", options.pairs]
    if options.lpips_weights is not None:
        views += ["--lpips-weights", str(options.lpips_weights)]
    runs.append(("views", "views", options.data, views))

    codes = []
    for task, name, data, more in runs:
        arguments = ["evaluate", task, "--data", str(data), *more]
        arguments += ["-o", str(options.output / name), "--markdown", str(DOCUMENT)]
        print(f"nvs {' '.join(arguments)}", flush=True)
        codes.append(cli.run(arguments))
    return max(codes)


def gathered(data: Path, sets: tuple[str, ...], folder: Path) -> Path:
    """A folder of links to some of the data sets."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in sets:
        link = folder / name
        if not link.is_symlink():
            link.symlink_to((data / name).resolve(), target_is_directory=True)
    return folder


if __name__ == "__main__":
    raise SystemExit(main())
