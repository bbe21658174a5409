"""The networks in whose features LPIPS compares pictures, without their classifiers."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from typing import Literal

from torch import nn

Backbone = Literal["alex", "vgg"]


def _alexnet() -> nn.Sequential:
    """Krizhevsky 2014 (arXiv:1404.5997): five blocks, each of one convolution."""
    return _numbered(
        [
            [nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU()],
            [nn.MaxPool2d(3, 2), nn.Conv2d(64, 192, 5, padding=2), nn.ReLU()],
            [nn.MaxPool2d(3, 2), nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()],
            [nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()],
            [nn.Conv2d(256, 256, 3, padding=1), nn.ReLU()],
        ]
    )


def _vgg16() -> nn.Sequential:
    """Simonyan and Zisserman 2015 (arXiv:1409.1556): five blocks of one size each."""
    blocks: list[list[nn.Module]] = []
    channels = 3
    for width, convolutions in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        blocks.append([nn.MaxPool2d(2)] if blocks else [])
        for _ in range(convolutions):
            blocks[-1] += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
    return _numbered(blocks)


def _numbered(blocks: list[list[nn.Module]]) -> nn.Sequential:
    """Blocks whose layers are called as in torchvision's files: by one count over all."""
    number = itertools.count()
    return nn.Sequential(
        *(nn.Sequential(OrderedDict((str(next(number)), x) for x in block)) for block in blocks)
    )


BACKBONES = {"alex": _alexnet, "vgg": _vgg16}  # each gives five blocks
