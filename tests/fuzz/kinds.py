"""What is fuzzed: files of every kind that people give, valid ones, and who reads them."""

from __future__ import annotations

import functools
import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from PIL import Image

from nvs.errors import InputError
from tests.depth.sources.pcd import PCD_FORMS, pcd
from tests.fuzz import mutate
from tests.fuzz.depth_inside_kind import DEPTH_INSIDE
from tests.fuzz.kind import Kind, Seed, a_photo, picture, saved
from tests.fuzz.light_kind import LIGHT
from tests.fuzz.mutate import Mutation
from tests.fuzz.scene_kinds import SCENE_KINDS, read_scene
from tests.fuzz.told_kinds import TOLD_KINDS


def photos() -> list[Seed]:
    from PIL import ImageCms

    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0xA405] = 28
    exif.get_ifd(0x8769)[0x920A] = 4.5
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    jpeg, png = (mutate.jpeg_segment, mutate.some_bytes), (mutate.png_chunk, mutate.some_bytes)
    plain: tuple[Mutation, ...] = (mutate.some_bytes,)
    sixteen = Image.fromarray(np.arange(480, dtype=np.uint16).reshape(20, 24))
    floats = Image.fromarray(np.linspace(0, 1, 480, dtype=np.float32).reshape(20, 24))
    seeds = [
        Seed("a.jpg", saved(picture(), "JPEG", exif=exif, icc_profile=profile), jpeg),
        Seed("b.jpg", saved(picture("CMYK"), "JPEG"), jpeg),
        Seed("c.jpg", saved(picture(), "JPEG", progressive=True, exif=exif), jpeg),
        Seed("a.png", saved(picture("RGBA"), "PNG", icc_profile=profile, exif=exif), png),
        Seed("b.png", saved(picture("P"), "PNG", transparency=3), png),
        Seed("c.png", saved(sixteen, "PNG"), png),
        Seed("a.webp", saved(picture(), "WEBP", exif=exif), plain),
        Seed("a.tif", saved(picture(), "TIFF", compression="tiff_lzw", exif=exif), plain),
        Seed("b.tif", saved(floats, "TIFF"), plain),
        Seed("c.tif", saved(sixteen, "TIFF", compression="tiff_adobe_deflate"), plain),
        Seed("a.gif", saved(picture("P"), "GIF"), plain),
        Seed("a.bmp", saved(picture(), "BMP"), plain),
        Seed("a.ppm", saved(picture(), "PPM"), (mutate.a_token, mutate.some_bytes)),
        Seed("a.tga", saved(picture(), "TGA", compression="tga_rle"), plain),
        Seed("a.jp2", saved(picture(), "JPEG2000"), plain),
        Seed("a.avif", saved(picture(), "AVIF"), plain),
    ]
    try:
        import pillow_heif
    except ImportError:
        return seeds
    pillow_heif.register_heif_opener()
    return [*seeds, Seed("a.heic", saved(picture(), "HEIF", exif=exif), plain)]


def read_photo(path: Path) -> None:
    from nvs.photo.photo import load_photo

    photo = load_photo(path)
    assert photo.rgb.isfinite().all()
    assert photo.camera.intrinsics.isfinite().all()


def depth_maps() -> list[Seed]:
    from nvs.depth.file import write_depth
    from nvs.scene.camera import Camera

    depth = torch.linspace(1, 5, 12 * 16).view(12, 16)
    camera = Camera.from_focal(16.0, 16, 12)
    seeds = []
    with tempfile.TemporaryDirectory() as folder:
        kinds: dict[str, tuple[Mutation, ...]] = {
            ".npz": (mutate.zip_member(mutate.npy_header), mutate.zip_member(mutate.some_bytes)),
            ".png": (mutate.png_chunk,),
            ".exr": (),
        }
        for suffix, mutations in kinds.items():
            path = Path(folder) / f"a{suffix}"
            try:
                write_depth(path, depth, camera, "relative")
            except InputError:  # without OpenEXR
                continue
            seeds.append(Seed(path.name, path.read_bytes(), (*mutations, mutate.some_bytes)))
    array = io.BytesIO()
    np.save(array, depth.numpy())
    pfm = b"Pf\n16 12\n-1.0\n" + depth.numpy().tobytes()
    header = functools.partial(mutate.a_token, until=b"-1.0\n")
    floats = Image.fromarray(depth.numpy())
    seeds += [
        Seed("a.npy", array.getvalue(), (mutate.npy_header, mutate.some_bytes)),
        Seed("a.pfm", pfm, (header, mutate.some_bytes)),
        Seed("a.tiff", saved(floats, "TIFF"), (mutate.some_bytes,)),
    ]
    return seeds


