"""Ray: the same results, also when a machine is lost halfway."""

from __future__ import annotations

import builtins
import functools
import time

import pytest

from nvs.batch.cluster import Needs, run_on_ray
from nvs.batch.photos import find_photos
from nvs.batch.run import run_batch, run_here
from nvs.errors import InputError
from nvs.progress import Listener
from tests.batch.fakes import photos, results, work


def test_without_ray_it_says_what_to_install(monkeypatch, tmp_path):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name == "ray":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"pip install 'nvs\[ray\]'"):
        next(run_on_ray([], work(tmp_path), "auto", Needs()))


@pytest.fixture
def cluster(monkeypatch):
    """Two machines, as Ray's own tests make them: two raylets in one."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    small = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=small)
    yield made
    made.shutdown()


def test_a_machine_is_lost_halfway_and_no_photo_is(cluster, tmp_path):
    other = cluster.add_node(num_cpus=1, object_store_memory=80 << 20)
    folder = photos(tmp_path / "in", 12)
    (folder / "3.jpg").write_bytes(b"bad")
    found = find_photos(str(folder), tmp_path)
    lost: list[float] = []

    class Loses(Listener):
        def advance(self, done, total):
            if done == 4 and not lost:
                lost.append(time.monotonic())
                cluster.remove_node(other, allow_graceful=False)

    run = functools.partial(run_on_ray, address=cluster.address, needs=Needs(cpus=1, memory_gb=0.1))
    slow = work(tmp_path / "ray", seconds=0.3)
    report = run_batch(found, slow, run, Loses())
    assert lost
    assert set(report.failed) == {"3.jpg"}
    assert report.made == 11
    run_batch(found, work(tmp_path / "here"), run_here)
    assert results(tmp_path / "ray") == results(tmp_path / "here")
