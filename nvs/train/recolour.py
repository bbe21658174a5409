"""Another camera's taste: colours, exposure, contrast, blur and noise at random."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nvs.train.dice import Dice

GREY_SHARE = 0.05
BLURRED_SHARE = 0.15
BLUR_REACH_PX = 3
MEAN_NOISE = 0.015


def recoloured(picture: Tensor, dice: Dice) -> Tensor:
    """[B, 3, H, W] in 0..1, each picture in its own way."""
    grey = picture.mean(dim=1, keepdim=True)
    colourful = torch.where(dice.chance(GREY_SHARE, 1, 1, 1), 0.0, dice.uniform(0.4, 1.4, 1, 1, 1))
    picture = grey + (picture - grey) * colourful
    exposure = dice.uniform(0.9, 1.1, 3, 1, 1) * dice.uniform(0.7, 1.35, 1, 1, 1)
    picture = (picture * exposure).clamp(0, 1) ** dice.uniform(0.65, 1.5, 1, 1, 1)
    picture = (picture - 0.5) * dice.uniform(0.75, 1.25, 1, 1, 1) + 0.5
    blurred = _blurred(picture, dice.uniform(0.3, 1.5))
    picture = torch.where(dice.chance(BLURRED_SHARE, 1, 1, 1), blurred, picture)
    strength = -MEAN_NOISE * torch.log1p(-dice.uniform(0.0, 1.0, 1, 1, 1))  # exponential
    return (picture + strength * dice.normal(*picture.shape[1:])).clamp(0, 1)


def _blurred(picture: Tensor, sigma_px: Tensor) -> Tensor:
    """By a Gaussian of each picture's own width [B]."""
    batch, channels, height, width = picture.shape
    offset = torch.arange(-BLUR_REACH_PX, BLUR_REACH_PX + 1, device=picture.device)
    kernel = torch.exp(-0.5 * (offset / sigma_px[:, None]) ** 2)  # [B, 7]
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).repeat_interleave(channels, dim=0)
    padded = functional.pad(picture, [BLUR_REACH_PX] * 4, mode="replicate")
    planes = padded.flatten(0, 1)[None]  # [1, B·3, H + 6, W + 6]
    across = functional.conv2d(planes, kernel[:, None, None, :], groups=len(kernel))
    both = functional.conv2d(across, kernel[:, None, :, None], groups=len(kernel))
    return both.view(batch, channels, height, width)
