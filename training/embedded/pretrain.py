"""The recipe from top to bottom: rows in, weights out; killed at any moment, it goes on from its last checkpoint."""

import json
import logging
import time
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from training.embedded.loss import cross_entropy
from training.embedded.network import Network, Shape, fresh, mask
from training.embedded.recipe import Recipe
from training.packing import Rows

CHECKPOINT: Final = "checkpoint.pt"
RECEIPT: Final = "receipt.json"
log: Final = logging.getLogger(__name__)


def shape(recipe: Recipe) -> Shape:
    """Return the size of the recipe's model."""
    return Shape(
        vocabulary=recipe.vocabulary,
        width=recipe.width,
        layers=recipe.layers,
        heads=recipe.heads,
        hidden=recipe.hidden,
        context=recipe.context,
    )


def train(
    recipe: Recipe,
    rows: Rows,
    folder: Path,
    *,
    begin: Network | None = None,
    dtype: torch.dtype = torch.bfloat16,
    stop_after: int | None = None,
) -> Network:
    """Train on ``rows`` in order, or go on from the checkpoint in ``folder``; return the trained float32 network.

    It begins with random weights, or with a copy of those of ``begin``.
    ``stop_after`` ends the work early after so many steps of the whole run, as a kill would.
    Writes ``receipt.json`` with the recipe and every loss beside the checkpoint.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network = fresh(shape(recipe), recipe.seed)
    if begin is not None:
        network.load_state_dict(begin.state_dict())
    optimizers = _optimizers(recipe, network)
    losses, seconds = _resume(folder, network, optimizers)
    working = Network(shape(recipe)).to(dtype)
    start = time.monotonic() - seconds
    for step in range(len(losses), min(recipe.steps, stop_after or recipe.steps)):
        _copy(network, working)
        losses.append(_gradients(recipe, network, working, rows, step))
        _update(recipe, network, optimizers, step)
        if (step + 1) % recipe.save_every == 0 or step + 1 == recipe.steps:
            _save(folder, network, optimizers, losses, time.monotonic() - start)
            log.info("step %d loss %.3f after %.0f s", step + 1, np.mean(losses[-20:]), time.monotonic() - start)
    _write_receipt(folder, recipe, rows, losses, time.monotonic() - start)
    return network


class UnfinishedError(Exception):
    """There is no finished part of the embedded run in the folder ``path``."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


def trained(folder: Path) -> tuple[Recipe, Network]:
    """Return the recipe of the run in ``folder`` and its network as it stands there.

    Raises:
        UnfinishedError: it is not finished.
    """
    if not (folder / RECEIPT).is_file():
        raise UnfinishedError(folder)
    told = json.loads((folder / RECEIPT).read_text("utf-8"))["recipe"]
    recipe = Recipe.of(told)
    network = Network(shape(recipe))
    network.load_state_dict(torch.load(folder / CHECKPOINT, weights_only=True)["network"])
    return recipe, network


def _optimizers(recipe: Recipe, network: Network) -> list[torch.optim.Optimizer]:
    matrices = [weight for weight in network.blocks.parameters() if weight.ndim == 2]
    chosen = {id(weight) for weight in matrices}
    vectors = [weight for weight in network.parameters() if id(weight) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=recipe.matrix_rate, weight_decay=recipe.weight_decay, momentum=0.95),
        torch.optim.AdamW(vectors, lr=recipe.vector_rate, weight_decay=0.0, betas=(0.9, 0.95)),
    ]


@torch.no_grad()
def _copy(network: nn.Module, working: nn.Module) -> None:
    for master, copy in zip(network.parameters(), working.parameters(), strict=True):
        copy.copy_(master)


def _gradients(recipe: Recipe, network: Network, working: Network, rows: Rows, step: int) -> float:
    first = step * recipe.micro_batch * recipe.accumulate
    scored = int((rows.targets[first : first + recipe.micro_batch * recipe.accumulate] >= 0).sum())
    total = 0.0
    for start in range(first, first + recipe.micro_batch * recipe.accumulate, recipe.micro_batch):
        loss = _loss(working, rows, slice(start, start + recipe.micro_batch)) / scored
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.item()
        _gather(network, working)
    return total


def _loss(working: Network, rows: Rows, batch: slice) -> Tensor:
    tokens, places = (torch.from_numpy(part[batch].astype(np.int64)) for part in (rows.tokens, rows.places))
    targets = torch.from_numpy(rows.targets[batch].astype(np.int64)).flatten()
    weight = working.embedding.weight
    hidden = working(tokens, places, mask(torch.from_numpy(rows.documents[batch]), weight.dtype))
    scored = targets >= 0
    return cross_entropy(hidden.flatten(0, 1)[scored], weight, targets[scored])


def _gather(network: nn.Module, working: nn.Module) -> None:
    for master, copy in zip(network.parameters(), working.parameters(), strict=True):
        slope = copy.grad.float() if copy.grad is not None else torch.zeros_like(master)
        master.grad = slope if master.grad is None else master.grad + slope
        copy.grad = None


def _update(recipe: Recipe, network: Network, optimizers: list[torch.optim.Optimizer], step: int) -> None:
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    for optimizer, peak in zip(optimizers, (recipe.matrix_rate, recipe.vector_rate), strict=True):
        for group in optimizer.param_groups:
            group["lr"] = peak * recipe.rate(step)
        optimizer.step()
        optimizer.zero_grad()


def _save(
    folder: Path, network: Network, optimizers: list[torch.optim.Optimizer], losses: list[float], seconds: float
) -> None:
    state = {
        "network": network.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "losses": losses,
        "seconds": seconds,
    }
    unfinished = folder / (CHECKPOINT + ".unfinished")
    torch.save(state, unfinished)
    unfinished.replace(folder / CHECKPOINT)


def _resume(folder: Path, network: Network, optimizers: list[torch.optim.Optimizer]) -> tuple[list[float], float]:
    path = folder / CHECKPOINT
    if not path.exists():
        return [], 0.0
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    return state["losses"], state["seconds"]


def _write_receipt(folder: Path, recipe: Recipe, rows: Rows, losses: list[float], seconds: float) -> None:
    done = rows.targets[: len(losses) * recipe.micro_batch * recipe.accumulate]
    receipt = {
        "recipe": asdict(recipe),
        "steps": len(losses),
        "positions": int(done.size),
        "cut": round(rows.cut, 4),
        "scored": int((done >= 0).sum()),
        "seconds": round(seconds),
        "losses": [round(loss, 4) for loss in losses],
    }
    (folder / RECEIPT).write_text(json.dumps(receipt, indent=1) + "\n", "utf-8")
