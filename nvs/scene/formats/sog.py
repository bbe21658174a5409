"""PlayCanvas's SOG (.sog, or the meta.json of a folder): Gaussians as pictures in a zip.

Each pixel is a Gaussian, in lossless WebP: positions in two pictures (the high and the low byte of
16 bits, over the range of sign(x)·ln(1 + |x|)), rotations by their smallest three components,
scales and colours as entries of a codebook of 256, opacity beside the colour.  Higher harmonics
are entries of a palette.  Version 1 has ranges in place of the codebooks.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nvs.files import atomic_write
from nvs.scene.camera import Camera
from nvs.scene.formats.codebook import Codebook, Palette
from nvs.scene.formats.fineness import rotation_bits, rounded_to
from nvs.scene.formats.order import local_order
from nvs.scene.formats.ply_camera import camera_numbers, camera_of
from nvs.scene.formats.record import Columns, Flattened, Floats, SceneFile, UnreadableError
from nvs.scene.formats.smallest_three import LIMIT, SmallestThree
from nvs.scene.formats.texels import Archive, Folder, Texels, write_texels
from nvs.scene.gaussians import Gaussians

META = "meta.json"
CAMERA = "nvs_camera"  # ours, in the meta data; others skip it
MOST_META_BYTES = 1 << 20
LARGEST_TAG = 252  # in the alpha of a rotation: which component is the largest, plus this
COEFFICIENTS = (0, 3, 8, 15)
PALETTE_ROW = 64  # entries in each row of the palette's picture
BANDS_OF_WIDTH = {192: 1, 512: 2, 960: 3}  # version 1 tells the degree by that picture's width
# What is left of these errors is below that of the positions, which 16 bits decide.
ENTRIES, OPACITY_BITS = 128, 6
SMALLEST_SCALE = 1e-8  # a codebook has too few entries to spend them on what nobody sees


def read_zip(file: BinaryIO, size: int) -> SceneFile:
    """A .sog.

    Raises:
        UnreadableError: no such file, damaged, cut off, or too large for its size.
    """
    return _read(Archive(file, size))


def read_folder(path: Path) -> SceneFile:
    """The files beside a meta.json.

    Raises:
        UnreadableError: as `read_zip`, or a file that is missing.
    """
    return _read(Folder(path))


def _read(source: Archive | Folder) -> SceneFile:
    meta = _Meta(_parsed(source.content(META, MOST_META_BYTES)))
    count = meta.count
    low, high = (source.texels(name, count) for name in meta.files("means", 2))
    quats = source.texels(meta.files("quats", 1)[0], count)
    scales = source.texels(meta.files("scales", 1)[0], count)
    colors = source.texels(meta.files("sh0", 1)[0], count)

    means = meta.spread("means", (low[:, :3] + 256.0 * high[:, :3]) / 65535)
    if meta.version == 2:
        log_scales = meta.codebook("scales")[scales[:, :3]]
        dc = meta.codebook("sh0")[colors[:, :3]]
        opacities = colors[:, 3].astype(np.float32) / 255
    else:
        log_scales = meta.spread("scales", scales[:, :3] / 255)
        dc_and_logit = meta.spread("sh0", colors / 255)
        dc = dc_and_logit[:, :3]
        with np.errstate(over="ignore"):
            opacities = (1 / (1 + np.exp(-dc_and_logit[:, 3]))).astype(np.float32)
    with np.errstate(over="ignore"):
        columns = Columns(
            means=(np.sign(means) * np.expm1(np.abs(means))).astype(np.float32),
            quats=_rotations(quats),
            scales=np.exp(log_scales).astype(np.float32),
            opacities=opacities,
            dc=dc.astype(np.float32),
            rest=_harmonics(meta, source) if "shN" in meta.content else None,
        )
    return columns.scene(camera_of(meta.content.get(CAMERA)))


def write(scene: Gaussians, path: Path | str, camera: Camera | None = None) -> None:
    """Write version 2.

    Raises:
        InputError: the file cannot be written.
        ValueError: a Gaussian has values that are not finite.
    """
    flat = Flattened.of(scene)
    flat = flat[local_order(flat.means)]
    logs = np.sign(flat.means) * np.log1p(np.abs(flat.means))
    low, high = logs.min(axis=0), logs.max(axis=0)
    shares = ((logs - low) / np.where(high > low, high - low, 1) * 65535).round().astype(np.uint16)
    scales = Codebook.of(np.log(flat.scales.clip(min=SMALLEST_SCALE)), ENTRIES)
    colors = Codebook.of(flat.dc, ENTRIES)
    turned = SmallestThree.of(flat.quats)
    others = rounded_to(turned.others / LIMIT / 2 + 0.5, rotation_bits(flat, 8))

    opacities = rounded_to(flat.opacities.clip(0, 1), OPACITY_BITS)

    meta: dict[str, Any] = {
        "version": 2,
        "asset": {"generator": "nvs"},
        "count": len(flat),
        "means": {
            "mins": low.tolist(),
            "maxs": high.tolist(),
            "files": ["means_l.webp", "means_u.webp"],
        },
        "scales": {"codebook": scales.entries.tolist(), "files": ["scales.webp"]},
        "quats": {"files": ["quats.webp"]},
        "sh0": {"codebook": colors.entries.tolist(), "files": ["sh0.webp"]},
    }
    pictures = {
        "means_l.webp": shares & 255,
        "means_u.webp": shares >> 8,
        "scales.webp": scales.indices,
        "quats.webp": np.c_[(others * 255).round(), LARGEST_TAG + turned.largest],
        "sh0.webp": np.c_[colors.indices, (opacities * 255).round()],
    }
    if camera is not None:
        meta[CAMERA] = camera_numbers(camera)
    with atomic_write(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, values in pictures.items():
            archive.writestr(name, write_texels(values))
        if flat.rest.shape[1]:
            meta["shN"] = _write_harmonics(flat.rest, archive)
        archive.writestr(META, json.dumps(meta))


class _Meta:
    """What meta.json says, asked with care."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self.version = content.get("version", 1)
        if self.version not in (1, 2):
            raise UnreadableError(f"is SOG of version {ascii(self.version)[:20]}, not 1 or 2")
        count = content.get("count") if self.version == 2 else self._first_of_shape()
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise UnreadableError("does not say how many Gaussians it holds")
        if count == 0:
            raise UnreadableError("holds no Gaussians")
        self.count: int = count

    def _first_of_shape(self) -> object:
        shape = self.part("means").get("shape")
        return shape[0] if isinstance(shape, list) and shape else None

    def part(self, name: str) -> dict[str, Any]:
        part = self.content.get(name)
        if not isinstance(part, dict):
            raise UnreadableError(f"has no {name} in its {META}")
        return part

    def files(self, name: str, count: int) -> list[str]:
        files = self.part(name).get("files")
        if not isinstance(files, list) or len(files) < count:
            raise UnreadableError(f"names no files for {name} in its {META}")
        return [str(file) for file in files[:count]]

    def numbers(self, name: str, key: str) -> Floats:
        try:
            return np.asarray(self.part(name).get(key), np.float64).reshape(-1)
        except (TypeError, ValueError, OverflowError):
            raise UnreadableError(f"has no {key} of {name} in its {META}") from None

    def codebook(self, name: str) -> Floats:
        """256 entries; what a shorter one lacks is not finite, and so left out."""
        entries = self.numbers(name, "codebook")[:256]
        return np.pad(entries, (0, 256 - len(entries)), constant_values=np.nan)

    def spread(self, name: str, shares: Floats) -> Floats:
        """Shares [N, D] of the ranges → values."""
        low, high = self.numbers(name, "mins"), self.numbers(name, "maxs")
        if not len(low) == len(high) == shares.shape[1]:
            raise UnreadableError(f"has odd ranges of {name} in its {META}")
        with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is left out
            return low + (high - low) * shares


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise UnreadableError(f"has a {META} that is no JSON object")
    return content


