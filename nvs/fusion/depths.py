"""Every photo's depth in the unit of the cameras.

First its scale, from points that came with it or from how its neighbours look; then its shape,
from what can be matched with them and from what they say together.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from nvs.depth.completed import CompletedField, complete
from nvs.depth.known import KnownDepth
from nvs.depth.scaled import ScaledField
from nvs.fusion.agreement import Opinion, agreed_points
from nvs.fusion.matching import (
    Matches,
    common_factor,
    confirmed,
    first_neighbours,
    matches,
    shared_points,
)
from nvs.fusion.neighbours import PROBES, by_overlap, for_matching
from nvs.fusion.posed import KnownPoints, PosedPhoto, SeenDepth
from nvs.progress import Listener
from nvs.scene.scene import Unit

FEWEST_POINTS = 12  # given ones that tell a photo's scale
FEWEST_BORROWED = 100  # cells of others that tell it in their place
COMPARED_WITH = 3  # neighbours a photo is matched with
WIDE, NARROW = 0.35, 0.12  # of log depth: where matches are looked for, at first and again
AGREEING_ROUNDS = 2  # in which photos hear each other
MOST_POINTS = 20_000  # what a field is completed from


def rescaled(posed: PosedPhoto, factor: float, unit: Unit) -> PosedPhoto:
    """The same photo, its depth so many times as far as the model saw it."""
    return posed.changed_to(ScaledField(posed.seen, factor, unit))


def given_factor(posed: PosedPhoto) -> float | None:
    """The scale that the points which came with a photo tell, or None where they are too few."""
    given = posed.given
    if len(given) < FEWEST_POINTS:
        return None
    seen = posed.read_field()(given.xy.to(posed.seen.camera.intrinsics)).cpu()
    return float((given.depth / seen).median())


def brought_to_scale(
    photos: Sequence[PosedPhoto], unit: Unit, listener: Listener
) -> list[PosedPhoto | None]:
    """The photos with `factor` set; None where nothing tells it."""
    neighbours = first_neighbours(photos, COMPARED_WITH)
    scaled: list[PosedPhoto | None] = []
    for index, photo in enumerate(photos):
        listener.advance(index, len(photos))
        factor = given_factor(photo)
        if factor is None:
            factor = common_factor(photo, neighbours[index])
        scaled.append(None if factor is None else rescaled(photo, factor, unit))
    return _with_borrowed_scales(photos, scaled, unit)


def _with_borrowed_scales(
    photos: Sequence[PosedPhoto], scaled: list[PosedPhoto | None], unit: Unit
) -> list[PosedPhoto | None]:
    """Photos that nothing tells a scale of take it from those that see the same surfaces."""
    scaled = list(scaled)
    while True:
        maps = [photo.depth_map(PROBES) for photo in scaled if photo is not None]
        borrowed = [
            (index, borrowed_factor(photos[index], maps))
            for index, photo in enumerate(scaled)
            if photo is None
        ]
        told = [(index, factor) for index, factor in borrowed if factor is not None]
        if not told:
            return scaled
        for index, factor in told:
            scaled[index] = rescaled(photos[index], factor, unit)


def borrowed_factor(posed: PosedPhoto, maps: Sequence[SeenDepth]) -> float | None:
    """The factor that puts a photo's depth where others, at their scale, see surfaces in it."""
    own = posed.depth_map(PROBES)
    ratios = []
    for other in maps:
        there = own.at(other.points())
        told = there.inside & (there.depth > 0) & (other.depth > 0)
        ratios.append((there.z / there.depth)[told])
    every = torch.cat(ratios) if ratios else torch.zeros(0)
    return float(every.median()) if len(every) >= FEWEST_BORROWED else None


def matched_depths(
    photos: Sequence[PosedPhoto], unit: Unit, listener: Listener
) -> list[tuple[PosedPhoto, KnownPoints]]:
    """The photos with fields that agree with all that is known and matched, and those points."""
    points = [photo.given for photo in photos]
    current = list(photos)
    for within in (WIDE, NARROW):
        found = _all_matches(current, within, listener)
        near = for_matching([p.depth_map(PROBES) for p in current], 2 * COMPARED_WITH)
        own = [
            confirmed(found[i], [found[j] for j in near[i]], photos[i]) for i in range(len(photos))
        ]
        shared = [
            shared_points(current[i], own[i], [(photos[j].camera, own[j]) for j in near[i]])
            for i in range(len(photos))
        ]
        for index, photo in enumerate(photos):
            points[index] = KnownPoints.of([photo.given, own[index], shared[index]])
            current[index] = completed(current[index], points[index], unit)
    for _ in range(AGREEING_ROUNDS):
        current = _agreeing(current, points, unit)
    return list(zip(current, points, strict=True))


def _agreeing(
    photos: list[PosedPhoto], points: Sequence[KnownPoints], unit: Unit
) -> list[PosedPhoto]:
    """The photos with fields that agree more on what several show; `points` are known as before."""
    near = by_overlap([photo.depth_map(PROBES) for photo in photos], 2 * COMPARED_WITH)
    opinions = [Opinion.of(*both) for both in zip(photos, points, strict=True)]
    agreed = [
        agreed_points(photo, opinions[i], [opinions[j] for j in near[i]])
        for i, photo in enumerate(photos)
    ]
    return [
        completed(photo, KnownPoints.of([points[i], agreed[i]]), unit)
        for i, photo in enumerate(photos)
    ]


def _all_matches(photos: list[PosedPhoto], within: float, listener: Listener) -> list[Matches]:
    neighbours = for_matching([p.depth_map(PROBES) for p in photos], COMPARED_WITH)
    found = []
    for index, photo in enumerate(photos):
        listener.advance(index, len(photos))
        found.append(matches(photo, [photos[j] for j in neighbours[index]], within))
    return found


def completed(posed: PosedPhoto, points: KnownPoints, unit: Unit) -> PosedPhoto:
    """The photo with its depth made to agree with points; as it is where they are too few."""
    if len(points) < FEWEST_POINTS:
        return posed
    size = torch.tensor([posed.camera.width, posed.camera.height])
    known = KnownDepth(
        points.xy / size, points.depth, unit, "the other photos", points.confidence
    ).thinned(MOST_POINTS)
    completion = complete(
        posed.read_field(), known.to(posed.seen.camera.intrinsics.device), posed.photo.rgb
    )
    found = completion.field
    return posed.changed_to(
        CompletedField(posed.seen, found.fit, found.seen, found.residual, known)
    )
