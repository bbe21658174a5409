"""What a run found out, frame by frame; kept as `results.json`, from which it can go on."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import math
import platform
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from nvs.errors import InputError
from nvs.files import atomic_write

RESULTS_FILE = "results.json"
_SAVE_EVERY_S = 10.0
_NOTES_SHOWN = 10
_VERSIONS_OF = ("torch", "numpy", "scipy", "scikit-image", "lpips", "open3d", "open3d-cpu")

Scores = dict[str, dict[str, float]]  # method ("model", "ramp", ...) → metric → value


@dataclasses.dataclass
class FrameRecord:
    """One frame's figures, or the reason why it has none."""

    set: str
    name: str
    scores: Scores = dataclasses.field(default_factory=dict)
    error: str | None = None
    notes: list[str] = dataclasses.field(default_factory=list)
    pictures: dict[str, str] = dataclasses.field(default_factory=dict)  # label → file name
    seconds: float = 0.0


@dataclasses.dataclass
class Results:
    """All frames of a run, with the settings that made them.

    `settings` is plain JSON; frames are only ever added to results of equal settings.
    """

    settings: dict[str, Any]
    frames: list[FrameRecord] = dataclasses.field(default_factory=list)
    versions: dict[str, str] = dataclasses.field(default_factory=lambda: versions())
    finished: bool = False

    @property
    def failed(self) -> list[FrameRecord]:
        """The frames that could not be measured."""
        return [frame for frame in self.frames if frame.error is not None]

    @property
    def measured(self) -> list[FrameRecord]:
        """The frames that have figures."""
        return [frame for frame in self.frames if frame.error is None]

    @property
    def sets(self) -> list[str]:
        """Names of the data sets, in order of appearance."""
        return list(dict.fromkeys(frame.set for frame in self.frames))

    def mean(self, method: str, metric: str, of_set: str | None = None) -> float:
        """Mean over the measured frames (of one set) that have this figure; NaN if none has.

        Each frame counts the same, whatever its number of pixels, as in the papers.
        """
        values = [
            frame.scores[method][metric]
            for frame in self.measured
            if (of_set is None or frame.set == of_set)
            and math.isfinite(frame.scores.get(method, {}).get(metric, math.nan))
        ]
        return sum(values) / len(values) if values else math.nan

    def problems(self) -> list[str]:
        """One line for each frame that could not be measured, or that has notes, and counts."""
        noted = [frame for frame in self.measured if frame.notes]
        lines = [f"note: {f.set}/{f.name}: {'; '.join(f.notes)}" for f in noted[:_NOTES_SHOWN]]
        if len(noted) > _NOTES_SHOWN:
            lines.append(f"note: {len(noted) - _NOTES_SHOWN} more frames have notes")
        lines += [f"not measured: {f.set}/{f.name}: {f.error}" for f in self.failed]
        if self.failed:
            lines.append(f"{len(self.failed)} of {len(self.frames)} frames could not be measured")
        return lines

    def save(self, folder: Path) -> None:
        """Write `results.json`; figures that are not finite become null."""
        with atomic_write(folder / RESULTS_FILE) as path:
            text = json.dumps(_finite(dataclasses.asdict(self)), indent=1, allow_nan=False)
            path.write_text(text, encoding="utf-8")


def load_results(folder: Path) -> Results | None:
    """The `results.json` of a folder, or None where there is none.

    Raises:
        InputError: a file of this name that is something else.
    """
    path = folder / RESULTS_FILE
    if not path.exists():
        return None
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        fields["frames"] = [FrameRecord(**frame) for frame in fields["frames"]]
        for frame in fields["frames"]:
            for scores in frame.scores.values():
                scores.update({k: math.nan for k, v in scores.items() if v is None})
        return Results(**fields)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(f"{path} is not a result of nvs evaluate; choose another folder") from None


def resumed_results(
    folder: Path, settings: dict[str, Any], frames: Iterable[tuple[str, str]]
) -> Results:
    """Results to go on with: those of an unfinished run of the same settings, else empty ones.

    Args:
        frames: (set, name) of every frame that this run is to measure.

    Raises:
        InputError: the folder holds an unfinished run with other settings or of other frames.
    """
    earlier = load_results(folder)
    if earlier is None or earlier.finished:
        return Results(settings)
    changed = [k for k in settings if earlier.settings.get(k) != settings[k]]
    wanted = set(frames)
    if any((frame.set, frame.name) not in wanted for frame in earlier.frames):
        changed.append("selection of frames")  # its figures would count among these
    if changed:
        raise InputError(
            f"{folder} holds an unfinished run with another {', '.join(changed)}; finish that one, "
            f"choose another folder, or delete {RESULTS_FILE} there"
        )
    return earlier


def measure_all(
    results: Results,
    frames: Iterable[tuple[str, str, Callable[[], FrameRecord]]],
    folder: Path | None,
    total: int,
) -> None:
    """Measure every frame (set, name, how) that `results` does not hold yet, with progress.

    A frame that cannot be read or measured is recorded with its error, and the others go on.
    Every ten seconds, and also when the run is interrupted, `results.json` is written.
    """
    from tqdm import tqdm

    done = {(frame.set, frame.name) for frame in results.frames}
    last_saved = time.monotonic()
    try:
        for set_name, name, measure in tqdm(frames, total=total, unit="frame", delay=1):
            if (set_name, name) in done:
                continue
            start = time.monotonic()
            try:
                record = measure()
            except (InputError, OSError, ValueError) as error:
                record = FrameRecord(set_name, name, error=" ".join(str(error).split()))
            record.seconds = round(time.monotonic() - start, 3)
            results.frames.append(record)
            if folder is not None and time.monotonic() - last_saved > _SAVE_EVERY_S:
                results.save(folder)
                last_saved = time.monotonic()
        results.finished = True
    finally:
        if folder is not None:
            results.save(folder)


def versions() -> dict[str, str]:
    """Versions of what the figures depend on."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in ("nvs", *_VERSIONS_OF):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _finite(value: Any) -> Any:  # noqa: ANN401 (any JSON)
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
