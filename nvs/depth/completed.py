"""A field made to agree with known depth, which it completes.

    log z = slope · log z of the network + offset + r(x, y)

The first two terms fit the network's depth to the known one as a whole.  r is what is left, a
membrane held at the known points (`membrane.py`) that tears where the network sees an edge, so
that every surface is moved as one.  So the gradients are the network's and the values are the
known ones: a Poisson problem in log depth, which knows no scale.

A map of a sensor of few beams (`softness.py`) is believed less beside the edges that the network
sees: there it holds depths of neither surface.  Where a map knows nearly all, nothing lies behind
what it knows (`farthest.py`).  Between scattered points r is, cell by cell, the
middle one of three: that membrane, a Gaussian process (`kriging.py`), which also knows colours, and
what plain interpolation of the points would give, which needs no network.  Their errors differ.

Where a network was trained for it (`prompt_network.py`), it corrects r where geometry errs.

Sources: Pérez et al., "Poisson Image Editing" (2003); that a sensor's range censors what is known,
Tobin, "Estimation of Relationships for Limited Dependent Variables" (1958).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nvs.depth.alignment import align
from nvs.depth.cells import CELLS, CellReading, GridSize, cells_of
from nvs.depth.farthest import farthest_around
from nvs.depth.field import DepthField
from nvs.depth.known import KnownDepth
from nvs.depth.kriging import Places, krige
from nvs.depth.log_fit import LogFit, fit_log
from nvs.depth.membrane import BilinearReading, Links, Membrane
from nvs.depth.outliers import LEAST_DEVIATION, OUTLIER, ROUGHLY, without_outliers
from nvs.depth.prompt_network import Look, PromptNetwork
from nvs.depth.ranks import rank_correlation
from nvs.depth.scaled import WrappedField
from nvs.depth.softness import is_soft, range_around
from nvs.scene.scene import KnownPlaces

Floats = NDArray[np.float64]

POINTS = 15_000  # as many of the known ones are used
MAP_POINTS = 60_000  # ... and tell what kind of map they are of, for which the field is not asked
EDGE = 0.02  # a step of log depth from cell to cell that halves (quarters) a link
# ... where points are few, and those that are wrong are known: each tells of a larger part of its
# surface.
SCATTERED_EDGE = 0.012
WEAKEST_LINK = 1e-3
TO_ZERO = 1e-5  # what draws r to zero everywhere
# ... and where the network's depth lies outside the range that is known by as much as FAR_OUTSIDE:
# what holds at the near side of an edge says little of what lies behind it.
TO_ZERO_OUTSIDE = 0.3
FAR_OUTSIDE = 0.1
RANGE_POINTS = 500.0  # that tell the range of what is known; fewer tell it in part

SCATTERED = 2000  # points; more are a map, whose every cell the membrane knows

# A map ends at its sensor's range where what it leaves out is seen to be farther than what it
# knows: in so large a share of all pairs, each of the two at least such a share of the picture.
FARTHER = 0.9
LEAST_SHARE = 0.1
RANGE_END = 0.99  # quantile of the known depths
RANGE_DOUBT = 0.25  # of logarithms: what is so much nearer is missing for another reason

# A soft map is wrong beside edges: its points there weigh half where the network's depths around
# them lie so far apart (logarithms), and none is held too firmly to be moved by the others.
SOFT_EDGE = 0.05
SOFT_FIRMNESS = 3.0

# How firmly points are held: the firmest whose held-out points are met about as well as by any.
FIRMNESS = (1.0, 3.0, 10.0, 30.0)
HELD_OUT = 0.2  # share of the points
ABOUT_AS_WELL = 1.02
EXACT_POINTS = 40  # fewer are not divided: they are held firmly


class CompletedField(WrappedField):
    """Another field's depth, brought to known depth by a fit and a residual on a grid."""

    def __init__(
        self,
        field: DepthField,
        fit: LogFit,
        seen: Tensor,
        residual: Tensor,
        known: KnownDepth,
        farthest: Tensor | None = None,
    ) -> None:
        """On a grid [h, w] over the picture: log z that is seen, r, and the largest log z."""
        super().__init__(field, known.unit)
        self.fit = fit
        self.seen = seen.to(field.camera.intrinsics)
        self.residual = residual.to(field.camera.intrinsics)
        self.farthest = None if farthest is None else farthest.to(field.camera.intrinsics)

    def changed(self, depth: Tensor, xy: Tensor) -> Tensor:
        size = xy.new_tensor([self.camera.width, self.camera.height])
        seen = depth.log()
        r = CellReading.at(xy / size, seen, self.seen.to(xy)).of(self.residual.to(xy))
        log_depth = self.fit.slope * seen + self.fit.offset + r
        if self.farthest is not None:
            cells = cells_of(xy / size, *self.farthest.shape)
            log_depth = log_depth.minimum(self.farthest.to(xy).flatten()[cells])
        return log_depth.exp()


