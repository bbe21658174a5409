"""What people name: photos, folders, a clip."""

import sys

import pytest
from PIL import Image

from nvs.errors import InputError
from nvs.placing.place import placed_photos
from nvs.placing.sources import clips_in, distinct, gathered


def picture(path):
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (40, 30)).save(path)
    return path


def test_photos_of_folders_by_name_and_each_once(tmp_path):
    b, a = picture(tmp_path / "f" / "b.JPG"), picture(tmp_path / "f" / "a.png")
    (tmp_path / "f" / "notes.txt").write_text("x")
    picture(tmp_path / "f" / ".hidden.png")
    c = picture(tmp_path / "c.png")
    assert gathered([c, tmp_path / "f", a]).photos == (c, a, b)
    assert gathered([tmp_path / "f"]).folder == tmp_path / "f"


def test_a_photo_by_two_names_is_one(tmp_path, monkeypatch):
    a = picture(tmp_path / "f" / "a.png")
    link = tmp_path / "link.png"
    link.symlink_to(a)
    monkeypatch.chdir(tmp_path / "f")
    assert gathered([a, type(a)("a.png"), tmp_path / "f" / ".." / "f", link]).photos == (a,)


def test_of_copies_the_first_is_taken(tmp_path):
    a, b = picture(tmp_path / "a.png"), picture(tmp_path / "b.png")
    other = tmp_path / "c.png"
    Image.new("RGB", (41, 30)).save(other)
    gone = tmp_path / "gone.png"
    found = distinct([gone, a, other, b])
    assert found.photos == (gone, a, other)
    assert [(one.name, one.why) for one in found.copies] == [("b.png", f"it is a copy of {a}")]
    with pytest.raises(InputError, match=r"b\.png: it is a copy of .*a\.png: name photos taken"):
        placed_photos([a, b], tmp_path / "work")


def test_a_folder_of_a_clip_says_so(tmp_path):
    clip = tmp_path / "f" / "a.MP4"
    clip.parent.mkdir()
    clip.write_bytes(b"x")
    assert clips_in(tmp_path / "f") == [clip]
    with pytest.raises(InputError, match=r"f holds no photo: name the clip, .*a\.MP4, itself"):
        placed_photos([tmp_path / "f"], tmp_path / "work")


def test_what_cannot_be_one_place_is_said(tmp_path, photos):
    clip, scene = tmp_path / "a.mp4", tmp_path / "s.ply"
    clip.write_bytes(b"x")
    scene.write_bytes(b"ply\n")
    packed = tmp_path / "walk.r3d"
    packed.write_bytes(b"PK\x03\x04")
    empty = tmp_path / "empty"
    empty.mkdir()
    for sources, said in [
        ([], "name photos of one place"),
        ([clip, photos[0]], "is a clip: name it alone"),
        ([photos[0], scene], "s.ply is a scene"),
        ([packed], "walk.r3d is packed: unzip it into a folder"),
        ([empty], "empty holds no photo"),
        ([photos[0]], "0.png is one photo: name several"),
        ([tmp_path / "b.mp4"], "b.mp4 does not exist"),
        ([tmp_path / "nowhere"], "nowhere does not exist"),
        ([tmp_path / "x.jpg", tmp_path / "y.jpg"], "fewer than two photos can be read: .*x.jpg"),
    ]:
        with pytest.raises(InputError, match=said):
            placed_photos(sources, tmp_path / "work")
    with pytest.raises(InputError, match="leave it out for a clip"):
        placed_photos([clip], tmp_path / "work", cameras=empty)


def test_without_pycolmap_one_line_says_what_to_do(tmp_path, photos, monkeypatch):
    monkeypatch.setitem(sys.modules, "pycolmap", None)
    with pytest.raises(InputError, match=r"pip install 'nvs\[places\]'") as caught:
        placed_photos(photos, tmp_path)
    assert "\n" not in str(caught.value)
