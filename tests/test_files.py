"""Files are whole or not there, and every refusal is one line."""

import concurrent.futures
import errno
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvs.errors import InputError
from nvs.files import atomic_write, check_overwrites_none, check_readable, check_writable


def one_line(refusal) -> str:
    message = str(refusal.value)
    assert message
    assert "\n" not in message
    return message


def test_the_file_appears_only_at_the_end(tmp_path):
    target = tmp_path / "new" / "folders" / "scene.ply"
    with atomic_write(target) as temporary:
        assert temporary.parent == target.parent
        assert temporary.suffix == ".ply"
        temporary.write_bytes(b"all of it")
        assert not target.exists()
    assert target.read_bytes() == b"all of it"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, failure):
    target = tmp_path / "fly.mp4"
    target.write_bytes(b"old")

    def interrupted():
        with atomic_write(target) as temporary:
            temporary.write_bytes(b"half of the new")
            raise failure

    with pytest.raises(failure):
        interrupted()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    def full():
        with atomic_write(tmp_path / "a.ply") as temporary:
            temporary.write_bytes(b"some")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(InputError, match="no space left on device") as refusal:
        full()
    one_line(refusal)
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_block_itself_keeps_its_type(tmp_path):
    def reads_something_missing():
        with atomic_write(tmp_path / "a.ply"):
            (tmp_path / "missing").read_bytes()

    with pytest.raises(FileNotFoundError):
        reads_something_missing()


def test_a_symbolic_link_stays_a_link(tmp_path):
    real = tmp_path / "real.ply"
    real.write_bytes(b"old")
    link = tmp_path / "link.ply"
    link.symlink_to(real)
    with atomic_write(link) as temporary:
        temporary.write_bytes(b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_the_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    with atomic_write(tmp_path / "ours") as temporary:
        temporary.write_bytes(b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


@given(name=st.text(st.characters(codec="utf-8", exclude_characters="/\0\n"), min_size=1))
def test_any_name_that_the_system_takes_works(tmp_path_factory, name):
    target = tmp_path_factory.mktemp("names") / name
    try:
        target.write_bytes(b"")
    except OSError:
        with pytest.raises(InputError), atomic_write(target):
            pass
        return
    target.unlink()
    with atomic_write(target) as temporary:
        temporary.write_bytes(b"whole")
    assert target.read_bytes() == b"whole"


def test_what_cannot_be_written_is_refused_before_the_work(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to("circle")
    for bad, words in (
        (tmp_path, "is a folder"),
        (tmp_path / "file" / "below.ply", "a file stands where"),
        (tmp_path / "pipe", "not a regular file"),
        (tmp_path / ("x" * 300), "name too long"),
        (tmp_path / "circle", "symbolic link|symlink"),
        (Path("/proc/nvs.ply"), "cannot write"),
    ):
        with pytest.raises(InputError, match=words) as refusal, atomic_write(bad):
            pytest.fail("the block must not run")
        assert str(bad) in one_line(refusal)
    assert (tmp_path / "file").read_bytes() == b""


def test_what_cannot_be_read_is_one_line(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "file").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe")
    for bad, words in (
        (tmp_path / "missing.jpg", "does not exist"),
        (tmp_path, "is a folder"),
        (tmp_path / "empty", "is empty"),
        (tmp_path / "pipe", "not a regular file"),
        (tmp_path / "file" / "below", "not a directory"),
        (tmp_path / ("x" * 300), "name too long"),
    ):
        with pytest.raises(InputError, match=words) as refusal:
            check_readable(bad)
        assert str(bad) in one_line(refusal)
    assert check_readable(str(tmp_path / "file")) == tmp_path / "file"


@pytest.fixture
def someone_else():
    """A folder of ours, and from then on the permissions of a user who is not root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "secret.jpg").write_bytes(b"x")
        (folder / "secret.jpg").chmod(0)
        (folder / "kept.ply").write_bytes(b"old")
        (folder / "kept.ply").chmod(0o444)
        (folder / "locked").mkdir()
        (folder / "locked").chmod(0o555)
        ourselves = os.geteuid()
        if ourselves == 0:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(ourselves)
            (folder / "locked").chmod(0o755)


def test_without_permission_both_ways_are_one_line(someone_else):
    with pytest.raises(InputError, match=r"cannot read .*secret\.jpg: permission denied$"):
        check_readable(someone_else / "secret.jpg")
    for forbidden in ("locked/new.ply", "kept.ply"):
        message = f"cannot write .*{forbidden}: permission denied$"
        with pytest.raises(InputError, match=message), atomic_write(someone_else / forbidden):
            pytest.fail("the block must not run")


def test_what_a_kill_left_is_removed_but_not_what_others_write(tmp_path):
    target = tmp_path / "fly.mp4"
    abandoned, other = tmp_path / ".fly.0a1b2c3d.mp4", tmp_path / ".flies.0a1b2c3d.mp4"
    for path in (abandoned, other):
        path.write_bytes(b"half")
    with atomic_write(target) as unfinished:
        with atomic_write(target) as second:  # another who writes the same name meanwhile
            second.write_bytes(b"second")
        unfinished.write_bytes(b"first")
    assert target.read_bytes() == b"first"
    assert not abandoned.exists()
    assert other.exists()


def test_many_who_write_one_name_at_once_never_take_each_others_files(tmp_path):
    def write(k):
        for _ in range(20):
            with atomic_write(tmp_path / "a.ply") as unfinished:
                unfinished.write_bytes(b"%d" % k * 100)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert [path.name for path in tmp_path.iterdir()] == ["a.ply"]
    assert len((tmp_path / "a.ply").read_bytes()) == 100


def test_where_nothing_can_be_written_is_known_before_any_work(tmp_path):
    present, missing = tmp_path / "a.ply", tmp_path / "new" / "folder" / "b.ply"
    present.write_bytes(b"old")
    for path in (present, missing):
        check_writable(path)
    assert present.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.ply"]
    too_long = tmp_path / ("n" * 300 + ".ply")
    check_overwrites_none(too_long, [present])
    for path, said in (
        (tmp_path, "it is a folder"),
        (present / "b.ply", "a file stands where a folder is needed"),
        (present / "deeper" / "b.ply", "a file stands where a folder is needed"),
        (too_long, "name too long"),
    ):
        with pytest.raises(InputError, match=said) as refusal:
            check_writable(path)
        one_line(refusal)
        with pytest.raises(InputError, match=said), atomic_write(path):
            pytest.fail("the block must not run")


def test_a_forbidden_folder_is_known_before_any_work(someone_else):
    for forbidden in ("locked/new.ply", "locked/deeper/new.ply", "kept.ply"):
        with pytest.raises(InputError, match=f"cannot write .*{forbidden}: permission denied$"):
            check_writable(someone_else / forbidden)
