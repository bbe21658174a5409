"""Photos as people have them: every kind of file, upright, in sRGB, with the right camera."""

import io
import itertools
import math
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from nvs.errors import InputError
from nvs.photo.photo import Photo, load_photo

ORIENTATION, EXIF_IFD, FOCAL_LENGTH, FOCAL_35MM = 0x0112, 0x8769, 0x920A, 0xA405
FOCAL_PLANE_X, FOCAL_PLANE_UNIT, EXIF_WIDTH, EXIF_HEIGHT = 0xA20E, 0xA210, 0xA002, 0xA003
DIAGONAL_MM = math.hypot(36, 24)


def smooth_rgb(height: int = 30, width: int = 40) -> np.ndarray:
    """A picture without symmetry [H, W, 3] uint8, smooth enough for lossy formats."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    return (
        np.stack([x, y, 0.5 + 0.4 * np.sin(5 * x + 2 * y)], -1)
        .clip(0, 1)
        .__mul__(255)
        .astype(np.uint8)
    )


def save(path, image: Image.Image, **options):
    image.save(path, **options)
    return path


def exif_with(orientation: int | None = None, **fields) -> Image.Exif:
    exif = Image.Exif()
    if orientation is not None:
        exif[ORIENTATION] = orientation
    folder = exif.get_ifd(EXIF_IFD)
    names = {
        "focal": FOCAL_LENGTH,
        "focal_35mm": FOCAL_35MM,
        "plane_x": FOCAL_PLANE_X,
        "plane_unit": FOCAL_PLANE_UNIT,
        "width": EXIF_WIDTH,
        "height": EXIF_HEIGHT,
    }
    for name, value in fields.items():
        folder[names[name]] = value
    return exif


def error_of(photo: Photo, expected: np.ndarray) -> float:
    """Largest difference to a picture [H, W, 3] in 0..1."""
    assert photo.rgb.dtype == torch.float32
    assert photo.rgb.shape == expected.shape
    assert (photo.camera.width, photo.camera.height) == expected.shape[1::-1]
    return float(np.abs(photo.rgb.numpy() - expected).max())


# --- Pixels -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "tolerance", "options"),
    [
        (".png", 1e-6, {}),
        (".bmp", 1e-6, {}),
        (".ppm", 1e-6, {}),
        (".tga", 1e-6, {}),
        (".tif", 1e-6, {"compression": "tiff_lzw"}),
        (".webp", 1e-6, {"lossless": True}),
        (".jp2", 1e-6, {}),
        (".jpg", 0.03, {"quality": 95, "subsampling": 0}),
        (".jpg", 0.03, {"quality": 95, "subsampling": 0, "progressive": True}),
    ],
)
def test_the_common_formats(tmp_path, suffix, tolerance, options):
    rgb = smooth_rgb()
    path = save(tmp_path / f"photo{suffix}", Image.fromarray(rgb), **options)
    photo = load_photo(path)
    assert error_of(photo, rgb / 255) < tolerance
    assert photo.notices == []
    assert photo.path == path


def test_the_suffix_does_not_matter(tmp_path):
    rgb = smooth_rgb()
    path = save(tmp_path / "photo.jpg", Image.fromarray(rgb), format="PNG")
    assert error_of(load_photo(str(path)), rgb / 255) < 1e-6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_exif_orientation(tmp_path, orientation, suffix):
    """Where the first row and column of the file lie in the upright picture (EXIF 2.3, table)."""
    upright = smooth_rgb(32, 48)
    stored = {
        1: upright,
        2: upright[:, ::-1],  # the first column is at the right
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: upright.swapaxes(0, 1)[::-1],  # the first row is the right-hand side
        7: upright.swapaxes(0, 1)[::-1, ::-1],
        8: upright.swapaxes(0, 1)[:, ::-1],  # the first row is the left-hand side
    }[orientation]
    options: dict[str, dict[str, Any]] = {
        ".jpg": {"quality": 98, "subsampling": 0},
        ".webp": {"lossless": True},
    }
    path = save(
        tmp_path / f"turned{suffix}",
        Image.fromarray(np.ascontiguousarray(stored)),
        exif=exif_with(orientation),
        **options.get(suffix, {}),
    )
    assert error_of(load_photo(path), upright / 255) < (0.03 if suffix == ".jpg" else 1e-6)


def test_grey_and_bilevel(tmp_path):
    grey = smooth_rgb()[..., 0]
    photo = load_photo(save(tmp_path / "grey.png", Image.fromarray(grey)))
    assert error_of(photo, np.repeat(grey[..., None] / 255, 3, -1)) < 1e-6
    black_white = Image.fromarray(grey > 100)
    assert black_white.mode == "1"
    photo = load_photo(save(tmp_path / "1.png", black_white))
    assert error_of(photo, np.repeat((grey > 100)[..., None] * 1.0, 3, -1)) < 1e-6


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bit_grey_keeps_range_and_precision(tmp_path, suffix):
    grey = np.linspace(0, 65535, 40 * 30).reshape(30, 40).astype(np.uint16)
    photo = load_photo(save(tmp_path / f"grey16{suffix}", Image.fromarray(grey)))
    assert error_of(photo, np.repeat(grey[..., None] / 65535, 3, -1)) < 1e-6


def test_sixteen_bit_colour_keeps_its_range(tmp_path):
    """Pillow reads these as 8 bits: less precise, but neither clipped nor wrapped."""
    colour = np.random.default_rng(0).integers(0, 65536, (30, 40, 3)).astype(np.uint16)
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "a.tif", colour, photometric="rgb")
    assert error_of(load_photo(tmp_path / "a.tif"), colour / 65535) < 1 / 255
    (tmp_path / "a.png").write_bytes(png16(colour))
    assert error_of(load_photo(tmp_path / "a.png"), colour / 65535) < 1 / 255


def png16(values: np.ndarray) -> bytes:
    """A 16-bit PNG of grey+alpha, RGB or RGBA [H, W, 2..4]; Pillow does not write these."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def test_float_grey(tmp_path):
    grey = np.linspace(0, 1, 40 * 30, dtype=np.float32).reshape(30, 40)
    photo = load_photo(save(tmp_path / "f.tif", Image.fromarray(grey)))
    assert error_of(photo, np.repeat(grey[..., None], 3, -1)) < 1e-6
    photo = load_photo(save(tmp_path / "f.tif", Image.fromarray(grey * 500 - 100)))
    assert error_of(photo, np.repeat(grey[..., None], 3, -1)) < 1e-5
    assert photo.notices == ["grey values -100 to 400 are stretched to black and white"]
    grey[3, 4] = math.nan
    save(tmp_path / "f.tif", Image.fromarray(grey))
    with pytest.raises(InputError, match="not numbers"):
        load_photo(tmp_path / "f.tif")


