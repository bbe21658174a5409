"""Several photos at once: one place, or a scene of each."""

import numpy as np
import pytest

from nvs.errors import InputError
from nvs.film.video import write_video
from nvs_viewer import Viewer
from nvs_viewer.offered_files import OfferedFile, on_disk_together
from tests.viewer.browsing import only_page, press, until
from tests.viewer.conftest import room, splat_of_photo

ONE_PLACE, EACH = "They show one place", "A scene of each"
WALK, STILL = "Its camera walks through a place", "Its best still"


class Places:
    """Makes one scene of photos, or says why not."""

    def __init__(self):
        self.asked = []
        self.refuses = False

    def __call__(self, paths, listener):
        self.asked.append([path.name for path in paths])
        assert all(path.read_bytes() for path in paths)
        if self.refuses:
            raise InputError(f"{paths[1]} shares too little with the others")
        listener.stage("matching features")
        return splat_of_photo(paths[0], listener)


@pytest.fixture
def places():
    return Places()


@pytest.fixture
def prompts():
    return []


@pytest.fixture
def several(places, prompts):
    def splat(path, listener, prompt=None):
        prompts.append(None if prompt is None else prompt.read_bytes())
        return splat_of_photo(path, listener)

    viewer = Viewer(room(32), splat=splat, place=places, port=0)
    yield viewer
    viewer.close()


def drop(page, photo, names):
    """Drop files that all hold this photo; what is named .npz holds a little text."""
    page.evaluate(
        """([bytes, names]) => {
            const transfer = new DataTransfer();
            for (const name of names) {
                const content = name.endsWith(".npz") ? "some depth" : new Uint8Array(bytes);
                transfer.items.add(new File([content], name));
            }
            window.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer}));
        }""",
        [list(photo.read_bytes()), names],
    )


def opened(viewer):
    """Names of the scenes of the visit, the one that is shown last."""
    return [kept.scene.name for kept in viewer.pages[0].visit._scenes]


@pytest.fixture
def there(several, page):
    """The page, ready for files."""
    page.goto(several.url)
    only_page(several)
    page.wait_for_selector('input[type="file"][accept^="image/"]', state="attached")
    until(lambda: page.evaluate("nvs.value('home')"), 60)
    return page


def test_they_become_one_place(several, there, places, photo):
    drop(there, photo, ["hall.png", "hall 2.png", "../hall.png"])
    there.get_by_text("3 photos").wait_for()
    press(there, ONE_PLACE)
    until(lambda: opened(several)[-1] == "hall and 2 more", 60)
    assert places.asked == [["hall.png", "hall 2.png", "hall (3).png"]]
    assert opened(several) == ["room", "hall and 2 more"]
    until(lambda: not there.locator("#nvs-several").is_visible(), 60)


def test_those_that_are_no_place_become_a_scene_each(several, there, places, photo):
    places.refuses = True
    drop(there, photo, ["dog.png", "cat.png"])
    press(there, ONE_PLACE)
    words = there.get_by_text("cat.png shares too little with the others").inner_text()
    assert words.startswith("cat.png shares too little with the others. Each becomes a scene")
    assert words.endswith("nvs view PHOTO... --cameras FILE")
    until(lambda: sorted(opened(several)) == ["cat", "dog", "room"], 60)
    until(lambda: opened(several)[-1] == "dog")  # the first of them


def test_a_gallery_of_photos_each_of_which_can_be_opened(several, there, places, photo):
    drop(there, photo, ["one.png", "two.png", "three.png"])
    press(there, EACH)
    until(lambda: sorted(opened(several)) == ["one", "room", "three", "two"], 60)
    assert places.asked == []
    until(lambda: there.evaluate("nvs.value('visit')?.length") == 4, 60)
    there.evaluate("nvs.openHome()")
    there.get_by_role("button", name="three").click()
    until(lambda: several.pages[0].display.scene.name == "three", 60)


