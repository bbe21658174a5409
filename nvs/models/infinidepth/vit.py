"""The vision transformer of the DINOv3 kind, under the official key names.

Source: Siméoni et al., "DINOv3" (2025); the released InfiniDepth uses its ViT-L/16.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

NORM_EPSILON = 1e-5


@dataclasses.dataclass(frozen=True)
class VitSizes:
    """Sizes of the transformer; `from_state` reads them off its weights."""

    width: int  # C, channels of a token
    depth: int  # blocks
    heads: int
    hidden: int  # channels inside a block's feed-forward
    patch_px: int
    storage_tokens: int  # register tokens beside the class token

    @staticmethod
    def from_state(state: dict[str, Tensor], prefix: str) -> VitSizes:
        """Sizes that belong to the weights whose keys begin with `prefix`.

        Raises:
            KeyError: a key that the sizes are read from is missing.
        """
        width, _, patch_px, _ = state[prefix + "patch_embed.proj.weight"].shape
        # Two axes, sine and cosine: a head is four times as wide as the list of periods.
        head_width = 4 * len(state[prefix + "rope_embed.periods"])
        block = prefix + "blocks."
        blocks = {key[len(block) :].split(".")[0] for key in state if key.startswith(block)}
        return VitSizes(
            width=width,
            depth=len(blocks),
            heads=max(width // head_width, 1),
            hidden=state[block + "0.mlp.fc1.weight"].shape[0],
            patch_px=patch_px,
            storage_tokens=state[prefix + "storage_tokens"].shape[1],
        )


class VisionTransformer(nn.Module):
    """Picture → one normalised token a patch, of the last block.

    The released model also computes three shallower layers and throws them away; here only
    what is used is computed.
    """

    def __init__(self, sizes: VitSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.cls_token = nn.Parameter(torch.zeros(1, 1, sizes.width))
        self.storage_tokens = nn.Parameter(torch.zeros(1, sizes.storage_tokens, sizes.width))
        # Only masked training reads it; checkpoints hold it.
        self.mask_token = nn.Parameter(torch.zeros(1, sizes.width))
        self.patch_embed = PatchEmbedding(sizes)
        self.rope_embed = RotaryEmbedding(sizes.width // sizes.heads)
        self.blocks = nn.ModuleList(Block(sizes) for _ in range(sizes.depth))
        self.norm = nn.LayerNorm(sizes.width, eps=NORM_EPSILON)

    def forward(self, picture: Tensor) -> Tensor:
        """Normalised colours [B, 3, H, W], H and W multiples of the patch → [B, h·w, C]."""
        tokens = self.embed(picture)
        rotation = self.rotation(picture)
        for block in self.blocks:
            tokens = block(tokens, rotation)
        return self.norm(tokens[:, self.prefix :])

    def embed(self, picture: Tensor) -> Tensor:
        """Class token, storage tokens, then the patches row by row [B, prefix + h·w, C]."""
        patches = self.patch_embed(picture).flatten(1, 2)
        batch = len(patches)
        special = torch.cat([self.cls_token, self.storage_tokens], dim=1).expand(batch, -1, -1)
        return torch.cat([special, patches], dim=1)

    def rotation(self, picture: Tensor) -> Rotation:
        """The rotary embedding of a picture's [B, 3, H, W] patches."""
        height, width = picture.shape[-2:]
        patch = self.sizes.patch_px
        return self.rope_embed(height // patch, width // patch)

    @property
    def prefix(self) -> int:
        """Tokens that come before the patches."""
        return 1 + self.sizes.storage_tokens


class PatchEmbedding(nn.Module):
    """Each patch's pixels → its first token."""

    def __init__(self, sizes: VitSizes) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, sizes.width, sizes.patch_px, stride=sizes.patch_px)

    def forward(self, picture: Tensor) -> Tensor:
        return self.proj(picture).permute(0, 2, 3, 1)  # [B, h, w, C]


@dataclasses.dataclass(frozen=True)
class Rotation:
    """Sine and cosine of each patch's angles."""

    sin: Tensor  # [h·w, D], D channels a head
    cos: Tensor  # [h·w, D]


class RotaryEmbedding(nn.Module):
    """Where a patch lies, as angles: 2π · coordinate / period, y first, then x.

    Coordinates run from -1 to 1 over each axis by itself, whatever the picture's aspect.
    """

    periods: Tensor  # [D / 4]

    def __init__(self, head_width: int) -> None:
        super().__init__()
        count = head_width // 4
        self.register_buffer("periods", 100.0 ** (torch.arange(count) / count))

    def forward(self, rows: int, columns: int) -> Rotation:
        y, x = (
            2 * (torch.arange(count, device=self.periods.device) + 0.5) / count - 1
            for count in (rows, columns)
        )
        places = torch.cartesian_prod(y, x)  # [h·w, 2]
        angles = (2 * math.pi * places[:, :, None] / self.periods).flatten(1)  # [h·w, D / 2]
        angles = angles.repeat(1, 2)
        return Rotation(angles.sin(), angles.cos())


class Block(nn.Module):
    """Pre-norm self-attention and feed-forward, each with a learned scale per channel."""

    def __init__(self, sizes: VitSizes) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(sizes.width, eps=NORM_EPSILON)
        self.attn = Attention(sizes)
        self.ls1 = LayerScale(sizes.width)
        self.norm2 = nn.LayerNorm(sizes.width, eps=NORM_EPSILON)
        self.mlp = FeedForward(sizes.width, sizes.hidden)
        self.ls2 = LayerScale(sizes.width)

    def forward(self, tokens: Tensor, rotation: Rotation) -> Tensor:
        tokens = tokens + self.ls1(self.attn(self.norm1(tokens), rotation))
        return tokens + self.ls2(self.mlp(self.norm2(tokens)))


class Attention(nn.Module):
    """Self-attention; patches are rotated by their place, the tokens before them are not."""

    def __init__(self, sizes: VitSizes) -> None:
        super().__init__()
        self.heads = sizes.heads
        self.qkv = MaskedBiasLinear(sizes.width, 3 * sizes.width)
        self.proj = nn.Linear(sizes.width, sizes.width)

    def forward(self, tokens: Tensor, rotation: Rotation) -> Tensor:
        batch, count, width = tokens.shape
        qkv = self.qkv(tokens).view(batch, count, 3, self.heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each [B, heads, T, D]
        q, k = rotate(q, rotation), rotate(k, rotation)
        attended = functional.scaled_dot_product_attention(q, k, v)
        return self.proj(attended.transpose(1, 2).reshape(batch, count, width))


class MaskedBiasLinear(nn.Linear):
    """A linear layer whose bias is multiplied by a stored mask (DINOv3 has no key bias)."""

    bias_mask: Tensor  # [out]

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        mask = torch.ones(outputs)
        mask[outputs // 3 : 2 * outputs // 3] = 0  # queries, keys, values
        self.register_buffer("bias_mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight, self.bias * self.bias_mask)


class LayerScale(nn.Module):
    """A learned factor for each channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class FeedForward(nn.Module):
    """Linear, GELU, linear."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(functional.gelu(self.fc1(x)))


def rotate(x: Tensor, rotation: Rotation) -> Tensor:
    """Turn the last h·w vectors of `x` [B, heads, T, D]; channel i pairs with i + D / 2."""
    prefix = x.shape[-2] - len(rotation.sin)
    before, patches = x[..., :prefix, :], x[..., prefix:, :]
    first, second = patches.chunk(2, dim=-1)
    turned = patches * rotation.cos + torch.cat([-second, first], dim=-1) * rotation.sin
    return torch.cat([before, turned.to(x.dtype)], dim=-2)
