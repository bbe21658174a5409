"""The page that people send: opened from disk in a real browser, on a desk and on a phone."""

import dataclasses
import html
import json
import re

import imageio.v3 as imageio
import numpy as np
import pytest
import torch

from nvs.player.file import player_of, write_player
from nvs.player.walls import Walls, camera_at
from nvs.rendering.magnified import enlarged_eps2d
from nvs.rendering.render import render
from nvs.scene.reach import scene_depth, sideways_step
from tests.viewer.browsing import until
from tests.viewer.conftest import filled_room

HOSTILE = '</script><script>alert(1)</script>"&\u2028{{facts}}'
# The page's own words over the picture, and its fades, are nothing to compare.
BARE = """
footer, #hint, #frame::after { opacity: 0 !important }
* { transition: none !important }
"""


@pytest.fixture(scope="module")
def scene():
    return filled_room().as_scene


@pytest.fixture(scope="module")
def sent(scene, tmp_path_factory):
    path = tmp_path_factory.mktemp("sent") / "holiday.html"
    write_player(scene, path, "holiday")
    return path


class Sent:
    """An open page, and all that it asked for or complained of."""

    def __init__(self, page, path, ready=True):
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(path.as_uri())
        if ready:
            page.wait_for_selector("body[data-state=ready]")
        page.add_style_tag(content=BARE)

    @property
    def at(self):
        """The camera's place in the unit ball."""
        return np.array(self.page.locator("#frame").get_attribute("data-at").split(), float)

    def rests(self):
        """Where it comes to rest."""
        # Software draws slowly: three looks, so that a frame lies between two of them.
        looks = [self.at]
        while len(looks) < 4 or np.ptp(looks[-3:], axis=0).max() > 1e-3:
            self.page.wait_for_timeout(300)
            looks.append(self.at)
        return looks[-1]

    def picture(self):
        box = self.page.locator("#scene").bounding_box()
        return imageio.imread(self.page.screenshot(clip=box))[..., :3] / 255


@pytest.fixture
def open_page(browser):
    """Opens a file in a window of some size; afterwards, nobody complained or used a network."""
    pages = []

    def opened(path, width=640, height=480, ready=True, init=None, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        page = context.new_page()
        if init:
            page.add_init_script(init)
        pages.append(Sent(page, path, ready))
        return pages[-1]

    yield opened
    for sent in pages:
        assert sent.complaints == []
        assert [
            url for url in sent.requests if not url.startswith(("file:", "blob:", "data:"))
        ] == []
        sent.page.context.close()


def expected(scene, walls, at, width=640, height=480):
    """Our own picture from a place in the unit ball, and where it is covered."""
    depth = scene_depth(scene.gaussians, scene.camera)
    sides = [("right", "left"), ("down", "up"), ("forward", "back")]
    offset = [
        x * getattr(walls, more if x > 0 else less)
        for x, (more, less) in zip(at, sides, strict=True)
    ]
    facts = flight_of(scene)
    aside = min(1.0, (offset[0] ** 2 + offset[1] ** 2) / facts["sideways"] ** 2)
    camera = camera_at(scene.camera, depth, offset).zoomed(1 + facts["zoom"] * aside * (2 - aside))
    camera = camera.resized(width, height)
    return (
        render(
            scene.gaussians,
            [camera],
            background=torch.tensor([24, 24, 27]) / 255,
            eps2d=enlarged_eps2d(camera, scene.made_from),
        )
        .rgb[0]
        .clamp(0, 1)
        .numpy()
    )


def facts_of(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="facts">(.*?)</script>', text, re.DOTALL)[1])


def flight_of(scene):
    """The default orbit: as wide as the photo carries, six hundredths of zoom at amplitude 1."""
    from nvs.film.amplitude import natural_amplitude

    amplitude = natural_amplitude(scene)
    depth = scene_depth(scene.gaussians, scene.camera)
    return {
        "sideways": amplitude * sideways_step(scene.camera, depth),
        "zoom": 0.06 * amplitude,
    }


def psnr(one, other):
    return -10 * np.log10(np.square(one - other).mean())


def drag(page, right, down, width=640, height=480):
    page.mouse.move(width / 2, height / 2)
    page.mouse.down()
    page.mouse.move(width / 2 + right, height / 2 + down, steps=6)
    page.mouse.up()


def test_it_begins_with_the_photos_view(scene, sent, open_page):
    page = open_page(sent, reduced_motion="reduce")
    page.rests()
    walls = Walls(**facts_of(sent)["walls"])
    assert psnr(page.picture(), expected(scene, walls, (0, 0, 0))) > 30
    assert page.page.title() == "holiday"
    assert page.page.get_by_role("heading").inner_text() == "holiday"
    assert not page.page.locator("#wear").is_visible()  # no headset, no button
    assert not page.page.locator("#tilt").is_visible()


def test_it_flies_until_somebody_touches_it(scene, sent, open_page):
    page = open_page(sent)
    walls = Walls(**facts_of(sent)["walls"])
    farthest = max(walls.share(offset) for offset in facts_of(sent)["flight"]["offsets"])
    until(lambda: np.linalg.norm(page.at) > 0.3 * farthest)
    first = page.picture()
    page.page.wait_for_timeout(900)
    assert np.abs(page.picture() - first).mean() > 0.003
    assert page.page.locator("body.flying").count() == 1

    page.page.mouse.click(320, 240)
    rest = page.rests()
    page.page.wait_for_timeout(600)
    assert np.abs(page.at - rest).max() < 2e-3
    assert np.linalg.norm(rest) > 0.1 * farthest
    assert psnr(page.picture(), expected(scene, walls, rest)) > 30

    page.page.keyboard.press("h")
    until(lambda: np.abs(page.at).max() < 1e-3)
    page.page.keyboard.press("Space")
    until(lambda: np.linalg.norm(page.at) > 0.3 * farthest)


def test_nobody_leaves_what_was_seen(scene, sent, open_page):
    page = open_page(sent, reduced_motion="reduce")
    page.rests()
    walls = Walls(**facts_of(sent)["walls"])
    for right, down in ((2000, 0), (-2000, 0), (0, 2000), (1500, -2000)):
        drag(page.page, right, down)
        at = page.rests()
        assert 0.9 < np.linalg.norm(at) < 1.0005
        # What is grabbed follows the hand: the camera went the other way.
        assert at[0] * right <= 0.01
        picture = page.picture()
        ours = expected(scene, walls, at)
        assert psnr(picture, ours) > 28
        dark = np.abs(picture - np.array([24, 24, 27]) / 255).max(axis=-1) < 0.03
        assert dark.mean() < 0.05
    page.page.keyboard.press("h")
    until(lambda: np.abs(page.at).max() < 1e-3)
    page.page.mouse.move(320, 240)
    page.page.mouse.wheel(0, -5000)
    assert page.rests()[2] == pytest.approx(1, abs=0.01)
    page.page.mouse.wheel(0, 20000)
    assert page.rests()[2] == pytest.approx(-1, abs=0.01)


def test_a_small_step_of_the_hand_is_a_small_step(sent, open_page):
    page = open_page(sent, reduced_motion="reduce")
    page.rests()
    drag(page.page, 16, 0)
    assert 0.02 < np.linalg.norm(page.rests()) < 0.4
    page.page.keyboard.press("h")
    until(lambda: np.abs(page.at).max() < 1e-3)
    page.page.keyboard.press("d")
    until(lambda: page.at[0] > 0.02)


def touch(client, kind, *points):
    touching = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(points)]
    client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touching})


