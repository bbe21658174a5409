"""One photo becomes Gaussians, a file for other viewers, and a picture from a step aside."""

import sys
from pathlib import Path

import torch
from PIL import Image

import nvs

PHOTO = Path(__file__).parents[1] / "assets" / "photos" / "coffee.jpg"
out = Path("out")
out.mkdir(exist_ok=True)

photo = nvs.load_photo(sys.argv[1] if len(sys.argv) > 1 else PHOTO).resized_to(480)
model = nvs.load_model()
scene = model.splat(photo)
nvs.write_ply(scene, out / "scene.ply", photo.camera)

# One unit is the depth of the scene's middle or so: what the model sees has no metres.
pose = torch.eye(4)
pose[0, 3] = 0.02 * nvs.scene_depth(scene, photo.camera).focus
picture = nvs.render(scene, [photo.camera.moved(pose)]).rgb[0]  # [H, W, 3]
Image.fromarray((picture.clamp(0, 1) * 255).byte().numpy()).save(out / "aside.png")
print(f"{len(scene):,} Gaussians: {out}/scene.ply, {out}/aside.png")
