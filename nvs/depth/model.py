"""What makes depth fields of photos: our own network, the released ones, those to come."""

from __future__ import annotations

import abc

from torch import Tensor, nn

from nvs.depth.field import DepthField
from nvs.depth.known import KnownDepth, Use
from nvs.depth.prompt_network import PromptNetwork
from nvs.scene.camera import Camera


class DepthModel(nn.Module, abc.ABC):
    """A module that sees depth in a picture."""

    def __init__(self) -> None:
        super().__init__()
        # Of those that complete what they have seen: what sees known depth beside it, trained
        # later and kept in a file of its own.
        self.prompts: PromptNetwork | None = None

    @property
    def uses(self) -> frozenset[Use]:
        """What it does with known depth; nothing where it has no use for it."""
        return frozenset()

    @property
    @abc.abstractmethod
    def input_area_px(self) -> float:
        """It sees every picture with about so many pixels."""

    @property
    @abc.abstractmethod
    def feature_channels(self) -> int:
        """Channels of `DepthField.features` of its fields."""

    def own_state(self) -> dict[str, Tensor]:
        """The weights that tell this network from all others."""
        return self.state_dict()

    @property
    def completes(self) -> bool:
        """Whether it sees nothing of a prompt, which completes what it has seen (`completed`)."""
        return False

    def completed(self, field: DepthField, known: KnownDepth, rgb: Tensor) -> DepthField:
        """A field that this network saw in a picture [H, W, 3], completed by what is known."""
        raise NotImplementedError

    @abc.abstractmethod
    def field(
        self,
        rgb: Tensor,
        camera: Camera,
        known: KnownDepth | None = None,
        *,
        focal_known: bool = False,
    ) -> DepthField:
        """The depth field of a picture `rgb` [H, W, 3] in 0..1, seen by `camera`.

        Args:
            known: what is known of the depth; given to models that have a use for it only.
            focal_known: the camera's focal length is the lens's, not an assumption.
        """
