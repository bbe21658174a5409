"""A depth map as people have it, settled by what the network sees in the same photo.

Files seldom say what their numbers are.  Sensors and renderers write depth, most networks
disparity (near is large) without scale, and 8 bits hold no more than a shape.  Here the numbers
become z-depth; whatever had to be assumed is a sentence for the user.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import torch
from torch import Tensor

from nvs.depth.alignment import AlignedDepth, align
from nvs.depth.beyond import far_beyond
from nvs.depth.field import DepthField, Unit
from nvs.depth.map import DepthMapField
from nvs.depth.ranks import rank_correlation

Kind = Literal["depth", "disparity"]
ToldKind = Literal["depth", "disparity", "auto"]

PLACES = 4000  # where the map is compared with what is seen
# Of photos with their own depth, ranks correlate by 0.68 to 0.98 (nvs/depth/completed.py); of
# drawings, which the network knows less well, by 0.25.
CLEAR, TOLD_BY = 0.5, 0.1  # correlations that leave no doubt, and that tell at all
RANKED_POINTS = 30  # of fewer the correlation says little
SKY_SIDE = 512  # of the grid on which the network is asked for sky
MENTIONED = 0.002  # a share of the map that is worth a word
FEW_LEVELS = 256


@dataclasses.dataclass(frozen=True)
class GivenMap:
    """A depth map and all that is known about its numbers."""

    values: Tensor  # [h, w] float32 in a metre's share, see `metric`; 0 = unknown, inf is kept
    source: str  # in words: "the depth of room.png"
    kind: ToldKind = "auto"
    # Whether the values are metres, or 1/metres if they are disparities; else scale and shift
    # are unknown.
    metric_depth: bool = True
    metric_disparity: bool = False
    unit: Unit = "m"  # of metric depth
    reading: str | None = None  # how the numbers are read, for the user: "taken as metres"
    whole_limit: float | None = None  # what the largest whole number is, in `values`
    sure: bool = False  # the file says itself what it holds

    def is_metric(self, kind: Kind) -> bool:
        """Whether its values have a unit, if they are of this kind."""
        return self.metric_depth if kind == "depth" else self.metric_disparity


@dataclasses.dataclass(frozen=True)
class SettledDepth:
    """z-depth that came of a given map."""

    depth: Tensor  # [h, w] float32, 0 = unknown
    unit: Unit
    sky: Tensor  # [h, w] bool, where there is no surface; `depth` is 0 there
    notes: tuple[str, ...]  # how its numbers are taken, one sentence each
    gaps: tuple[str, ...]  # what becomes of pixels without depth, where the map stands alone


class GivenField(DepthMapField):
    """A given map as a field, with the features of the network that saw the photo."""

    def __init__(self, settled: SettledDepth, seen: DepthField) -> None:
        depth = settled.depth.to(seen.camera.intrinsics)
        super().__init__(depth, seen.camera, settled.unit, settled.sky.to(depth.device))
        self._seen = seen

    def features(self, xy: Tensor) -> Tensor | None:
        return self._seen.features(xy)


def settle(given: GivenMap, seen: DepthField) -> SettledDepth:
    """What a map's numbers are, by their ranks beside those of the depth that is `seen`.

    Values far beyond the rest are sky; unknown ones are sky where the network sees sky.

    Raises:
        ValueError: the map has no known value.
    """
    values = given.values.to(seen.camera.intrinsics)
    usable = values.isfinite() & (values > 0)
    if not bool(usable.any()):
        raise ValueError("the depth map has no valid depth (positive and finite)")
    seen_sky = _seen_sky(seen, *values.shape)
    # Whatever stands for sky would tell depth from disparity, but nothing of their scale.
    trusted = usable & ~seen_sky if bool((usable & ~seen_sky).any()) else usable
    kind, notes = _kind(given, _Compared.at(trusted & ~far_beyond(values), values, seen))
    beyond = torch.zeros_like(usable)
    if kind == "depth":
        beyond = far_beyond(values, given.whole_limit)
    places = _Compared.at(trusted & ~beyond, values, seen)

    known = usable & ~beyond
    metric = given.is_metric(kind)
    if metric:
        depth, unit = values if kind == "depth" else 1 / values, given.unit
        notes += _reading(given, depth[known])
    else:
        depth, unit = _fitted(kind, values, places).to(values), seen.unit
        notes.append(
            f"{given.source} is taken as shape: its scale and shift are fitted to what is seen"
        )
    levels = len(values[usable].unique()) if values[usable].numel() else 0
    if not metric and levels < FEW_LEVELS:
        notes.append(f"{given.source} is coarse: it has {levels} levels")

    unknown = ~known & ~beyond
    sky = beyond | (unknown & seen_sky)
    gaps = _what_is_no_surface(given.source, beyond, unknown, sky)
    depth = torch.where(known, depth, 0.0).float()
    return SettledDepth(depth, unit, sky, tuple(notes), tuple(gaps))


def settle_unseen(given: GivenMap) -> SettledDepth | None:
    """A map of which everything is told, without a look at the photo; else None.

    What is unknown stays so.
    """
    kind = "depth" if given.sure else given.kind
    if kind == "auto" or not given.is_metric(kind):
        return None
    values = given.values
    beyond = torch.zeros_like(values, dtype=torch.bool)
    if kind == "depth":
        beyond = far_beyond(values, given.whole_limit)
    known = values.isfinite() & (values > 0) & ~beyond
    depth = torch.where(known, values if kind == "depth" else 1 / values, 0.0).float()
    return SettledDepth(depth, given.unit, beyond, tuple(_reading(given, depth[known])), ())


@dataclasses.dataclass(frozen=True)
class _Compared:
    """A map's values and what is seen, at some of its pixels."""

    values: Tensor  # [P]
    seen: Tensor  # [P] z

    @staticmethod
    def at(usable: Tensor, values: Tensor, seen: DepthField) -> _Compared:
        height, width = values.shape
        y, x = torch.nonzero(usable, as_tuple=True)
        generator = torch.Generator().manual_seed(0)
        chosen = torch.randperm(len(x), generator=generator)[:PLACES].to(x.device)
        x, y = x[chosen], y[chosen]
        share = torch.stack([(x + 0.5) / width, (y + 0.5) / height], dim=-1)
        xy = share * share.new_tensor([seen.camera.width, seen.camera.height])
        return _Compared(values[y, x], seen(xy.to(seen.camera.intrinsics)))

    @property
    def correlation(self) -> float:
        """Spearman's, of values and depth; 0 where there is nothing to rank."""
        return rank_correlation(self.values.cpu().numpy(), self.seen.cpu().numpy()) or 0.0


