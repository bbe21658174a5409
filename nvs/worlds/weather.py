"""Sky, sun and haze."""

from __future__ import annotations

import numpy as np

from nvs.worlds.materials import Materials, linear
from nvs.worlds.mesh import Array
from nvs.worlds.world import Color, Lighting, Sky


def _scaled(color: Color, by: float) -> Color:
    return color[0] * by, color[1] * by, color[2] * by


def outdoors(make: Materials, middle: Array, radius_m: float) -> tuple[Lighting, Sky]:
    """Daylight of some kind: clear, cloudy, overcast or low sun.

    `middle` and `radius_m` bound what shadows fall on and come from.
    """
    rng = make.rng
    kind = str(rng.choice(["clear", "cloudy", "overcast", "sunset"], p=[0.25, 0.4, 0.22, 0.13]))
    height = float(rng.uniform(0.25, 1.3)) if kind != "sunset" else float(rng.uniform(0.04, 0.25))
    turn = float(rng.uniform(0, 2 * np.pi))
    sun = np.array([np.cos(turn) * np.cos(height), np.sin(turn) * np.cos(height), np.sin(height)])
    warm = float(np.clip(1.2 - height, 0, 1))
    sun_color = (3.2, 3.2 - 0.7 * warm, 3.0 - 1.5 * warm)
    zenith, horizon = linear(0.25, 0.46, 0.82), linear(0.72, 0.83, 0.94)
    cover, glow, strength = 0.0, 0.6, float(rng.uniform(0.7, 1.2))
    cloud = linear(0.98, 0.98, 0.99)
    haze = float(np.exp(rng.uniform(np.log(300), np.log(6000))))
    if kind == "cloudy":
        cover = float(rng.uniform(0.35, 0.85))
        strength *= float(rng.uniform(0.4, 1.0))
    elif kind == "overcast":
        cover, strength, glow = float(rng.uniform(0.9, 1.3)), 0.05, 0.1
        tone = float(rng.uniform(0.65, 0.97))
        zenith, horizon, cloud = (
            linear(tone * a, tone * a, tone * b) for a, b in ((0.88, 0.92), (1, 1), (0.95, 0.97))
        )
        haze *= 0.6
    elif kind == "sunset":
        zenith = linear(0.3, 0.38, 0.62)
        horizon = linear(0.98, float(rng.uniform(0.5, 0.75)), float(rng.uniform(0.3, 0.6)))
        cover, glow = float(rng.uniform(0, 0.8)), 2.0
        cloud = linear(0.9, float(rng.uniform(0.55, 0.75)), 0.6)
        sun_color = (2.6, 1.5, 0.7)
    zenith = _scaled(zenith, float(rng.uniform(0.7, 1.2)))
    sky = Sky(
        zenith, horizon, cloud, cover, make.textures.pick(rng, "cloud"),
        (float(rng.random() * 2), float(rng.random() * 2)), sun, glow, haze,
    )  # fmt: skip
    ambient = tuple(0.55 * (0.6 * z + 0.4 * h) + 0.25 for z, h in zip(zenith, horizon, strict=True))
    ground = tuple(0.35 * value * (0.5 + strength) for value in (0.9, 0.85, 0.75))
    lighting = Lighting(
        middle + sun * 2000.0, middle, radius_m, _scaled(sun_color, strength), False,
        (ambient[0], ambient[1], ambient[2]), (ground[0], ground[1], ground[2]),
        shadow_softness=1.0 if kind != "overcast" else 4.0,
    )  # fmt: skip
    return lighting, sky
