"""One sky over all photos: it is so far away that a direction is all there is to it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nvs.fusion.witness import Testimony, Witness
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians


def on_common_dome(sky: Gaussians, camera: Camera, centre: Tensor) -> Gaussians:
    """A photo's sky (in its camera's space) in the world, around `centre`."""
    pose = camera.camera_to_world.clone()
    pose[:3, 3] = centre
    return sky.moved(pose)


def own_sky(
    sky: Gaussians, index: int, witnesses: Sequence[Witness], near: Sequence[int], centre: Tensor
) -> Tensor:
    """Which [N] of a photo's sky on the dome around `centre` it shows best of all."""
    direction = sky.means - centre
    worth = _asked(witnesses[index], direction).worth
    kept = torch.ones(len(sky), dtype=torch.bool)
    for other in near:
        said = _asked(witnesses[other], direction)
        better = (said.worth > worth) | ((said.worth == worth) & (other < index))
        kept &= ~(said.sky & better)
    return kept


def own_backdrop(
    sky: Gaussians, index: int, witnesses: Sequence[Witness], near: Sequence[int], centre: Tensor
) -> Tensor:
    """Which [N] of the coarse sky behind a photo no other photo is nearer to showing."""
    direction = sky.means - centre
    outside = _asked(witnesses[index], direction).outside_by
    kept = torch.ones(len(sky), dtype=torch.bool)
    for other in near:
        theirs = _asked(witnesses[other], direction).outside_by
        kept &= (outside < theirs) | ((outside == theirs) & (index < other))
    return kept


def _asked(witness: Witness, direction: Tensor) -> Testimony:
    """What a photo says of places that lie so [N, 3] from its own camera."""
    return witness.ask(witness.camera.camera_to_world[:3, 3] + direction)
