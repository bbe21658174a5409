"""Depth from somewhere else: a map that is known in parts, and a field by a formula."""

from pathlib import Path

import torch

import nvs

PHOTO = Path(__file__).parents[1] / "assets" / "photos" / "stream.jpg"

photo = nvs.load_photo(PHOTO).resized_to(240)
model = nvs.load_model()

# A map [h, w] of any size over the same view; 0 is unknown, and is filled in.
known = torch.full((60, 80), 3.0)
known[30:] = torch.linspace(3.0, 1.0, 30)[:, None]
known[:10] = 0
field = nvs.DepthField.from_depth(known, photo.camera)
print(f"a map: {len(model.splat(photo, 20_000, field=field)):,} Gaussians, in {field.unit}")


class Plane(nvs.DepthField):
    """The ground plane one metre beneath the camera, seen down to 20 m."""

    def forward(self, xy: torch.Tensor) -> torch.Tensor:
        down = self.camera.rays(xy)[:, 1]
        return 1 / down.clamp(min=0.05)


scene = model.splat(photo, 20_000, field=Plane(photo.camera, "m"))
print(f"a formula: {len(scene):,} Gaussians")
