"""Training the depth field on generated scenes: `nvs train depth`."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset

from nvs.depth.network import DepthNetwork, DepthNetworkConfig
from nvs.errors import InputError
from nvs.files import atomic_write
from nvs.train.depth_loss import DepthLossWeights, depth_losses, total_loss
from nvs.train.scene_data import SceneBatch, SceneBatches, SceneBatchSettings


@dataclasses.dataclass(frozen=True)
class DepthTraining:
    """Everything that decides a training run of the depth field."""

    network: DepthNetworkConfig = dataclasses.field(default_factory=DepthNetworkConfig)
    scenes: SceneBatchSettings = dataclasses.field(default_factory=SceneBatchSettings)
    loss: DepthLossWeights = dataclasses.field(default_factory=DepthLossWeights)
    steps: int = 6000
    learning_rate: float = 1.0e-3
    warmup_steps: int = 200
    final_learning_rate_share: float = 0.02  # of `learning_rate`, at the last step (cosine)
    weight_decay: float = 0.03
    gradient_clip: float = 1.0
    average_decay: float = 0.998  # of the running average of the weights, which is what is kept
    bfloat16: bool = (
        True  # matrix products in bfloat16: twice as fast and more where hardware has it
    )
    workers: int = 1  # processes that make scenes
    save_every: int = 250
    start_from: Path | None = None  # a .safetensors whose weights the run begins with


def train_depth(
    settings: DepthTraining, run: Path, device: str = "cpu", resume: bool = False
) -> Path:
    """Train, and return the path of the finished weights, `run`/model.safetensors.

    `run` also holds `state.pt` (to resume from) and the TensorBoard scalars.

    Raises:
        InputError: `run` holds another run and `resume` is False, or there is nothing to
            resume, or the loss stopped being finite (step and terms named; the last
            checkpoint stays).
    """
    from torch.utils.tensorboard import SummaryWriter
    from tqdm import tqdm

    from nvs.weights import save_depth_network

    torch.manual_seed(settings.scenes.seed)
    network = DepthNetwork(settings.network).to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(network).requires_grad_(False)
    optimizer = torch.optim.AdamW(
        network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
    )
    state = run / "state.pt"
    first_step = _restore(state, resume, network, average, optimizer)
    if settings.start_from is not None and first_step == 0:
        from nvs.weights import load_depth_network

        weights = load_depth_network(settings.start_from).state_dict()
        network.load_state_dict(weights)
        average.load_state_dict(weights)

    log = SummaryWriter(str(run / "log"), purge_step=first_step)
    progress = tqdm(total=settings.steps, initial=first_step, desc="depth", unit="step")
    for step, batch in enumerate(_batches(settings, first_step), start=first_step):
        rate = learning_rate(settings, step)
        for group in optimizer.param_groups:
            group["lr"] = rate
        terms = _losses(network, batch, device, settings.bfloat16)
        loss = total_loss(terms, settings.loss)
        if not torch.isfinite(loss):
            named = ", ".join(f"{name} {term.item():.3g}" for name, term in terms.items())
            raise InputError(
                f"the loss is not finite at step {step} (batch {step} of the data: {named}); "
                f"the last checkpoint is {state}: --resume with a lower learning_rate in the config"
            )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), settings.gradient_clip)
        optimizer.step()
        _update_average(average, network, settings.average_decay, step)

        progress.update()
        if step % 10 == 0:
            progress.set_postfix(loss=f"{loss.item():.3f}")
            for name, term in {**terms, "total": loss}.items():
                log.add_scalar(f"loss/{name}", term.item(), step)
            log.add_scalar("learning_rate", rate, step)
        if (step + 1) % settings.save_every == 0 or step + 1 == settings.steps:
            save_depth_network(average, run / "model.safetensors")
            with atomic_write(state) as unfinished:
                torch.save(
                    {
                        "step": step + 1,
                        "network": network.state_dict(),
                        "average": average.state_dict(),
                        "optimizer": optimizer.state_dict(),
                    },
                    unfinished,
                )
    progress.close()
    log.close()
    return run / "model.safetensors"


def learning_rate(settings: DepthTraining, step: int) -> float:
    """Linear warm-up, then a cosine down to `final_learning_rate_share`."""
    warm = min(1.0, (step + 1) / max(1, settings.warmup_steps))
    done = max(0, step - settings.warmup_steps) / max(1, settings.steps - settings.warmup_steps)
    floor = settings.final_learning_rate_share
    cosine = floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    return settings.learning_rate * warm * cosine


def _batches(settings: DepthTraining, first_step: int) -> Iterator[SceneBatch]:
    batches = SceneBatches(settings.scenes, settings.steps)
    return iter(
        DataLoader(
            Subset(batches, range(first_step, settings.steps)),
            batch_size=None,
            num_workers=settings.workers,
            prefetch_factor=8 if settings.workers else None,
            # A forked child of a process that has used numba's threads does not survive.
            multiprocessing_context="spawn" if settings.workers else None,
        )
    )


def _losses(
    network: DepthNetwork, batch: SceneBatch, device: str, bfloat16: bool
) -> dict[str, Tensor]:
    points = dataclasses.replace(
        batch.points, **{k: v.to(device) for k, v in vars(batch.points).items()}
    )
    uv = points.uv.flatten(1, 2)  # [B, A·G, 2]
    with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=bfloat16):
        prediction = network.decode(network.encode(batch.picture.to(device)), uv)
    return depth_losses(prediction.view(*points.uv.shape[:3], 2), points)


@torch.no_grad()
def _update_average(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    # Young averages forget faster, or the random start would linger in them.
    decay = min(decay, (1 + step) / (10 + step))
    for kept, new in zip(average.parameters(), network.parameters(), strict=True):
        kept.lerp_(new, 1 - decay)


def _restore(
    state: Path,
    resume: bool,
    network: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> int:
    """Load `state` if asked to, and return the step to begin with."""
    if not resume:
        if state.exists():
            raise InputError(
                f"{state.parent} holds an earlier run: continue it with --resume, "
                "or name another folder with -o"
            )
        return 0
    if not state.exists():
        raise InputError(f"nothing to resume: there is no {state}")
    try:
        kept = torch.load(state, map_location="cpu", weights_only=True)
    except Exception:  # a damaged file makes the unpickler raise anything
        raise InputError(f"{state} is damaged, or not the state of a training run") from None
    try:
        network.load_state_dict(kept["network"])
        average.load_state_dict(kept["average"])
        optimizer.load_state_dict(kept["optimizer"])
        return int(kept["step"])
    except (RuntimeError, KeyError, TypeError):
        raise InputError(
            f"{state} is of a run with another network: resume with that run's configuration"
        ) from None
