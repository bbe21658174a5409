"""Photos with the depth that their cameras wrote into them."""

from __future__ import annotations

import base64
import struct
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from tests.fuzz import mutate
from tests.fuzz.kind import Kind, Seed, picture, saved
from tests.fuzz.mutate import Mutation, last, within

_JPEG = b"\xff\xd8\xff"


def _depth(width: int, height: int) -> Image.Image:
    grey = np.linspace(10, 240, height * width).reshape(height, width)
    return Image.fromarray(grey.astype(np.uint8))


def depths_inside() -> list[Seed]:
    """JPEGs by GDepth, Dynamic Depth and Apple; HEICs that tell their range by H.265 and XMP."""
    return [*_google(), *_behind(), *_heics()]


def _google() -> list[Seed]:
    from tests.photo.test_depth_inside import jpeg

    words: tuple[Mutation, ...] = (mutate.jpeg_xmp(mutate.a_token),) * 2
    coded = mutate.jpeg_xmp(mutate.base64_value(mutate.png_chunk))
    rest: tuple[Mutation, ...] = (mutate.jpeg_segment, mutate.some_bytes)
    data = f'GDepth:Data="{base64.b64encode(saved(_depth(12, 10), "PNG")).decode()}"'
    inverse = 'GDepth:Format="RangeInverse" GDepth:Near="1" GDepth:Far="9" GDepth:Units="m"'
    linear = inverse.replace("Inverse", "Linear").replace('"m"', '"mm"')
    rays = f'{inverse} GDepth:MeasureType="OpticRay"'
    kept = {
        "inverse.jpg": jpeg(picture(), _xmp(rays, data), orientation=6),
        "linear.jpg": jpeg(picture(), _xmp(linear, data)),
        "no-range.jpg": jpeg(picture(), _xmp('GDepth:Format="RangeInverse"', data)),
    }
    extension = jpeg(picture(), _xmp(inverse), extended=_xmp(data))
    depth = jpeg(_depth(12, 10))
    dynamic = (
        f"<x:xmpmeta><Camera:DepthMap {inverse.replace('GDepth:', 'DepthMap:')} "
        'DepthMap:DepthURI="depth"/><Container:Item Item:Length="0" Item:DataURI="photo"/>'
        f'<Container:Item Item:Length="{len(depth)}" Item:DataURI="depth"/>'
        '<Container:Item Item:Length="5" Item:Padding="3"/></x:xmpmeta>'
    )
    whole = jpeg(picture(), dynamic.encode()) + depth + b"other\0\0\0"
    return [
        *(Seed(name, content, (*words, coded, *rest)) for name, content in kept.items()),
        Seed("extended.jpg", extension, (*words, *rest)),
        Seed("dynamic.jpg", whole, (*words, last(_JPEG, mutate.jpeg_segment), *rest)),
    ]


def _behind() -> list[Seed]:
    """Another JPEG behind the photo: as Apple appends it, plainly and as an MPO."""
    from nvs.photo.depth_inside.xmp import XMP
    from tests.photo.test_depth_inside import APPLE, jpeg

    map_of: tuple[Mutation, ...] = (
        last(_JPEG, mutate.jpeg_xmp(mutate.a_token)),
        *(last(_JPEG, mutate.jpeg_segment), last(_JPEG, mutate.some_bytes)),
        *(mutate.jpeg_segment, mutate.some_bytes),
    )
    seeds = []
    for kind, accuracy in (("disparity", "absolute"), ("depth", "relative")):
        beside = APPLE.format(kind=kind, accuracy=accuracy).encode()
        whole = jpeg(picture(), orientation=8) + jpeg(_depth(12, 10), beside)
        seeds.append(Seed(f"{kind}.jpg", whole, map_of))
    two = saved(picture(), "MPO", save_all=True, append_images=[_depth(12, 10).convert("RGB")])
    segment = XMP + APPLE.format(kind="disparity", accuracy="absolute").encode()
    at = two.rfind(_JPEG) + 2
    segment = b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment
    return [*seeds, Seed("mpo.jpg", two[:at] + segment + two[at:], map_of)]


def _heics() -> list[Seed]:
    from tests.photo.heic import write_heic
    from tests.photo.test_depth_inside import APPLE

    try:
        import pillow_heif  # noqa: F401
    except ImportError:
        return []
    mutations = (within(0, 1200, mutate.some_bytes), mutate.some_bytes)
    beside = APPLE.format(kind="disparity", accuracy="absolute").encode()
    photo, depth = picture().resize((48, 40)), np.asarray(_depth(24, 20))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "a.heic"
        told = write_heic(path, photo, depth, near_far=(1, 9)).read_bytes()
        apples = write_heic(path, photo, depth, xmp=beside).read_bytes()
        plain = write_heic(path, photo, depth).read_bytes()
    return [
        Seed("told.heic", told, mutations),
        Seed("apples.heic", apples, (mutate.same_length_token, *mutations)),
        Seed("plain.heic", plain, mutations),
    ]


def _xmp(*words: str) -> bytes:
    return f"<x:xmpmeta><rdf:Description {' '.join(words)}/></x:xmpmeta>".encode()


def read_depth_inside(path: Path) -> None:
    """As a photo is opened that nothing is said about."""
    from nvs.depth.sources.photo_file import depth_in_photo
    from nvs.photo.photo import load_photo
    from nvs.progress import SILENT

    known = depth_in_photo(load_photo(path), frozenset({"scale", "shape"}), SILENT)
    if known is not None:
        assert len(known) > 0
        assert known.depth.isfinite().all()
        assert (known.depth > 0).all()
        assert ((known.places >= 0) & (known.places <= 1)).all()


DEPTH_INSIDE = Kind("depth in photos", depths_inside, read_depth_inside)
