"""Tiny networks of the official shape with weights of our own making.

They cover the code on machines without the official numbers.  RandomState's stream is
frozen by numpy, so the same weights come out everywhere.
"""

import zlib

import numpy as np
import torch
from torch import Tensor

from nvs.models.infinidepth.basic_encoder import BasicEncoderSizes
from nvs.models.infinidepth.gaussian_head import DenseGaussianHead, DenseHeadSizes
from nvs.models.infinidepth.network import InfiniDepthNetwork, NetworkSizes
from nvs.models.infinidepth.prompt import PromptSizes
from nvs.models.infinidepth.vit import VitSizes

WIDTH = 24
SIZES = NetworkSizes(
    vit=VitSizes(width=WIDTH, depth=3, heads=2, hidden=32, patch_px=16, storage_tokens=4),
    basic=BasicEncoderSizes(stages=(4, 6, 8, 8), mixed=12, out=8),
    decoder=[WIDTH + 8, 40, 12, 6, 1],
    prompt=PromptSizes(width=WIDTH, blocks=2, heads=2, hidden=32, value_hidden=6),
)
HEAD_SIZES = DenseHeadSizes(rgb=(6, 8), depth=(4, 6), token=WIDTH, projector=(12, 10), regressor=8)


def numbers(name: str, shape: tuple[int, ...]) -> Tensor:
    """Normally distributed numbers that belong to `name`."""
    stream = np.random.RandomState(zlib.crc32(name.encode()))
    return torch.from_numpy(stream.standard_normal(shape).astype(np.float32))


def weights_like(module: torch.nn.Module) -> dict[str, Tensor]:
    """Weights for a module: of unit gain, so that every layer matters; buffers perturbed."""
    state = {}
    for name, value in module.state_dict().items():
        noise = numbers(name, tuple(value.shape))
        if name.startswith("_") or name.endswith(("periods", "bias_mask")):
            state[name] = value * torch.exp(0.1 * noise)
        elif value.ndim > 1 and not name.endswith(("token", "tokens", "sep", "sep_pe")):
            state[name] = noise * (2.0 / value[0].numel()) ** 0.5
        elif name.endswith(("norm1.weight", "norm2.weight", "norm.weight", "gamma")):
            state[name] = 1 + 0.2 * noise
        else:
            state[name] = 0.3 * noise
    return state


def depth_state(prompt: bool = False) -> dict[str, Tensor]:
    """The state dict of an official depth checkpoint, without its prefix."""
    sizes = SIZES if prompt else NetworkSizes(SIZES.vit, SIZES.basic, SIZES.decoder, None)
    state = weights_like(InfiniDepthNetwork(sizes))
    # Positive disparities, mostly, as a trained network has them.
    state["depth_implicit_head.out_layer.layers.6.bias"] += 4.5
    return state


def depth_network(prompt: bool = False) -> InfiniDepthNetwork:
    state = depth_state(prompt)
    network = InfiniDepthNetwork(NetworkSizes.from_state(state))
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


def head_state() -> dict[str, Tensor]:
    return weights_like(DenseGaussianHead(HEAD_SIZES))


def gaussian_head() -> DenseGaussianHead:
    state = head_state()
    head = DenseGaussianHead(DenseHeadSizes.from_state(state))
    head.load_state_dict(state)
    return head.eval().requires_grad_(False)


def picture(height: int = 64, width: int = 96) -> Tensor:
    """[1, 3, H, W] in 0..1: smooth, with an edge."""
    y, x = torch.meshgrid(torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij")
    waves = torch.stack([torch.sin(5 * x + 3 * y), torch.cos(4 * y - x), torch.sin(7 * x * y)])
    return (0.5 + 0.3 * waves + 0.2 * (x + y > 1.1)).clamp(0, 1)[None]
