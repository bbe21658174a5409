"""The film's lens and eyes, as the page asks for them."""

import pytest

from nvs.film.stereo import SUFFIXES
from nvs.scene.reach import SceneDepth
from nvs_viewer.lens_form import APERTURES, CLICKED, EYES, FOCUS, LensForm
from tests.viewer.browsing import only_page, until

DEPTH = SceneDepth(2.0, 3.0, 4.0)


@pytest.fixture
def form(viewer, talker):
    return LensForm(only_page(viewer))


def test_plain_films_are_sharp_and_for_one_eye(viewer, form):
    shot = form.shot(only_page(viewer).scene, DEPTH, None)
    assert shot.stereo is None
    assert shot.aperture is None
    assert form.ending == ""


def test_every_kind_of_stereo_can_be_chosen(viewer, form):
    scene = only_page(viewer).scene
    for name, mode in EYES.items():
        form._stereo.value = name
        stereo = form.shot(scene, DEPTH, None).stereo
        assert (None if stereo is None else stereo.mode) == mode
        assert (form.ending == "") == (mode is None)
    assert set(filter(None, EYES.values())) == set(SUFFIXES)


def test_the_focus_is_where_it_was_asked_for(viewer, talker, form):
    scene = only_page(viewer).scene
    form._blur.value = "soft"
    assert form.shot(scene, DEPTH, None).aperture == APERTURES["soft"] * DEPTH.near
    asked = {"near": [2.0], "middle": [3.0], "far": [4.0], "from near to far": [2.0, 4.0]}
    for name, depths in asked.items():
        form._focus.value = name
        focus = form.focus(scene, DEPTH, 8)
        assert min(focus) == pytest.approx(depths[0])
        assert max(focus) == pytest.approx(depths[-1])
    assert set(FOCUS) - {CLICKED} == set(asked)

    form._focus.value = CLICKED
    talker.say("point", x=0.5, y=0.5)
    until(lambda: any("The focus" in told for told in talker.notifications()))
    clicked = form.focus(scene, DEPTH, 1)[0]
    assert 1.9 < clicked < 4.1
    form.scene_changed()
    assert form.focus(scene, DEPTH, 1) == pytest.approx([DEPTH.near])
