"""A line a photo: the last one counts, damage costs the damaged lines and no more."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.batch.manifest import FILE, Made, Manifest, Record
from nvs.errors import InputError

MADE = Made("ab" * 32, {"frames": 60}, "1", {"fly.mp4": 12}, {"rendering": 1.5}, 2.5, ("note",))
names = st.text(st.characters(codec="utf-8"), min_size=1)


@settings(max_examples=40)
@given(photo=names, why=names, note=names, frames=st.integers(), seconds=st.floats(0, 1e6))
def test_a_line_holds_a_record(photo, why, note, frames, seconds):
    made = Made("0" * 64, {"frames": frames}, "1", {"a.ply": 3}, {"s": seconds}, seconds, (note,))
    record = Record(photo, photo, 5, 6, "1" * 64, {"splat": made}, {"fly": why})
    line = record.to_line()
    assert "\n" not in line
    assert Record.from_line(line.encode()) == record


@given(junk=st.one_of(st.binary(), st.text(max_size=60).map(str.encode)))
def test_what_is_no_line_is_a_value_error(junk):
    with pytest.raises(ValueError, match=r"line|Expecting|decode|is|JSON|Extra"):
        Record.from_line(junk)


def test_the_last_line_counts_and_a_torn_one_does_not(tmp_path):
    with Manifest(tmp_path) as manifest:
        manifest.append(Record("a.jpg", "a.jpg", failed={"fly": "once"}))
        manifest.append(Record("b.jpg", "b.jpg", made={"fly": MADE}))
        manifest.append(Record("a.jpg", "a.jpg", made={"fly": MADE}))
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole + b'{"photo": "c.jpg", "sou')
    with Manifest(tmp_path) as manifest:
        assert manifest.find("a.jpg").made == {"fly": MADE}
        assert manifest.find("b.jpg").made == {"fly": MADE}
        assert manifest.find("c.jpg") is None
        assert "c.jpg" not in manifest
    # and is written anew without what does not count, so that lines never run into each other
    assert (tmp_path / FILE).read_bytes().count(b"\n") == 2


@pytest.mark.parametrize(
    "change",
    [
        (b'"size_bytes": 5', b'"size_bytes": "5"'),
        (b'"fly.mp4": 12', b'"../fly.mp4": 12'),
        (b'"fly.mp4": 12', b'"fly.mp4": null'),
        (b'"notes": ["note"]', b'"notes": [1]'),
        (b'"cpu_seconds": 2.5', b'"cpu_seconds": []'),
        (b'"failed": {}', b'"failed": {"fly": 3}'),
        (b'"made": {', b'"made": {"x": 1, '),
        (b'"source": "b"', b'"source": true'),
    ],
)
def test_a_line_with_one_wrong_value_does_not_count(change):
    line = Record("b", "b", 5, made={"fly": MADE}).to_line().encode()
    assert change[0] in line
    with pytest.raises(ValueError, match=r" is | none|elsewhere|not a line"):
        Record.from_line(line.replace(*change))


def test_two_at_once_are_refused_and_a_dead_one_is_not_in_the_way(tmp_path):
    code = (
        "import sys, time, pathlib; from nvs.batch.manifest import Manifest;"
        "held = Manifest(pathlib.Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match="another nvs batch is writing"):
            Manifest(tmp_path)
        other.kill()
    with Manifest(tmp_path):
        pass


def test_where_no_manifest_can_be_is_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match="file"):
            Manifest(folder)