# When known depth is taken for another picture's: the fit errs by so much, and the order of near
# and far is another.  Of 7 photos, their own errs by 1 to 8 % with rank correlations of 0.68 to
# 0.98 (in one by 13 % with 0.9), another's by 8 to 90 % with mostly less than 0.8.
GROSS_ERROR = 0.2
LARGE_ERROR, ITS_CORRELATION = 0.1, 0.85
SOME_ERROR, NO_CORRELATION = 0.06, 0.5
RANKED_POINTS = 20  # of fewer the correlation says little, and the error not much
GROSS_ERROR_OF_FEW = 0.6
LEAST_SAID = 1e-5  # an error; what is less comes of rounding


@dataclasses.dataclass(frozen=True)
class Completion:
    """What came of known depth."""

    field: CompletedField
    source: str
    points: int  # that were used
    outliers: float  # share of them that had no say
    fitted_error: float  # median |Δ log z| of the fit alone at the points
    kept_error: float  # median |Δ log z| of the field at the points that had a say
    correlation: float  # of ranks, seen and known depth at the points

    @property
    def contradicts(self) -> bool:
        """Whether the known depth can hardly be this picture's."""
        if self.points < RANKED_POINTS:
            return self.fitted_error > GROSS_ERROR_OF_FEW
        if self.fitted_error > GROSS_ERROR:
            return True
        return (self.fitted_error > LARGE_ERROR and self.correlation < ITS_CORRELATION) or (
            self.fitted_error > SOME_ERROR and self.correlation < NO_CORRELATION
        )

    @property
    def note(self) -> str:
        """What was used and how well it agreed, one sentence."""
        points = "1 point" if self.points == 1 else f"{self.points:,} points"
        used = f"depth completed from {points} of {self.source}"
        if self.contradicts:
            return (
                f"WARNING: the photo contradicts {self.source}: what is seen differs from it by "
                f"{_percent(self.fitted_error)}; is it of another photo? {used} all the same"
            )
        text = f"{used}: what is seen differed by {_percent(self.fitted_error)}"
        if self.outliers >= 0.005:
            text += f", {_percent(self.outliers)} of the points were not believed"
        return f"{text} and the others are met within {_percent(self.kept_error)}"


def complete(
    field: DepthField,
    known: KnownDepth,
    picture: Tensor | None = None,
    cells: int = CELLS,
    prompts: PromptNetwork | None = None,
) -> Completion:
    """The field, made to agree with `known`, in its unit.

    Trusted points come back within a hundredth; noisy ones as nearly as they predict each other
    (`FIRMNESS`); those that contradict their neighbours and the field lose their say.

    Args:
        picture: [H, W, 3] sRGB in 0..1, what the field was seen in, of any size.
        cells: about as many of them make the grid.
        prompts: corrects what geometry makes of a picture; of the network whose field this is.
    """
    told = known.thinned(POINTS)
    if told.shift_free:
        told = _shaped(told, field)
    camera = field.camera
    size = told.places.new_tensor([camera.width, camera.height])
    xy = (told.places * size).to(camera.intrinsics)
    seen = _log(field(xy))  # [P]
    values = _log(told.depth)
    confidence = np.ones(len(told))
    if told.confidence is not None:
        confidence = told.confidence.double().cpu().numpy()
    fit = fit_log(seen, values, confidence)
    if known.scale_only:
        return _scaled(field, fit, seen, values, told)
    fitted_error = float(np.median(np.abs(values - fit(seen))))

    grid = _Grid.of(field, cells)
    places = told.places.double().cpu().numpy()
    reading = BilinearReading.at(places, *grid.seen.shape)
    beyond = grid.beyond_range(reading, seen)
    wanted = values - fit(seen)  # [P] what r should be

    weight = confidence / grid.crowd(reading)
    membrane = Membrane(grid.links(EDGE), _to_zero(grid.seen, seen), reading)

    believed = without_outliers(membrane, wanted, weight, places)
    weight, trusted = believed.weights, believed.weights > 0
    scattered, farthest, soft = len(told) <= SCATTERED, None, False
    if scattered:
        membrane = dataclasses.replace(membrane, links=grid.links(SCATTERED_EDGE))
    else:
        map_in_cells = grid.told(known.thinned(MAP_POINTS) if not known.shift_free else told)
        farthest, soft = farthest_around(map_in_cells), is_soft(map_in_cells, grid.seen)
    if soft:
        doubt = reading.of(range_around(grid.seen).ravel()) / SOFT_EDGE
        weight, firm = weight / (1 + doubt**2), SOFT_FIRMNESS
    else:
        firm = _firmness(membrane, wanted, weight, believed.residual)
    residual = membrane.solve(wanted, firm * weight, believed.residual)
    if scattered and picture is not None:
        points = grid.places(places, seen, picture)
        points, worth = points.chosen(trusted), (confidence * weight / weight.max())[trusted]
        kriged = krige(points, wanted[trusted], worth, grid.cells(picture), grid.seen.shape)
        plain = grid.interpolated(places[trusted], values[trusted]) - fit(grid.seen.ravel())
        residual = np.median([residual, kriged, plain], axis=0)
    if beyond is not None:
        nearest = float(np.quantile(values, RANGE_END)) - fit(grid.seen).ravel()
        doubtful = beyond & (nearest - RANGE_DOUBT < residual)
        residual = np.where(doubtful, np.maximum(residual, nearest), residual)
    on_grid, r = torch.from_numpy(grid.seen), torch.from_numpy(residual.reshape(grid.seen.shape))
    told_in_cells = CellReading.at(torch.from_numpy(places), torch.from_numpy(seen), on_grid)
    if prompts is not None and picture is not None and trusted.any():
        left = torch.from_numpy(wanted) - told_in_cells.of(r)
        look = grid.look(field, picture, fit, r)
        cells_told = cells_of(told.places.to(xy), *r.shape)
        believed_there = torch.from_numpy(confidence * trusted).to(xy)
        r = r + prompts(look, cells_told, left.to(xy), believed_there).cpu().double()
    completed = CompletedField(field, fit, on_grid, r, known, farthest)
    completed.known_places = KnownPlaces(told.places.cpu(), torch.from_numpy(trusted))
    kept = np.abs(told_in_cells.of(r).numpy() - wanted)[trusted]
    completion = Completion(
        completed,
        known.source,
        len(told),
        1 - float(trusted.mean()),
        fitted_error,
        float(np.median(kept)),
        _correlation(seen, values),
    )
    completed.note = completion.note
    return completion