def read_known_depth(path: Path) -> None:
    from nvs.depth.field import DepthField
    from nvs.depth.given import settle
    from nvs.depth.known import KnownDepth
    from nvs.depth.sources.map_file import read_depth_map
    from nvs.depth.sources.points_file import is_depth_map, read_known_points

    photo = a_photo()
    if is_depth_map(path):
        seen = DepthField.from_depth(torch.linspace(1, 3, 12)[:, None].expand(12, 16), photo.camera)
        settled = settle(read_depth_map(path, photo.camera), seen)
        known = KnownDepth.from_map(settled.depth, settled.unit, "the file")
    else:
        known = read_known_points(path, photo)
    assert known.depth.isfinite().all()


def point_clouds() -> list[Seed]:
    points = np.random.default_rng(0).uniform((-0.3, -0.3, 1), (0.3, 0.3, 2), (9, 3))
    text = "x,y,z\n" + "".join(f"{x:.3f},{y:.3f},{z:.3f}\n" for x, y, z in points)
    head = "ply\nformat {} 1.0\nelement vertex 9\n" + "".join(
        f"property float {axis}\n" for axis in "xyz"
    )
    ascii_ply = head.format("ascii") + "end_header\n" + text.split("\n", 1)[1].replace(",", " ")
    binary = head.format("binary_little_endian") + "end_header\n"
    header = functools.partial(mutate.a_token, until=b"end_header")
    lines: tuple[Mutation, ...] = (mutate.a_token, mutate.a_line, mutate.some_bytes)
    return [
        Seed("a.csv", text.encode(), lines),
        Seed("a.ply", ascii_ply.encode(), lines),
        Seed("b.ply", binary.encode() + points.astype("<f4").tobytes(), (header, *lines)),
        *(Seed(f"{form}.pcd", pcd(form, points), lines) for form in PCD_FORMS),
    ]


def splats() -> list[Seed]:
    from nvs.scene.camera import Camera
    from nvs.scene.gaussians import Gaussians
    from nvs.scene.ply import write_ply

    dice = torch.Generator().manual_seed(0)
    seeds = []
    header = functools.partial(mutate.a_token, until=b"end_header")
    mutations: tuple[Mutation, ...] = (header, header, mutate.a_line, mutate.some_bytes)
    with tempfile.TemporaryDirectory() as folder:
        for name, shape in (("a.ply", (5, 3)), ("b.ply", (5, 16, 3))):
            scene = Gaussians(
                torch.rand(5, 3, generator=dice),
                torch.nn.functional.normalize(torch.rand(5, 4, generator=dice), dim=-1),
                torch.rand(5, 3, generator=dice) + 0.1,
                torch.rand(5, generator=dice),
                torch.rand(shape, generator=dice),
            )
            path = Path(folder) / name
            write_ply(scene, path, Camera.from_focal(20.0, 24, 20))
            seeds.append(Seed(name, path.read_bytes(), mutations))
    head, _, body = seeds[0].data.partition(b"end_header\n")
    rows = np.frombuffer(body, "<f4").reshape(5, -1)
    text = "\n".join(" ".join(f"{value:.5g}" for value in row) for row in rows) + "\n"
    as_text = head.replace(b"binary_little_endian", b"ascii") + b"end_header\n" + text.encode()
    big = head.replace(b"little", b"big") + b"end_header\n" + rows.astype(">f4").tobytes()
    return [*seeds, Seed("c.ply", as_text, mutations), Seed("d.ply", big, mutations)]


@functools.cache
def small_network() -> Any:
    from nvs.depth.network import DepthNetwork
    from tests.train.small_runs import NETWORK

    torch.manual_seed(0)
    return DepthNetwork(NETWORK)


@functools.cache
def small_state() -> Any:
    from nvs.train.checkpoint import Learner

    torch.manual_seed(0)
    network = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return Learner(network, torch.nn.Linear(3, 2), optimizer, "frozen")


def checkpoints() -> list[Seed]:
    from nvs.models.files import save_depth_network, save_gaussian_head
    from nvs.splat.head import GaussianHead, GaussianHeadConfig
    from nvs.train.checkpoint import save_state
    from tests.models.infinidepth.small_model import depth_state

    arrays = {"state_dict": {f"pipeline.{k}": v.half() for k, v in depth_state().items()}}
    ours: tuple[Mutation, ...] = (mutate.safetensors_header,) * 3 + (mutate.some_bytes,)
    pickled: tuple[Mutation, ...] = (mutate.zip_member(mutate.some_bytes), mutate.some_bytes)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_depth_network(small_network(), folder / "depth.safetensors")
        head = GaussianHead(GaussianHeadConfig(16))
        save_gaussian_head(head, small_network(), folder / "head.safetensors")
        save_state(small_state(), 7, folder / "state.pt")
        torch.save(arrays, folder / "released.ckpt")
        torch.save(arrays, folder / "old.ckpt", _use_new_zipfile_serialization=False)
        mutations = {".safetensors": ours, ".pt": pickled, ".ckpt": pickled}
        seeds = []
        for path in sorted(folder.iterdir()):
            known = mutations[path.suffix] if path.name != "old.ckpt" else pickled[1:]
            seeds.append(Seed(path.name, path.read_bytes(), known))
        return seeds