def test_on_a_phone(sent, open_page):
    page = open_page(sent, 390, 844, is_mobile=True, has_touch=True, device_scale_factor=1)
    fingers = page.page.context.new_cdp_session(page.page)
    until(lambda: np.linalg.norm(page.at) > 0.02)
    box = page.page.locator("#scene").bounding_box()
    assert box["width"] == 390
    assert box["height"] >= 585  # half of the photo's width, its whole height
    touch(fingers, "touchStart", (195, 420))
    touch(fingers, "touchEnd")
    before = page.rests()
    touch(fingers, "touchStart", (195, 420))
    for x in range(200, 300, 20):
        touch(fingers, "touchMove", (x, 420))
    touch(fingers, "touchEnd")
    assert page.rests()[0] < before[0] - 0.1
    touch(fingers, "touchStart", (180, 420), (210, 420))
    for apart in range(20, 120, 20):
        touch(fingers, "touchMove", (180 - apart, 420), (210 + apart, 420))
    touch(fingers, "touchEnd")
    assert page.rests()[2] > before[2] + 0.1
    assert page.page.evaluate("document.documentElement.scrollWidth") == 390

    page.page.locator("#home").tap()
    until(lambda: np.abs(page.at).max() < 1e-3)
    page.page.locator("#tilt").tap()
    until(lambda: page.page.locator("#tilt").is_hidden())
    for gamma in (0, 5, 10):
        page.page.evaluate(
            "gamma => dispatchEvent("
            "new DeviceOrientationEvent('deviceorientation', {beta: 60, gamma}))",
            gamma,
        )
    until(lambda: page.at[0] < -0.2)


ASKS = "DeviceOrientationEvent.requestPermission = async () => (window.asked = true, '{}');"


@pytest.mark.parametrize("answer", ["granted", "denied"])
def test_an_iphone_asks_before_it_tells_its_tilt(sent, open_page, answer):
    page = open_page(sent, 390, 844, init=ASKS.format(answer), is_mobile=True, has_touch=True)
    assert page.page.evaluate("window.asked") is None
    page.page.locator("#tilt").tap()
    until(lambda: page.page.evaluate("window.asked") is True)
    until(lambda: page.page.locator("#tilt").is_hidden() == (answer == "granted"))


