"""What the model sees: depth and normals at any point, and samples even over the surfaces."""

import sys
from pathlib import Path

import torch

import nvs

PHOTO = Path(__file__).parents[1] / "assets" / "photos" / "room.jpg"

photo = nvs.load_photo(sys.argv[1] if len(sys.argv) > 1 else PHOTO).resized_to(480)
field = nvs.load_model().depth_field(photo)

middle = torch.tensor([[photo.camera.width / 2, photo.camera.height / 2], [10.25, 20.75]])
depth, normal = field.depth_and_normal(middle)  # [N], [N, 3] by autograd
for xy, z, n in zip(middle.tolist(), depth.tolist(), normal.tolist(), strict=True):
    print(f"at {xy}: z = {z:.3f} ({field.unit}), normal {[round(v, 2) for v in n]}")

samples = nvs.infinite_depth_query(field, 10_000)  # [N, 2], more where surfaces are far or grazing
points = field.camera.unproject(samples, field(samples))  # [N, 3]
print(f"{len(points):,} points, the farthest at {points[:, 2].max():.2f}")
