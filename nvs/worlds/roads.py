"""Roads that bend and climb: surface, kerbs, pavements, markings, and places beside them."""

from __future__ import annotations

import dataclasses

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.materials import Materials, linear
from nvs.worlds.mesh import Array, Mesh
from nvs.worlds.world import Frame, Material

_ROWS_M = np.concatenate([np.arange(-24.0, 60.0, 3.0), 60 * 1.09 ** np.arange(0, 33)])
_FAR_M = 900.0  # how far the land reaches to each side and ahead


@dataclasses.dataclass(frozen=True)
class Course:
    """The middle line of a road that starts along +y at the origin and turns steadily away."""

    drift: float  # metres to the right for each metre ahead, far away
    bend_m: float  # the distance within which the road turns
    climb: float  # metres up for each metre ahead, far away
    crest_m: float  # the distance within which the slope sets in

    def x(self, y: Array) -> Array:
        """Metres to the right at `y` metres ahead."""
        return self.drift * self.bend_m * (np.sqrt(1 + (y / self.bend_m) ** 2) - 1)

    def z(self, y: Array) -> Array:
        """Metres up at `y` metres ahead."""
        return self.climb * self.crest_m * (np.sqrt(1 + (y / self.crest_m) ** 2) - 1)

    def place(
        self, root: Frame, y: float, aside: float, lift: float = 0.0, yaw: float = 0.0
    ) -> Frame:
        """An upright frame `aside` metres right of the middle line, turned along the road."""
        slope = self.drift * (y / self.bend_m) / np.sqrt(1 + (y / self.bend_m) ** 2)
        at = np.array(y)
        return root.at(
            float(self.x(at)) + aside, y, float(self.z(at)) + lift, yaw - float(np.arctan(slope))
        )

    def ribbon(
        self, inner: tuple[float, float], outer: tuple[float, float], start_m: float, end_m: float
    ) -> Mesh:
        """The band between two (aside, lift) lines, from `start_m` to `end_m` ahead."""
        inside = _ROWS_M[(start_m < _ROWS_M) & (end_m > _ROWS_M)]
        y = np.concatenate([[start_m], inside, [end_m]])[:, None]
        aside, lift = np.array([inner[0], outer[0]]), np.array([inner[1], outer[1]])
        points = np.stack(
            np.broadcast_arrays(self.x(y) + aside, y, self.z(y) + lift),
            -1,
        )
        along = np.hypot(np.diff(aside), np.diff(lift))[0] * np.array([0.0, 1.0])
        return shapes.grid_surface(points, np.stack(np.broadcast_arrays(along, y), -1))

    def dashes(self, aside: float, width_m: float, starts_m: Array, length_m: float) -> Mesh:
        """Painted strips, one from each of `starts_m`, a little above the surface."""
        y = starts_m[:, None] + np.array([0.0, 0.0, length_m, length_m])
        x = self.x(y) + aside + width_m * np.array([-0.5, 0.5, 0.5, -0.5])
        points = np.stack([x, y, self.z(y) + 0.012], -1).reshape(-1, 3)
        start = 4 * np.arange(len(starts_m))[:, None]
        return Mesh(
            points,
            np.broadcast_to([0.0, 0, 1], points.shape),
            points[:, :2],
            np.tile([0, 1], (len(points), 1)),
            np.concatenate([start + np.array([0, 1, 2]), start + np.array([0, 2, 3])]),
            smooth=True,
        )


