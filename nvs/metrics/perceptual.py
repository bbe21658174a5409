"""LPIPS, the perceptual distance between pictures, for training and for evaluation."""

from __future__ import annotations

import contextlib
import importlib.util
import pickle
import socket
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from nvs.errors import InputError
from nvs.files import check_readable
from nvs.metrics.backbones import BACKBONES, Backbone

_SOURCE = "https://download.pytorch.org/models"
_WEIGHT_FILES = {
    "alex": "alexnet-owt-7be5be79.pth",
    "vgg": "vgg16-397923af.pth",
}
# What the backbones' weights expect of pictures in -1..1.
_MEAN, _DEVIATION = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
_SMALLEST_SIDE = 32  # AlexNet's strides leave nothing of a smaller picture
_DOWNLOAD_TIMEOUT_S = 15.0


class PerceptualLoss(nn.Module):
    """Distance between pictures in the features of a network (Zhang et al. 2018).

    At each of five depths, features of unit length are subtracted and squared, their channels
    weighted and summed, and the mean is taken over the places.

    `name` says what it is: "LPIPS (alex)", or "random alex features", which is not LPIPS and
    cannot be compared with published figures.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, backbone: nn.Sequential, channels: list[Tensor] | None, name: str) -> None:
        super().__init__()
        self.backbone = backbone
        for depth, weight in enumerate(channels or [torch.ones(())] * 5):
            self.register_buffer(f"weight{depth}", weight)  # [1, C, 1, 1], or 1
        self.register_buffer("mean", torch.tensor(_MEAN).view(3, 1, 1))
        self.register_buffer("deviation", torch.tensor(_DEVIATION).view(3, 1, 1))
        self.name = name

    def forward(self, prediction: Tensor, truth: Tensor) -> Tensor:
        """Distance [B] between pictures [B, H, W, 3], sRGB 0..1; gradients reach both.

        Raises:
            ValueError: other shapes, or a side below 32 pixels.
        """
        if prediction.shape != truth.shape or truth.ndim != 4 or truth.shape[-1] != 3:
            raise ValueError(
                f"two [B, H, W, 3] pictures, not {list(prediction.shape)} and {list(truth.shape)}"
            )
        if min(truth.shape[1:3]) < _SMALLEST_SIDE:
            raise ValueError(f"a perceptual distance needs {_SMALLEST_SIDE} pixels a side")
        maps = self._distances(prediction, truth)
        return torch.stack([each.mean((1, 2, 3)) for each in maps]).sum(0)

    def distance_map(self, prediction: Tensor, truth: Tensor) -> Tensor:
        """The distance at every pixel, [B, H, W]: what `forward` is the mean of, upsampled."""
        size = truth.shape[1:3]
        maps = self._distances(prediction, truth)
        upsampled = [functional.interpolate(each, size, mode="bilinear") for each in maps]
        return torch.stack(upsampled).sum(0)[:, 0]

    def _distances(self, prediction: Tensor, truth: Tensor) -> list[Tensor]:
        """[B, 1, h, w] at each depth."""
        pairs = zip(self._features(prediction), self._features(truth), strict=True)
        return [
            (self.get_buffer(f"weight{depth}") * (first - second) ** 2).sum(1, keepdim=True)
            for depth, (first, second) in enumerate(pairs)
        ]

    def _features(self, picture: Tensor) -> Iterator[Tensor]:
        """Features [B, C, h, w] of unit length, after each block."""
        x = (picture.permute(0, 3, 1, 2) * 2 - 1 - self.mean) / self.deviation
        for block in self.backbone:
            x = block(x)
            yield x / (x.square().sum(1, keepdim=True).clamp(min=1e-20).sqrt() + 1e-10)


def perceptual_loss(
    weights: Path | None = None, random_features: bool = False, net: Backbone = "alex"
) -> PerceptualLoss:
    """LPIPS 0.1 with its backbone's ImageNet weights, frozen, in evaluation mode.

    Args:
        weights: torchvision's file of the backbone, e.g. `alexnet-owt-7be5be79.pth`; without
            it, torch's download cache is used and, at the first time, filled.
        random_features: no ImageNet weights at all but random ones, the same in every run: an
            honest stand-in on a machine without network, and named as such.
        net: "alex" or "vgg".

    Raises:
        InputError: lpips is not installed, both or neither kind of weights can be had, or the
            file holds something else.
    """
    if weights is not None and random_features:
        raise InputError("give perceptual weights or ask for random features, not both")
    if random_features:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            backbone = BACKBONES[net]()
        return _frozen(backbone, None, f"random {net} features")
    channels, backbone = _channel_weights(net), BACKBONES[net]()
    _fill(backbone, weights or _downloaded(net), net)
    return _frozen(backbone, channels, f"LPIPS ({net})")


def _frozen(backbone: nn.Sequential, channels: list[Tensor] | None, name: str) -> PerceptualLoss:
    return PerceptualLoss(backbone, channels, name).eval().requires_grad_(False)


def _channel_weights(net: Backbone) -> list[Tensor]:
    """The published weights of the channels, which the package lpips carries; its code, which
    needs torchvision, is not imported."""
    package = importlib.util.find_spec("lpips")
    if package is None or package.origin is None:
        raise InputError("the perceptual distance needs lpips: pip install lpips")
    stored = _stored(Path(package.origin).parent / "weights" / "v0.1" / f"{net}.pth")
    return [stored[f"lin{depth}.model.1.weight"] for depth in range(5)]


def _fill(backbone: nn.Sequential, path: Path, net: Backbone) -> None:
    """Our `2.6.weight` is torchvision's `features.6.weight`."""
    try:
        stored = _stored(check_readable(path))
        arrays = {k: stored["features." + k.split(".", 1)[1]] for k in backbone.state_dict()}
        backbone.load_state_dict(arrays)
    except InputError:
        raise
    except (OSError, RuntimeError, KeyError, TypeError, EOFError, pickle.UnpicklingError):
        raise InputError(
            f"{path} does not hold torchvision's weights of {net} ({_WEIGHT_FILES[net]})"
        ) from None


def _stored(path: Path) -> dict[str, Tensor]:
    return torch.load(path, map_location="cpu", weights_only=True)


def _downloaded(net: Backbone) -> Path:
    """The backbone's file in torch's download cache."""
    name = _WEIGHT_FILES[net]
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _download_timeout():
            digest = name.rpartition("-")[2].partition(".")[0]
            torch.hub.download_url_to_file(f"{_SOURCE}/{name}", str(path), digest)
    except (OSError, RuntimeError) as error:  # no network, or another file than its name says
        reason = getattr(error, "reason", error)
        raise InputError(
            f"LPIPS needs {name} from {_SOURCE}, which cannot be had ({reason}): give the file "
            "(weights), or ask for random features (random_features)"
        ) from None
    return path


@contextlib.contextmanager
def _download_timeout() -> Iterator[None]:
    """A network that swallows packets must not stop a run for minutes."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_DOWNLOAD_TIMEOUT_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
