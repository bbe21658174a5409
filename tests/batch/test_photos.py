"""Which photos a folder or a list names, and what they are called."""

from __future__ import annotations

import pytest

from nvs.batch.photos import BatchPhoto, find_photos
from nvs.batch.remote import on_disk
from nvs.errors import InputError
from tests.batch.fakes import photos


def test_a_folder_is_searched_but_not_the_results_in_it(tmp_path):
    folder = photos(tmp_path / "in", 3)
    (folder / "out").mkdir()
    for name in ("out/fly.jpg", ".hidden.jpg", "text.txt", "UPPER.JPG"):
        (folder / name).write_bytes(b"x")
    found = find_photos(str(folder), folder / "out")
    assert [photo.name for photo in found] == [
        "0.jpg",
        "1.jpg",
        "UPPER.JPG",
        "below/a b#\u00e9.jpg",
    ]
    assert found[0].source == str(folder / "0.jpg")


def test_a_list_names_photos_that_keep_their_names(tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text(
        "\ufeff# a comment\n\n a.jpg \nbelow/b.jpg\n/data/c.jpg\n../d.jpg\ns3://bucket/e.jpg\na.jpg\n",
        encoding="utf-8",
    )
    found = find_photos(str(listed), tmp_path / "out")
    above = tmp_path.parent / "d.jpg"
    assert found == [
        BatchPhoto("a.jpg", str(tmp_path / "a.jpg")),
        BatchPhoto("below/b.jpg", str(tmp_path / "below/b.jpg")),
        BatchPhoto("data/c.jpg", "/data/c.jpg"),
        BatchPhoto(str(above)[1:], str(above)),
        BatchPhoto("bucket/e.jpg", "s3://bucket/e.jpg"),
    ]


def test_no_photo_leaves_the_folder_of_results(tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text("../../../../../../../etc/x.jpg\ns3://a/../../b.jpg\nfile:///../c.jpg\n")
    for photo in find_photos(str(listed), tmp_path):
        assert ".." not in photo.name.split("/")
        assert not photo.name.startswith("/")


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"\xff\xfe\x00", b"a\0b\n"])
def test_what_is_no_list_is_one_line(tmp_path, content):
    (tmp_path / "list").write_bytes(content)
    with pytest.raises(InputError, match="list"):
        find_photos(str(tmp_path / "list"), tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        find_photos(str(tmp_path / "missing"), tmp_path)


def test_photos_are_read_where_they_lie():
    fsspec = pytest.importorskip("fsspec")
    files = fsspec.filesystem("memory")
    files.pipe("/bucket/a.jpg", b"one")
    files.pipe("/bucket/below/b.PNG", b"two")
    files.pipe("/bucket/c.txt", b"three")
    found = find_photos("memory://bucket", None)
    assert [photo.name for photo in found] == ["bucket/a.jpg", "bucket/below/b.PNG"]
    with on_disk(found[1].source) as path:
        assert path.read_bytes() == b"two"
        assert path.suffix == ".PNG"
    assert not path.exists()
    with pytest.raises(InputError, match=r"cannot read memory://bucket/none\.jpg"):
        on_disk("memory://bucket/none.jpg").__enter__()
    with pytest.raises(InputError, match="cannot read nonesuch://a"):
        on_disk("nonesuch://a").__enter__()
