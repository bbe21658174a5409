"""Which Gaussians stay: what several photos show is kept once, from the one that shows it best."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from nvs.fusion.witness import Testimony, Witness
from nvs.photo.photo import Photo
from nvs.scene.gaussians import Gaussians
from nvs.scene.rotations import rotation_of
from nvs.splat.points import read_picture

SEAM = 0.99  # of the best photo's worth: seams overlap by a little
JUST_BEHIND = 0.08  # of logarithms: what is invented so near behind a surface is that surface
UNLIKE = 0.08  # difference of colours, 0..1, that two photos of one point do not have


@dataclasses.dataclass(frozen=True, eq=False)
class Judged:
    """What becomes of a photo's Gaussians [N]."""

    kept: Tensor  # bool
    reserve: Tensor  # bool: good ones that another photo shows better
    carved: Tensor  # bool: others see through them


def normals_of(gaussians: Gaussians) -> Tensor:
    """The direction [N, 3] in which each is thinnest."""
    axes = rotation_of(gaussians.quats)  # [N, 3, 3] columns
    thinnest = gaussians.scales.argmin(-1)
    return axes.gather(2, thinnest[:, None, None].expand(-1, 3, 1))[..., 0]


def judge(
    gaussians: Gaussians,
    index: int,
    witnesses: Sequence[Witness],
    near: Sequence[int],
    photos: Sequence[Photo],
) -> Judged:
    """Which of photo `index`'s surfaces stay, after what its neighbours `near` say.

    Args:
        gaussians: in the world.
        photos: for their colours, where depths stand against each other one to one.
    """
    normals = normals_of(gaussians)
    points = gaussians.means
    own = witnesses[index].ask(points, normals)
    best = torch.zeros_like(own.worth)
    for_it, against = own.weight.clone(), torch.zeros_like(own.weight)
    unlike = torch.zeros_like(own.agrees)
    for other in near:
        said = witnesses[other].ask(points, normals)
        # The same worth in two photos: the first one's is taken.
        rival = said.worth * (1.0 if other < index else SEAM)
        best = torch.where(said.agrees, torch.maximum(best, rival), best)
        for_it += said.weight * said.agrees
        against += said.weight * said.in_front
        color = read_picture(photos[other].rgb.cpu(), said.pixels)
        unlike |= said.in_front & ((color - gaussians.colors).abs().amax(-1) > UNLIKE)
    carved = (against > for_it) | ((against == for_it) & unlike)
    worth = own.worth
    return Judged(
        kept=own.inside & ~carved & (worth >= SEAM * best),
        reserve=own.inside & ~carved & (worth < SEAM * best),
        carved=own.inside & carved,
    )


def judge_invented(
    gaussians: Gaussians, index: int, witnesses: Sequence[Witness], near: Sequence[int]
) -> Tensor:
    """Which [N] of what was invented beside and behind photo `index` stay.

    What any photo sees, or sees through, goes; what several photos lack stays where the least had
    to be invented: from the photo whose border, or whose hiding surface, is nearest.
    """
    points = gaussians.means
    own = witnesses[index].ask(points)
    least = _invention(own)
    kept = torch.ones(len(points), dtype=torch.bool)
    for other in near:
        said = witnesses[other].ask(points)
        kept &= ~(said.agrees | said.in_front | (said.hidden & (said.hidden_by < JUST_BEHIND)))
        theirs = _invention(said)
        kept &= (least < theirs) | ((least == theirs) & (index < other))
    return kept


def _invention(said: Testimony) -> Tensor:
    """How much [N] a photo has to invent of it."""
    return said.outside_by + said.hidden_by