def _scaled(
    field: DepthField, fit: LogFit, seen: Floats, values: Floats, known: KnownDepth
) -> Completion:
    """The fit alone."""
    completed = CompletedField(field, fit, torch.zeros(2, 2), torch.zeros(2, 2), known)
    error = float(np.median(np.abs(values - fit(seen))))
    correlation = _correlation(seen, values)
    completed.note = f"scale from {known.source}, which differs by {_percent(error)}"
    return Completion(completed, known.source, len(known), 0.0, error, error, correlation)


def _shaped(known: KnownDepth, field: DepthField) -> KnownDepth:
    """Disparities without unit, scaled and shifted to those of the field, in its unit."""
    size = known.places.new_tensor([field.camera.width, field.camera.height])
    seen = field((known.places * size).to(field.camera.intrinsics)).cpu()
    aligned = align(known.depth.cpu(), seen, alignment="affine-disparity", fit="robust")
    depth = aligned.depth.float().to(known.depth)
    return dataclasses.replace(known, depth=depth, unit=field.unit)


@dataclasses.dataclass(frozen=True)
class _Grid:
    """What the field sees in equal cells over its picture."""

    seen: Floats  # [h, w] log z at the cells' middles
    sky: NDArray[np.bool_]  # [h, w]
    shape: float  # height / width of the picture

    @staticmethod
    def of(field: DepthField, cells: int) -> _Grid:
        camera = field.camera
        raster = field.on_raster(*GridSize.over(camera, cells).middles(camera))
        return _Grid(_log(raster.depth), raster.sky.cpu().numpy(), camera.height / camera.width)

    def look(self, field: DepthField, picture: Tensor, fit: LogFit, r: Tensor) -> Look:
        """What the field's network saw in the cells, and what became of it by r [h, w]."""
        x, y = GridSize(*self.seen.shape).middles(field.camera)
        features = field.features(torch.cartesian_prod(y, x).flip(-1))
        assert features is not None  # fields of networks that complete have them
        colors = torch.from_numpy(self.colors(picture)).to(features)
        return Look(
            features.T.reshape(-1, *r.shape),
            colors.T.reshape(3, *r.shape),
            (torch.from_numpy(fit(self.seen)) + r).to(features),
            r.to(features),
        )

    def links(self, edge: float) -> Links:
        """Links that steps of so much, in logarithms, halve."""
        return Links.across(self.seen[..., None], edge, WEAKEST_LINK)

    def told(self, map_: KnownDepth) -> Floats:
        """[h, w] log z of one of the map's points in each cell, NaN without any."""
        at, values = map_.places.double().cpu().numpy(), _log(map_.depth)
        rows, columns = self.seen.shape
        row = np.minimum((at[:, 1] * rows).astype(int), rows - 1)
        column = np.minimum((at[:, 0] * columns).astype(int), columns - 1)
        known = np.full(self.seen.shape, np.nan)
        known[row, column] = values
        return known

    def crowd(self, reading: BilinearReading) -> Floats:
        """[P] how many points share a point's cell: together they count as one."""
        return np.maximum(reading.of(reading.spread(np.ones(len(reading.cells)))), 1.0)

    def beyond_range(self, reading: BilinearReading, seen: Floats) -> NDArray[np.bool_] | None:
        """[h·w] the cells beyond what a map could know, by `seen` [P] at its points; else None."""
        known = reading.spread(np.ones(len(reading.cells))) > 0
        missing = ~known & ~self.sky.ravel()
        if min(known.mean(), missing.mean()) < LEAST_SHARE:
            return None
        left_out = self.seen.ravel()[missing]
        farther = np.searchsorted(np.sort(seen), left_out).mean() / len(seen)
        return missing if farther > FARTHER else None

    def places(self, at: Floats, seen: Floats, picture: Tensor) -> Places:
        """Places [P, 2], 0..1, with the colours of their cells."""
        colors = BilinearReading.at(at, *self.seen.shape).of(self.colors(picture))
        return Places(at * [1.0, self.shape], seen, colors)

    def cells(self, picture: Tensor) -> Places:
        """The middles of all cells."""
        rows, columns = self.seen.shape
        y, x = np.mgrid[:rows, :columns] + 0.5
        at = np.stack([x.ravel() / columns, y.ravel() / rows * self.shape], -1)
        return Places(at, self.seen.ravel(), self.colors(picture))

    def interpolated(self, at: Floats, values: Floats) -> Floats:
        """Values [P] at places [P, 2], linear between them, the nearest one's beyond → [h·w]."""
        rows, columns = self.seen.shape
        y, x = np.mgrid[:rows, :columns] + 0.5
        middles = np.stack([x.ravel() / columns, y.ravel() / rows], -1)
        # Most of a second to import, and maps do without.
        from scipy.interpolate import LinearNDInterpolator
        from scipy.spatial import QhullError, cKDTree

        nearest = values[cKDTree(at).query(middles)[1]]
        try:
            linear = LinearNDInterpolator(at, values)(middles)
        except QhullError:  # too few, or all on one line
            return nearest
        return np.where(np.isfinite(linear), linear, nearest)

    def colors(self, picture: Tensor) -> Floats:
        """[h·w, 3]."""
        small = functional.interpolate(picture.permute(2, 0, 1)[None], self.seen.shape, mode="area")
        return small[0].permute(1, 2, 0).reshape(-1, 3).double().cpu().numpy()