@dataclasses.dataclass(frozen=True)
class Road:
    """A road with what lies flat beside it. Sides: -1 left, +1 right; beyond = from the kerb."""

    course: Course
    half_m: float  # from the middle line to the kerb
    lanes: int  # in both directions together
    walk_m: float  # width of the pavement, 0 for none
    kerb_m: float  # its height
    rise_m: tuple[float, float]  # how much the land rises to the left and to the right
    rise_reach_m: float  # within this distance from the pavement
    crossing: tuple[float, float] | None  # middle and half width of a crossing road, metres ahead

    def lift(self, side: int, beyond: float) -> float:
        """Height over the road's surface `beyond` metres from the kerb."""
        outside = beyond - self.walk_m
        share = min(1.0, max(0.0, outside / self.rise_reach_m))
        return self.kerb_m + share * self.rise_m[(side + 1) // 2]

    def beside(self, root: Frame, side: int, beyond: float, y: float, yaw: float = 0.0) -> Frame:
        """A frame on the ground beside the road; its y axis runs along the road."""
        lift = self.lift(side, beyond)
        return self.course.place(root, y, side * (self.half_m + beyond), lift, yaw)

    def is_open(self, y: float, margin_m: float) -> bool:
        """No crossing road within `margin_m`."""
        return self.crossing is None or abs(y - self.crossing[0]) > self.crossing[1] + margin_m

    def stretches(self) -> list[tuple[float, float]]:
        """From where to where (metres ahead) pavements reach."""
        if self.crossing is None:
            return [(-24.0, _FAR_M)]
        middle, half = self.crossing
        return [(-24.0, middle - half), (middle + half, _FAR_M)]


def random_course(rng: np.random.Generator, straight: float) -> Course:
    """A road ahead; with probability `straight` it neither bends nor climbs much."""
    calm = rng.random() < straight
    return Course(
        float(np.clip(rng.normal(0, 0.02 if calm else 0.35), -0.7, 0.7)),
        float(rng.uniform(60, 250)),
        float(np.clip(rng.normal(0, 0.004 if calm else 0.03), -0.07, 0.07)),
        float(rng.uniform(60, 200)),
    )


def lay(root: Frame, make: Materials, road: Road, land: tuple[Material, Material]) -> None:
    """Build the surface, the pavements and the land to the left and to the right."""
    rng = make.rng
    course, half, walk = road.course, road.half_m, road.walk_m
    shine = float(rng.choice([0, 0, 0, 0.25]))
    kinds = ("asphalt",) * 8 + ("concrete",) * 2 + ("paving",)
    tone = float(rng.uniform(0.5, 1.1))
    surface = make.of(*kinds, tint=(tone, tone, tone), tile_m=4, gloss=shine)
    root.mesh(course.ribbon((-half, 0), (half, 0), -24, _FAR_M), (0, 0, 0), 1.0, surface)
    if make.chance(0.3):  # another coat along one lane, or a repair
        patch = make.of("asphalt", "concrete", tile_m=3)
        x = float(rng.uniform(-half, half - 1))
        band = course.ribbon(
            (x, 0.005), (min(half, x + float(rng.uniform(0.8, 3.5))), 0.005), -24, 300
        )
        root.mesh(band, (0, 0, 0), 1.0, patch)
    paved = make.of("paving", "concrete", "concrete", "asphalt", "tiles", tile_m=2)
    kerb = make.of("concrete", "stone", tile_m=1)
    # Everything lies on one wide sheet, so that no gap shows between the parts.
    root.mesh(course.ribbon((-_FAR_M, -0.3), (_FAR_M, -0.3), -24, _FAR_M), (0, 0, 0), 1.0, land[0])
    for side in (-1, 1):
        top = road.kerb_m
        for start, end in road.stretches():
            if top > 0:
                edge = course.ribbon((side * half, 0.0), (side * half, top), start, end)
                root.mesh(edge, (0, 0, 0), 1.0, kerb)
                band = course.ribbon((side * half, top), (side * (half + 0.16), top), start, end)
                root.mesh(band, (0, 0, 0), 1.0, kerb)
            inner = half + (0.16 if top > 0 else 0.0)
            outer = half + walk
            if outer > inner:
                band = course.ribbon((side * inner, top), (side * outer, top), start, end)
                root.mesh(band, (0, 0, 0), 1.0, paved)
            cover = land[(side + 1) // 2]
            last = (max(outer, inner), top)
            for reach in (road.rise_reach_m, _FAR_M):
                point = (half + walk + reach, road.lift(side, walk + reach))
                band = course.ribbon((side * last[0], last[1]), (side * point[0], point[1]),
                                     start, end)  # fmt: skip
                root.mesh(band, (0, 0, 0), 1.0, cover)
                last = point
    if road.crossing is not None:
        middle, width = road.crossing
        crossing = Course(0.0, 100.0, 0.0, 100.0)
        sheet = crossing.ribbon((-300, 0.004), (300, 0.004), middle - width, middle + width)
        root.mesh(
            dataclasses.replace(
                sheet, vertices=sheet.vertices + _follow(course, sheet.vertices[:, 1])
            ),
            (0, 0, 0), 1.0, surface,
        )  # fmt: skip
    _mark(root, make, road)


def _follow(course: Course, y: Array) -> Array:
    """Offsets [N, 3] that lay a flat sheet onto the course."""
    return np.stack([course.x(y), np.zeros_like(y), course.z(y)], 1)


def _mark(root: Frame, make: Materials, road: Road) -> None:
    """Lane lines, edge lines, a zebra crossing, arrows, tram rails."""
    rng = make.rng
    course, half = road.course, road.half_m
    if make.chance(0.12):
        return
    worn = float(rng.uniform(0.55, 0.97))
    yellow = make.chance(0.3)
    white = make.plain(linear(worn, worn, worn * 0.97))
    middle = make.plain(linear(worn, worn * 0.72, 0.12)) if yellow else white
    lane = 2 * half / road.lanes
    dash, gap = float(rng.uniform(2, 4)), float(rng.uniform(2, 8))
    starts = np.arange(-10.0, 260.0, dash + gap)
    whole = np.arange(-20.0, 380.0, 6.0)
    width = float(rng.uniform(0.1, 0.2))
    for k in range(1, road.lanes):
        x = -half + k * lane
        if 2 * k == road.lanes:
            style = int(rng.integers(3))
            if style == 0:
                root.mesh(course.dashes(x, width, starts, dash), (0, 0, 0), 1.0, middle)
            elif style == 1:
                root.mesh(course.dashes(x, width, whole, 6.02), (0, 0, 0), 1.0, middle)
            else:
                for shift in (-0.14, 0.14):
                    root.mesh(course.dashes(x + shift, 0.1, whole, 6.02), (0, 0, 0), 1.0, middle)
        else:
            root.mesh(course.dashes(x, width, starts, dash), (0, 0, 0), 1.0, white)
    if make.chance(0.5):
        for side in (-1, 1):
            x = side * (half - float(rng.uniform(0.2, 0.5)))
            root.mesh(course.dashes(x, width, whole, 6.02), (0, 0, 0), 1.0, white)
    stop = road.crossing[0] - road.crossing[1] - 5 if road.crossing else float(rng.uniform(5, 40))
    if road.crossing or make.chance(0.2):
        for x in np.arange(-half + 0.4, half - 0.3, 1.0):
            root.mesh(course.dashes(x, 0.5, np.array([stop]), 3.0), (0, 0, 0), 1.0, white)
        root.mesh(course.dashes(half / 2, half, np.array([stop - 1.5]), 0.4), (0, 0, 0), 1.0, white)
    if make.chance(0.08):  # tram rails
        steel = make.metal()
        for x in (-0.72, 0.72, 2.2, 3.64):
            root.mesh(course.dashes(x - 1.5, 0.08, whole, 6.02), (0, 0, 0), 1.0, steel)
