"""A real browser for the viewer's tests, and a scene small enough for software WebGL."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from nvs.photo.photo import load_photo
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs_viewer import ViewedScene, Viewer
from nvs_viewer.original import Original
from tests.viewer.browsing import until
from tests.viewer.talking import Talker, connected

FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
]


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, driven by playwright."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A fresh page of a size whose canvas has about 640 x 480 pixels."""
    page = browser.new_page(viewport={"width": 960, "height": 480}, accept_downloads=True)
    yield page
    page.close()


def room(columns: int = 96, name: str = "room") -> ViewedScene:
    """A slanted, patterned wall with a nearer ball, seen by a camera of 4:3."""
    rows = columns * 3 // 4
    camera = Camera.from_focal(0.9 * columns, columns, rows)
    xy = camera.pixel_centers().reshape(-1, 2)  # [N, 2]
    across, down = (xy / torch.tensor([columns, rows])).unbind(-1)
    depth = 4 - 1.5 * across
    ball = (across - 0.35) ** 2 + ((down - 0.5) * 0.75) ** 2 < 0.03
    depth = torch.where(ball, torch.full_like(depth, 2.0), depth)
    stripes = ((across * 8).floor() + (down * 6).floor()) % 2
    wall = torch.stack([0.2 + 0.6 * across, 0.3 + 0.4 * stripes, 0.8 - 0.5 * down], dim=-1)
    colors = torch.where(ball[:, None], torch.tensor([0.9, 0.5, 0.1]), wall)
    footprint = depth / camera.intrinsics[0, 0] * 0.6
    return ViewedScene(
        name=name,
        gaussians=Gaussians(
            means=camera.unproject(xy, depth),
            quats=torch.tensor([1.0, 0.0, 0.0, 0.0]).repeat(len(xy), 1),
            scales=footprint[:, None] * torch.tensor([1.0, 1.0, 0.1]),
            opacities=torch.full_like(depth, 0.99),
            colors=colors,
        ),
        camera=camera.resized(640, 480),
        photo=(colors.reshape(rows, columns, 3).numpy() * 255).astype(np.uint8),
    )


def filled_room() -> ViewedScene:
    """The room, and around its wall an invented, plainly coloured one."""
    inner = room(48)
    outer = room(48).gaussians.map(lambda tensor: tensor.clone())
    outer.means *= torch.tensor([2.0, 2.0, 1.1])  # wider by more than it is farther
    outer.scales *= 2.5
    outer.colors[:] = torch.tensor([0.1, 0.8, 0.3])
    return dataclasses.replace(
        inner,
        gaussians=Gaussians.concatenate([inner.gaussians, outer]),
        invented=len(outer),
    )


def splat_of_photo(path, listener):
    """A stand-in for the model: the photo's own colours on the room's slanted wall."""
    listener.stage("reading the photo")
    photo = load_photo(path).resized_to(96)
    listener.stage("placing the Gaussians")
    camera = photo.camera
    xy = camera.pixel_centers().reshape(-1, 2)
    depth = 4 - 1.5 * xy[:, 0] / camera.width
    footprint = depth / camera.intrinsics[0, 0] * 0.6
    gaussians = Gaussians(
        means=camera.unproject(xy, depth),
        quats=torch.tensor([1.0, 0.0, 0.0, 0.0]).repeat(len(xy), 1),
        scales=footprint[:, None] * torch.tensor([1.0, 1.0, 0.1]),
        opacities=torch.full_like(depth, 0.99),
        colors=photo.rgb.reshape(-1, 3),
    )
    listener.stage("matching the photo's colours")
    return ViewedScene(
        "photo",
        gaussians,
        camera,
        (photo.rgb.numpy() * 255).astype(np.uint8),
        original=Original.of(path),
    )


@pytest.fixture
def viewer():
    """A viewer of the room on a free port, which opens photos."""
    viewer = Viewer(room(), splat=splat_of_photo, port=0)
    yield viewer
    viewer.close()


@pytest.fixture
def talker(viewer):
    """A page without a browser, which has got its scene and its panels."""
    with connected(viewer) as socket:
        talker = Talker(socket)
        until(lambda: talker.was_told("depth, near to far"))  # the facts, sent with all else
        yield talker


@pytest.fixture
def photo(tmp_path):
    return three_bands(tmp_path)


def three_bands(folder):
    """A small photo on disk: three bands of colour."""
    pixels = np.zeros((60, 80, 3), np.uint8)
    pixels[:20], pixels[20:40], pixels[40:] = (220, 60, 40), (60, 200, 80), (40, 80, 220)
    path = folder / "three bands.png"
    Image.fromarray(pixels).save(path)
    return path
