"""Depth prompts: a few known depths tell the image tokens what they are worth.

Every known point becomes a token of its own; blocks of self-attention over picture and
points pass the knowledge on. Places are random Fourier features of (x, y), as in SAM.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from nvs.models.infinidepth.vit import NORM_EPSILON, FeedForward

# The released code guards its divisions by a median with one bound before the network and
# with another after it.
SMALLEST_PROMPT_MEDIAN = 1e-2
SMALLEST_MEDIAN = 1e-3


@dataclasses.dataclass(frozen=True)
class DepthPrompt:
    """Known disparities somewhere in the picture."""

    places: Tensor  # [P, 2] (x, y), 0..1 over the picture
    disparity: Tensor  # [P] 1 / z, positive

    def __len__(self) -> int:
        return len(self.disparity)

    def normalised(self, median: float) -> DepthPrompt:
        """The same places with disparities in medians, as the network was trained."""
        return DepthPrompt(self.places, self.disparity / max(median, SMALLEST_PROMPT_MEDIAN))

    @staticmethod
    def from_map(disparity: Tensor) -> DepthPrompt:
        """The known pixels (above 0) of a disparity map [H, W]."""
        height, width = disparity.shape
        y, x = torch.nonzero(disparity > 0, as_tuple=True)
        places = torch.stack([(x + 0.5) / width, (y + 0.5) / height], dim=-1)
        return DepthPrompt(places, disparity[y, x])


@dataclasses.dataclass(frozen=True)
class PromptSizes:
    """Sizes of the prompt model; `from_state` reads them off its weights."""

    width: int  # C, channels of an image token
    blocks: int
    heads: int
    hidden: int  # channels inside a block's feed-forward
    value_hidden: int  # channels between a disparity and its token

    @staticmethod
    def from_state(state: dict[str, Tensor], prefix: str) -> PromptSizes:
        """Sizes that belong to the weights whose keys begin with `prefix`.

        Raises:
            KeyError: a key that the sizes are read from is missing.
        """
        block = prefix + "prompt_model.0.prompt_blocks."
        first = block + "0."
        width = len(state[first + "attn.proj.bias"])
        blocks = {key[len(block) :].split(".")[0] for key in state if key.startswith(block)}
        return PromptSizes(
            width=width,
            blocks=len(blocks),
            heads=max(width // len(state[first + "attn.norm1.weight"]), 1),
            hidden=len(state[first + "mlp.fc1.bias"]),
            value_hidden=len(state[prefix + "prompt_model.0.depth2feature.0.bias"]),
        )


class PromptModel(nn.Module):
    """The prompt model of each tapped layer; the released network has one."""

    def __init__(self, sizes: PromptSizes) -> None:
        super().__init__()
        self.prompt_model = nn.ModuleList([LayerPrompt(sizes)])

    def forward(self, tokens: Tensor, rows: int, columns: int, prompt: DepthPrompt) -> Tensor:
        """Image tokens [1, rows·columns, C] that know of `prompt`, its disparity normalised."""
        return self.prompt_model[0](tokens, rows, columns, prompt)


class LayerPrompt(nn.Module):
    """Prompt tokens made of values and places, then blocks that mix them into the picture."""

    def __init__(self, sizes: PromptSizes) -> None:
        super().__init__()
        self.depth2feature = nn.Sequential(
            nn.Linear(1, sizes.value_hidden), nn.GELU(), nn.Linear(sizes.value_hidden, sizes.width)
        )
        self.pe_layer = FourierPlaces(sizes.width)
        self.prompt_blocks = nn.ModuleList(PromptBlock(sizes) for _ in range(sizes.blocks))

    def forward(self, tokens: Tensor, rows: int, columns: int, prompt: DepthPrompt) -> Tensor:
        image_places = self.pe_layer(patch_places(rows, columns).to(tokens))[None]
        prompt_places = self.pe_layer(prompt.places)[None]  # [1, P, C]
        context = self.depth2feature(prompt.disparity[None, :, None])  # [1, P, C]
        for block in self.prompt_blocks:
            tokens, context = block(tokens, context, image_places, prompt_places)
        return tokens


class FourierPlaces(nn.Module):
    """Places [..., 2] in 0..1 → sine and cosine of random frequencies [..., C]."""

    positional_encoding_gaussian_matrix: Tensor  # [2, C / 2]

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("positional_encoding_gaussian_matrix", torch.randn(2, width // 2))

    def forward(self, places: Tensor) -> Tensor:
        angles = 2 * math.pi * ((2 * places - 1) @ self.positional_encoding_gaussian_matrix)
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


class PromptBlock(nn.Module):
    """Self-attention and feed-forward over image tokens, a separator, and prompt tokens."""

    def __init__(self, sizes: PromptSizes) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(sizes.width, eps=NORM_EPSILON)
        self.attn = PlacedAttention(sizes)
        self.norm2 = nn.LayerNorm(sizes.width, eps=NORM_EPSILON)
        self.mlp = FeedForward(sizes.width, sizes.hidden)
        self.sep = nn.Parameter(torch.zeros(1, 1, sizes.width))
        self.sep_pe = nn.Parameter(torch.zeros(1, 1, sizes.width))

    def forward(
        self, tokens: Tensor, context: Tensor, image_places: Tensor, prompt_places: Tensor
    ) -> tuple[Tensor, Tensor]:
        count = tokens.shape[1]
        places = torch.cat([image_places, self.sep_pe, prompt_places], dim=1)
        x = torch.cat([tokens, self.sep, context], dim=1)
        x = x + self.attn(self.norm1(x), places)
        x = x + self.mlp(self.norm2(x))
        return x[:, :count], x[:, count + 1 :]  # each block brings a separator of its own


class PlacedAttention(nn.Module):
    """Self-attention in which places are added to queries and keys, never to values."""

    def __init__(self, sizes: PromptSizes) -> None:
        super().__init__()
        self.heads = sizes.heads
        head_width = sizes.width // sizes.heads
        self.qkv = nn.Linear(sizes.width, 3 * sizes.width, bias=False)
        self.norm1 = nn.LayerNorm(head_width, eps=NORM_EPSILON)
        self.norm2 = nn.LayerNorm(head_width, eps=NORM_EPSILON)
        self.proj = nn.Linear(sizes.width, sizes.width)

    def forward(self, x: Tensor, places: Tensor) -> Tensor:
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        q = self.norm1(self._split(q + places))
        k = self.norm2(self._split(k + places))
        attended = functional.scaled_dot_product_attention(q, k, self._split(v))
        return self.proj(attended.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        """[B, T, C] → [B, heads, T, C / heads]."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def patch_places(rows: int, columns: int) -> Tensor:
    """(x, y) of each patch's centre [rows·columns, 2], 0..1 over the picture."""
    y, x = ((torch.arange(count) + 0.5) / count for count in (rows, columns))
    return torch.cartesian_prod(y, x).flip(-1)
