"""The command line: finds the command, calls it, and turns its end into an exit code.

A command is a module with an options dataclass, `Options`, and `main(options) -> int`.
Only the one that is called is imported.
"""

from __future__ import annotations

import importlib
import signal
import sys

from nvs.allocator import reuse_freed_memory
from nvs.errors import InputError

COMMANDS = {
    "fly": ("nvs.commands.fly", "photo or scene → a film of a camera path"),
    "reframe": ("nvs.commands.reframe", "photo → the same from another viewpoint, a still"),
    "view": ("nvs.commands.view", "photo or scene → a page in the browser to fly through"),
    "fuse": ("nvs.commands.fuse", "several photos of one place, or a clip → one scene"),
    "splat": ("nvs.commands.splat", "photos → Gaussians for other tools"),
    "convert": ("nvs.commands.convert", "scene → another format, smaller, cropped or turned"),
    "depth": ("nvs.commands.depth", "photo → depth map, with a coloured preview"),
    "batch": ("nvs.commands.batch", "many photos → any of these, on all cores or a cluster"),
    "train depth": ("nvs.commands.train_depth", "train the depth field"),
    "train head": ("nvs.commands.train_head", "train the Gaussian head of a model"),
    "train prompts": ("nvs.commands.train_prompts", "train what sees known depth"),
    "evaluate depth": ("nvs.commands.evaluate_depth", "measure depth on RGB-D photos"),
    "evaluate views": ("nvs.commands.evaluate_views", "measure one view rendered from another"),
    "models list": ("nvs.commands.models", "the models that --model takes"),
    "models download": ("nvs.commands.models_download", "fetch the weights of a released model"),
}

PICTURE_SUFFIXES = {".jpg", ".jpeg", ".png", ".heic", ".webp", ".tif", ".tiff", ".ply"}


def main() -> None:
    """Run `nvs` with the arguments of this process, and exit."""
    # Ended by `kill` or a closed terminal, unfinished files are cleared away as after Ctrl-C.
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores it
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    reuse_freed_memory()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command; 0 is success, 2 bad input, 130 an interruption by Ctrl-C."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_overview())
        return 0 if arguments else 2
    if arguments[0] == "--version":
        from importlib.metadata import version

        print(f"nvs {version('nvs')}")
        return 0
    words = 2 if any(name.split()[0] == arguments[0] and " " in name for name in COMMANDS) else 1
    name = " ".join(arguments[:words])
    if name not in COMMANDS:
        near = [known for known in COMMANDS if known.split()[0] == arguments[0]]
        if not near and (meant := _meant_file(arguments[0])):
            return _complain(meant)
        hint = f"choose {' or '.join(near)}" if near else "see nvs --help"
        if near and arguments[1:2] in (["-h"], ["--help"]):
            print(_overview(near))
            return 0
        return _complain(f"there is no command '{name}': {hint}")

    try:
        import tyro

        module = importlib.import_module(COMMANDS[name][0])
        options = tyro.cli(
            module.Options,
            prog=f"nvs {name}",
            args=arguments[words:],
            config=(tyro.conf.OmitArgPrefixes,),
        )
        return module.main(options)
    except InputError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        print("\nnvs: interrupted; nothing half-written was left behind", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0  # whoever read our output has seen enough


def _meant_file(word: str) -> str | None:
    """What to say where a file stands in the command's place."""
    from pathlib import Path

    from nvs.files import refuse_address

    try:
        refuse_address(word)
    except InputError as error:
        return str(error)
    path = Path(word)
    if path.is_dir():
        return f"{word} is a folder, not a command: see nvs --help"
    if path.is_file() or path.suffix.lower() in PICTURE_SUFFIXES:
        return f"{word} is a file, not a command: did you mean nvs fly {word}?"
    return None


def _overview(names: list[str] | None = None) -> str:
    lines = ["usage: nvs COMMAND ... (nvs COMMAND --help explains each)", ""]
    lines += [f"  nvs {name:<15} {COMMANDS[name][1]}" for name in names or COMMANDS]
    return "\n".join(lines)


def _complain(message: str) -> int:
    clear = "\r\x1b[K" if sys.stderr.isatty() else ""  # of the stage that it happened in
    print(f"{clear}nvs: {' '.join(message.split())}", file=sys.stderr)
    return 2
