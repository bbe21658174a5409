"""What the browser tests do with a page: wait, look at the canvas, compare with `nvs.render`."""

import time

import imageio.v3 as imageio
import numpy as np
import torch

from nvs.rendering.magnified import enlarged_eps2d
from nvs.rendering.render import render
from nvs_viewer import view


def only_page(viewer, timeout=60):
    """What the one open page shows, as soon as there is a scene in it."""
    return until(lambda: next(filter(_has_scene, viewer.pages), None), timeout).display


def _has_scene(page):
    return page.display.scene is not None


def until(condition, timeout=60):
    """What `condition` returns, as soon as it is true; a busy machine may take long."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("this did not happen in time")


def canvas(browser_page):
    """What the 3-D canvas shows, [H, W, 3] in 0..1."""
    # Not the element's own screenshot: that waits until nothing moves, and splats fade in.
    box = browser_page.locator("canvas").last.bounding_box()
    picture = imageio.imread(browser_page.screenshot(clip=box))
    return picture[..., :3] / 255.0


def psnr_of_view(browser_page, page, everywhere=False):
    """PSNR of the canvas against our own render of the same camera, where that is covered."""
    shown = canvas(browser_page)
    height, width = shown.shape[:2]
    background = torch.tensor(page.background) / 255
    camera = view.current(page.window, height, width / height)
    eps2d = enlarged_eps2d(camera, page.shown.made_from)
    ours = render(page.shown.gaussians, [camera], background=background, eps2d=eps2d)
    # Where the scene covers the canvas, away from notifications and handles at its edges.
    inside = np.zeros((height, width), bool)
    inside[height // 3 : -40, 40:-40] = True
    if not everywhere:
        inside &= (ours.alpha[0] > 0.95).numpy()
    if inside.mean() < 0.2:  # the camera is on its way, and looks beside the scene
        return 0.0
    error = (shown - ours.rgb[0].clamp(0, 1).numpy())[inside]
    return -10 * np.log10((error**2).mean())


def wait_for_psnr(browser_page, page, at_least, seconds=25, everywhere=False):
    """The best PSNR so far, as soon as it is `at_least` that, or the time is over."""
    best = 0.0
    end = time.monotonic() + seconds
    while time.monotonic() < end and best < at_least:
        browser_page.wait_for_timeout(300)
        best = psnr_of_view(browser_page, page, everywhere)
    return best


def drag(browser_page, right, down):
    """Turn the camera with the mouse."""
    box = browser_page.locator("canvas").last.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    browser_page.mouse.move(x, y)
    browser_page.mouse.down()
    browser_page.mouse.move(x + right, y + down, steps=5)
    browser_page.mouse.up()
    browser_page.wait_for_timeout(1200)  # the camera swings out


def press(browser_page, name):
    """Press a button by its words."""
    browser_page.get_by_role("button", name=name).click()


def tab(browser_page, name):
    """Open one of the panel's tabs."""
    browser_page.get_by_role("tab", name=name).click()
    browser_page.wait_for_timeout(300)


def enter(browser_page, label, value):
    """Type a number beside a slider."""
    row = browser_page.locator("label", has_text=label).locator("xpath=../../..")
    row.get_by_role("textbox").fill(value)
    row.get_by_role("textbox").press("Enter")


def choose(browser_page, label, option):
    """Pick from a dropdown."""
    browser_page.get_by_label(label).click()
    browser_page.get_by_role("option", name=option, exact=True).click()


def downloaded(browser_page, button, folder, timeout=60):
    """The file that a button gives, saved in `folder` under the name that the page gave it."""
    with browser_page.expect_download(timeout=timeout * 1000) as download:
        press(browser_page, button)
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path
