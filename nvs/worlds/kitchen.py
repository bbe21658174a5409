"""Fitted kitchens: rows of cupboards with counter, oven and hood; refrigerators."""

from __future__ import annotations

from nvs.worlds.clutter import scatter
from nvs.worlds.materials import Materials
from nvs.worlds.world import Frame


def kitchen_row(frame: Frame, make: Materials, wide: float) -> None:
    """Base cupboards, counter, sink, tap, wall cupboards, hood; the wall is at +y."""
    rng = make.rng
    front = (
        make.white(0.4)
        if make.chance(0.5)
        else (make.wood() if make.chance(0.5) else make.paint(0.6, 0.3))
    )
    top = make.of("speckle", "marble", "wood", "stone", tile_m=0.8, gloss=0.3)
    grip = make.metal()
    count = max(1, round(wide / 0.6))
    unit = wide / count
    frame.box(0, 0.04, 0, (wide, 0.5, 0.1), make.dark(0))
    frame.box(0, 0.02, 0.1, (wide, 0.56, 0.77), front)
    frame.box(0, 0, 0.87, (wide + 0.02, 0.63, 0.04), top)
    oven = int(rng.integers(count))
    frame.at(0.2 * wide, 0).mark(0.9, 0.7)
    frame.at(-0.2 * wide, 0).mark(0.9, 0.8)
    for k in range(count):
        x = (k + 0.5) * unit - wide / 2
        if k == oven:
            frame.box(x, -0.275, 0.15, (unit - 0.01, 0.03, 0.68), make.metal())
            frame.box(x, -0.295, 0.25, (unit * 0.8, 0.01, 0.4), make.dark(0.8))
            frame.box(x, 0, 0.91, (unit * 0.95, 0.5, 0.008), make.dark(0.8))
            if make.chance(0.5):
                frame.cylinder(x - 0.1, 0.05, 0.918, 0.2, 0.13, make.metal())
        else:
            frame.box(x, -0.27, 0.13, (unit - 0.012, 0.02, 0.72), front)
        frame.box(x, -0.3, 0.76, (unit * 0.5, 0.015, 0.015), grip)
    frame.box(
        0,
        0.31,
        0.91,
        (wide, 0.01, 0.5),
        make.of("tiles", "plaster", "brick", tint=make.wall_color(), tile_m=0.6, gloss=0.2),
    )
    scatter(frame.at(0, 0.05, 0.91), make, wide, 0.5, int(wide * rng.uniform(1, 4)))
    if make.chance(0.8):
        high = float(rng.uniform(1.4, 1.55))
        for k in range(count):
            x = (k + 0.5) * unit - wide / 2
            if k == oven:
                frame.box(x, 0.1, high + 0.1, (unit, 0.4, 0.12), make.metal())
                frame.box(x, 0.2, high + 0.2, (0.25, 0.25, 0.7), make.metal())
                continue
            frame.box(x, 0.14, high, (unit, 0.33, 0.72), front)
            frame.box(x, -0.03, high + 0.006, (unit - 0.012, 0.018, 0.708), front)
            frame.box(x + unit * 0.35, -0.05, high + 0.05, (0.012, 0.015, 0.12), grip)


def fridge(frame: Frame, make: Materials) -> None:
    """A tall refrigerator with notes on its door."""
    body = make.metal() if make.chance(0.5) else make.white(0.4)
    frame.box(0, 0, 0, (0.6, 0.62, 1.8), body)
    for z, tall in ((0.03, 1.1), (1.15, 0.63)):
        frame.box(0, -0.33, z, (0.59, 0.05, tall), body)
        frame.box(-0.25, -0.38, z + tall * 0.35, (0.02, 0.03, tall * 0.35), make.metal())
    for _ in range(int(make.rng.integers(0, 5))):
        x, z = float(make.rng.uniform(-0.2, 0.22)), float(make.rng.uniform(0.7, 1.7))
        frame.picture(x, -0.357, z, 0.1, 0.13, make.picture())
