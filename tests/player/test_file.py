"""The page as a file: its size, its text, and how commands come to write it."""

import dataclasses
import json
import re

import pytest
import torch

from nvs.cli import run
from nvs.player import file
from nvs.player.chosen import chosen, with_plain_colors
from nvs.player.file import player_of
from nvs.player.walls import camera_at
from nvs.rendering.render import render
from nvs.scene import harmonics
from nvs.scene.ply import write_ply
from nvs.scene.reach import scene_depth
from nvs.scene.scene import Scene
from tests.viewer.conftest import room, three_bands


@pytest.fixture
def photo(tmp_path):
    return three_bands(tmp_path)


@pytest.fixture(scope="module")
def scene():
    return room().as_scene


def facts_of(text):
    return json.loads(re.search(r'id="facts">(.*?)</script>', text, re.DOTALL)[1])


def test_nothing_is_fetched(scene):
    text = player_of(scene, "room").html
    assert "default-src 'none'" in text
    assert not re.findall(r"https?://", text)
    assert "{{" not in text.replace("{{facts}}", "")
    assert "<title>room</title>" in text


def test_a_page_that_would_be_too_large_has_fewer_gaussians(scene, monkeypatch):
    whole = player_of(scene, "room")
    assert whole.count == len(scene.gaussians)
    splats = len(re.search(r'id="splats">(.*?)</script>', whole.html)[1])
    limit = len(whole.html) - splats // 3
    monkeypatch.setattr(file, "MOST_BYTES", limit)
    smaller = player_of(scene, "room")
    assert len(smaller.html) <= limit
    assert 0 < smaller.count < whole.count
    assert facts_of(smaller.html)["count"] == smaller.count


def test_fewer_gaussians_show_the_same_from_all_sides(scene):
    depth = scene_depth(scene.gaussians, scene.camera)
    aside = [camera_at(scene.camera, depth, (x, 0, 0)) for x in (-0.2, 0.2)]
    views = [scene.camera, *aside]
    kept = chosen(scene.gaussians, 5000, views)
    assert len(kept) <= 5000
    for view in views:
        one, other = (render(each, [view]).rgb for each in (kept, scene.gaussians))
        assert -10 * float((one - other).square().mean().log10()) > 25


def test_harmonics_become_the_colours_of_the_first_view(scene):
    gaussians = scene.gaussians[:50]
    coefficients = torch.randn(50, 9, 3, generator=torch.Generator().manual_seed(0)) * 0.2
    shining = dataclasses.replace(gaussians, colors=coefficients)
    eye = torch.tensor([0.1, 0.2, -0.3])
    found = with_plain_colors(shining, eye).colors
    ways = torch.nn.functional.normalize(gaussians.means - eye, dim=1)
    plain = (harmonics.basis(ways, 9)[..., None] * coefficients).sum(dim=1) + 0.5
    assert torch.allclose(found, plain.clamp(0, 1), atol=1e-6)
    assert with_plain_colors(gaussians, eye) is gaussians


def test_convert_writes_the_page(scene, tmp_path, capsys):
    write_ply(scene.gaussians, tmp_path / "my room.ply", scene.camera)
    assert run(["convert", str(tmp_path / "my room.ply"), str(tmp_path / "to/send.html")]) == 0
    text = (tmp_path / "to/send.html").read_text(encoding="utf-8")
    assert "<title>my room</title>" in text
    assert f"{len(scene.gaussians):,} Gaussians" in capsys.readouterr().out


def test_splat_writes_the_page(photo, tmp_path):
    page = tmp_path / "bands.html"
    assert run(["splat", str(photo), "-o", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert f"<title>{photo.stem}</title>" in text
    facts = facts_of(text)
    assert facts["unit"] == "relative"
    assert facts["camera"]["width"] == 80
    assert facts["walls"]["forward"] <= 0.667 * facts["nearDepth"]


def test_another_suffix_is_one_line(scene, tmp_path, capsys):
    write_ply(scene.gaussians, tmp_path / "in.ply", scene.camera)
    assert run(["convert", str(tmp_path / "in.ply"), str(tmp_path / "out.htm")]) == 2
    line = capsys.readouterr().err.strip()
    assert line.count("\n") == 0
    assert ".glb or .html" in line
    assert not (tmp_path / "out.htm").exists()


def test_a_camera_that_sees_nothing_is_one_line(scene, tmp_path, capsys):
    behind = dataclasses.replace(scene.gaussians, means=-scene.gaussians.means)
    write_ply(behind, tmp_path / "in.ply", scene.camera)
    assert run(["convert", str(tmp_path / "in.ply"), str(tmp_path / "out.html")]) == 2
    assert "sees no part of the scene" in capsys.readouterr().err
    assert not (tmp_path / "out.html").exists()


def test_the_photo_is_the_one_that_was_taken(scene):
    pictured = player_of(scene, "a").html
    unknown = player_of(Scene(scene.gaussians, scene.camera), "a").html
    for text in (pictured, unknown):
        assert re.search(r'src="data:image/jpeg;base64,[\w+/]{2000}', text)
    assert pictured != unknown
