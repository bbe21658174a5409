"""Photos of one place, taken at different exposures, brought to one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from nvs.fusion.posed import SeenDepth
from nvs.fusion.witness import SAME_SURFACE
from nvs.photo.photo import Photo
from nvs.photo.transfer import light_to_srgb, srgb_to_light
from nvs.splat.points import read_picture

COMPARED_PX = 160  # longer side: colours are compared as means over some pixels
DARKEST, BRIGHTEST = 0.05, 0.93  # sRGB: outside of it a camera's curve tells no light
FEWEST = 150  # places that two photos share
TO_ONE = 0.02  # how much gains are drawn to 1, against one pair's word
LEAST_CHANGE = 0.01  # of logarithms: gains that nobody sees are none
GREY = 3 / 255  # so near each other are the colours of a picture that has none


def gains(
    photos: Sequence[Photo], maps: Sequence[SeenDepth], near: Sequence[Sequence[int]]
) -> Tensor:
    """What each photo's light [N, 3] (red, green, blue) is to be multiplied by.

    Least squares over log ratios of linear light at surfaces that two photos share (the middle
    one of each pair's), their mean 0: the pictures are as bright together as they were.

    Args:
        maps: of COMPARED_PX.
        near: the photos that each one is compared with.
    """
    count = len(photos)
    small = [
        photo.resized_to(max(seen.depth.shape)).rgb.cpu()
        for photo, seen in zip(photos, maps, strict=True)
    ]
    colorless = [bool((rgb.amax(-1) - rgb.amin(-1)).max() < GREY) for rgb in small]
    system = TO_ONE * torch.eye(count, dtype=torch.float64)
    wanted = torch.zeros(count, 3, dtype=torch.float64)
    for i, row in enumerate(near):
        for j in row:
            ratio = _log_ratio(small[i], maps[i], small[j], maps[j])
            if ratio is None:
                continue
            if colorless[i] != colorless[j]:  # no light turns one into the other
                ratio = ratio.mean().expand(3)
            # log gain_i + log light_i = log gain_j + log light_j
            system[i, i] += 1
            system[j, j] += 1
            system[i, j] -= 1
            system[j, i] -= 1
            wanted[i] += ratio
            wanted[j] -= ratio
    logs = torch.linalg.solve(system, wanted)
    logs = logs - logs.mean(0)
    logs[logs.abs().amax(-1) < LEAST_CHANGE] = 0
    return logs.exp().float()


def _log_ratio(rgb: Tensor, seen: SeenDepth, other_rgb: Tensor, other: SeenDepth) -> Tensor | None:
    """Middle log(other's light / own light) [3] where both show one surface; None for too few."""
    there = other.at(seen.points())
    shared = (seen.depth > 0) & (there.depth > 0) & (there.log_ratio.abs() < SAME_SURFACE)
    own = rgb[shared]
    theirs = read_picture(other_rgb, there.pixels[shared])
    usable = torch.stack([own, theirs]).amin(0).amin(-1) > DARKEST
    usable &= torch.stack([own, theirs]).amax(0).amax(-1) < BRIGHTEST
    if int(usable.sum()) < FEWEST:
        return None
    return (linear(theirs[usable]) / linear(own[usable])).log().median(0).values.double()


def exposed(photo: Photo, gain: Tensor) -> Photo:
    """The photo with its light multiplied by `gain` [3]."""
    if bool((gain == 1).all()):
        return photo
    rgb = encoded(linear(photo.rgb) * gain.to(photo.rgb)).clamp(0, 1)
    return dataclasses.replace(photo, rgb=rgb)


def linear(rgb: Tensor) -> Tensor:
    """sRGB → light."""
    return torch.from_numpy(srgb_to_light(rgb.double().cpu().numpy())).to(rgb)


def encoded(light: Tensor) -> Tensor:
    """Light → sRGB."""
    return torch.from_numpy(light_to_srgb(light.double().cpu().numpy())).to(light)