def test_without_webgl_there_is_the_photo_and_a_line(sent, open_page):
    none = "HTMLCanvasElement.prototype.getContext = () => null;"
    page = open_page(sent, ready=False, init=none)
    page.page.wait_for_selector("body[data-state=lacking]")
    assert "no WebGL 2" in page.page.locator("#word").inner_text()
    assert page.page.locator("#photo").evaluate("photo => photo.naturalWidth") == 640
    assert not page.page.locator("#play").is_visible()


def test_a_damaged_file_shows_the_photo(sent, open_page, tmp_path):
    text = sent.read_text(encoding="utf-8")
    start = text.index('id="splats">') + 400
    damaged = tmp_path / "damaged.html"
    damaged.write_text(text[:start] + "A" * 200 + text[start + 200 :], encoding="utf-8")
    page = open_page(damaged, ready=False)
    page.page.wait_for_selector("body[data-state=lacking]")
    assert "damaged" in page.page.locator("#word").inner_text()


def test_hostile_names_are_only_names(scene, open_page, tmp_path):
    few = dataclasses.replace(scene, gaussians=scene.gaussians[:800], invented=0)
    path = tmp_path / "a.html"
    path.write_text(player_of(few, HOSTILE).html, encoding="utf-8")
    page = open_page(path)
    assert page.page.title() == HOSTILE
    assert page.page.get_by_role("heading").inner_text() == HOSTILE
    assert page.page.locator("script").count() == 3  # facts, worker, the player
    assert html.escape(HOSTILE) in path.read_text(encoding="utf-8")


HEADSET = """
const eye = (x) => {
  const matrix = [1, 0, 0, 0,  0, 1, 0, 0,  0, 0, 1, 0,  -x, 0, 0, 1];
  return {
    transform: {position: {x, y: 1.6, z: 0}, inverse: {matrix}},
    projectionMatrix: [1.8, 0, 0, 0,  0, 1.2, 0, 0,  0, 0, -1, -1,  0, 0, -0.2, 0],
    side: x,
  };
};
const canvas = () => document.getElementById("scene");
window.XRWebGLLayer = class {
  framebuffer = null;
  get framebufferWidth() { return canvas().width; }
  get framebufferHeight() { return canvas().height; }
  getViewport(view) {
    const width = canvas().width / 2;
    return {x: view.side > 0 ? width : 0, y: 0, width, height: canvas().height};
  }
};
WebGL2RenderingContext.prototype.makeXRCompatible = async () => {};
const session = {
  renderState: {},
  updateRenderState(state) { this.renderState = state; },
  addEventListener(kind, ended) { this.ended = ended; },
  requestReferenceSpace: async () => ({}),
  requestAnimationFrame(draw) {
    if (window.takenOff) return;
    requestAnimationFrame((now) => draw(now, {getViewerPose: () => ({
      transform: {position: {x: 0, y: 1.6, z: 0}}, views: [eye(-0.032), eye(0.032)]})}));
  },
};
Object.defineProperty(navigator, "xr", {value: {
  isSessionSupported: async (kind) => kind === "immersive-vr",
  requestSession: async () => session,
}});
window.takeOff = () => { window.takenOff = true; session.ended(); };
"""


def test_a_headset_sees_it_with_two_eyes(scene, sent, open_page):
    page = open_page(sent, init=HEADSET, reduced_motion="reduce")
    page.page.wait_for_selector("#wear", state="attached")
    until(lambda: page.page.locator("#wear").get_attribute("hidden") is None)
    page.page.evaluate("document.getElementById('wear').click()")
    page.page.wait_for_timeout(1500)
    eyes = page.picture()
    left, right = eyes[:, :320], eyes[:, 320:]
    depth = scene_depth(scene.gaussians, scene.camera)
    for side, seen in ((-1, left), (1, right)):
        # The near things stand at 1.2 metres, eyes 64 mm from each other.
        pose = torch.eye(4)
        pose[0, 3] = side * 0.032 * depth.near / 1.2
        lens = torch.tensor([[1.8 * 160, 0, 160], [0, 1.2 * 240, 240], [0, 0, 1.0]])
        camera = dataclasses.replace(
            scene.camera, intrinsics=lens, camera_to_world=pose, width=320, height=480
        )
        ours = render(scene.gaussians, [camera], background=torch.tensor([24, 24, 27]) / 255)
        assert psnr(seen, ours.rgb[0].clamp(0, 1).numpy()) > 28
    assert np.abs(left - right).mean() > 0.005
    page.page.evaluate("window.takeOff()")
    walls = Walls(**facts_of(sent)["walls"])
    until(lambda: psnr(page.picture(), expected(scene, walls, (0, 0, 0))) > 30)
