"""People seen from near: heads with faces and hair, bodies of smooth tubes, in many poses."""

from __future__ import annotations

import colorsys
import functools

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.materials import Materials, linear
from nvs.worlds.mesh import Array, Mesh
from nvs.worlds.world import Frame, Material, turn_x, turn_y, turn_z

_HEADS = 6


def figure(frame: Frame, make: Materials, pose: str = "any") -> float:
    """Someone who faces -y: "stand", "sit" (on something 0.45 m high), "crouch" or "any".

    Returns the height of the eyes above the frame's origin, metres.
    """
    rng = make.rng
    if pose == "any":
        pose = str(rng.choice(["stand", "sit", "crouch"], p=[0.7, 0.2, 0.1]))
    size = float(rng.uniform(0.55, 0.85)) if make.chance(0.2) else float(rng.uniform(0.88, 1.08))
    stout = float(rng.uniform(0.85, 1.3))
    skin, shirt, trousers = _skin(make), _cloth(make), _cloth(make)
    hips = {"stand": 0.9 * size, "sit": 0.48, "crouch": 0.3 * size}[pose]
    _legs(frame, make, pose, hips, size, (trousers, skin))
    lean, bend = float(rng.normal(0.05, 0.12)), float(rng.normal(0, 0.08))
    if pose == "crouch":
        lean += 0.4
    spine = frame.at(0, 0, hips, yaw=float(rng.normal(0, 0.25)))
    torso = Frame(spine.world, spine.rotation @ turn_x(lean) @ turn_y(bend), spine.origin)
    torso.mesh(_torso(int(rng.integers(4))), (0, 0, 0), (size * stout, size * stout, size), shirt)
    sleeves = shirt if make.chance(0.65) else skin
    for side in (-1.0, 1.0):
        _arm(torso, make, side, size, stout, (sleeves, skin))
    neck = torso.at(0, -0.005 * size, 0.52 * size)
    neck.cylinder(0, 0, -0.03 * size, 0.12 * size, 0.14 * size, skin, 0.9)
    look = turn_z(float(rng.normal(0, 0.45))) @ turn_x(float(rng.normal(0.05, 0.2)) - lean * 0.7)
    head_size = max(size, 0.75)  # a child's head is large
    head = Frame(torso.world, torso.rotation @ look, torso.point(0, -0.02 * size, 0.61 * size))
    _head(head, make, head_size, skin)
    eyes = float(head.point(0, 0, 0.1 * head_size)[2] - frame.origin[2])
    head.mark(0.08 * head_size, 0.32)
    torso.mark(0.3 * size, 0.75)
    return eyes


def _skin(make: Materials) -> Material:
    tone = float(make.rng.uniform(0.25, 0.92))
    redness = float(make.rng.uniform(0.7, 0.82))
    return make.plain(linear(tone, tone * redness, tone * (redness - 0.13)), 0.12)


def _cloth(make: Materials) -> Material:
    if make.chance(0.45):
        return make.of("cloth", "cloth", "smooth", "carpet", "pattern", tile_m=0.35)
    return make.plain(make.color(0.9, 0.04, 0.97))


def _legs(
    frame: Frame,
    make: Materials,
    pose: str,
    hips: float,
    size: float,
    cover: tuple[Material, Material],
) -> None:
    rng = make.rng
    trousers, skin = cover
    shoes = make.dark() if make.chance(0.6) else make.paint(0.8)
    bare = make.chance(0.2)
    stride, apart = float(rng.uniform(-0.3, 0.3)), float(rng.uniform(0.09, 0.2))
    for side in (-1.0, 1.0):
        x = side * 0.09 * size
        if pose == "stand":
            step = side * stride * size
            knee = (side * apart * 0.7 * size, step * 0.5 - 0.04, 0.5 * size)
            foot = (side * apart * size, step, 0.06)
        elif pose == "sit":
            knee = (side * apart * size, -0.44 * size, hips + 0.02)
            foot = (side * apart * size, -0.42 * size + float(rng.normal(0, 0.08)), 0.06)
        else:
            knee = (side * apart * 1.4 * size, -0.36 * size, hips + 0.22 * size)
            foot = (side * apart * size, -0.1 * size, 0.06)
        path = np.array([(x, 0, hips + 0.04), knee, foot])
        frame.mesh(_limb(path, (0.095 * size, 0.062 * size, 0.045 * size)), (0, 0, 0), 1, trousers)
        if bare:
            calf = path[1:] - np.array([[0, 0, 0.05], [0, 0, 0]])
            frame.mesh(_limb(calf, (0.06 * size, 0.064 * size, 0.046 * size)), (0, 0, 0), 1, skin)
        frame.ellipsoid(foot[0], foot[1] - 0.06, 0.045, (0.1, 0.27 * size, 0.09), shoes)