def read_checkpoint(path: Path) -> None:
    from nvs.models.files import load_depth_network, load_gaussian_head
    from nvs.models.infinidepth.checkpoint import load_depth_network as load_released
    from nvs.train.checkpoint import restore_state

    if path.name == "depth.safetensors":
        load_depth_network(path)
    elif path.name == "head.safetensors":
        load_gaussian_head(path, small_network())
    elif path.suffix == ".pt":
        restore_state(small_state(), path, resume=True)
    else:
        load_released(path)


def paths() -> list[Seed]:
    from nvs.film.keyframes import Keyframe, KeyframePath, path_to_json

    keys = tuple(Keyframe((0.1 * k, 0.0, 0.0), (1.0, 0.0, 0.1, 0.0), 50.0 + k) for k in range(4))
    texts = (path_to_json(KeyframePath(keys, loop, 3.0)).encode() for loop in (True, False))
    mutations: tuple[Mutation, ...] = (mutate.json_value,) * 3 + (mutate.a_token, mutate.some_bytes)
    return [Seed(f"{k}.json", text, mutations) for k, text in enumerate(texts)]


def read_path(path: Path) -> None:
    from nvs.film.keyframes import load_path

    for camera in load_path(path).cameras(32, 24, 5):
        assert camera.camera_to_world.isfinite().all()


def configs() -> list[Seed]:
    folder = Path(__file__).parents[2] / "configs"
    mutations: tuple[Mutation, ...] = (mutate.yaml_value,) * 3 + (
        *(mutate.a_token, mutate.a_line, mutate.some_bytes),
    )
    still = {"move": [0.1, 0.05, 0], "level": True, "focus": ["near"], "output": "still.webp"}
    films = {"frames": 60, "path": "swing", "focus": ["near", "far"]}
    batch = yaml.safe_dump({"fly": films, "depth": {"width": 300}, "reframe": still})
    return [
        *(Seed(p.name, p.read_bytes(), mutations) for p in sorted(folder.glob("embedded_*.yaml"))),
        Seed("batch.yaml", batch.encode(), mutations),
    ]


def read_configuration(path: Path) -> None:
    from nvs.commands.batch import options_of_file
    from nvs.commands.makes import command_make
    from nvs.commands.options import SceneOptions
    from nvs.train.config import read_config
    from nvs.train.depth import DepthTraining
    from nvs.train.head import HeadTraining
    from nvs.train.prompts import PromptTraining

    trainings = {"depth": DepthTraining, "head": HeadTraining, "prompts": PromptTraining}
    if path.name == "batch.yaml":
        for name, values in options_of_file(path).items():
            command_make(name, SceneOptions(), [values])
    else:
        read_config(path, trainings[path.stem.removeprefix("embedded_")])


def manifests() -> list[Seed]:
    from nvs.batch.manifest import Made, Record

    made = Made("0" * 64, {"frames": 3}, "1", {"fly.mp4": 3}, {"rendering": 1.5}, 2.0, ("so",))
    records = [
        Record("a.jpg", "in/a.jpg", 5, 6, "0" * 64, {"fly": made}),
        Record("b.jpg", "in/b.jpg", failed={"fly": "why"}),
    ]
    text = b"".join(record.to_line().encode() + b"\n" for record in records)

    def one_line(data: bytes, dice: Any) -> bytes:
        lines = data.splitlines()
        at = dice.randrange(len(lines))
        lines[at] = mutate.json_value(lines[at], dice)
        return b"\n".join(lines)

    mutations = (one_line, one_line, mutate.a_token, mutate.a_line, mutate.some_bytes)
    return [Seed("manifest.jsonl", text, mutations)]


def read_manifest(path: Path) -> None:
    from nvs.batch.gallery import write_gallery
    from nvs.batch.manifest import Manifest, Record
    from nvs.batch.photos import BatchPhoto
    from nvs.batch.worker import Job, is_done
    from tests.batch.fakes import work

    with Manifest(path.parent) as manifest:
        for name in ("a.jpg", "b.jpg"):
            is_done(Job(BatchPhoto(name, name), manifest.find(name)), work(path.parent))
        manifest.append(Record("c.jpg", "c.jpg"))
        write_gallery(path.parent, ["a.jpg", "b.jpg", "c.jpg"], manifest)
    with Manifest(path.parent) as manifest:
        assert manifest.find("c.jpg") is not None


KINDS = {
    kind.name: kind
    for kind in (
        Kind("photos", photos, read_photo),
        Kind("depth maps", depth_maps, read_known_depth),
        Kind("point clouds", point_clouds, read_known_depth),
        Kind("splats", splats, read_scene),
        Kind("checkpoints", checkpoints, read_checkpoint),
        Kind("camera paths", paths, read_path),
        Kind("configurations", configs, read_configuration),
        Kind("manifests", manifests, read_manifest),
        *TOLD_KINDS,
        *SCENE_KINDS,
        DEPTH_INSIDE,
        LIGHT,
    )
}
