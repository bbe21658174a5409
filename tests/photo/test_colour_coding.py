"""Colours that no ICC profile tells: HDR, wide gamuts, linear light; against known values.

Where a figure comes from stands beside it; what was worked out by hand uses the standard's own
formulas, written down here once more, not ours.
"""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nvs.photo.coding import ColourCoding
from nvs.photo.gamut import CODE_POINTS, Primaries
from nvs.photo.isobmff import read_nclx
from nvs.photo.photo import load_photo
from nvs.photo.tone import tone_mapped
from tests.photo.pictures import cicp, flat, png, write
from tests.photo.test_photo import WIDE_GAMUTS, rgb_profile, smooth_rgb, to_srgb_by_hand

BT709, BT2020, DISPLAY_P3 = 1, 9, 12
SRGB, LINEAR, PQ, HLG = 13, 8, 16, 18


def pq(nits: float) -> float:
    """BT.2100's inverse EOTF."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    y = (nits / 10000) ** m1
    return ((c1 + c2 * y) / (1 + c3 * y)) ** m2


def srgb(light: float) -> float:
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def shown(path) -> list[float]:
    """The colour of a patch."""
    rgb = load_photo(path).rgb.numpy()
    assert np.ptp(rgb.reshape(-1, 3), axis=0).max() < 0.02
    return rgb.reshape(-1, 3).mean(0).tolist()


# --- HDR ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nits", "expected"),
    [
        (203.0, 1.0),  # BT.2408: diffuse white; nothing is brighter, so it is white
        (0.18 * 203, srgb(0.18)),  # a grey card: 0.461
        (0.5 * 203, srgb(0.5)),
        (0.01 * 203, srgb(0.01)),
        (0.0, 0.0),
    ],
)
def test_pq_light_up_to_diffuse_white_is_shown_as_it_is(tmp_path, nits, expected):
    assert pq(203) == pytest.approx(0.58, abs=0.002)  # BT.2408, table 1: 58 %
    path = write(tmp_path / "a.png", png(flat(*[pq(nits)] * 3), cicp(BT2020, PQ)))
    assert shown(path) == pytest.approx([expected] * 3, abs=0.002)


def test_hlg_diffuse_white_is_white(tmp_path):
    """BT.2408: 75 % of HLG is diffuse white; half the signal is 1/12 of scene light."""
    path = write(tmp_path / "a.png", png(flat(0.75, 0.75, 0.75), cicp(BT2020, HLG)))
    assert shown(path) == pytest.approx([1.0] * 3, abs=0.003)
    path = write(tmp_path / "b.png", png(flat(0.5, 0.5, 0.5), cicp(BT2020, HLG)))
    assert shown(path) == pytest.approx([srgb((1 / 12) ** 1.2 * 1000 / 203)] * 3, abs=0.003)


def test_highlights_are_compressed_and_what_is_dark_is_left(tmp_path):
    nits = np.concatenate([np.full(200, 40.0), np.geomspace(40, 1000, 280)]).reshape(20, 24)
    values = np.rint(65535 * np.vectorize(pq)(nits))[..., None].repeat(3, -1).astype(np.uint16)
    photo = load_photo(write(tmp_path / "a.png", png(values, cicp(BT2020, PQ))))
    rgb = photo.rgb[..., 0].numpy().ravel()
    assert rgb[:200] == pytest.approx(srgb(40 / 203), abs=0.003)
    rising = rgb[200:]
    assert (np.diff(rising) > -1e-6).all()
    assert rising[-1] == pytest.approx(1, abs=0.003)
    white = rising[np.abs(nits.ravel()[200:] - 203).argmin()]
    assert 0.92 < white < 0.97  # room is left for what is brighter
    assert photo.notices[0].startswith("HDR (PQ) is tone-mapped to sRGB; its brightest light is ")
    assert photo.notices[0].endswith("cd/m², white 203")


def test_a_colour_brighter_than_white_keeps_its_hue():
    light = np.array([[[4.0, 2.0, 1.0], [0.5, 0.25, 0.125]]], np.float32)
    mapped = tone_mapped(light)
    np.testing.assert_allclose(mapped[0, 0] / mapped[0, 0, 0], [1, 0.5, 0.25], rtol=1e-5)
    np.testing.assert_array_equal(mapped[0, 1], light[0, 1])


@given(st.lists(st.floats(0, 50), min_size=3, max_size=30), st.floats(1.01, 60))
@settings(deadline=None)
def test_the_tone_curve_rises_and_stays_in_range(values, peak):
    light = np.sort(np.array(values, np.float32))[:, None].repeat(3, 1)
    mapped = tone_mapped(light, peak)[:, 0]
    assert ((mapped >= 0) & (mapped <= 1)).all()
    assert (np.diff(mapped) >= -1e-6).all()
    np.testing.assert_allclose(mapped[light[:, 0] < 0.75], light[light[:, 0] < 0.75, 0])


def scene() -> np.ndarray:
    """Light of a photo [H, W, 3], linear sRGB, no brighter than white."""
    return (smooth_rgb(64, 96) / 255.0) ** 2.2


def coded(light: np.ndarray, primaries: int, transfer: int) -> np.ndarray:
    """Linear sRGB light → numbers in 0..1 of another coding."""
    to_these = np.linalg.inv(CODE_POINTS[primaries].to_srgb())
    light = (light @ to_these.T).clip(0)
    if transfer == PQ:
        return np.vectorize(pq)(light * 203)
    if transfer == SRGB:
        return np.vectorize(srgb)(light.clip(0, 1))
    if transfer == HLG:
        y = (light @ CODE_POINTS[primaries].luminance)[..., None] * 203 / 1000
        linear = light * 203 / 1000 * np.maximum(y, 1e-9) ** (1 / 1.2 - 1)
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        high = a * np.log(np.maximum(12 * linear, b + 1e-9) - b) + c
        return np.where(linear <= 1 / 12, np.sqrt(3 * linear), high)
    raise ValueError(transfer)


def differs(path, tolerance: float) -> float:
    photo = load_photo(path)
    expected = np.vectorize(srgb)(scene())
    error = np.abs(photo.rgb.numpy() - expected)
    assert error.mean() < tolerance
    return error.max()


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("primaries", [BT709, BT2020, DISPLAY_P3])
def test_hdr_pngs(tmp_path, primaries, transfer):
    values = np.rint(65535 * coded(scene(), primaries, transfer).clip(0, 1)).astype(np.uint16)
    path = write(tmp_path / "a.png", png(values, cicp(primaries, transfer)))
    assert differs(path, 0.002) < 0.02
    eight = np.rint(values / 257).astype(np.uint8)
    path = write(tmp_path / "8.png", png(eight, cicp(primaries, transfer)))
    assert differs(path, 0.01) < 0.1  # steps of the darkest


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("bits", [8, 10])
def test_hdr_heics(tmp_path, transfer, bits):
    pillow_heif = pytest.importorskip("pillow_heif")
    values = coded(scene(), BT2020, transfer).clip(0, 1)
    if bits == 10:
        data = np.rint(65535 * values).astype(np.uint16).tobytes()
        picture = pillow_heif.from_bytes(mode="RGB;16", size=(96, 64), data=data)
    else:
        data = np.rint(255 * values).astype(np.uint8).tobytes()
        picture = pillow_heif.from_bytes(mode="RGB", size=(96, 64), data=data)
    picture.save(
        tmp_path / "a.heic",
        quality=98,
        chroma=444,
        color_primaries=BT2020,
        transfer_characteristics=transfer,
        matrix_coefficients=9,
    )
    assert load_photo(tmp_path / "a.heic").notices[0].startswith("HDR (")
    differs(tmp_path / "a.heic", 0.01 if bits == 10 else 0.02)


def test_ten_bits_of_a_heic_are_read(tmp_path):
    """8 bits of PQ would show steps: a ramp over the darks has more than 40 shades."""
    pillow_heif = pytest.importorskip("pillow_heif")
    ramp = np.linspace(0.2, 0.35, 96)[None, :, None] * np.ones((64, 1, 3))
    data = np.rint(65535 * ramp).astype(np.uint16).tobytes()
    picture = pillow_heif.from_bytes(mode="RGB;16", size=(96, 64), data=data)
    options = {"color_primaries": 1, "transfer_characteristics": PQ, "matrix_coefficients": 1}
    picture.save(tmp_path / "a.heic", quality=100, chroma=444, **options)
    assert len(np.unique(load_photo(tmp_path / "a.heic").rgb[32, :, 1])) > 60


def avif(rgb: np.ndarray, primaries: int, transfer: int) -> bytes:
    """An AVIF without a profile whose nclx box names the colours."""
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "AVIF", quality=95, subsampling="4:4:4")
    data = bytearray(file.getvalue())
    at = data.index(b"nclx") + 4
    data[at : at + 4] = struct.pack(">HH", primaries, transfer)
    return bytes(data)


@pytest.mark.skipif("AVIF" not in Image.registered_extensions().values(), reason="no AVIF")
@pytest.mark.parametrize("transfer", [PQ, HLG, SRGB])
def test_avifs(tmp_path, transfer):
    primaries = DISPLAY_P3 if transfer == SRGB else BT2020
    values = np.rint(255 * coded(scene(), primaries, transfer).clip(0, 1)).astype(np.uint8)
    differs(write(tmp_path / "a.avif", avif(values, primaries, transfer)), 0.02)


def test_narrow_range(tmp_path):
    """Stills of video: 16 is black and 235 white."""
    for level, expected in (
        (16, 0.0),
        (235, 1.0),
        (126, srgb(((110 / 219 + 0.055) / 1.055) ** 2.4)),
    ):
        path = write(tmp_path / "a.png", png(np.full((20, 24, 3), level, np.uint8), cicp(1, 13, 0)))
        assert shown(path) == pytest.approx([expected] * 3, abs=0.005)


def test_hdr_that_a_profile_names(tmp_path):
    """The `cicp` tag of ICC.1:2022, as phones write it into screenshots."""
    tag = b"cicp" + bytes(4) + bytes([BT2020, PQ, 0, 1])
    profile = bytearray(128) + struct.pack(">I4sII", 1, b"cicp", 144, 12) + tag
    compressed = zlib.compress(bytes(profile))
    chunk = (b"iCCP", b"hdr\0\0" + compressed)
    path = write(tmp_path / "a.png", png(flat(*[pq(0.18 * 203)] * 3), chunk))
    assert shown(path) == pytest.approx([srgb(0.18)] * 3, abs=0.002)


# --- Wide gamuts and gammas -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("primaries", "colour", "expected"),
    [
        # Colours of CSS Color 4's sample code, all inside sRGB.
        (DISPLAY_P3, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        (DISPLAY_P3, (0.9175, 0.2003, 0.1386), (1.0, 0.0, 0.0)),  # sRGB's red in P3
        (DISPLAY_P3, (0.4584, 0.9852, 0.2983), (0.0, 1.0, 0.0)),  # its green
        (DISPLAY_P3, (1.0, 0.0, 0.0), (1.0, 0.0, 0.0)),  # P3's red: beyond, clipped
        (BT709, (0.3, 0.6, 0.9), (0.3, 0.6, 0.9)),
    ],
)
def test_gamuts_named_by_cicp(tmp_path, primaries, colour, expected):
    path = write(tmp_path / "a.png", png(flat(*colour), cicp(primaries, SRGB)))
    assert shown(path) == pytest.approx(expected, abs=0.012)


@pytest.mark.parametrize("primaries", sorted(CODE_POINTS))
def test_white_and_grey_stay_neutral_in_every_gamut(primaries):
    matrix = CODE_POINTS[primaries].to_srgb()
    np.testing.assert_allclose(matrix @ np.ones(3), 1.0, atol=2e-4)


def test_the_matrix_of_bt2020_is_the_published_one():
    """BT.2087-0: from BT.2020 to BT.709."""
    published = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    np.testing.assert_allclose(CODE_POINTS[BT2020].to_srgb(), published, atol=2e-4)


def test_the_white_of_aces_is_adapted():
    """AP1 → sRGB with Bradford's adaptation, as in ACES' own transforms."""
    ap1 = Primaries((0.713, 0.293), (0.165, 0.830), (0.128, 0.044), (0.32168, 0.33767))
    published = [[1.7051, -0.6218, -0.0833], [-0.1303, 1.1408, -0.0105], [-0.0240, -0.1290, 1.1530]]
    np.testing.assert_allclose(ap1.to_srgb(), published, atol=2e-3)


def heic(rgb: np.ndarray, path, **options):
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.from_pillow(Image.fromarray(rgb)).save(path, quality=98, chroma=444, **options)
    return path


def test_a_heic_in_p3_without_a_profile(tmp_path):
    p3 = np.rint(255 * coded(scene(), DISPLAY_P3, SRGB)).astype(np.uint8)
    path = heic(p3, tmp_path / "a.heic", color_primaries=DISPLAY_P3, transfer_characteristics=13)
    differs(path, 0.01)
    plain = heic(p3, tmp_path / "b.heic", color_primaries=BT709, transfer_characteristics=13)
    assert np.abs(load_photo(path).rgb - load_photo(plain).rgb).max() > 0.04  # one can tell


def test_a_profile_in_a_heic(tmp_path):
    """Adobe RGB by its profile (deckerst/aves #2095: "washed-out")."""
    rgb = smooth_rgb(64, 96) // 2 + 60
    path = heic(rgb, tmp_path / "a.heic", icc_profile=rgb_profile(*WIDE_GAMUTS["Adobe RGB"]))
    expected = to_srgb_by_hand(rgb / 255, *WIDE_GAMUTS["Adobe RGB"])
    assert np.abs(load_photo(path).rgb.numpy() - expected).mean() < 0.01
    assert np.abs(expected - rgb / 255).mean() > 0.015


def test_png_gamma(tmp_path):
    """gAMA holds 100,000 over the exponent; 45455 is what sRGB programs write."""
    for gamma, level, expected in (
        (100000, 0.5, srgb(0.5)),
        (100000, 0.001, srgb(0.001)),  # 16 bits of it: 8 would be black
        (55556, 0.5, srgb(0.5**1.8)),
        (45455, 0.5, 0.5),
    ):
        chunk = (b"gAMA", struct.pack(">I", gamma))
        path = write(tmp_path / "a.png", png(flat(*[level] * 3), chunk))
        assert shown(path) == pytest.approx([expected] * 3, abs=0.0021)
    grey = png(flat(0.5, 0.5, 0.5)[..., :1], (b"gAMA", struct.pack(">I", 100000)))
    assert shown(write(tmp_path / "g.png", grey)) == pytest.approx([srgb(0.5)] * 3, abs=0.002)


def test_png_chunks_outrank_each_other(tmp_path):
    """cICP, then sRGB, then gAMA (PNG 3, 4.3)."""
    gamma = (b"gAMA", struct.pack(">I", 100000))
    path = write(tmp_path / "a.png", png(flat(0.5, 0.5, 0.5), (b"sRGB", b"\0"), gamma))
    assert shown(path) == pytest.approx([0.5] * 3, abs=0.003)
    path = write(tmp_path / "b.png", png(flat(0.5, 0.5, 0.5), cicp(BT709, SRGB), gamma))
    assert shown(path) == pytest.approx([0.5] * 3, abs=0.003)


def test_png_chromaticities(tmp_path):
    """cHRM of Adobe RGB's primaries: its green is far outside, a muted colour moves."""
    numbers = (0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
    chunk = (b"cHRM", struct.pack(">8I", *(round(1e5 * n) for n in numbers)))
    nonsense = (b"cHRM", bytes(32))
    green = flat(0.4, 0.6, 0.4)
    moved = shown(write(tmp_path / "a.png", png(green, chunk)))
    assert moved[0] < 0.33
    assert shown(write(tmp_path / "b.png", png(green, nonsense))) == pytest.approx(
        [0.4, 0.6, 0.4], abs=0.003
    )


def colour_exif(space: int, index: str | None) -> bytes:
    """EXIF with ColorSpace and, in its own folder inside, the interoperability index."""

    def folder(*entries: tuple[int, int, int, bytes]) -> bytes:
        rows = b"".join(
            struct.pack("<HHI", *entry[:3]) + entry[3].ljust(4, b"\0") for entry in entries
        )
        return struct.pack("<H", len(entries)) + rows + bytes(4)

    start, exif_at = 8, 8 + 18
    interop_at = exif_at + 6 + 12 * (2 if index else 1)
    data = b"II*\0" + struct.pack("<I", start)
    data += folder((0x8769, 4, 1, struct.pack("<I", exif_at)))
    entries = [(0xA001, 3, 1, struct.pack("<H", space))]
    if index:
        entries.append((0xA005, 4, 1, struct.pack("<I", interop_at)))
    data += folder(*entries)
    if index:
        data += folder((1, 2, 4, index.encode() + b"\0"))
    return b"Exif\0\0" + data


@pytest.mark.parametrize(
    ("space", "index", "adobe"),
    [(2, None, True), (0xFFFF, "R03", True), (0xFFFF, None, False), (1, "R98", False)],
)
def test_adobe_rgb_by_exif_alone(tmp_path, space, index, adobe):
    """Cameras set to Adobe RGB write no profile: x^2.19921875, XYZ and sRGB by the two standards'
    own matrices."""
    patch = np.full((32, 32, 3), (144, 190, 97), np.uint8)
    Image.fromarray(patch).save(tmp_path / "a.jpg", quality=98, exif=colour_exif(space, index))
    to_xyz = np.array([[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529],
                       [0.02703, 0.07069, 0.99134]])  # fmt: skip
    from_xyz = np.array([[3.24045, -1.53714, -0.49853], [-0.96927, 1.87601, 0.04156],
                         [0.05564, -0.20403, 1.05723]])  # fmt: skip
    light = from_xyz @ to_xyz @ (np.array([144, 190, 97]) / 255) ** 2.19921875
    expected = [srgb(v) for v in light] if adobe else [144 / 255, 190 / 255, 97 / 255]
    assert shown(tmp_path / "a.jpg") == pytest.approx(expected, abs=0.012)


def test_unknown_code_points_are_said(tmp_path):
    path = write(tmp_path / "a.png", png(flat(0.5, 0.5, 0.5), cicp(77, SRGB)))
    photo = load_photo(path)
    assert photo.notices == ["colours of the kind 77/13 (H.273) are not known; taken as sRGB"]
    assert ColourCoding.of_code_points(1, 200) is None


def test_transparency_in_another_coding(tmp_path):
    values = np.concatenate([flat(0.5, 0.5, 0.5), np.zeros((20, 24, 1), np.uint16)], -1)
    values[:10, :, 3] = 65535
    gamma = (b"gAMA", struct.pack(">I", 100000))
    rgb = load_photo(write(tmp_path / "a.png", png(values, gamma))).rgb
    assert float(rgb[2, 2, 0]) == pytest.approx(srgb(0.5), abs=0.003)
    assert float(rgb[15, 2, 0]) == 1.0


@pytest.mark.parametrize("size", [0, 2, 9, 2**31, 2**63, 2**64 - 1])
def test_boxes_of_any_size_tell_nothing(tmp_path, size):
    """The box before the one that is wanted lies about its size."""
    head = struct.pack(">I4sQ", 1, b"free", size) if size >= 2**32 else b""
    path = tmp_path / "a.heic"
    path.write_bytes((head or struct.pack(">I4s", size, b"free")) + b"\0" * 40)
    assert read_nclx(path) is None
