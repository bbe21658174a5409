"""Real spherical harmonics, as 3DGS files hold colours by them."""

from __future__ import annotations

import torch
from torch import Tensor

CONSTANT = 0.28209479177387814  # 1 / (2·√π): what the first coefficient is multiplied by


def basis(directions: Tensor, count: int) -> Tensor:
    """The first `count` (1, 4, 9 or 16) harmonics [N, count] in unit `directions` [N, 3].

    Order and signs are those of 3DGS and gsplat.
    """
    x, y, z = directions.unbind(-1)
    one = torch.ones_like(x)
    xx, yy, zz = x * x, y * y, z * z
    found = [
        CONSTANT * one,
        *(0.4886025119029199 * v for v in (-y, z, -x)),
        1.0925484305920792 * x * y,
        -1.0925484305920792 * y * z,
        0.31539156525252005 * (2 * zz - xx - yy),
        -1.0925484305920792 * x * z,
        0.5462742152960396 * (xx - yy),
        -0.5900435899266435 * y * (3 * xx - yy),
        2.890611442640554 * x * y * z,
        -0.4570457994644658 * y * (4 * zz - xx - yy),
        0.3731763325901154 * z * (2 * zz - 3 * xx - 3 * yy),
        -0.4570457994644658 * x * (4 * zz - xx - yy),
        1.445305721320277 * z * (xx - yy),
        -0.5900435899266435 * x * (xx - 3 * yy),
    ]
    return torch.stack(found[:count], dim=-1)


def turned_harmonics(colors: Tensor, rotation: Tensor) -> Tensor:
    """Coefficients [N, K, 3] of the same colours after everything turned by `rotation` [3, 3].

    A direction d shows afterwards what Rᵀd showed before.  Harmonics of one degree turn into
    each other, so the matrix between their coefficients follows from any directions that are
    more than they: here as many as K times four, by least squares.
    """
    count = colors.shape[1]
    golden = torch.pi * (3 - 5**0.5)
    k = torch.arange(4 * count, dtype=torch.float64) + 0.5
    height, around = 1 - 2 * k / len(k), golden * k
    radius = (1 - height * height).sqrt()
    after = torch.stack([radius * around.cos(), radius * around.sin(), height], dim=-1)
    before = after @ rotation.double().cpu()  # each Rᵀd
    turn = torch.linalg.lstsq(basis(after, count), basis(before, count)).solution  # [K, K]
    return torch.einsum("kj,njc->nkc", turn.to(colors), colors)