def test_transparency_shows_white(tmp_path):
    rgb = smooth_rgb()
    alpha = np.linspace(0, 255, rgb.shape[1]).astype(np.uint8)[None, :, None].repeat(30, 0)
    expected = (rgb * (alpha / 255) + 255 - alpha) / 255
    rgba = Image.fromarray(np.concatenate([rgb, alpha], -1))
    for name in ("a.png", "a.tif"):
        assert error_of(load_photo(save(tmp_path / name, rgba)), expected) < 1 / 255
    grey_alpha = Image.merge("LA", [Image.fromarray(rgb[..., 0]), Image.fromarray(alpha[..., 0])])
    photo = load_photo(save(tmp_path / "la.png", grey_alpha))
    assert error_of(photo, expected[..., :1].repeat(3, -1)) < 1 / 255
    (tmp_path / "16.png").write_bytes(png16(np.concatenate([rgb, alpha], -1).astype(int) * 257))
    assert error_of(load_photo(tmp_path / "16.png"), expected) < 1.5 / 255


def test_palette_with_and_without_transparency(tmp_path):
    indices = np.arange(30 * 40, dtype=np.uint8).reshape(30, 40) % 4
    colours = np.array([[255, 0, 0], [0, 200, 0], [10, 20, 30], [90, 80, 70]], np.uint8)
    image = Image.fromarray(indices)
    image.putpalette(colours.tobytes())
    assert image.mode == "P"
    expected = colours[indices] / 255
    for name in ("p.png", "p.gif"):
        assert error_of(load_photo(save(tmp_path / name, image)), expected) < 1e-6
    expected[indices == 2] = 1.0
    for name in ("t.png", "t.gif"):
        path = save(tmp_path / name, image, transparency=2)
        assert error_of(load_photo(path), expected) < 1e-6


