"""The page in a real browser: what it shows is what `nvs.render` shows."""

import time

import imageio.v3 as imageio
import numpy as np

from nvs.render import render
from viewer import view


def only_client(viewer, timeout=20):
    """The page's handle, as soon as it has connected and shown its scene."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        pages = list(viewer._pages.values())
        if pages and pages[0].scene is not None:
            return pages[0].client
        time.sleep(0.05)
    raise AssertionError("the page did not connect")


def canvas(page):
    """What the 3-D canvas shows, [H, W, 3] in 0..1."""
    picture = imageio.imread(page.locator("canvas").last.screenshot())
    return picture[..., :3] / 255.0


def psnr_of_view(page, viewer, client):
    """PSNR of the canvas against our own render of the same camera."""
    shown = canvas(page)
    height, width = shown.shape[:2]
    camera = view.current(client, height, width / height)
    ours = render(viewer.scene.gaussians, [camera])
    # Where the scene covers the canvas, away from notifications and handles at its edges.
    inside = np.zeros((height, width), bool)
    inside[height // 3 : -40, 40:-40] = True
    inside &= (ours.alpha[0] > 0.95).numpy()
    assert inside.mean() > 0.2
    error = (shown - ours.rgb[0].clamp(0, 1).numpy())[inside]
    return -10 * np.log10((error**2).mean())


def wait_for_picture(page, viewer, client, at_least, seconds=25):
    best = 0.0
    end = time.monotonic() + seconds
    while time.monotonic() < end and best < at_least:
        page.wait_for_timeout(300)
        best = psnr_of_view(page, viewer, client)
    return best


def test_the_page_shows_the_photos_view_and_comes_back_to_it(viewer, page):
    page.goto(viewer.url)
    client = only_client(viewer)
    assert wait_for_picture(page, viewer, client, 25) > 25
    home = client.camera.position

    box = page.locator("canvas").last.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 25, y + 5, steps=5)
    page.mouse.up()
    page.wait_for_timeout(1500)
    assert np.linalg.norm(client.camera.position - home) > 0.05  # it orbits
    assert wait_for_picture(page, viewer, client, 20) > 20

    page.get_by_role("button", name="Photo's view").click()
    page.wait_for_timeout(1500)
    assert np.linalg.norm(client.camera.position - home) < 1e-4
    assert wait_for_picture(page, viewer, client, 25) > 25


def test_a_path_plays_until_it_is_stopped(viewer, page):
    page.goto(viewer.url)
    client = only_client(viewer)
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(700)
    places = set()
    for _ in range(10):
        page.wait_for_timeout(100)
        places.add(tuple(client.camera.position.round(5)))
    assert len(places) >= 4
    page.get_by_role("button", name="Stop").click()
    page.wait_for_timeout(500)
    stopped = client.camera.position
    page.wait_for_timeout(500)
    assert np.allclose(client.camera.position, stopped)
