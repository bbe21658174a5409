"""The concatenating decoder: features of both encoders at a point → its disparity.

Two ways of computing the same: `DisparityDecoder.forward` in the plain order (read, then
concatenate, then the layers), and `ProjectedDecoder`, several times as fast on a CPU.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

# Points are read just inside the picture, as the released weights were trained.
EDGE = 1e-6


class DisparityDecoder(nn.Module):
    """(transformer, CNN) features at a point → Linear, ReLU, ... → ELU, one value.

    The place itself is no input.  Outside the picture the features are zero, so that near
    its border they fade: half of them are left at an edge, a quarter at a corner.
    """

    def __init__(self, widths: list[int]) -> None:
        """`widths` of the layers, from the concatenated features to the one output."""
        super().__init__()
        self.out_layer = Perceptron(widths)

    def forward(self, grids: list[Tensor], yx: Tensor) -> Tensor:
        """Disparity [1, N, 1], unaligned, above -1.

        Args:
            grids: feature maps [1, C_k, h_k, w_k] that span the picture.
            yx: points [1, N, 2], (y, x) with -1 and 1 at the picture's edges.
        """
        places = yx.clamp(-1 + EDGE, 1 - EDGE).flip(-1)[:, None]  # [1, 1, N, 2] (x, y)
        features = [
            functional.grid_sample(grid, places, mode="bilinear", align_corners=False)
            for grid in grids
        ]
        stacked = torch.cat(features, dim=1)[:, :, 0].transpose(1, 2)  # [1, N, ΣC_k]
        return functional.elu(self.out_layer(stacked))


class Perceptron(nn.Module):
    """Linear layers with ReLU between them."""

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    @property
    def first(self) -> nn.Linear:
        """The layer that reads the features."""
        layer = self.layers[0]
        assert isinstance(layer, nn.Linear)
        return layer

    @staticmethod
    def widths_from_state(state: dict[str, Tensor], prefix: str) -> list[int]:
        """Widths that belong to the weights whose keys begin with `prefix`.

        Raises:
            KeyError: there is no first layer.
        """
        weights = [state[prefix + "layers.0.weight"]]
        while (key := f"{prefix}layers.{2 * len(weights)}.weight") in state:
            weights.append(state[key])
        return [weights[0].shape[1], *(weight.shape[0] for weight in weights)]

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class ProjectedDecoder:
    """The decoder of one picture, its first layer already applied to the feature maps.

    A bilinear read is a weighted sum, and so is a linear layer: W·read(F) = read(W·F).
    Projected once, the maps become rows of one table; a point is then a weighted sum of
    eight rows (four of each map) and the bias, and only the small layers remain.
    Differentiable in the points, which is all that normals and the query ask for.
    """

    # One chunk's first layer stays in the cache of a CPU core.
    CHUNK = 4096

    def __init__(self, decoder: DisparityDecoder, grids: list[Tensor]) -> None:
        """`grids` as for `DisparityDecoder.forward`."""
        first = decoder.out_layer.first
        self.rest = decoder.out_layer.layers[1:]  # from the first ReLU on
        self.sizes = [(grid.shape[-2], grid.shape[-1]) for grid in grids]  # (h_k, w_k)
        parts = first.weight.split([grid.shape[1] for grid in grids], dim=1)
        # The bias is one more row, always read with weight 1.
        counts = [height * width for height, width in self.sizes]
        self.table = first.weight.new_empty(sum(counts) + 1, first.out_features)  # [rows, D]
        for rows, grid, part in zip(self.table.split([*counts, 1]), grids, parts, strict=False):
            torch.mm(grid[0].flatten(1).T, part.T, out=rows)
        self.table[-1] = first.bias

    def __call__(self, uv: Tensor) -> Tensor:
        """Disparity [N] at points `uv` [N, 2], (x, y) in 0..1 over the picture."""
        uv = uv.clamp(EDGE / 2, 1 - EDGE / 2)
        if len(uv) == 0:
            return uv.new_zeros(0)
        indices, weights = self._sums(uv)
        values = []
        for index, weight in zip(indices.split(self.CHUNK), weights.split(self.CHUNK), strict=True):
            first = functional.embedding_bag(
                index, self.table, per_sample_weights=weight, mode="sum"
            )  # [n, D]
            values.append(functional.elu(self.rest(first))[:, 0])
        return torch.cat(values)

    def _sums(self, uv: Tensor) -> tuple[Tensor, Tensor]:
        """Which rows of the table each point adds up [N, 9], and their weights [N, 9]."""
        indices, weights = [], []
        start = 0
        for height, width in self.sizes:
            index, weight = bilinear(uv, height, width)
            indices.append(index + start)
            weights.append(weight)
            start += height * width
        indices.append(torch.full_like(indices[0][:, :1], start))  # the bias
        weights.append(torch.ones_like(weights[0][:, :1]))
        return torch.cat(indices, dim=1), torch.cat(weights, dim=1)


def bilinear(uv: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """The rows of a map that a point reads [N, 4], and their weights [N, 4].

    `uv` [N, 2] is (x, y) in 0..1 over the map, its first value lying at half a cell.
    Beyond the outermost values the map is zero: weights there are zero.
    """
    size = uv.new_tensor([width, height])
    position = uv * size - 0.5
    corner = position.detach().floor()
    fraction = position - corner  # [N, 2]
    corners = torch.stack([corner, corner + 1], dim=-1)  # [N, 2, 2] (axis, side)
    shares = torch.stack([1 - fraction, fraction], dim=-1)
    inside = (corners >= 0) & (corners < size[:, None])
    shares = shares * inside
    cells = torch.minimum(corners.clamp(min=0), size[:, None] - 1).long()
    index = cells[:, 1, :, None] * width + cells[:, 0, None, :]  # [N, 2, 2] (y side, x side)
    weight = shares[:, 1, :, None] * shares[:, 0, None, :]
    return index.flatten(1), weight.flatten(1)
