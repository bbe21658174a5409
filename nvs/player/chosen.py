"""Which Gaussians of a scene are sent away: as many as a phone draws, chosen by what they show."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from nvs.rendering.render import render
from nvs.rendering.shown import thinned
from nvs.scene import harmonics
from nvs.scene.camera import Camera
from nvs.scene.formats.order import local_order
from nvs.scene.gaussians import Gaussians
from nvs.splat.colors import match_photo

REPEATS = 2  # of the solver's rounds: what is left out is much, here


def chosen(scene: Gaussians, count: int, home: Camera, others: Sequence[Camera]) -> Gaussians:
    """At most `count` Gaussians that show from `home` what all do, and from `others` nearly so.

    Their colours are solved anew for that: 600,000 of 1.7 million show a photo of 1024x768 at
    36.7 dB, with the colours that they had at 30.

    Args:
        scene: of plain colours.
        home: the photo's camera.
        others: as far away as one may go.
    """
    index = torch.from_numpy(local_order(scene.means.cpu().numpy())).to(scene.means.device)
    kept = thinned(scene, index, count, [home, *others])
    if len(kept) == len(scene):
        return scene[index]
    picture = render(scene, [home]).rgb[0].clamp(0, 1)
    every = torch.ones(len(kept), dtype=torch.bool, device=index.device)
    for _ in range(REPEATS):
        kept = match_photo(kept, every, picture, home)
    return kept[torch.from_numpy(local_order(kept.means.cpu().numpy())).to(index.device)]


def with_plain_colors(scene: Gaussians, eye: Tensor) -> Gaussians:
    """`scene` in the colours [N, 3] that it has from `eye` [3]."""
    if scene.sh_degree is None:
        return scene
    directions = torch.nn.functional.normalize(scene.means - eye.to(scene.means), dim=-1)
    basis = harmonics.basis(directions, scene.colors.shape[1])  # [N, K]
    colors = 0.5 + torch.einsum("nk,nkc->nc", basis, scene.colors)
    return dataclasses.replace(scene, colors=colors.clamp(0, 1))
