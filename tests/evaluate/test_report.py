"""`report.html` and its pictures."""

import base64
import io
import re

import numpy as np
import torch
from PIL import Image

from nvs.depth.alignment import align
from nvs.evaluate.baselines import VerticalRamp
from nvs.evaluate.pictures import depth_pictures, difference_picture, heat, save_pictures
from nvs.evaluate.report import Column, Ranking, write_report
from nvs.evaluate.results import FrameRecord, Results
from nvs.evaluate.tables import Table
from nvs.scene.camera import Camera


def report_of(frames, folder):
    path = write_report(
        Results({"alignment": "none"}, frames, finished=True),
        folder,
        title="A & B",
        summary=Table(["set"], [["<s>"]]),
        columns=[Column("model", "abs_rel", "AbsRel")],
        worst=Ranking("model", "abs_rel", high_is_bad=True),
    )
    return path.read_text(encoding="utf-8")


def test_the_worst_ten_come_first_with_their_pictures(tmp_path):
    frames = []
    for i in range(12):
        picture = np.full((8, 8, 3), 20 * i, np.uint8)
        names = save_pictures(tmp_path, f"set/{i}", {"photo": picture})
        frames.append(FrameRecord("set", f"f{i}", {"model": {"abs_rel": i / 10}}, pictures=names))
    page = report_of(frames, tmp_path)
    order = re.findall(r"<h3>set/(f\d+)</h3>", page)
    assert order == [f"f{i}" for i in reversed(range(12))]
    assert page.index("<h3>set/f2</h3>") < page.index("<details>") < page.index("<h3>set/f1</h3>")
    embedded = re.findall(r"data:image/jpeg;base64,([^\"]+)", page)
    assert len(embedded) == 12
    worst = np.asarray(Image.open(io.BytesIO(base64.b64decode(embedded[0]))))
    assert abs(int(worst.mean()) - 220) < 4
    assert not re.search(r"(src|href)=\"(?!data:)", page)  # nothing outside the file


def test_names_of_files_cannot_break_out(tmp_path):
    evil = "<script>alert('x')</script>&\"photo\""
    frames = [
        FrameRecord(evil, evil, {"model": {"abs_rel": 0.5}}, notes=[evil]),
        FrameRecord("s", "t", error=evil),
    ]
    page = report_of(frames, tmp_path)
    assert "<script" not in page
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&amp;&quot;photo&quot;" in page
    assert "1 of 2 frames could not be measured" in page
    assert "<title>A &amp; B</title>" in page
    # A name that is not a file name is no problem for its pictures either.
    (name,) = save_pictures(
        tmp_path, "../../" + evil, {"photo": np.zeros((2, 2, 3), np.uint8)}
    ).values()
    assert (tmp_path / "pictures").resolve() == (tmp_path / name).resolve().parent


def test_a_frame_without_a_figure_is_looked_at_first(tmp_path):
    frames = [
        FrameRecord("s", "good", {"model": {"abs_rel": 0.1}}),
        FrameRecord("s", "none", {"model": {"abs_rel": float("nan")}}),
    ]
    page = report_of(frames, tmp_path)
    assert page.index("<h3>s/none") < page.index("<h3>s/good")


def test_depth_pictures():
    camera = Camera.from_focal(500.0, 640, 480)
    field = VerticalRamp(camera)
    y = (torch.arange(240) + 0.5) / 240
    truth = (2 / (0.05 + y))[:, None].repeat(1, 320)
    truth[:, ::2] = 0  # known in every other column
    truth[-60:] *= 1.25
    # The lowest quarter is 20 % off: 0.2 of 0.5 is 1.2 thirds of the way to white.
    known = truth > 0
    prediction = (1 / (0.05 + y))[:, None].expand(240, 320)
    known_above = known.clone()
    known_above[-60:] = False
    fitted = align(prediction, truth, known_above, alignment="scale").fitted
    pictures = depth_pictures(torch.rand(480, 640, 3), truth, field, fitted)
    photo, true, predicted, error = pictures.values()
    assert photo.shape == true.shape == predicted.shape == error.shape == (240, 320, 3)
    assert np.array_equal(true[:100, 1::2], predicted[:100, 1::2])
    assert (error[:, ::2] == 96).all()  # unknown
    assert (error[:170, 1::2] <= 1).all()
    assert error[-10, 1].tolist() == [255, 51, 0]


def test_heat_and_difference():
    values = torch.tensor([[0.0, 1 / 3, 2 / 3, 1.0, 9.0]])
    picture = heat(values, torch.ones_like(values, dtype=torch.bool))
    assert picture[0].tolist() == [[0, 0, 0], [255, 0, 0], [255, 255, 0], [255] * 3, [255] * 3]
    black, grey = torch.zeros(6, 6, 3), torch.full((6, 6, 3), 0.1)
    assert difference_picture(black, grey)[0, 0].tolist() == [255, 5, 0]  # 26/255 of 0.3