def test_cmyk(tmp_path):
    rgb = smooth_rgb()
    cmyk = Image.fromarray(rgb).convert("CMYK")
    for name, tolerance in (("c.tif", 1 / 255), ("c.jpg", 0.03)):
        path = save(tmp_path / name, cmyk, **({"quality": 98} if name == "c.jpg" else {}))
        assert error_of(load_photo(path), rgb / 255) < tolerance


def rgb_profile(primaries: dict[str, tuple[float, float]], gamma: float) -> bytes:
    """An ICC v2 matrix profile with D65 white, made from the primaries' xy chromaticities."""

    def xyz(x, y):
        return np.array([x / y, 1.0, (1 - x - y) / y])

    white, d50 = xyz(0.3127, 0.3290), np.array([0.9642, 1.0, 0.8249])
    bradford = np.array(
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
    )
    adapt = np.linalg.inv(bradford) @ np.diag(bradford @ d50 / (bradford @ white)) @ bradford
    columns = np.stack([xyz(*primaries[c]) for c in "rgb"], -1)
    columns = adapt @ (columns * np.linalg.solve(columns, white))

    def fixed(values):
        return b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    description = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78 + 1)
    tags = {b"desc": description, b"cprt": b"text" + bytes(4) + b"none\0" + bytes(3)}
    tags |= {b"wtpt": b"XYZ " + bytes(4) + fixed(d50)}
    for i, c in enumerate("rgb"):
        tags[f"{c}XYZ".encode()] = b"XYZ " + bytes(4) + fixed(columns[:, i])
        tags[f"{c}TRC".encode()] = curve
    table, body, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data
    size = offset + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + fixed(d50)
    header += bytes(128 - len(header))
    return header + struct.pack(">I", len(tags)) + table + body


WIDE_GAMUTS = {
    "Display P3": ({"r": (0.680, 0.320), "g": (0.265, 0.690), "b": (0.150, 0.060)}, 2.2),
    "Adobe RGB": ({"r": (0.640, 0.330), "g": (0.210, 0.710), "b": (0.150, 0.060)}, 2.2),
}
SRGB_PRIMARIES = {"r": (0.640, 0.330), "g": (0.300, 0.600), "b": (0.150, 0.060)}


