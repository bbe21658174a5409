"""What one photo gives to the scene of all."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch

from nvs.fusion.dome import on_common_dome, own_backdrop, own_sky
from nvs.fusion.keep import judge, judge_invented
from nvs.fusion.posed import PosedPhoto
from nvs.fusion.records import FusionSettings
from nvs.fusion.witness import Witness
from nvs.pipeline import Model
from nvs.scene.gaussians import Gaussians
from nvs.splat.backfill.invent import invented


@dataclasses.dataclass(frozen=True, eq=False)
class PhotoParts:
    """Gaussians of one photo, in the world."""

    surfaces: Gaussians  # that it shows best
    reserve: Gaussians  # that another shows better
    carved: Gaussians  # that others see through
    sky: Gaussians
    backdrop: Gaussians  # a coarse sky
    invented: Gaussians
    made: int  # surfaces and sky, before any was dropped

    def without_spare(self) -> PhotoParts:
        """The same with nothing held ready to close holes."""
        nothing = self.reserve.map(lambda tensor: tensor[:0].clone())
        return dataclasses.replace(self, reserve=nothing, carved=nothing)


def parts_of(
    model: Model,
    photos: Sequence[PosedPhoto],
    witnesses: Sequence[Witness],
    index: int,
    near: Sequence[int],
    settings: FusionSettings,
) -> PhotoParts:
    """The Gaussians that photo `index` gives, after what its neighbours `near` say of them."""
    posed = photos[index]
    camera = posed.camera
    count = max(1, round(settings.points_per_pixel * camera.width * camera.height))
    sampled = model.sample(posed.photo, count, field=posed.field, seed=settings.seed)
    with torch.no_grad():
        shown = sampled.shown(model.head)
        made_up = shown[:0]
        if settings.backfill:
            made_up = invented(sampled.surface, sampled.rgb, shown)
    pose = camera.camera_to_world
    ground = len(sampled.ground.depth)
    far = len(shown) - len(sampled.solved)
    surfaces = shown[:ground].to("cpu").moved(pose)
    judged = judge(surfaces, index, witnesses, near, [photo.photo for photo in photos])
    made_up = made_up.to("cpu").moved(pose)
    kept_up = judge_invented(made_up, index, witnesses, near)

    centre = torch.stack([one.camera.camera_to_world[:3, 3] for one in photos]).mean(0)
    sky, backdrop = (
        on_common_dome(part.to("cpu"), camera, centre)
        for part in (shown[ground : len(shown) - far], shown[len(shown) - far :])
    )
    return PhotoParts(
        surfaces=surfaces[judged.kept],
        reserve=surfaces[judged.reserve],
        carved=surfaces[judged.carved],
        sky=sky[own_sky(sky, index, witnesses, near, centre)],
        backdrop=backdrop[own_backdrop(backdrop, index, witnesses, near, centre)],
        invented=made_up[kept_up],
        made=len(sampled.solved),
    )
