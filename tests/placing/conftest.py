"""The room, photographed once."""

import pytest
from PIL import Image

from tests.placing.room import photographed, walk


@pytest.fixture(scope="session")
def poses():
    """Of five cameras."""
    return walk(5)


@pytest.fixture(scope="session")
def photos(poses, tmp_path_factory):
    """What they see: PNG files in one folder, 0.png to 4.png."""
    folder = tmp_path_factory.mktemp("room")
    for number, pose in enumerate(poses):
        Image.fromarray(photographed(pose)).save(folder / f"{number}.png")
    return sorted(folder.iterdir())
