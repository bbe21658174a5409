"""`nvs batch`: many photos, on this machine or on a cluster."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from nvs.commands.makes import MAKES, CommandMake, Values, command_make
from nvs.commands.options import SceneOptions
from nvs.commands.terminal import Terminal
from nvs.errors import InputError

if TYPE_CHECKING:
    from nvs.batch.make import Work
    from nvs.batch.manifest import Record
    from nvs.batch.run import Runner
    from nvs.batch.worker import Job

LOG_EVERY_S = 60


@dataclasses.dataclass(frozen=True)
class Options:
    """Make films, Gaussians, depth maps of many photos; called again it goes on.

    Every photo gets a folder of its own name in DIR, and a line in DIR/manifest.jsonl. What is done
    is skipped, what failed is tried again, what has changed (the photo, an option, nvs) is made
    anew. DIR/index.html shows everything.
    """

    photos: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER|LIST")]
    """A folder of photos, or a text file that names one a line; paths, or addresses that fsspec
    reads (s3://..., where it is installed)."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"], metavar="DIR")]
    """Folder for the results; made where missing."""

    make: Annotated[str, tyro.conf.arg(metavar="NAME,NAME")] = "fly"
    """What is made of each photo: any of fly, splat, depth, reframe, with commas between."""

    set: Annotated[
        tuple[str, ...], tyro.conf.UseAppendAction, tyro.conf.arg(metavar="NAME.OPTION=VALUE")
    ] = ()
    """An option of one of them, as its own command takes it: --set fly.frames=60; several values
    in brackets: --set "reframe.move=[0.1, 0, 0]"."""

    config: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """A YAML file of such options: `fly: {frames: 60, path: swing}`."""

    workers: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    """Processes that work side by side; by default one for each core."""

    threads: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    """Threads of each worker; by default the cores are shared."""

    ray: Annotated[str | None, tyro.conf.arg(metavar="ADDRESS")] = None
    """Work on this Ray cluster; `auto` for the one that this machine belongs to. It must see
    the photos and DIR under the same paths."""

    gpus: float = 0.0
    """On a cluster: GPUs that a worker takes; 0.5 lets two share one."""

    memory_gb: float = 2.0
    """On a cluster: memory that a worker takes."""

    scene: SceneOptions = dataclasses.field(default_factory=SceneOptions)


def main(options: Options) -> int:
    """Run the command; a photo that cannot be used is named, and the others are made."""
    from importlib.metadata import version

    from nvs.batch.make import Work
    from nvs.batch.photos import find_photos
    from nvs.batch.run import run_batch

    makes = _makes(options)
    run = _runner(options)
    photos = find_photos(options.photos, options.output)
    work = Work(tuple(makes), options.output.absolute(), version("nvs"))
    report = run_batch(photos, work, run, _Progress())
    print(f"{report.made:,} photos made, {report.skipped:,} were done before: {report.gallery}")
    if report.failed:
        print(
            f"nvs: {len(report.failed):,} photos failed (above, and in the manifest); "
            "the same command tries them again",
            file=sys.stderr,
        )
    return 2 if report.failed else 0


def _makes(options: Options) -> list[CommandMake]:
    """What is made, with all options read and checked."""
    if options.scene.depth is not None or options.scene.known.of_one_photo:
        raise InputError("--depth, --depth-prompt and --at belong to one photo: leave them out")
    names = list(dict.fromkeys(name.strip() for name in options.make.split(",") if name.strip()))
    if not names:
        raise InputError(f"--make: name what is made, from {', '.join(MAKES)}")
    configured = {} if options.config is None else options_of_file(options.config)
    said: dict[str, dict[str, object]] = {}
    for each in options.set:
        make, option, value = _setting(each)
        said.setdefault(make, {})[option] = value
    for name in (*configured, *said):
        if name not in names:
            raise InputError(f"options of {name} are given, but it is not among --make {names[0]}")
    return [
        command_make(name, options.scene, [configured.get(name, {}), said.get(name, {})])
        for name in names
    ]


def _setting(text: str) -> tuple[str, str, str | list[str]]:
    name, equals, value = text.partition("=")
    make, dot, option = name.partition(".")
    if not (equals and dot and make and option):
        raise InputError(f"--set {text}: write NAME.OPTION=VALUE, as fly.frames=60")
    if value.startswith("[") and value.endswith("]"):
        return make, option, [each.strip() for each in value[1:-1].split(",")]
    return make, option, value


def options_of_file(path: Path) -> dict[str, Values]:
    """The options of a YAML file by what is made.

    Raises:
        InputError: it is no such file.
    """
    from nvs.files import check_readable
    from nvs.yaml_text import read_yaml

    content = read_yaml(check_readable(path).read_bytes(), str(path))
    if not isinstance(content, dict) or not all(
        isinstance(values, dict) for values in content.values()
    ):
        raise InputError(f"{path}: write what is made and its options, as fly: {{frames: 60}}")
    return {str(name): values for name, values in content.items()}


def _runner(options: Options) -> Runner:
    """Who does the work."""
    if options.ray is None:
        from nvs.batch.local import Cores, run_local

        cores = Cores.shared(options.workers, options.threads)
        print(f"{cores.workers} workers of {cores.threads} threads")

        def locally(jobs: Iterable[Job], work: Work) -> Generator[Record, None, None]:
            return run_local(jobs, work, cores)

        return locally

    from nvs.batch.cluster import Needs, run_on_ray

    if options.workers is not None:
        raise InputError("--ray fills the cluster: leave out --workers")
    needs = Needs(options.threads or 1, options.gpus, options.memory_gb)
    address = options.ray

    def on_cluster(jobs: Iterable[Job], work: Work) -> Generator[Record, None, None]:
        return run_on_ray(jobs, work, address, needs)

    return on_cluster


class _Progress(Terminal):
    """Photos a minute and the time left; a line a minute where nobody looks at a terminal."""

    def __init__(self) -> None:
        from nvs.batch.pace import Pacer

        super().__init__("photo")
        self._pacer = Pacer()
        self._logged = time.monotonic()

    def advance(self, done: int, total: int) -> None:
        now = time.monotonic()
        line = self._pacer.at(now, done, total).line()
        if sys.stderr.isatty():
            self.stage(line)
        elif now - self._logged > LOG_EVERY_S:
            self._logged = now
            print(line, file=sys.stderr, flush=True)
