"""The sample photos are photos, small enough to clone, and each names its licence."""

from pathlib import Path

import pytest

from nvs.photo.photo import load_photo
from nvs_viewer.samples import sample_photos

ASSETS = Path(__file__).parents[1] / "assets"
PHOTOS = sorted((ASSETS / "photos").iterdir())


def test_there_are_several():
    assert len(PHOTOS) >= 4


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_a_sample_photo(path):
    photo = load_photo(path)
    assert 600 <= max(photo.camera.width, photo.camera.height) <= 1600
    assert photo.notices == []
    assert float(photo.rgb.std()) > 0.1
    assert path.stat().st_size < 400_000
    (row,) = [
        line
        for line in (ASSETS / "README.md").read_text().splitlines()
        if f"`photos/{path.name}`" in line
    ]
    assert "creativecommons.org" in row


def test_the_page_offers_every_sample_photo():
    assert sample_photos().keys() == {photo.stem for photo in PHOTOS}
    assert all(path.is_file() for path in sample_photos().values())
