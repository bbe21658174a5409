"""People and animals, from ellipsoids and tapered limbs."""

from __future__ import annotations

import colorsys

import numpy as np

from nvs.worlds.materials import Materials, linear
from nvs.worlds.world import Frame, Material


def _skin(make: Materials) -> Material:
    tone = float(make.rng.uniform(0.25, 0.92))
    return make.plain(linear(tone, tone * 0.76, tone * 0.62))


def _clothes(make: Materials) -> Material:
    return make.fabric() if make.chance(0.4) else make.plain(make.color(0.8, 0.05, 0.9))


def person(frame: Frame, make: Materials, seated: bool = False) -> None:
    """Someone of 1.5-1.9 m who stands, walks or sits (0.45 m high), facing -y."""
    rng = make.rng
    size = float(rng.uniform(0.86, 1.06))
    skin, shirt, trousers, shoes = _skin(make), _clothes(make), _clothes(make), make.dark()
    hue = float(rng.uniform(0.02, 0.12))
    hair = make.plain(linear(*colorsys.hsv_to_rgb(hue, 0.5, float(rng.uniform(0.04, 0.6)))))
    hips = (0.5 if seated else 0.9) * size
    frame.mark(hips + 0.4, 0.9)
    stride = float(rng.uniform(-0.28, 0.28)) if not seated else 0.0
    for side in (-1, 1):
        x = side * 0.1 * size
        if seated:
            knee, foot = (x * 1.4, -0.45 * size, hips), (x * 1.4, -0.42 * size, 0.07)
        else:
            lean = side * stride
            knee, foot = (x, -0.05 + lean * 0.5, 0.5 * size), (x, lean, 0.07)
        _limb(frame, (x, 0.0, hips), knee, 0.17 * size, 0.12 * size, trousers)
        _limb(frame, knee, foot, 0.125 * size, 0.09 * size, trousers)
        frame.ellipsoid(foot[0], foot[1] - 0.06, 0.045, (0.1, 0.27, 0.09), shoes)
    chest = hips + 0.36 * size
    shoulder = hips + 0.52 * size
    frame.ellipsoid(0, 0, hips + 0.05, (0.36 * size, 0.24 * size, 0.3 * size), trousers)
    frame.ellipsoid(0, 0, chest, (0.42 * size, 0.26 * size, 0.52 * size), shirt)
    frame.ellipsoid(0, 0, hips + 0.18 * size, (0.35 * size, 0.23 * size, 0.42 * size), shirt)
    for side in (-1, 1):
        reach = float(rng.uniform(-0.35, 0.12))
        start = (side * 0.2 * size, 0.0, shoulder)
        elbow = (
            side * (0.26 + float(rng.uniform(0, 0.1))) * size,
            reach * 0.4,
            shoulder - 0.27 * size,
        )
        hand = (elbow[0] * 0.95, elbow[1] + reach * 0.9, elbow[2] - 0.24 * size + abs(reach) * 0.5)
        _limb(frame, start, elbow, 0.12 * size, 0.095 * size, shirt)
        _limb(frame, elbow, hand, 0.09 * size, 0.065 * size, shirt if make.chance(0.5) else skin)
        frame.ellipsoid(*hand, (0.09, 0.09, 0.13), skin)
    top = hips + 0.78 * size
    frame.cylinder(0, 0, top - 0.24 * size, 0.12 * size, 0.14 * size, skin)
    frame.ellipsoid(0, -0.01, top, (0.165 * size, 0.2 * size, 0.24 * size), skin)
    frame.ellipsoid(0, 0.025, top + 0.03, (0.18 * size, 0.2 * size, 0.23 * size), hair)
    if make.chance(0.3):
        frame.ellipsoid(0, 0.06, top - 0.06, (0.22 * size, 0.16 * size, 0.4 * size), hair)
    if make.chance(0.25):  # a bag or a backpack
        frame.box(0, 0.2, hips + 0.1, (0.3, 0.16, 0.42), _clothes(make))


def _limb(
    frame: Frame,
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    thick: float,
    thin: float,
    material: Material,
) -> None:
    frame.rod(start, end, thick, material, thin / thick)
    frame.ellipsoid(*start, (thick, thick, thick), material)


def animal(frame: Frame, make: Materials) -> None:
    """A dog, a cat, a sheep, a cow ...: four legs, facing -y."""
    rng = make.rng
    length = float(np.exp(rng.uniform(np.log(0.35), np.log(1.8))))
    fur = make.of("rough", "cloth", "carpet", "soil", tint=make.color(0.5, 0.3, 1.0), tile_m=0.4)
    if make.chance(0.6):
        fur = make.plain(make.color(0.5, 0.05, 0.95))
    leg = length * float(rng.uniform(0.3, 0.6))
    body = length * float(rng.uniform(0.3, 0.45))
    frame.ellipsoid(0, 0, leg + body * 0.35, (body * 0.85, length, body), fur)
    for x in (-1, 1):
        for y in (-1, 1):
            top = (x * body * 0.25, y * length * 0.35, leg + body * 0.1)
            _limb(
                frame,
                top,
                (top[0], top[1] + float(rng.normal(0, 0.05)) * length, 0.0),
                body * 0.28,
                body * 0.16,
                fur,
            )
    head = (
        float(rng.normal(0, 0.08)) * length,
        -length * 0.62,
        leg + body * float(rng.uniform(0.5, 1.1)),
    )
    _limb(frame, (0, -length * 0.35, leg + body * 0.45), head, body * 0.5, body * 0.35, fur)
    skull = body * 0.55
    frame.mark(leg + body * 0.5, length)
    frame.ellipsoid(*head, (skull, skull, skull), fur)
    frame.ellipsoid(
        head[0],
        head[1] - skull * 0.5,
        head[2] - skull * 0.12,
        (skull * 0.5, skull * 0.7, skull * 0.45),
        fur,
    )
    for x in (-1, 1):
        frame.ellipsoid(
            head[0] + x * skull * 0.36,
            head[1] + skull * 0.1,
            head[2] + skull * 0.5,
            (skull * 0.25, skull * 0.15, skull * 0.5),
            fur,
        )
        frame.ellipsoid(
            head[0] + x * skull * 0.22,
            head[1] - skull * 0.45,
            head[2] + skull * 0.1,
            (skull * 0.12, skull * 0.1, skull * 0.12),
            make.dark(0.8),
        )
    frame.rod(
        (0, length * 0.45, leg + body * 0.5),
        (0.05, length * 0.8, leg + body * float(rng.uniform(0, 1.2))),
        body * 0.15,
        fur,
        0.5,
    )
