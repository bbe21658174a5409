"""The rasterizer's plain twin: float64, every Gaussian at every pixel, autograd for gradients.

Written from gsplat 1.5.3's CUDA sources, formula by formula and without a thought for speed;
memory grows with Gaussians x pixels.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians


@dataclasses.dataclass
class TwinRendering:
    rgb: Tensor  # [C, H, W, 3]
    alpha: Tensor  # [C, H, W]
    depth: Tensor  # [C, H, W]
    doubtful: Tensor  # [C, H, W] bool: a threshold is so near that float32 may decide otherwise


def render(
    scene: Gaussians,
    cameras: Sequence[Camera],
    *,
    background: Tensor | None = None,
    mode: str = "classic",
    near_plane: float = 0.01,
    far_plane: float = 1e10,
    radius_clip: float = 0.0,
    eps2d: float = 0.3,
) -> TwinRendering:
    """`nvs.render`, slowly; its tensors may be float64 and require gradients."""
    scene = scene.map(lambda tensor: tensor.double())
    if background is None:
        background = torch.zeros(3)
    backgrounds = background.double().expand(len(cameras), 3)
    frames = []
    for camera, colour in zip(cameras, backgrounds, strict=True):
        ellipses = project(scene, camera, mode, near_plane, far_plane, radius_clip, eps2d)
        frames.append(rasterize(ellipses, camera, colour))
    return TwinRendering(*(torch.stack(images) for images in zip(*frames, strict=True)))


@dataclasses.dataclass
class Ellipses:
    """The visible Gaussians of one picture, front to back."""

    indices: Tensor  # [M]
    centers: Tensor  # [M, 2]
    conics: Tensor  # [M, 2, 2] inverse covariances
    opacities: Tensor  # [M]
    colors: Tensor  # [M, 3]
    depths: Tensor  # [M]


def project(
    scene: Gaussians,
    camera: Camera,
    mode: str,
    near_plane: float,
    far_plane: float,
    radius_clip: float,
    eps2d: float,
) -> Ellipses:
    pose = torch.linalg.inv(camera.camera_to_world.double())
    turn, shift = pose[:3, :3], pose[:3, 3]
    fx, fy, cx, cy = (float(camera.intrinsics[k]) for k in ((0, 0), (1, 1), (0, 2), (1, 2)))
    width, height = camera.width, camera.height

    means = scene.means @ turn.T + shift
    rotations = rotation_matrices(scene.quats)
    spread = turn @ rotations * scene.scales[:, None, :]
    covariances = spread @ spread.mT

    x, y, z = means.unbind(-1)
    in_front = z.detach() >= near_plane
    safe_z = torch.where(in_front, z, 1.0)
    margin_x, margin_y = 0.3 * 0.5 * width / fx, 0.3 * 0.5 * height / fy
    across = (x / safe_z).clamp(-cx / fx - margin_x, (width - cx) / fx + margin_x)
    along = (y / safe_z).clamp(-cy / fy - margin_y, (height - cy) / fy + margin_y)
    zero = torch.zeros_like(z)
    jacobian = torch.stack(
        [
            torch.stack([fx / safe_z, zero, -fx * across / safe_z], -1),
            torch.stack([zero, fy / safe_z, -fy * along / safe_z], -1),
        ],
        -2,
    )
    sharp = jacobian @ covariances @ jacobian.mT
    blurred = sharp + eps2d * torch.eye(2, dtype=torch.float64)
    determinant = torch.linalg.det(blurred)
    opacities = scene.opacities
    if mode == "antialiased":
        # The square root's slope at 0 is infinite: a Gaussian without area gets none.
        ratio = torch.linalg.det(sharp) / determinant
        opacities = opacities * torch.where(ratio > 0, ratio, 1.0).sqrt() * (ratio > 0)

    with torch.no_grad():
        sigmas = (2 * (opacities * 255).clamp(min=1).log()).sqrt().clamp(max=3.33)
        radius_x = (sigmas * blurred[:, 0, 0].sqrt()).ceil()
        radius_y = (sigmas * blurred[:, 1, 1].sqrt()).ceil()
        visible = in_front & (z <= far_plane) & (determinant > 0) & (opacities >= 1 / 255)
        visible &= (radius_x > radius_clip) | (radius_y > radius_clip)
        visible &= scene.quats.norm(dim=-1) > 0
        order = torch.argsort(z[visible].float(), stable=True)
        indices = visible.nonzero()[:, 0][order]

    centers = torch.stack([fx * x / safe_z + cx, fy * y / safe_z + cy], -1)
    eye = camera.camera_to_world[:3, 3].double()
    colors = scene.colors
    if scene.sh_degree is not None:
        directions = torch.nn.functional.normalize(scene.means - eye, dim=-1)
        basis = harmonics(directions)[:, : colors.shape[1]]
        colors = (torch.einsum("nk,nkc->nc", basis, colors) + 0.5).clamp(min=0)
    return Ellipses(
        indices,
        centers[indices],
        torch.linalg.inv(blurred[indices]),
        opacities[indices],
        colors[indices],
        z[indices],
    )


def rasterize(
    ellipses: Ellipses, camera: Camera, background: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    delta = camera.pixel_centers().double()[..., None, :] - ellipses.centers  # [H, W, M, 2]
    sigma = 0.5 * torch.einsum("hwmi,mij,hwmj->hwm", delta, ellipses.conics, delta)
    raw = (ellipses.opacities * torch.exp(-sigma)).clamp(max=0.999)
    alpha = torch.where((raw >= 1 / 255) & (sigma >= 0), raw, 0.0)
    after = torch.cumprod(1 - alpha, dim=-1)
    before = torch.cat([torch.ones_like(after[..., :1]), after[..., :-1]], dim=-1)
    goes_on = after > 1e-4
    weight = torch.where(goes_on, alpha * before, 0.0)
    transmittance = torch.where(goes_on, 1 - alpha, 1.0).prod(dim=-1)
    covered = 1 - transmittance
    rgb = weight @ ellipses.colors + transmittance[..., None] * background
    depth = weight @ ellipses.depths
    some = covered > 0
    expected_depth = torch.where(some, depth / torch.where(some, covered, 1.0), 0.0)
    with torch.no_grad():
        doubtful = ((raw * 255).log().abs() < 1e-4) | ((after / 1e-4).log().abs() < 1e-2)
    return rgb, covered, expected_depth, doubtful.any(-1)


def rotation_matrices(quats: Tensor) -> Tensor:
    w, x, y, z = torch.nn.functional.normalize(quats, dim=-1).unbind(-1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def harmonics(directions: Tensor) -> Tensor:
    """Real spherical harmonics [N, 16] of unit directions, from the Legendre formula.

    On purpose not the polynomials of the kernel: Y_lm = N_lm P_l^|m|(z) cos|m|φ or sin|m|φ.
    """
    x, y, z = directions.unbind(-1)
    values = []
    for degree in range(4):
        for order in range(-degree, degree + 1):
            m = abs(order)
            planar = torch.complex(x, y) ** m  # sin^m θ · e^{imφ}
            legendre = legendre_derivative(degree, m, z)  # P_l^m / sin^m θ, sign included
            ratio = math.factorial(degree - m) / math.factorial(degree + m)
            norm = math.sqrt((2 * degree + 1) / (4 * math.pi) * ratio)
            part = planar.imag if order < 0 else planar.real
            values.append((math.sqrt(2) if m else 1.0) * norm * legendre * part)
    return torch.stack(values, -1)


def legendre_derivative(degree: int, order: int, z: Tensor) -> Tensor:
    """(-1)^m d^m/dz^m P_l(z): the Condon-Shortley sign, as 3DGS has it."""
    polynomial = torch.tensor([1.0], dtype=torch.float64)  # P_0, lowest power first
    previous = torch.zeros(1, dtype=torch.float64)
    for n in range(degree):  # (n+1) P_{n+1} = (2n+1) z P_n - n P_{n-1}
        raised = torch.cat([torch.zeros(1, dtype=torch.float64), polynomial])
        padded = torch.cat([previous, torch.zeros(len(raised) - len(previous))])
        previous, polynomial = polynomial, ((2 * n + 1) * raised - n * padded) / (n + 1)
    for _ in range(order):
        powers = torch.arange(1, len(polynomial), dtype=torch.float64)
        polynomial = polynomial[1:] * powers
    total = torch.zeros_like(z)
    for power, factor in enumerate(polynomial):
        total = total + factor * z**power
    return (-1) ** order * total