def _to_zero(grid: Floats, seen: Floats) -> Floats:
    """[h, w] what draws r to zero in each cell, by the log depth [h, w] that is seen there."""
    low, high = np.quantile(seen, [0.01, 0.99])
    outside = np.clip(np.maximum(grid - high, low - grid) / FAR_OUTSIDE, 0, 1)
    told = min(1.0, len(seen) / RANGE_POINTS)
    return TO_ZERO + TO_ZERO_OUTSIDE * told * outside


def _firmness(membrane: Membrane, wanted: Floats, weight: Floats, start: Floats) -> float:
    """How firmly the points are to be held, told by points that were left out."""
    trusted = np.flatnonzero(weight > 0)
    if len(trusted) < EXACT_POINTS:
        return FIRMNESS[-1]
    left_out = np.random.default_rng(0).permutation(trusted)[: int(HELD_OUT * len(trusted))]
    others = weight.copy()
    others[left_out] = 0
    errors = []
    for firmness in FIRMNESS:
        start = membrane.solve(wanted, firmness * others, start, ROUGHLY)
        error = np.abs(membrane.reading.of(start) - wanted)[left_out]
        errors.append(float(np.mean(np.minimum(error, LEAST_DEVIATION * OUTLIER))))
    good = [f for f, e in zip(FIRMNESS, errors, strict=True) if e <= ABOUT_AS_WELL * min(errors)]
    return good[-1]


def _correlation(one: Floats, other: Floats) -> float:
    """Of ranks; 1 where there is nothing to rank."""
    r = rank_correlation(one, other)
    return 1.0 if r is None else r


def _percent(error: float) -> str:
    return f"{100 * error:.2g} %" if error >= LEAST_SAID else "0 %"


def _log(depth: Tensor) -> Floats:
    return depth.double().log().cpu().numpy()
