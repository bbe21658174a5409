"""What a transformer's patches are too coarse for: a small convolutional look at the picture."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class DetailStem(nn.Module):
    """Picture [B, 3, H, W] in 0..1, sides multiples of 4 → maps at strides 2 and 4."""

    def __init__(self, channels: tuple[int, int]) -> None:
        super().__init__()
        half, quarter = channels
        # Kernels of even size: a map's cell is centred on the pixels that it covers.
        self.to_half = nn.Conv2d(3, half, 4, stride=2, padding=1)
        self.mix_at_half = ResidualConvs(half)
        self.to_quarter = nn.Conv2d(half, quarter, 4, stride=2, padding=1)
        self.mix_at_quarter = ResidualConvs(quarter)

    def forward(self, picture: Tensor) -> list[Tensor]:
        half = self.mix_at_half(self.to_half((picture - 0.45) / 0.25))
        return [half, self.mix_at_quarter(self.to_quarter(functional.relu(half)))]


class ResidualConvs(nn.Module):
    """x + conv(relu(conv(relu(x)))), as DPT refines its maps (Ranftl et al. 2021)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(functional.relu(self.first(functional.relu(x))))
