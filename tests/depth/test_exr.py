"""Which channel of an .exr is depth, in the layouts of the programs that write them."""

from __future__ import annotations

import numpy as np
import pytest

from nvs.depth.exr import depth_channel
from nvs.depth.file import read_depth_file
from nvs.errors import InputError

openexr = pytest.importorskip("OpenEXR")

DEPTH = np.linspace(1, 9, 12 * 16, dtype=np.float32).reshape(12, 16)
OTHER = np.linspace(-1, 1, 12 * 16, dtype=np.float32).reshape(12, 16)
COLOURS = {"R": OTHER, "G": OTHER * 2, "B": OTHER * 3}


def vector(layer: str) -> dict[str, np.ndarray]:
    return {f"{layer}.{axis}": OTHER * (i + 1) for i, axis in enumerate("XYZ")}


@pytest.mark.parametrize(
    "depth",
    [
        ["Z"],
        ["depth"],
        ["ViewLayer.Depth.Z"],  # Blender
        ["ViewLayer.Depth.V"],  # Blender 5
        ["depth.R", "depth.G", "depth.B"],
        ["VRayZDepth.R", "VRayZDepth.G", "VRayZDepth.B"],
        ["FinalImageWorldDepth.R", "FinalImageWorldDepth.A"],  # Unreal; alpha is left out
        ["depth.Z"],  # Nuke, Cinema 4D
        ["View.Z"],
        ["ViewLayer.Depth.Z", "ViewLayer.Denoising Depth.Z"],
    ],
)
def test_the_one_channel_that_is_depth_by_its_name(tmp_path, depth):
    channels = {**COLOURS, **vector("ViewLayer.Normal"), **vector("Position")}
    channels |= {"ViewLayer.Mist.Z": OTHER, "A": np.ones_like(OTHER)}
    for name in depth:
        odd = name.endswith(".A") or "Denoising" in name
        channels[name] = DEPTH * 7 if odd else DEPTH
    openexr.File({}, channels).write(str(tmp_path / "a.exr"))
    np.testing.assert_array_equal(read_depth_file(tmp_path / "a.exr"), DEPTH)


def test_the_height_of_a_position_is_no_depth(tmp_path):
    openexr.File({}, {**COLOURS, **vector("Normal")}).write(str(tmp_path / "a.exr"))
    with pytest.raises(InputError, match="no channel Z among"):
        read_depth_file(tmp_path / "a.exr")
    with pytest.raises(ValueError, match=r"several channels may be depth: a\.depth\.Z, b\.depth"):
        depth_channel({"a.depth.Z": DEPTH, "b.depth.Z": OTHER, "R": OTHER})


def test_a_part_of_a_file_of_several(tmp_path):
    parts = [
        openexr.Part({}, COLOURS, "beauty"),
        openexr.Part({}, {"Z": DEPTH}, "depth"),
    ]
    openexr.File(parts).write(str(tmp_path / "a.exr"))
    np.testing.assert_array_equal(read_depth_file(tmp_path / "a.exr"), DEPTH)


def test_a_render_of_a_region_lies_where_it_belongs(tmp_path):
    """Its data window is smaller than its display window: what was not rendered is unknown."""
    header = {
        "dataWindow": (np.array([3, 2], np.int32), np.array([10, 8], np.int32)),
        "displayWindow": (np.array([0, 0], np.int32), np.array([15, 11], np.int32)),
    }
    region = np.ascontiguousarray(DEPTH[2:9, 3:11])
    openexr.File(header, {"Z": region}).write(str(tmp_path / "a.exr"))
    expected = np.zeros_like(DEPTH)
    expected[2:9, 3:11] = region
    np.testing.assert_array_equal(read_depth_file(tmp_path / "a.exr"), expected)


def test_a_normalised_disparity_map_in_three_equal_channels(tmp_path):
    """Video-Depth-Anything #98: 0..1 in R, G and B; what it is, is seen in the photo."""
    values = (DEPTH - 1) / 8
    openexr.File({}, dict.fromkeys("RGB", values)).write(str(tmp_path / "a.exr"))
    np.testing.assert_array_equal(read_depth_file(tmp_path / "a.exr"), values)
