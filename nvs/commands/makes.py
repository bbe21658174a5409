"""What `nvs batch` makes of each photo: the commands, with their own options."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import importlib
import io
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from nvs.commands.options import (
    KnownDepthOptions,
    LensOptions,
    PhotoOptions,
    RunOptions,
    SceneOptions,
)
from nvs.errors import InputError
from nvs.progress import Listener

if TYPE_CHECKING:
    from nvs.batch.workbench import Workbench

# A command that has `Options`, `check` and `make` can be made of many photos.
MAKES = {
    "fly": "nvs.commands.fly",
    "splat": "nvs.commands.splat",
    "depth": "nvs.commands.depth",
    "reframe": "nvs.commands.reframe",
}

# They change nothing about what is made.
WITHOUT_EFFECT = {"timings", "device"}
OF_ONE_PHOTO = {"sources", "photo", "photos"}
TOLD_OF_ONE_PHOTO = {"depth", "depth_prompt", "depth_confidence", "at", "cameras"}

Values = Mapping[str, object]  # an option of a command, without --, and its value


class _Command(Protocol):
    Options: ClassVar[type[Any]]

    def check(self, options: Any) -> None: ...  # noqa: ANN401 (its Options)

    def make(
        self,
        options: Any,  # noqa: ANN401
        photo: Path,
        folder: Path,
        bench: Workbench,
        listener: Listener,
    ) -> list[Path]: ...


@dataclasses.dataclass(frozen=True)
class CommandMake:
    """A command with its options, made of every photo (an `nvs.batch.make.Make`)."""

    name: str  # a key of MAKES
    options: Any  # the command's

    @functools.cached_property
    def chosen(self) -> dict[str, Any]:
        """The options that are not the command's defaults; files by what is in them."""
        field = _photo_field(self.name)
        photo = getattr(self.options, field)
        return _differences(self.options, _command(self.name).Options(**{field: photo}))

    def load(self, bench: Workbench) -> None:
        """Load its model."""
        run = getattr(self.options, "run", None) or self.options.scene.run
        bench.model(run.settings())

    def write(self, photo: Path, folder: Path, bench: Workbench, listener: Listener) -> list[Path]:
        """Write its files into the photo's folder."""
        return _command(self.name).make(self.options, photo, folder, bench, listener)


def command_make(name: str, shared: SceneOptions, values: Sequence[Values] = ()) -> CommandMake:
    """A command's options: those that all commands share, then its own.

    Args:
        name: a key of MAKES.
        values: of the command's own options; later ones win.

    Raises:
        InputError: there is no such command, or it does not take such an option or value.
    """
    if name not in MAKES:
        raise InputError(f"--make {name}: choose from {', '.join(MAKES)}")
    arguments = [argument for each in values for pair in each.items() for argument in _said(*pair)]
    options = _parsed(name, shared, arguments)
    try:
        _command(name).check(options)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    make = CommandMake(name, options)
    for told in make.chosen.keys() & TOLD_OF_ONE_PHOTO:
        raise InputError(f"{name}: --{told.replace('_', '-')} belongs to one photo: leave it out")
    return make


def _command(name: str) -> _Command:
    return typing.cast(_Command, importlib.import_module(MAKES[name]))


def _photo_field(name: str) -> str:
    fields = {field.name for field in dataclasses.fields(_command(name).Options)}
    return next(iter(fields & OF_ONE_PHOTO))


def _parsed(name: str, shared: SceneOptions, arguments: list[str]) -> Any:  # noqa: ANN401
    """The command's Options, read as its command line reads them."""
    import tyro

    kind = _command(name).Options
    groups: dict[Any, Any] = {
        SceneOptions: shared,
        PhotoOptions: shared.photo,
        LensOptions: shared.photo.lens,
        RunOptions: shared.run,
        KnownDepthOptions: shared.known,
    }
    hints = typing.get_type_hints(kind)
    given = {name: groups[hint] for name, hint in hints.items() if hint in groups}
    field = _photo_field(name)
    given[field] = photo = Path("PHOTO") if hints[field] is Path else [Path("PHOTO")]
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            options = tyro.cli(
                kind,
                prog=f"nvs {name}",
                args=arguments,
                default=kind(**given),
                config=(tyro.conf.OmitArgPrefixes,),
            )
        if getattr(options, field) == photo:  # else it took a value too many for the photo
            return options
    except SystemExit:
        pass
    raise InputError(f"nvs {name} does not take {' '.join(arguments)}: see nvs {name} --help")


def _said(option: str, value: object) -> list[str]:
    """An option as a command line says it."""
    name = str(option).replace("_", "-")
    if isinstance(value, str) and value.lower() in ("true", "false"):
        value = value.lower() == "true"
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    values = value if isinstance(value, (list, tuple)) else [value]
    return [f"--{name}", *(str(each) for each in values)]


def _differences(options: Any, usual: Any) -> dict[str, Any]:  # noqa: ANN401 (records of options)
    """Nested fields by their own names, which are as unique as they are on a command line."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(options):
        value, default = getattr(options, field.name), getattr(usual, field.name)
        if field.name in WITHOUT_EFFECT:
            continue
        if dataclasses.is_dataclass(value):
            found |= _differences(value, default)
        elif value != default:
            found[field.name] = _plain(value)
    return found


def _plain(value: Any) -> Any:  # noqa: ANN401 (what an option may be)
    """As JSON holds it; a file (a model, a camera path) is what is in it."""
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, (str, Path)):
        path = Path(value)
        if path.is_file():
            with path.open("rb") as file:
                return [str(value), hashlib.file_digest(file, "sha256").hexdigest()]
        return str(value)
    return value
