"""LPIPS, the perceptual distance between pictures, for training and for evaluation."""

from __future__ import annotations

import contextlib
import importlib
import pickle
import socket
import sys
import urllib.error
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from nvs.errors import InputError
from nvs.files import check_readable

Backbone = Literal["alex", "vgg", "squeeze"]

_WEIGHT_FILES = {  # on download.pytorch.org/models
    "alex": "alexnet-owt-7be5be79.pth",
    "vgg": "vgg16-397923af.pth",
    "squeeze": "squeezenet1_1-b8a52dc0.pth",
}
_SMALLEST_SIDE = 32  # AlexNet's strides leave nothing of a smaller picture
_DOWNLOAD_TIMEOUT_S = 15.0


class PerceptualLoss(nn.Module):
    """Distance between pictures in the features of a network (Zhang et al. 2018).

    `name` says what it is: "LPIPS (alex)", or "random alex features", which is not LPIPS and
    cannot be compared with published figures.
    """

    def __init__(self, network: nn.Module, name: str) -> None:
        super().__init__()
        self.network = network
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
        first, second = (image.permute(0, 3, 1, 2) * 2 - 1 for image in (prediction, truth))
        return self.network(first, second).flatten()

    def distance_map(self, prediction: Tensor, truth: Tensor) -> Tensor:
        """The distance at every pixel, [B, H, W]: what `forward` is the mean of, upsampled."""
        first, second = (image.permute(0, 3, 1, 2) * 2 - 1 for image in (prediction, truth))
        setattr(self.network, "spatial", True)  # noqa: B010 (lpips' own switch)
        try:
            return self.network(first, second)[:, 0]
        finally:
            setattr(self.network, "spatial", False)  # noqa: B010


def perceptual_loss(
    weights: Path | None = None, random_features: bool = False, net: Backbone = "alex"
) -> PerceptualLoss:
    """LPIPS 0.1 with its backbone's ImageNet weights, frozen, in evaluation mode.

    Args:
        weights: torchvision's file of the backbone, e.g. `alexnet-owt-7be5be79.pth`; without
            it, torch's download cache is used and, at the first time, filled.
        random_features: no ImageNet weights at all but random ones, the same in every run: an
            honest stand-in on a machine without network, and named as such.
        net: "alex", "vgg" or "squeeze".

    Raises:
        InputError: lpips is not installed, both or neither kind of weights can be had, or the
            file holds something else.
    """
    if weights is not None and random_features:
        raise InputError("give perceptual weights or ask for random features, not both")
    lpips = _import_lpips()
    if random_features:
        with torch.random.fork_rng(devices=[]), _quiet():
            torch.manual_seed(0)
            network = lpips.LPIPS(net=net, lpips=False, pnet_rand=True, verbose=False)
        return _frozen(network, f"random {net} features")
    if weights is not None:
        with _quiet():
            network = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
        _fill_backbone(network.net, weights, net)
        return _frozen(network, f"LPIPS ({net})")
    try:
        with _quiet(), _download_timeout():
            network = lpips.LPIPS(net=net, verbose=False)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise InputError(
            f"LPIPS needs {_WEIGHT_FILES[net]} from download.pytorch.org, which cannot be reached "
            f"({reason}): give the file (weights), or ask for random features (random_features)"
        ) from None
    return _frozen(network, f"LPIPS ({net})")


def import_torchvision() -> None:
    """Import torchvision, also where a CUDA build of it stands beside a CPU build of torch.

    There the compiled operators cannot be loaded, and the import fails where it registers
    derivatives for two of them.  Nothing here calls those, so that declaring them is enough.

    Raises:
        ImportError, RuntimeError: whatever else is wrong with the installation.
    """
    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if "operator torchvision::nms does not exist" not in str(error):
            raise
        for name in [m for m in sys.modules if m.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        for operator in ("nms", "qnms"):
            _DECLARATIONS.define(
                f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            )
        importlib.import_module("torchvision")


# The declared operators live as long as this object.
_DECLARATIONS = torch.library.Library("torchvision", "FRAGMENT")


def _import_lpips() -> Any:  # noqa: ANN401 (a module)
    try:
        import_torchvision()
        import lpips
    except ImportError as error:
        raise InputError(
            f"the perceptual distance needs {error.name}: pip install lpips torchvision"
        ) from None
    return lpips


def _fill_backbone(backbone: nn.Module, path: Path, net: Backbone) -> None:
    """Torchvision's `features.7.weight` is called `slice3.7.weight` in lpips."""
    try:
        stored = torch.load(check_readable(path), map_location="cpu", weights_only=True)
        arrays = {k: stored["features." + k.split(".", 1)[1]] for k in backbone.state_dict()}
        backbone.load_state_dict(arrays)
    except InputError:
        raise
    except (OSError, RuntimeError, KeyError, TypeError, EOFError, pickle.UnpicklingError):
        raise InputError(
            f"{path} does not hold torchvision's weights of {net} ({_WEIGHT_FILES[net]})"
        ) from None


def _frozen(network: nn.Module, name: str) -> PerceptualLoss:
    return PerceptualLoss(network.eval().requires_grad_(False), name)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the deprecation warnings that lpips' own calls cause."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="torchvision.models")
        yield


@contextlib.contextmanager
def _download_timeout() -> Iterator[None]:
    """A network that swallows packets must not stop a run for minutes."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_DOWNLOAD_TIMEOUT_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