def _arm(
    torso: Frame,
    make: Materials,
    side: float,
    size: float,
    stout: float,
    cover: tuple[Material, Material],
) -> None:
    """An arm that hangs, reaches forward, rests on the hip, folds or waves."""
    rng = make.rng
    sleeve, skin = cover
    shoulder = np.array([side * 0.165 * stout * size, 0.0, 0.46 * size])
    kind = rng.random()
    if kind < 0.4:  # hangs
        elbow = shoulder + size * np.array([side * rng.uniform(0.03, 0.1), 0.03, -0.28])
        hand = elbow + size * np.array([side * rng.uniform(-0.05, 0.05), -0.08, -0.25])
    elif kind < 0.65:  # reaches forward, holds something
        elbow = shoulder + size * np.array([side * 0.08, -0.12, -0.23])
        hand = elbow + size * np.array(
            [-side * rng.uniform(0, 0.15), -0.24, rng.uniform(-0.1, 0.2)]
        )
    elif kind < 0.78:  # on the hip
        elbow = shoulder + size * np.array([side * 0.2, 0.05, -0.22])
        hand = size * np.array([side * 0.17 * stout, -0.05, 0.08])
    elif kind < 0.9:  # across the chest
        elbow = shoulder + size * np.array([side * 0.07, -0.1, -0.24])
        hand = size * np.array([-side * 0.08, -0.22, 0.27])
    else:  # up
        elbow = shoulder + size * np.array([side * 0.2, -0.05, rng.uniform(-0.05, 0.2)])
        hand = elbow + size * np.array([side * rng.uniform(-0.15, 0.1), -0.1, 0.24])
    path = np.stack([shoulder, elbow, hand])
    torso.ellipsoid(*_xyz(shoulder), (0.128 * size, 0.128 * size, 0.135 * size), sleeve)
    torso.mesh(_limb(path, (0.062 * size, 0.047 * size, 0.033 * size)), (0, 0, 0), 1, sleeve)
    pointing = hand - elbow
    pointing = pointing / np.linalg.norm(pointing)
    palm = hand + pointing * 0.06 * size
    torso.ellipsoid(*_xyz(palm), (0.075 * size, 0.06 * size, 0.12 * size), skin)
    for k in range(3):  # fingers
        tip = palm + size * (pointing * 0.1 + np.array([0.025 * (k - 1), 0.0, 0.0]))
        torso.rod(
            _xyz(palm),
            _xyz(tip),
            0.022 * size,
            skin,
        )


def _xyz(point: Array) -> tuple[float, float, float]:
    return float(point[0]), float(point[1]), float(point[2])


def _limb(joints: Array, radii: tuple[float, float, float]) -> Mesh:
    """A tube around a curve near the joints [J, 3], thick first and thin at its end."""
    t = np.linspace(0, 2, 11)
    at = np.linspace(0, 2, len(joints))
    path = np.stack([np.interp(t, at, joints[:, k]) for k in range(3)], 1)
    for _ in range(2):
        path[1:-1] = 0.25 * path[:-2] + 0.5 * path[1:-1] + 0.25 * path[2:]
    around = np.interp(t, [0, 1, 2], radii)
    around[0] *= 0.8  # rounded ends
    around[-1] *= 0.6
    return shapes.tube(path, around, 12)


@functools.cache
def _torso(variation: int) -> Mesh:
    """Hips to neck of someone of normal size, around the z axis."""
    rng = np.random.default_rng([21, variation])
    z = np.array([-0.1, -0.06, 0.0, 0.08, 0.18, 0.3, 0.4, 0.46, 0.5, 0.53, 0.56])
    half_wide = np.array([0.02, 0.13, 0.17, 0.165, 0.145, 0.165, 0.185, 0.175, 0.13, 0.07, 0.045])
    half_deep = np.array([0.02, 0.09, 0.11, 0.1, 0.095, 0.115, 0.115, 0.1, 0.075, 0.055, 0.04])
    belly = float(rng.uniform(0, 0.05)) * np.exp(-(((z - 0.12) / 0.1) ** 2))
    bust = float(rng.choice([0.0, 0.045])) * np.exp(-(((z - 0.32) / 0.06) ** 2))
    angle = np.linspace(0, 2 * np.pi, 25)
    front = np.maximum(-np.sin(angle), 0)
    x = half_wide[:, None] * np.cos(angle)
    y = half_deep[:, None] * np.sin(angle) - (belly + bust)[:, None] * front
    folds = 0.004 * np.sin(7 * angle + 20 * z[:, None]) * (half_wide[:, None] > 0.1)
    points = np.stack([x * (1 + folds * 5), y * (1 + folds * 5), z[:, None] + 0 * x], -1)
    points[:, -1] = points[:, 0]
    uv = np.stack([angle[None] / 6 + 0 * x, z[:, None] + 0 * x], -1)
    return shapes.grid_surface(points, uv, (0, 2))


