"""A batch goes on where it was left, and one photo is never in another's way."""

from __future__ import annotations

import functools
import json
import os

import pytest

from nvs.batch.local import Cores, run_local
from nvs.batch.manifest import FILE, Manifest
from nvs.batch.photos import find_photos
from nvs.batch.run import run_batch, run_here
from nvs.errors import InputError
from nvs.progress import Listener
from tests.batch.fakes import photos, results, work


class Told(Listener):
    def __init__(self):
        self.done, self.notes = [], []

    def advance(self, done, total):
        self.done.append((done, total))

    def note(self, text):
        self.notes.append(text)


def batch(folder, output, listener=None, run=run_here, **options):
    return run_batch(
        find_photos(str(folder), output), work(output, **options), run, listener or Listener()
    )


def lines(output):
    return [json.loads(line) for line in (output / FILE).read_text().splitlines()]


def test_all_are_made_and_then_nothing(tmp_path):
    folder, output, told = photos(tmp_path / "in"), tmp_path / "out", Told()
    report = batch(folder, output, told)
    assert (report.made, report.skipped, report.failed) == (6, 0, {})
    assert told.done == [(k, 6) for k in range(7)]
    assert (output / "below/a b#\u00e9.jpg/reversed.bin").read_bytes() == b"woleb otohp"
    first = lines(output)[0]["made"]["reversed"]
    assert first["notes"] == ["7 bytes"]
    assert first["outputs"] == {"reversed.bin": 7}
    assert "reading backwards" in first["seconds"]
    before = results(output)
    report = batch(folder, output)
    assert (report.made, report.skipped) == (0, 6)
    assert results(output) == before


def test_what_failed_is_tried_again_and_what_changed_is_made_anew(tmp_path):
    folder, output, told = photos(tmp_path / "in"), tmp_path / "out", Told()
    (folder / "1.jpg").write_bytes(b"bad")
    (folder / "2.jpg").write_bytes(b"unthought")
    report = batch(folder, output, told)
    assert set(report.failed) == {"1.jpg", "2.jpg"}
    assert report.failed["1.jpg"].endswith("1.jpg is bad")
    assert "IndexError: of nobody's thinking (fakes.py:" in report.failed["2.jpg"]
    assert len(told.notes) == 2

    (folder / "1.jpg").write_bytes(b"good now")  # mended
    (folder / "3.jpg").write_bytes(b"another")  # changed
    (output / "4.jpg" / "reversed.bin").unlink()  # its result is gone
    (output / "0.jpg" / "reversed.bin").write_bytes(b"ph")  # or torn by somebody
    os.utime(folder / "below" / "a b#\u00e9.jpg")  # touched, but not changed: looked at, not made
    report = batch(folder, output)
    assert (report.made, report.skipped, set(report.failed)) == (5, 0, {"2.jpg"})
    assert (output / "3.jpg" / "reversed.bin").read_bytes() == b"rehtona"
    assert (output / "0.jpg" / "reversed.bin").read_bytes() == b"0 otohp"
    assert batch(folder, output).skipped == 5


def test_other_options_and_other_makes(tmp_path):
    folder, output = photos(tmp_path / "in", 2), tmp_path / "out"
    batch(folder, output)
    assert batch(folder, output, options=("more",)).made == 2
    assert batch(folder, output, name="second").made == 2
    with Manifest(output) as manifest:
        assert set(manifest.find("0.jpg").made) == {"reversed", "second"}
    assert batch(folder, output, options=("more",)).skipped == 2


def test_a_vanished_photo_is_named(tmp_path):
    folder, output = photos(tmp_path / "in", 3), tmp_path / "out"
    found = find_photos(str(folder), output)
    (folder / "0.jpg").unlink()
    report = run_batch(found, work(output), run_here)
    assert set(report.failed) == {"0.jpg"}
    assert "No such file" in report.failed["0.jpg"]


def test_who_listens_ends_the_work_and_it_goes_on(tmp_path):
    class Impatient(Listener):
        def advance(self, done, total):
            if done == 2:
                raise KeyboardInterrupt

    folder, output = photos(tmp_path / "in"), tmp_path / "out"
    local = functools.partial(run_local, cores=Cores(2, 1))
    with pytest.raises(KeyboardInterrupt):
        batch(folder, output, Impatient(), local)
    assert "2 photos" in (output / "index.html").read_text()
    report = batch(folder, output)
    assert (report.made, report.skipped) == (4, 2)


def test_workers_give_what_a_plain_loop_gives_and_survive_a_deadly_photo(tmp_path):
    folder = photos(tmp_path / "in")
    (folder / "1.jpg").write_bytes(b"deadly")
    (folder / "2.jpg").write_bytes(b"bad")
    local = functools.partial(run_local, cores=Cores(2, 1))
    report = batch(folder, tmp_path / "local", run=local)
    assert set(report.failed) == {"1.jpg", "2.jpg"}
    assert "ended by the system" in report.failed["1.jpg"]
    assert report.made == 4
    (folder / "1.jpg").write_bytes(b"harmless")
    batch(folder, tmp_path / "local", run=local)
    batch(folder, tmp_path / "here")
    assert results(tmp_path / "local") == results(tmp_path / "here")


def test_a_model_that_is_not_there_ends_everything_at_once(tmp_path):
    folder = photos(tmp_path / "in")
    local = functools.partial(run_local, cores=Cores(2, 1))
    for run in (run_here, local):
        with pytest.raises(InputError, match="there is no model 'none'"):
            batch(folder, tmp_path / "out", run=run, model="none")
    assert lines(tmp_path / "out") == []


def test_cores_are_shared():
    assert Cores.shared(3, 2) == Cores(3, 2)
    everything = Cores.shared()
    assert everything.threads == 1
    assert Cores.shared(1).threads == everything.workers
    for wrong in ({"workers": 0}, {"threads": -1}, {"workers": 5000}):
        with pytest.raises(InputError, match="must lie between"):
            Cores.shared(**wrong)


def test_names_do_nothing_in_the_gallery(tmp_path):
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    name = '<img src=x onerror="1">&%41.jpg'
    (folder / name).write_bytes(b"bad <b>")
    batch(folder, output)
    page = (output / "index.html").read_text()
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=&quot;1&quot;&gt;&amp;%41.jpg" in page