def to_srgb_by_hand(rgb: np.ndarray, primaries, gamma: float) -> np.ndarray:
    def to_xyz(p):
        columns = np.stack([[x / y, 1, (1 - x - y) / y] for x, y in (p[c] for c in "rgb")], -1)
        white = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
        return columns * np.linalg.solve(columns, white)

    linear = rgb**gamma @ (np.linalg.inv(to_xyz(SRGB_PRIMARIES)) @ to_xyz(primaries)).T
    linear = linear.clip(0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("gamut", WIDE_GAMUTS)
@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_wide_gamut_profiles_become_srgb(tmp_path, gamut, suffix):
    rgb = smooth_rgb() // 2 + 60  # muted colours lie in both gamuts
    options = {"lossless": True} if suffix == ".webp" else {}
    path = save(
        tmp_path / f"wide{suffix}",
        Image.fromarray(rgb),
        icc_profile=rgb_profile(*WIDE_GAMUTS[gamut]),
        **options,
    )
    expected = to_srgb_by_hand(rgb / 255, *WIDE_GAMUTS[gamut])
    assert np.abs(expected - rgb / 255).max() > 0.03  # the test could tell if nothing happened
    photo = load_photo(path)
    assert error_of(photo, expected) < 2 / 255
    assert photo.notices == []


def test_srgb_and_broken_profiles_leave_the_colours(tmp_path):
    rgb = smooth_rgb()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = load_photo(save(tmp_path / "s.png", Image.fromarray(rgb), icc_profile=srgb))
    assert error_of(photo, rgb / 255) < 1e-6
    assert photo.notices == []
    for broken in (b"not a profile", srgb[:200], rgb_profile(*WIDE_GAMUTS["Adobe RGB"])[:300]):
        photo = load_photo(save(tmp_path / "b.png", Image.fromarray(rgb), icc_profile=broken))
        assert error_of(photo, rgb / 255) < 1e-6
        assert photo.notices == ["the colour profile cannot be used; colours are taken as sRGB"]
    # A colour profile on a grey picture does not fit it.
    grey = Image.fromarray(rgb[..., 0])
    assert load_photo(save(tmp_path / "g.png", grey, icc_profile=srgb)).rgb.shape == (30, 40, 3)


def test_lab(tmp_path):
    rgb = smooth_rgb() // 2 + 60
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(Image.fromarray(rgb), to_lab)
    assert error_of(load_photo(save(tmp_path / "lab.tif", lab)), rgb / 255) < 0.06  # 8 bits


def test_heic(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    rgb = smooth_rgb(64, 96)
    exif = exif_with(6, focal_35mm=26)
    heif = pillow_heif.from_pillow(Image.fromarray(rgb))
    heif.save(tmp_path / "photo.heic", quality=95, exif=exif.tobytes())
    photo = load_photo(tmp_path / "photo.heic")
    assert photo.rgb.shape == (96, 64, 3)
    assert error_of(photo, np.rot90(rgb, -1) / 255) < 0.06
    assert photo.focal_source.startswith("EXIF, 26 mm")


def test_heic_without_its_reader_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)
    (tmp_path / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    with pytest.raises(InputError, match="pip install pillow-heif"):
        load_photo(tmp_path / "photo.heic")


# --- The camera ---------------------------------------------------------------------------


def test_the_stated_default(tmp_path):
    photo = load_photo(save(tmp_path / "a.png", Image.fromarray(smooth_rgb())))
    expected = 30 / DIAGONAL_MM * math.hypot(40, 30)
    matrix = [[expected, 0, 20], [0, expected, 15], [0, 0, 1]]
    torch.testing.assert_close(photo.camera.intrinsics, torch.tensor(matrix))
    torch.testing.assert_close(photo.camera.camera_to_world, torch.eye(4))
    half = photo.camera.width / (2 * float(photo.camera.intrinsics[0, 0]))
    assert math.degrees(2 * math.atan(half)) == pytest.approx(60, abs=0.1)
    assert photo.focal_source.startswith("assumed, 30 mm")


@pytest.mark.parametrize("orientation", [1, 6])
def test_exif_35mm_equivalent(tmp_path, orientation):
    exif = exif_with(orientation, focal_35mm=26, focal=5.6)
    photo = load_photo(save(tmp_path / "a.jpg", Image.fromarray(smooth_rgb()), exif=exif))
    focal_px = 26 / DIAGONAL_MM * 50
    assert float(photo.camera.intrinsics[0, 0]) == pytest.approx(focal_px)
    assert photo.focal_source == "EXIF, 26 mm (35-mm equivalent)"


@pytest.mark.parametrize(
    ("per_unit", "unit"), [(400 * 25.4 / 22.5, 2), (4000 / 22.5, 3), (400 / 22.5, 4)]
)
def test_exif_focal_plane_resolution(tmp_path, per_unit, unit):
    """A sensor 22.5 mm wide took 400x300; the file has since been made 40x30."""
    exif = exif_with(focal=50.0, plane_x=per_unit, plane_unit=unit, width=400, height=300)
    photo = load_photo(save(tmp_path / "a.jpg", Image.fromarray(smooth_rgb()), exif=exif))
    assert float(photo.camera.intrinsics[0, 0]) == pytest.approx(50 / 22.5 * 40, rel=1e-4)
    assert photo.focal_source == "EXIF, 50 mm on a sensor of 28.1 mm diagonal"


@pytest.mark.parametrize(
    "fields",
    [
        {"focal_35mm": 0},
        {"focal_35mm": 65535},
        {"focal": 50.0},
        {"focal": 50.0, "plane_x": 0.0},
        {"focal": 50.0, "plane_x": 100.0, "plane_unit": 77},
        {"focal": 50.0, "plane_x": 1e-9, "plane_unit": 4},
    ],
)
def test_exif_nonsense_gives_the_default(tmp_path, fields):
    path = save(tmp_path / "a.jpg", Image.fromarray(smooth_rgb()), exif=exif_with(9, **fields))
    assert load_photo(path).focal_source.startswith("assumed")


def test_options_override_exif(tmp_path):
    exif = exif_with(6, focal_35mm=26)
    path = save(tmp_path / "a.jpg", Image.fromarray(smooth_rgb()), exif=exif)  # upright 30x40
    matrix = [[50.0, 0, 14], [0, 60, 22], [0, 0, 1]]
    for options, fx, fy, cx, cy in (
        ({"focal_px": 55}, 55, 55, 15, 20),
        ({"focal_mm": 50}, 50 / DIAGONAL_MM * 50, 50 / DIAGONAL_MM * 50, 15, 20),
        ({"fov_deg": 90}, 15, 15, 15, 20),
        ({"intrinsics": torch.tensor(matrix)}, 50, 60, 14, 22),
        ({"intrinsics": matrix}, 50, 60, 14, 22),
        ({"intrinsics": np.array(matrix)}, 50, 60, 14, 22),
    ):
        photo = load_photo(path, **options)
        expected = torch.tensor([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], dtype=torch.float32)
        torch.testing.assert_close(photo.camera.intrinsics, expected)
        assert photo.focal_source.startswith("given")


K = [[50.0, 0, 20], [0, 50, 15], [0, 0, 1]]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"focal_px": 0}, "positive"),
        ({"focal_px": -5}, "positive"),
        ({"focal_px": math.nan}, "positive"),
        ({"focal_mm": math.inf}, "positive"),
        ({"focal_px": 1e-3}, "° wide"),
        ({"focal_px": 1e9}, "° wide"),
        ({"focal_mm": 0.026}, "° wide"),
        ({"fov_deg": 180}, "180"),
        ({"fov_deg": -60}, "positive"),
        ({"fov_deg": 179.9}, "° wide"),
        ({"focal_px": 50, "fov_deg": 60}, "contradict"),
        ({"focal_mm": 50, "intrinsics": K}, "contradict"),
        ({"intrinsics": [[1.0, 2.0]]}, r"\[3, 3\]"),
        ({"intrinsics": "K"}, r"\[3, 3\]"),
        ({"intrinsics": [[math.nan, 0, 20], *K[1:]]}, "finite"),
        ({"intrinsics": [[-50.0, 0, 20], *K[1:]]}, "positive"),
        ({"intrinsics": [[50.0, 3, 20], *K[1:]]}, "fx"),
        ({"intrinsics": torch.tensor(K).T}, "fx"),
        ({"intrinsics": [[500.0, 0, 200], [0, 500, 150], [0, 0, 1]]}, "another size"),
        ({"intrinsics": [[0.7, 0, 0.5], [0, 0.7, 0.5], [0, 0, 1]]}, "unit"),
        ({"max_megapixels": 0}, "max_megapixels"),
        ({"max_megapixels": math.nan}, "max_megapixels"),
    ],
)
def test_focal_options_that_no_camera_has(tmp_path, options, words):
    path = save(tmp_path / "a.png", Image.fromarray(smooth_rgb()))
    with pytest.raises(InputError, match=words) as refusal:
        load_photo(path, **options)
    assert "\n" not in str(refusal.value)