@functools.cache
def _skull(variation: int) -> Mesh:
    """A head with nose, eye sockets, lips, chin and ears, facing -y, its middle at the origin."""
    rng = np.random.default_rng([22, variation])
    turn = np.linspace(0, 2 * np.pi, 41)  # 1.5 pi: the face
    rise = np.linspace(-np.pi / 2, np.pi / 2, 31)[:, None]
    dx, dy = np.cos(turn) * np.cos(rise), np.sin(turn) * np.cos(rise)
    dz = np.sin(rise) + 0 * turn
    x, y, z = 0.076 * dx, 0.098 * dy, 0.122 * dz
    face = np.clip(-dy, 0, 1)

    def bump(across: float, height: float, wide: float, tall: float) -> Array:
        return np.exp(-(((x - across) / wide) ** 2) - (((z - height) / tall) ** 2)) * (face > 0)

    narrow = 1 - 0.3 * np.clip(-dz, 0, 1) ** 1.5  # towards the chin
    x = x * narrow
    y = y + 0.012 * np.clip(dz, 0, 1) * dy
    nose = float(rng.uniform(0.016, 0.028))
    y = y - nose * bump(0, -0.03, 0.014, 0.014) - 0.6 * nose * bump(0, -0.005, 0.011, 0.03)
    for side in (-1, 1):
        y = y + 0.012 * bump(side * 0.031, 0.012, 0.016, 0.012)
        y = y - 0.006 * bump(side * 0.045, -0.025, 0.02, 0.02)
    y = y - 0.007 * bump(0, -0.065, 0.024, 0.007) + 0.005 * bump(0, -0.058, 0.02, 0.003)
    y = y - 0.012 * bump(0, -0.1, 0.022, 0.018) - 0.005 * bump(0, 0.032, 0.05, 0.012)
    points = np.stack([x, y, z], -1)
    points[:, -1] = points[:, 0]
    uv = np.stack([turn / 30 + 0 * x, 0.2 * dz], -1)
    return shapes.grid_surface(points, uv, (0, 2))


@functools.cache
def _cap(variation: int) -> Mesh:
    """Hair: over the skull from the forehead to the neck, curly or smooth, long or short."""
    rng = np.random.default_rng([23, variation])
    turn = np.linspace(0, 2 * np.pi, 49)
    low = float(rng.uniform(-0.9, -0.2)) if variation % 2 else -0.55
    share = np.linspace(0, 1, 18)[:, None]
    back = 0.5 + 0.5 * np.sin(turn)  # 0 at the face, 1 behind
    hairline = 0.75 - (0.75 - low) * np.clip(back * 1.6, 0, 1) ** 0.8
    rise = np.pi / 2 + share * (hairline - np.pi / 2)
    curls = rng.uniform(0, 0.012) * np.sin(9 * turn + 14 * share) + rng.uniform(0, 0.006) * np.sin(
        23 * turn - 31 * share
    )
    thick = float(rng.uniform(0.008, 0.03)) + curls
    reach = thick * np.clip(4 * (1 - share), 0.15, 1)
    x = (0.076 + reach) * np.cos(turn) * np.cos(rise)
    y = (0.1 + reach) * np.sin(turn) * np.cos(rise) + 0.004
    z = (0.122 + reach) * np.sin(rise)
    points = np.stack([x, y, z], -1)
    points[:, -1] = points[:, 0]
    uv = np.stack([turn / 12 + 0 * x, share + 0 * x], -1)
    return shapes.grid_surface(points, uv, (0, 2))