def test_a_depth_file_beside_a_photo_is_its_prompt_and_no_second_photo(
    several, there, prompts, photo
):
    drop(there, photo, ["garden.png", "garden_depth.npz"])
    until(lambda: opened(several)[-1] == "garden", 60)
    assert prompts == [b"some depth"]
    assert not there.locator("#nvs-several").is_visible()


def test_whoever_thinks_better_of_it_sends_nothing(several, there, photo):
    drop(there, photo, ["one.png", "two.png"])
    there.get_by_text("2 photos").wait_for()
    there.keyboard.press("Escape")
    until(lambda: not there.locator("#nvs-several").is_visible(), 60)
    # The next is not held up.
    drop(there, photo, ["three.png"])
    until(lambda: opened(several) == ["room", "three"], 60)


def test_where_places_cannot_be_made_nobody_asks(viewer, page, photo):
    page.goto(viewer.url)
    only_page(viewer)
    page.wait_for_selector('input[type="file"][accept^="image/"]', state="attached")
    until(lambda: page.evaluate("nvs.value('home')"), 60)
    drop(page, photo, ["one.png", "two.png"])
    until(lambda: sorted(opened(viewer)) == ["one", "room", "two"], 60)


@pytest.fixture
def clip(tmp_path):
    """Twelve frames, of which the eighth alone is sharp."""
    stripes = 255 * (np.indices((96, 128)).sum(0) // 4 % 2)
    frames = [np.full((96, 128, 3), 100 + 5 * k, np.uint8) for k in range(12)]
    frames[7] = np.stack([stripes] * 3, -1).astype(np.uint8)
    path = tmp_path / "walk.mp4"
    write_video(frames, path, 12)
    return path


def test_a_clip_becomes_a_place_or_its_best_still(several, there, places, clip):
    drop(there, clip, ["walk.mp4"])
    press(there, STILL)
    until(lambda: opened(several)[-1] == "walk", 60)
    assert places.asked == []
    photo = several.pages[0].display.scene.photo
    assert photo.std() > 80  # the sharp one

    drop(there, clip, ["steps.mp4"])
    press(there, WALK)
    until(lambda: places.asked == [["steps.mp4"]], 60)
    # The stand-in for the maker reads photos only, and so says no.
    there.get_by_text("Its best still becomes a scene").wait_for()
    until(lambda: opened(several)[-1] == "steps", 60)


def test_a_broken_clip_is_told_and_changes_nothing(several, there, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no clip" * 99)
    drop(there, broken, ["broken.mp4"])
    press(there, STILL)
    there.get_by_text("broken is damaged, or not a clip").wait_for()
    assert opened(several) == ["room"]


def test_what_is_not_installed_is_said_before_anything_is_sent(page, places, photo, clip):
    viewer = Viewer(
        room(32), splat=splat_of_photo, place=places, place_lacks="pip install x", port=0
    )
    page.goto(viewer.url)
    only_page(viewer)
    until(lambda: page.evaluate("nvs.value('home')"), 60)
    for file, names in ((photo, ["a.png", "b.png"]), (clip, ["c.mp4"])):
        drop(page, file, names)
        page.get_by_text("Needs pip install x, where this program runs.").wait_for()
        page.keyboard.press("Escape")
        until(lambda: not page.locator("#nvs-several").is_visible(), 60)
    viewer.close()


@pytest.mark.parametrize("names", [["a.png", "a.png", "b.jpg"], ["../x.png", "x.png"], ["", "."]])
def test_photos_of_a_place_lie_under_their_own_names(names):
    files = [OfferedFile(name, name.encode()) for name in names]
    with on_disk_together(files) as paths:
        assert len({path.name for path in paths}) == len(names)
        assert len({path.parent for path in paths}) == 1
        assert [path.read_bytes() for path in paths] == [name.encode() for name in names]
    with pytest.raises(InputError) as refused, on_disk_together(files) as paths:
        raise InputError(f"{paths[0]} is broken")
    assert str(refused.value) == f"{paths[0].name} is broken"
