"""The tables of docs/known-depth.md, measured anew: known depth of every kind, completed.

    python -m benchmarks.known_depth --data DIR [--half choosing] [--detail high]

Constants of the method are chosen on one half of the data sets (`results.py`); the other half is
measured at the end.  A run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import nvs
from benchmarks.results import HALVES, gathered
from nvs.data.recorded import DepthSet, depth_sets
from nvs.depth.detail.looks import Detail
from nvs.depth.known import KnownDepth
from nvs.evaluate.prompted import PromptedModel, evaluate_prompted, prompted_table, set_tables
from nvs.evaluate.prompts import PromptKind
from nvs.evaluate.tables import table, write_section
from nvs.photo.photo import Photo

DOCUMENT = Path(__file__).parents[1] / "docs" / "known-depth.md"
KINDS = [
    *(PromptKind(f"sparse:{count}") for count in (1500, 500, 100, 50, 10)),
    PromptKind("lowres:24x32"),
    PromptKind("lidar"),
    PromptKind("holes"),
    PromptKind("range"),
]
WITH_OUTLIERS = [dataclasses.replace(KINDS[1], outliers=0.05)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder of data sets")
    parser.add_argument("--half", choices=tuple(HALVES), default="reporting")
    parser.add_argument("--frames", type=int, default=12, help="of a set, at most, evenly spaced")
    parser.add_argument("--outliers", action="store_true", help="500 points, 5 % of them wrong")
    parser.add_argument("--detail", choices=("normal", "high"), default="normal")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/known-depth"))
    options = parser.parse_args()

    folder = gathered(options.data, HALVES[options.half], options.output / "data" / options.half)
    sets = [spaced(one, options.frames) for one in depth_sets(folder)]
    kinds = WITH_OUTLIERS if options.outliers else KINDS
    high = "-high" if options.detail == "high" else ""
    run = f"{options.half}{'-outliers' if options.outliers else ''}{high}-{options.frames}"
    model = PromptedModel(LookedAtOnce(nvs.load_model(), options.detail).depth_field)
    results = evaluate_prompted(
        model, sets, kinds, name=f"model{high}", folder=options.output / run
    )
    tables = [table(*prompted_table(results, kinds)), table(*set_tables(results, kinds))]
    print("\n\n".join(tables))
    if options.half == "reporting":
        what = "500 points, 5 % of them wrong" if options.outliers else "by kind of prompt"
        looked = ", in high detail" if high else ""
        write_section(DOCUMENT, f"known depth, {what}{looked}", "\n\n".join(tables))
    return 0


class LookedAtOnce:
    """A model that completes what it has seen: it looks at a photo once for all prompts."""

    def __init__(self, model: nvs.Model, detail: Detail) -> None:
        self.model, self.detail = model, detail
        self.seen: tuple[Photo, nvs.DepthField] | None = None

    def depth_field(self, photo: Photo, known: KnownDepth | None = None) -> nvs.DepthField:
        """As `Model.depth_field`."""
        if self.seen is None or self.seen[0] is not photo:
            self.seen = photo, self.model.depth_field(photo, detail=self.detail)
        field = self.seen[1]
        return field if known is None else self.model.network.completed(field, known, photo.rgb)


def spaced(one: DepthSet, most: int) -> DepthSet:
    """The set with so many of its frames, evenly spaced."""
    step = -(-len(one.frames) // most)
    return dataclasses.replace(one, frames=one.frames[::step])


if __name__ == "__main__":
    raise SystemExit(main())