def _head(head: Frame, make: Materials, size: float, skin: Material) -> None:
    """A head around (0, 0, 0.1) above the neck: face, eyes, lips, ears, hair, glasses or a hat."""
    rng = make.rng
    frame = head.at(0, -0.012 * size, 0.1 * size)
    scale = size * float(rng.uniform(0.95, 1.06))
    frame.mesh(_skull(int(rng.integers(_HEADS))), (0, 0, 0), scale, skin)
    white, iris, lips = make.white(0.6), make.dark(0.8), skin.tint
    red = make.plain((lips[0] * 0.8, lips[1] * 0.5, lips[2] * 0.5), 0.2)
    hue = float(rng.uniform(0.02, 0.12))
    tone = colorsys.hsv_to_rgb(hue, 0.5, float(rng.uniform(0.04, 0.7)))
    if make.chance(0.12):
        tone = (0.85, 0.85, 0.87)
    hair = make.of("cloth", "rough", "bark", "carpet", tint=linear(*tone), tile_m=0.2)
    if make.chance(0.6):
        hair = make.plain(linear(*tone), 0.15)
    for side in (-1.0, 1.0):
        frame.ellipsoid(side * 0.031 * scale, -0.079 * scale, 0.012 * scale,
                        (0.03 * scale, 0.02 * scale, 0.018 * scale), white)  # fmt: skip
        frame.ellipsoid(side * 0.031 * scale, -0.087 * scale, 0.012 * scale,
                        (0.014 * scale, 0.008 * scale, 0.014 * scale), iris)  # fmt: skip
        frame.ellipsoid(side * 0.033 * scale, -0.088 * scale, 0.034 * scale,
                        (0.036 * scale, 0.012 * scale, 0.008 * scale), hair)  # fmt: skip
        frame.ellipsoid(side * 0.078 * scale, 0.01 * scale, 0.0,
                        (0.018 * scale, 0.04 * scale, 0.062 * scale), skin)  # fmt: skip
    frame.ellipsoid(0, -0.089 * scale, -0.063 * scale,
                    (0.046 * scale, 0.018 * scale, 0.014 * scale), red)  # fmt: skip
    kind = rng.random()
    if kind < 0.9:
        frame.mesh(_cap(int(rng.integers(10))), (0, 0, 0), scale, hair)
    if kind < 0.3:  # long hair behind
        length = float(rng.uniform(0.2, 0.42)) * scale
        frame.ellipsoid(0, 0.06 * scale, -length * 0.3, (0.2 * scale, 0.11 * scale, length), hair)
    elif kind < 0.4:  # a bun or tail
        frame.ellipsoid(0, 0.12 * scale, 0.06 * scale, (0.09, 0.09, 0.1), hair)
    if make.chance(0.12):  # a beard
        frame.ellipsoid(0, -0.06 * scale, -0.09 * scale, (0.1, 0.075, 0.08), hair)
    if make.chance(0.15):  # glasses
        rim = make.dark(0.5)
        ring = _ring()
        for side in (-1.0, 1.0):
            frame.mesh(ring, (side * 0.034 * scale, -0.103 * scale, 0.01 * scale), scale, rim)
            frame.rod((side * 0.06 * scale, -0.1 * scale, 0.015 * scale),
                      (side * 0.08 * scale, 0.01 * scale, 0.015 * scale), 0.005, rim)  # fmt: skip
    if make.chance(0.15):  # a hat
        cloth = make.fabric()
        frame.ellipsoid(0, 0.005, 0.075 * scale, (0.2 * scale, 0.24 * scale, 0.16 * scale), cloth)
        frame.cylinder(0, -0.02, 0.06 * scale, float(rng.uniform(0.22, 0.4)) * scale, 0.008, cloth)


@functools.cache
def _ring() -> Mesh:
    """The rim of one glass, around the y axis."""
    turn = np.linspace(0, 2 * np.pi, 17)
    return shapes.tube(
        np.stack([0.026 * np.cos(turn), 0 * turn, 0.021 * np.sin(turn)], 1), 0.003, 6
    )


