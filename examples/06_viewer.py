"""A scene of your own in the viewer: fly through it in the browser, until Ctrl-C."""

import sys
from pathlib import Path

import nvs
from nvs_viewer import ViewedScene, Viewer

PHOTO = Path(__file__).parents[1] / "assets" / "photos" / "pagoda.jpg"

photo = nvs.load_photo(sys.argv[1] if len(sys.argv) > 1 else PHOTO).resized_to(320)
scene = nvs.load_model().splat(photo)
Viewer(ViewedScene("pagoda", scene, photo.camera, made_from=photo.camera)).run()