# --- Size ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["RGB", "P", "I;16", "RGBA", "1"])
def test_large_photos_are_reduced_with_their_camera(tmp_path, mode):
    rgb = smooth_rgb(300, 400)
    image = Image.fromarray(rgb)
    if mode == "I;16":
        image = Image.fromarray(rgb[..., 0].astype(np.uint16) * 257)
    elif mode != "RGB":
        image = image.convert(mode)
    path = save(tmp_path / "large.png", image, exif=exif_with(6))
    photo = load_photo(path, max_megapixels=0.03, focal_px=300)
    assert photo.rgb.shape == (200, 150, 3)
    assert (photo.camera.width, photo.camera.height) == (150, 200)
    assert float(photo.camera.intrinsics[0, 0]) == pytest.approx(150)
    assert photo.notices == ["0.12 megapixels are reduced to 150x200"]
    if mode == "RGB":  # the mean of each 2x2 block, more or less
        expected = np.rot90(rgb, -1).reshape(200, 2, 150, 2, 3).mean((1, 3)) / 255
        assert error_of(photo, expected) < 0.02


def test_a_hundred_megapixels(tmp_path):
    """More than Pillow reads by itself, yet the full picture is never in memory."""
    path = save(tmp_path / "huge.jpg", Image.new("RGB", (12000, 9000), (200, 100, 50)))
    script = (
        "import resource, sys\n"
        "from nvs.photo.photo import load_photo\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "photo = load_photo(sys.argv[1], max_megapixels=4, focal_px=10000)\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print((after - before) // 1024, list(photo.rgb.shape), *photo.notices)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    megabytes, rest = answer.stdout.split(" ", 1)
    assert rest == "[1732, 2309, 3] 108 megapixels are reduced to 2309x1732\n"
    assert int(megabytes) < 250  # the full picture takes 432 MB in Pillow
    assert Image.MAX_IMAGE_PIXELS is not None


def test_beyond_the_limit_is_refused_before_decoding(tmp_path):
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    chunk = (
        struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    )
    data = struct.pack(">I", 10) + b"IDAT" + bytes(10)
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + data)
    with pytest.raises(InputError, match="3600 megapixels; at most 300"):
        load_photo(tmp_path / "bomb.png")


@given(
    width=st.integers(16, 90),
    height=st.integers(16, 90),
    longer_side=st.integers(1, 200),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_resizing_keeps_the_view(tmp_path, width, height, longer_side):
    """A plain ramp stays the same ramp in the camera's own directions, whatever the size."""
    photo = load_photo(save(tmp_path / "a.png", Image.fromarray(smooth_rgb(height, width))))
    resized = photo.resized_to(longer_side)
    assert max(resized.rgb.shape[:2]) == longer_side
    assert (resized.camera.height, resized.camera.width) == resized.rgb.shape[:2]
    assert resized.rgb.is_contiguous()
    assert 0 <= float(resized.rgb.min()) <= float(resized.rgb.max()) <= 1
    corner = torch.tensor([[0.0, 0.0]])
    far_corner = torch.tensor([[width, height]], dtype=torch.float32)
    far_resized = torch.tensor([[resized.camera.width, resized.camera.height]]).float()
    torch.testing.assert_close(photo.camera.rays(corner), resized.camera.rays(corner))
    torch.testing.assert_close(photo.camera.rays(far_corner), resized.camera.rays(far_resized))
    if longer_side >= 16:
        assert float((resized.rgb.mean((0, 1)) - photo.rgb.mean((0, 1))).abs().max()) < 0.02


def test_resizing_antialiases(tmp_path):
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    photo = load_photo(save(tmp_path / "a.png", Image.fromarray(stripes)))
    inside = photo.resized_to(16).rgb[:, 2:-2]
    assert float((inside - 0.5).abs().max()) < 0.05
    assert photo.resized_to(64) is photo
    with pytest.raises(ValueError, match="longer_side"):
        photo.resized_to(0)


# --- What is no photo -----------------------------------------------------------------------


def test_bad_files_are_one_line(tmp_path):
    image = Image.fromarray(smooth_rgb())
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("not a picture\n" * 50)
    (tmp_path / "page.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 40 30\n")
    save(tmp_path / "tiny.png", Image.new("RGB", (1, 1)))
    save(tmp_path / "thin.png", Image.new("RGB", (500, 15)))
    preview = save(tmp_path / "raw.tif", image, tiffinfo={254: 1})
    for path, words in (
        (tmp_path / "missing.jpg", "does not exist"),
        (tmp_path, "is a folder"),
        (tmp_path / "empty.jpg", "is empty"),
        (tmp_path / "text.jpg", "is not a picture"),
        (tmp_path / "page.eps", "is not a picture"),
        (tmp_path / "tiny.png", "1x1 pixels; at least 16x16"),
        (tmp_path / "thin.png", "500x15 pixels"),
        (preview, "raw photo"),
    ):
        with pytest.raises(InputError, match=words) as refusal:
            load_photo(path)
        assert "\n" not in str(refusal.value)
        assert str(path) in str(refusal.value)


@pytest.mark.parametrize(
    "suffix", [".jpg", ".png", ".webp", ".tif", ".gif", ".bmp", ".jp2", ".ppm"]
)
def test_truncated_files_are_one_line(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype(np.uint8)
    whole = save(tmp_path / f"whole{suffix}", Image.fromarray(noise)).read_bytes()
    lengths = [1, 10, 30, len(whole) // 3, len(whole) // 2, len(whole) * 9 // 10]
    if suffix in (".jpg", ".png"):  # of these viewers show what is there
        lengths.pop()
    for length in lengths:
        (tmp_path / f"part{suffix}").write_bytes(whole[:length])
        with pytest.raises(InputError) as refusal:
            load_photo(tmp_path / f"part{suffix}")
        assert "\n" not in str(refusal.value)


def picture_bytes(format_name: str) -> bytes:
    buffer = io.BytesIO()
    exif = exif_with(6, focal_35mm=26, focal=5.6, plane_x=100.0, width=40, height=30)
    options = {"exif": exif} if format_name not in ("GIF", "BMP") else {}
    Image.fromarray(smooth_rgb()).save(buffer, format_name, **options)
    return buffer.getvalue()


PICTURES = {name: picture_bytes(name) for name in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP")}


@given(
    format_name=st.sampled_from(sorted(PICTURES)),
    changes=st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=20
    ),
)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damaged_bytes_give_a_photo_or_one_line(tmp_path, format_name, changes):
    data = bytearray(PICTURES[format_name])
    for position, value in changes:  # half of the changes fall into the header
        data[position % (len(data) if position % 2 else min(len(data), 200))] = value
    (tmp_path / "damaged").write_bytes(data)
    try:
        photo = load_photo(tmp_path / "damaged")
    except InputError as error:
        refusal = str(error)
    else:
        refusal = ""
        assert bool(photo.rgb.isfinite().all())
        assert 0 <= float(photo.rgb.min()) <= float(photo.rgb.max()) <= 1
    assert "\n" not in refusal


def test_multi_picture_jpeg_is_its_first_picture(tmp_path):
    """Phones write JPEGs with a second picture (a depth or HDR map) behind the photo."""
    rgb = smooth_rgb()
    second = Image.new("RGB", (40, 30))
    path = tmp_path / "phone.jpg"
    Image.fromarray(rgb).save(path, "MPO", save_all=True, append_images=[second], quality=95)
    assert error_of(load_photo(path), rgb / 255) < 0.05


def test_of_several_pages_the_first_is_taken(tmp_path):
    rgb = smooth_rgb()
    path = tmp_path / "pages.tif"
    Image.fromarray(rgb).save(path, save_all=True, append_images=[Image.new("RGB", (40, 30))])
    photo = load_photo(path)
    assert error_of(photo, rgb / 255) < 1e-6
    assert photo.notices == ["the file has 2 pages; the first is taken (--frame N)"]


def test_photos_load_at_the_same_time_in_threads(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    limit = Image.MAX_IMAGE_PIXELS
    paths = [save(tmp_path / f"{k}.png", Image.new("L", (20, 20), k)) for k in range(40)]
    with ThreadPoolExecutor(8) as pool:
        photos = list(pool.map(load_photo, itertools.chain(paths, paths)))
    values = [round(float(photo.rgb[0, 0, 0]) * 255) for photo in photos]
    assert values == [*range(40), *range(40)]
    assert limit == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize(
    "values",
    [
        np.full((20, 20), 5, np.float32),
        np.full((20, 20), 70_000, np.int32),
        np.linspace(-3e38, 3e38, 400, dtype=np.float32).reshape(20, 20),
    ],
)
def test_grey_of_one_tone_or_of_all_floats_is_finite(tmp_path, values):
    Image.fromarray(values).save(tmp_path / "a.tif")
    rgb = load_photo(tmp_path / "a.tif").rgb
    assert bool(((rgb >= 0) & (rgb <= 1)).all())
    spread = 0 if np.ptp(values.astype(float)) == 0 else 1
    assert float(rgb.max() - rgb.min()) == pytest.approx(spread, abs=1e-6)