def creature(frame: Frame, make: Materials) -> float:
    """A dog, cat, horse ...: a smooth body that stands, sits or lies, facing -y; its length."""
    rng = make.rng
    length = float(np.exp(rng.uniform(np.log(0.3), np.log(1.0))))
    fur = make.of(
        "rough", "cloth", "carpet", "soil", "bark", tint=make.color(0.5, 0.3, 1.0), tile_m=0.4
    )
    if make.chance(0.5):
        fur = make.plain(make.color(0.5, 0.05, 0.95))
    spot = fur if make.chance(0.6) else make.plain(make.color(0.4, 0.05, 0.95))
    thick = length * float(rng.uniform(0.13, 0.2))
    pose = str(rng.choice(["stand", "sit", "lie"], p=[0.5, 0.25, 0.25]))
    leg = length * float(rng.uniform(0.35, 0.6))
    back, front = {"stand": (leg, leg), "sit": (0.12 * length, leg), "lie": (thick, thick)}[pose]
    head = np.array([rng.normal(0, 0.08), -0.7, 0.0]) * length
    head[2] = front + thick + length * float(rng.uniform(0.05, 0.3))
    bend = float(rng.normal(0, 0.08)) * length
    path = np.array(
        [(0, 0.5 * length, back), (bend, 0.25 * length, back + 0.3 * thick),
         (bend, -0.1 * length, 0.4 * back + 0.6 * front + 0.2 * thick),
         (0, -0.4 * length, front + 0.4 * thick), tuple(head * [0.7, 0.85, 0.95])]
    )  # fmt: skip
    t = np.linspace(0, 4, 17)
    smooth = np.stack([np.interp(t, np.arange(5), path[:, k]) for k in range(3)], 1)
    for _ in range(2):
        smooth[1:-1] = 0.25 * smooth[:-2] + 0.5 * smooth[1:-1] + 0.25 * smooth[2:]
    radii = np.interp(t, np.arange(5), np.array([0.6, 1.0, 0.95, 1.05, 0.55]) * thick)
    radii[0] = 0.1 * thick
    frame.mesh(shapes.tube(smooth, radii, 16), (0, 0, 0), 1, fur)
    for side in (-1.0, 1.0):
        for y, high in ((0.38, back), (-0.36, front)):
            x = side * thick * 0.6
            if pose == "lie" or (pose == "sit" and y > 0):
                joints = [(x, y * length, high), (x * 1.5, y * length - 0.1 * length, high * 0.9),
                          (x * 1.4, y * length - 0.35 * length, 0.05 * length)]  # fmt: skip
            else:
                step = float(rng.normal(0, 0.06)) * length
                joints = [(x, y * length, high), (x, y * length + 0.06 * length, high * 0.5),
                          (x, y * length + step, 0.02 * length)]  # fmt: skip
            limb = _limb(np.array(joints), (thick * 0.55, thick * 0.3, thick * 0.2))
            frame.mesh(limb, (0, 0, 0), 1, fur)
            foot = joints[-1]
            frame.ellipsoid(foot[0], foot[1] - 0.02 * length, 0.03 * length,
                            (0.09 * length, 0.13 * length, 0.06 * length), spot)  # fmt: skip
    skull = thick * 1.35
    x, y, z = _xyz(head)
    frame.ellipsoid(x, y, z, (skull, skull * 1.15, skull), fur)
    snout = float(rng.uniform(0.35, 0.9)) * skull
    frame.ellipsoid(x, y - 0.4 * skull - 0.2 * snout, z - 0.15 * skull,
                    (0.5 * skull, snout, 0.42 * skull), spot)  # fmt: skip
    dark = make.dark(0.8)
    frame.ellipsoid(x, y - 0.4 * skull - 0.68 * snout, z - 0.05 * skull,
                    (0.17 * skull, 0.12 * skull, 0.13 * skull), dark)  # fmt: skip
    drop = make.chance(0.5)
    for side in (-1.0, 1.0):
        frame.ellipsoid(x + side * 0.26 * skull, y - 0.48 * skull, z + 0.12 * skull,
                        (0.15 * skull, 0.1 * skull, 0.15 * skull), dark)  # fmt: skip
        ear = 0.1 if drop else 0.55
        frame.ellipsoid(x + side * (0.5 if drop else 0.32) * skull, y + 0.05 * skull,
                        z + ear * skull, (0.2 * skull, 0.3 * skull, 0.6 * skull), spot)  # fmt: skip
    tail = np.array([(0, 0.46 * length, back), (0.05, 0.62 * length, back + 0.1 * length),
                     (float(rng.normal(0, 0.15)), 0.75 * length,
                      max(0.03, back + float(rng.normal(0.1, 0.2)) * length))])  # fmt: skip
    frame.mesh(_limb(tail, (0.3 * thick, 0.22 * thick, 0.12 * thick)), (0, 0, 0), 1, fur)
    frame.mark(front, length * 0.8)
    frame.at(x, y).mark(z, length * 0.4)
    return length