def _kind(given: GivenMap, compared: _Compared) -> tuple[Kind, list[str]]:
    """Depth or disparity, and what is to be said about it."""
    constant = not bool((compared.values != compared.values[:1]).any())
    little = constant or len(compared.values) < RANKED_POINTS
    if given.sure or (little and given.kind == "auto"):  # nothing to compare
        return "depth", []
    r = compared.correlation
    looks: Kind = "disparity" if r < 0 else "depth"
    ranks = f"(rank correlation {r:.2f})"
    if given.kind == "auto":
        if abs(r) < TOLD_BY:
            return "depth", [
                f"WARNING: {given.source} agrees with the photo neither as depth nor as disparity "
                f"{ranks}; it is taken as depth: --depth-kind disparity where that is wrong"
            ]
        large, other = ("far", "disparity") if looks == "depth" else ("near", "depth")
        taken = f"{given.source} is taken as {looks} ({large} is large), as what is seen says"
        if abs(r) >= CLEAR:
            return looks, [f"{taken} {ranks}"]
        return looks, [f"{taken}, if not clearly {ranks}: --depth-kind {other} where that is wrong"]
    if looks != given.kind and abs(r) >= TOLD_BY:
        return given.kind, [
            f"WARNING: {given.source} was said to be {given.kind}, but what is seen says {looks} "
            f"{ranks}: near and far may be exchanged"
        ]
    return given.kind, []


def _fitted(kind: Kind, values: Tensor, compared: _Compared) -> Tensor:
    """z-depth [h, w] of values whose scale and shift are unknown, like the depth that is seen."""
    usable = values.isfinite() & (values > 0)
    numbers = torch.where(usable, values, 1.0)
    prediction, sample = numbers, compared.values
    if kind == "disparity":
        prediction, sample = 1 / numbers, 1 / compared.values
    alignment: Literal["affine-depth", "affine-disparity"] = (
        "affine-depth" if kind == "depth" else "affine-disparity"
    )
    aligned: AlignedDepth = align(sample, compared.seen, alignment=alignment, fit="robust")
    if aligned.scale <= 0:  # said to be what it is not: its order is kept all the same
        aligned = align(sample, compared.seen, alignment="scale", fit="robust")
    return aligned.fitted.apply(prediction)


def _seen_sky(seen: DepthField, height: int, width: int) -> Tensor:
    """Where the network sees sky, for each pixel of a map → bool [h, w]."""
    shrink = min(1.0, SKY_SIDE / max(height, width))
    rows, columns = max(1, round(height * shrink)), max(1, round(width * shrink))
    x = (torch.arange(columns) + 0.5) * seen.camera.width / columns
    y = (torch.arange(rows) + 0.5) * seen.camera.height / rows
    sky = seen.on_raster(x.to(seen.camera.intrinsics), y.to(seen.camera.intrinsics)).sky
    row = ((torch.arange(height) + 0.5) * rows / height).long().to(sky.device)
    column = ((torch.arange(width) + 0.5) * columns / width).long().to(sky.device)
    return sky[row][:, column]


def _what_is_no_surface(source: str, beyond: Tensor, unknown: Tensor, sky: Tensor) -> list[str]:
    gaps = []
    if _share(beyond) >= MENTIONED:
        gaps.append(f"{_percent(_share(beyond))} of {source} lies far beyond the rest: sky")
    if _share(unknown) >= MENTIONED:
        of_sky = _share(unknown & sky) / _share(unknown)
        where = "filled in from around"
        if of_sky >= 0.005:
            where = f"{_percent(of_sky)} of that is seen as sky, the rest is {where}"
        gaps.append(f"{_percent(_share(unknown))} of {source} is unknown: {where}")
    return gaps


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.1g} %"


def _share(mask: Tensor) -> float:
    return float(mask.float().mean())


def _reading(given: GivenMap, depth: Tensor) -> list[str]:
    if given.reading is None:
        return []
    return [f"{given.source}: {given.reading}, median {_metres(depth, given.unit)}"]


def _metres(depth: Tensor, unit: Unit) -> str:
    return f"{float(depth.median()):.2g}{' m' if unit == 'm' else ''}"
