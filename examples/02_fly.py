"""A camera path around the photo's view, as a video."""

import sys
from pathlib import Path

import nvs

PHOTO = Path(__file__).parents[1] / "assets" / "photos" / "mountains.jpg"
out = Path("out")
out.mkdir(exist_ok=True)

photo = nvs.load_photo(sys.argv[1] if len(sys.argv) > 1 else PHOTO).resized_to(320)
scene = nvs.load_model().splat(photo)
depth = nvs.scene_depth(scene, photo.camera)
path = nvs.camera_path("orbit", photo.camera, depth, frames=48, amplitude=1.5)
nvs.write_video(nvs.render_path(scene, path, made_from=photo.camera), out / "orbit.mp4", fps=24)
print(f"{len(path)} frames: {out}/orbit.mp4")
