"""Ground that is not flat: hills, mountains and rocks; finer near the camera."""

from __future__ import annotations

import dataclasses

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.materials import Materials, linear
from nvs.worlds.mesh import Array, Mesh
from nvs.worlds.world import Frame, Material


@dataclasses.dataclass(frozen=True)
class Relief:
    """Height in metres over the plane, a sum of waves of random direction."""

    waves: Array  # [N, 4] frequency x, frequency y (radians a metre), phase, amplitude (metres)

    @staticmethod
    def random(
        rng: np.random.Generator,
        height_m: float,
        length_m: float,
        roughness: float,
        waves: int = 28,
    ) -> Relief:
        """Hills about `height_m` high and `length_m` long; roughness keeps more of short waves."""
        octave = rng.uniform(0, 5, waves)
        direction = rng.uniform(0, 2 * np.pi, waves)
        frequency = 2 * np.pi / length_m * 2**octave
        amplitude = height_m * 2 ** (-octave * (1.7 - roughness)) / np.sqrt(waves / 6)
        return Relief(
            np.stack(
                [
                    frequency * np.cos(direction),
                    frequency * np.sin(direction),
                    rng.uniform(0, 6.3, waves),
                    amplitude,
                ],
                1,
            )
        )

    def spot(
        self, rng: np.random.Generator, near: float, far: float, spread: float = 0.7
    ) -> tuple[float, float, float]:
        """A random place on the ground ahead; near ones as likely as far ones."""
        reach = float(np.exp(rng.uniform(np.log(near), np.log(far))))
        turn = float(rng.normal(0, spread))
        return self.on(reach * np.sin(turn), reach * np.cos(turn))

    def on(self, x: float, y: float) -> tuple[float, float, float]:
        """The ground's point there."""
        return x, y, float(self.height(np.array(x), np.array(y)))

    def height(self, x: Array, y: Array) -> Array:
        """Metres at (x, y)."""
        total = np.zeros(np.broadcast(x, y).shape)
        for fx, fy, phase, amplitude in self.waves:
            total += amplitude * np.sin(fx * x + fy * y + phase)
        return total


def ground(
    frame: Frame, relief: Relief, material: Material, reach_m: float = 400.0, first_m: float = 0.5
) -> None:
    """The surface around the frame's origin out to `reach_m`, in rings that widen."""
    rings = 56
    radius = np.concatenate([[0.0], first_m * (reach_m / first_m) ** np.linspace(0, 1, rings)])
    turn = np.linspace(0, 2 * np.pi, 97)
    turn[-1] = 0.0
    x, y = radius[:, None] * np.cos(turn), radius[:, None] * np.sin(turn)
    # Waves shorter than the mesh is fine would only alias: fade with the ring's width.
    z = relief.height(x, y)
    frame.mesh(
        shapes.grid_surface(np.stack([x, y, z], -1), np.stack([x, y], -1)), (0, 0, 0), 1.0, material
    )


def ridge(frame: Frame, make: Materials, distance_m: float, height_m: float) -> None:
    """A chain of mountains or hills around the horizon."""
    rng = make.rng
    turn = np.linspace(0, 2 * np.pi, 145)
    turn[-1] = 0.0
    row = np.linspace(0, 1, 7)[:, None]
    profile = np.zeros_like(turn)
    for octave in range(6):
        count = int(rng.integers(2, 5)) * 2**octave
        profile += np.sin(count * turn + rng.uniform(0, 6.3)) / 1.7**octave * rng.uniform(0.4, 1)
    profile = height_m * np.maximum(0.05, 0.55 + 0.4 * profile)
    rough = 1 + 0.12 * np.sin(row * 9 + turn * int(rng.integers(20, 60)))
    radius = distance_m * (1 + 0.5 * row) * rough
    z = profile * row**0.8 * rough - 0.03 * distance_m
    cover = make.of("foliage_wall", "stone", "rubble", "grass", "leaf", tile_m=height_m * 0.8)
    if make.chance(0.3):
        cover = make.of("stone", tint=linear(0.9, 0.92, 1.0), tile_m=height_m)
    points = np.stack([radius * np.cos(turn), radius * np.sin(turn), z], -1)
    uv = np.stack(np.broadcast_arrays(turn * distance_m, row * height_m * 2), -1)
    frame.mesh(shapes.grid_surface(points, uv), (0, 0, 0), 1.0, cover)


def rock(variation: int) -> Mesh:
    """A boulder of diameter about 1, made once for each variation."""
    if variation not in _ROCKS:
        rng = np.random.default_rng([variation, 77])
        u, v = np.meshgrid(np.linspace(0, 2 * np.pi, 25), np.linspace(0, np.pi, 13))
        u[:, -1] = 0.0
        points = np.stack([np.cos(u) * np.sin(v), np.sin(u) * np.sin(v), -np.cos(v)], -1)
        for _ in range(9):  # cut off caps, as breaking does
            normal = rng.normal(size=3)
            normal /= np.linalg.norm(normal)
            over = np.maximum(points @ normal - rng.uniform(0.55, 0.85), 0)
            points = points - 0.9 * over[..., None] * normal
        points *= 0.5 * (1 + 0.05 * np.sin(points @ rng.normal(0, 6, 3)))[..., None]
        _ROCKS[variation] = shapes.grid_surface(points, np.stack([u / 2, v / np.pi], -1))
    return _ROCKS[variation]


_ROCKS: dict[int, Mesh] = {}
