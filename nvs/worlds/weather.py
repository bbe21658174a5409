"""Sky, sun and haze."""

from __future__ import annotations

import numpy as np

from nvs.worlds.materials import Materials, linear
from nvs.worlds.mesh import Array
from nvs.worlds.world import Color, Lighting, Sky

_KINDS = {
    "clear": 0.2, "cloudy": 0.3, "overcast": 0.16, "burnt": 0.11, "sunset": 0.08, "fog": 0.05,
    "dusk": 0.06, "night": 0.04,
}  # fmt: skip


def _scaled(color: Color, by: float) -> Color:
    return color[0] * by, color[1] * by, color[2] * by


def outdoors(make: Materials, middle: Array, radius_m: float) -> tuple[Lighting, Sky]:
    """Light of some kind: clear, cloudy, overcast, a burnt-out sky, low sun, fog, dusk, night.

    `middle` and `radius_m` bound what shadows fall on and come from.
    """
    rng = make.rng
    kind = str(rng.choice(list(_KINDS), p=list(_KINDS.values())))
    low = kind in ("sunset", "dusk")
    height = float(rng.uniform(0.25, 1.3)) if not low else float(rng.uniform(0.04, 0.25))
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
    elif kind == "burnt":  # the sky is brighter than the sensor can tell
        cover, glow = float(rng.choice([0.0, 0.0, 0.5])), 0.3
        bright = float(rng.uniform(1.5, 4.5))
        zenith, horizon = _scaled(linear(0.93, 0.96, 1.0), bright), (bright, bright, bright)
        cloud = horizon
        strength *= float(rng.choice([0.08, 0.5, 1.0]))
        haze = float(np.exp(rng.uniform(np.log(1500), np.log(20000))))
    elif kind == "fog":
        tone = float(rng.uniform(0.5, 1.0))
        zenith = horizon = cloud = linear(tone, tone, tone * float(rng.uniform(0.97, 1.03)))
        strength, glow = float(rng.choice([0.05, 0.3])), 0.2
        haze = float(np.exp(rng.uniform(np.log(50), np.log(400))))
    elif kind == "dusk":
        zenith = linear(0.12, 0.17, float(rng.uniform(0.3, 0.45)))
        horizon = linear(float(rng.uniform(0.35, 0.75)), 0.42, 0.5)
        cover, glow, strength = float(rng.uniform(0, 0.9)), 1.0, 0.05
        cloud = linear(0.4, 0.35, 0.42)
    elif kind == "night":
        zenith, horizon = linear(0.03, 0.04, 0.09), linear(0.12, 0.11, float(rng.uniform(0.1, 0.2)))
        cover, glow, strength = float(rng.uniform(0, 0.6)), 0.0, 0.02
        cloud, sun_color = linear(0.12, 0.11, 0.12), (1.0, 1.0, 1.2)
    ambient_sky = _scaled(zenith, 1.0 if kind != "burnt" else 1.0 / max(zenith[2], 1.0))
    zenith = _scaled(zenith, float(rng.uniform(0.7, 1.2)) if kind not in ("fog", "burnt") else 1.0)
    sky = Sky(
        zenith, horizon, cloud, cover, make.textures.pick(rng, "cloud"),
        (float(rng.random() * 2), float(rng.random() * 2)), sun, glow, haze,
    )  # fmt: skip
    base = {"dusk": 0.08, "night": 0.03}.get(kind, 0.25)
    ambient = tuple(
        0.55 * (0.6 * z + 0.4 * min(h, 1.0)) + base
        for z, h in zip(ambient_sky, horizon, strict=True)
    )
    ground = tuple(0.35 * value * (0.5 + strength) for value in (0.9, 0.85, 0.75))
    lighting = Lighting(
        middle + sun * 2000.0, middle, radius_m, _scaled(sun_color, strength), False,
        (ambient[0], ambient[1], ambient[2]), (ground[0], ground[1], ground[2]),
        shadow_softness=1.0 if kind not in ("overcast", "fog") else 4.0,
    )  # fmt: skip
    if kind in ("dusk", "night"):
        _light_lamps(lighting, rng, middle, radius_m)
    return lighting, sky


def _light_lamps(
    lighting: Lighting, rng: np.random.Generator, middle: Array, radius_m: float
) -> None:
    """A few street lamps around the middle; warm or white."""
    warm = float(rng.uniform(0.45, 1.0))
    for _ in range(int(rng.integers(2, 5))):
        tall = min(6.0, radius_m)
        at = middle + np.array([*rng.uniform(-0.5, 0.5, 2) * radius_m, tall])
        power = tall**2 * float(rng.uniform(0.3, 1.5))
        lighting.lamps.append((at, (power, power * (0.4 + 0.6 * warm), power * warm)))