def _rotations(texels: Texels) -> Floats:
    """[N, 4] (w, x, y, z); a tag that says nothing gives no rotation at all."""
    others = (texels[:, :3] / 255 * 2 - 1) * LIMIT
    tag = texels[:, 3].astype(np.int64) - LARGEST_TAG
    quats = SmallestThree(tag.clip(0), others).quats()
    quats[tag < 0] = (1, 0, 0, 0)
    return quats


def _harmonics(meta: _Meta, source: Archive | Folder) -> Floats | None:
    """[N, K - 1, 3]."""
    palette_name, labels_name = meta.files("shN", 2)
    palette = source.picture(palette_name)  # [H, W, 4]
    bands = meta.part("shN").get("bands") or BANDS_OF_WIDTH.get(palette.shape[1])
    if bands not in (1, 2, 3) or palette.shape[1] != PALETTE_ROW * COEFFICIENTS[bands]:
        raise UnreadableError("has a palette of harmonics of an odd size")
    labels = source.texels(labels_name, meta.count).astype(np.int64)
    label = labels[:, 0] + 256 * labels[:, 1]
    entries = palette[..., :3].reshape(-1, COEFFICIENTS[bands], 3)  # [entries, K - 1, 3]
    if int(label.max()) >= len(entries):
        raise UnreadableError("names harmonics that its palette does not have: it is damaged")
    if meta.version == 2:
        values = meta.codebook("shN")[entries]
    else:
        low, high = meta.numbers("shN", "mins"), meta.numbers("shN", "maxs")
        if len(low) != 1 or len(high) != 1:
            raise UnreadableError(f"has odd ranges of shN in its {META}")
        values = low[0] + (high[0] - low[0]) * (entries / 255)
    return values.astype(np.float32)[label]


def _write_harmonics(rest: Floats, archive: zipfile.ZipFile) -> dict[str, Any]:
    palette = Palette.of(rest.reshape(len(rest), -1))
    book = Codebook.of(palette.entries, 256)
    coefficients = rest.shape[1]
    rows = -(-len(palette.entries) // PALETTE_ROW)
    picture = np.zeros((rows * PALETTE_ROW, coefficients, 3))
    picture[: len(palette.entries)] = book.indices.reshape(-1, coefficients, 3)
    picture = picture.reshape(rows, PALETTE_ROW * coefficients, 3)
    archive.writestr("shN_centroids.webp", write_texels(picture))
    labels = np.c_[palette.indices & 255, palette.indices >> 8, np.zeros(len(rest))]
    archive.writestr("shN_labels.webp", write_texels(labels))
    return {
        "count": len(palette.entries),
        "bands": COEFFICIENTS.index(coefficients),
        "codebook": book.entries.tolist(),
        "files": ["shN_centroids.webp", "shN_labels.webp"],
    }
