"""What a user knows of a photo's depth, and the field that a model makes of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from nvs.commands.options import RunOptions
from nvs.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from nvs.depth.field import DepthField
    from nvs.photo.photo import Photo
    from nvs.pipeline import Model
    from nvs.stages import Stages


@dataclasses.dataclass(frozen=True)
class KnownDepthOptions:
    """Known depth for the released models: a prompt, or what their scale is fitted to."""

    depth_prompt: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Tell the model what is known: sparse or coarse depth in metres, 0 where unknown. For
    --model infinidepth-sensor; --model infinidepth takes its scale from it."""

    metric_model: Annotated[str | None, tyro.conf.arg(metavar="MODEL")] = None
    """Where no depth is known: a model whose depth is in metres, to take the scale from."""

    def field(self, model: Model, photo: Photo, run: RunOptions, stages: Stages) -> DepthField:
        """The depth that `model` sees in the photo; where its scale comes from is printed.

        Raises:
            InputError: both options at once, a file that cannot be used, or a model that has
                no use for known depth.
        """
        known: Tensor | DepthField | None = None
        if self.depth_prompt is not None:
            if self.metric_model is not None:
                raise InputError("--depth-prompt says the scale: leave out --metric-model")
            stages("reading the depth")
            known = read_depth_of(photo, self.depth_prompt)
        elif self.metric_model is not None:
            known = self._metric_field(photo, run, stages)
        stages("encoding the photo")
        field = model.depth_field(photo, known)
        if field.note is not None:
            stages.end()
            print(f"note: {field.note}")
        return field

    def _metric_field(self, photo: Photo, run: RunOptions, stages: Stages) -> DepthField:
        from nvs.models.registry import load_model

        assert self.metric_model is not None
        stages("asking the metric model")
        field = load_model(self.metric_model, device=run.device).depth_field(photo)
        if field.unit != "m":
            raise InputError(f"--metric-model {self.metric_model} knows no metres: it is relative")
        return field


def read_depth_of(photo: Photo, path: Path) -> Tensor:
    """A depth map [h, w] of any size that shows what the photo shows; 0 = unknown.

    Raises:
        InputError: a file that cannot be read, or a map of another shape.
    """
    from nvs.depth.file import read_depth_file

    depth = read_depth_file(path)
    height, width = depth.shape
    stretch = (width / height) / (photo.camera.width / photo.camera.height)
    if not 0.95 < stretch < 1.05:
        raise InputError(
            f"{path} is {width}x{height}, another shape than the photo's "
            f"{photo.camera.width}x{photo.camera.height}: give a depth map of the whole photo"
        )
    return depth
