"""One sky over all photos: it is so far away that a direction is all there is to it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nvs.fusion.witness import Witness
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians


def on_common_dome(sky: Gaussians, camera: Camera, factor: float, centre: Tensor) -> Gaussians:
    """A photo's sky (in its camera's space) in the world, around `centre`, so many times as far."""
    pose = camera.camera_to_world.clone()
    pose[:3, 3] = centre
    return sky.scaled(factor).moved(pose)


def own_sky(
    sky: Gaussians, index: int, witnesses: Sequence[Witness], near: Sequence[int], centre: Tensor
) -> Tensor:
    """Which [N] of a photo's sky on the dome around `centre` it shows best of all."""
    direction = sky.means - centre
    here = witnesses[index]
    worth = here.ask(here.camera.camera_to_world[:3, 3] + direction).worth
    kept = torch.ones(len(sky), dtype=torch.bool)
    for other in near:
        there = witnesses[other]
        said = there.ask(there.camera.camera_to_world[:3, 3] + direction)
        better = (said.worth > worth) | ((said.worth == worth) & (other < index))
        kept &= ~(said.sky & better)
    return kept


def own_backdrop(
    sky: Gaussians, index: int, witnesses: Sequence[Witness], near: Sequence[int], centre: Tensor
) -> Tensor:
    """Which [N] of the coarse sky behind a photo no other photo is nearer to showing."""
    direction = sky.means - centre
    here = witnesses[index]
    outside = here.ask(here.camera.camera_to_world[:3, 3] + direction).outside_by
    kept = torch.ones(len(sky), dtype=torch.bool)
    for other in near:
        there = witnesses[other]
        theirs = there.ask(there.camera.camera_to_world[:3, 3] + direction).outside_by
        kept &= (outside < theirs) | ((outside == theirs) & (index < other))
    return kept
