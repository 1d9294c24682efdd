"""How a model runs on this machine: in which numbers, checked against the model as loaded, in how much memory."""

import logging
import os
from dataclasses import dataclass
from typing import Any, Final, Literal

import torch
from torch import Tensor
from transformers import PreTrainedModel

from model.engines.graphs import recorder
from model.engines.linear import Precision
from model.engines.lora import Wardrobe
from model.engines.networks import network
from model.engines.runner import Runner
from model.engines.slots import SlotRunner
from model.engines.whole import WholeRunner

ONE_THREAD: Final = 50_000_000  # weights up to which one thread is fastest
_PROBE: Final = 24  # tokens on which both are compared
_SHARE: Final = {"cpu": 0.25, "cuda": 0.8}  # of the free memory
_MOST_DIFFERENT: Final = {"fp32": 1e-4, "bf16": 0.02, "int8": 0.02}  # mean KL divergence in nats
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """``precision`` of the weights on a CPU, ``memory`` in bytes for what is remembered of texts, ``rows`` at most.

    ``auto`` is int8 where the processor multiplies it fast, else bf16 where it does that, else fp32. Without a
    ``memory`` a quarter of what is free is taken, on a GPU four fifths. ``graphs`` records the steps of a GPU, unless
    layers of bitsandbytes are among them: those look at their numbers while they compute.
    """

    precision: Literal["auto", "fp32", "bf16", "int8"] = "fp32"
    memory: int | None = None
    rows: int = 128
    graphs: bool = True


def fitting(model: PreTrainedModel, fit: Fit) -> Runner[Any, Any]:
    """Return what runs ``model`` as ``fit`` says; a precision that changes its scores too much is not used."""
    memory = fit.memory or int(_free(model.device) * _SHARE[model.device.type])
    for precision in _wanted(fit.precision):
        made = network(model, precision)
        if made is None:
            return WholeRunner(model, rows=fit.rows)
        record = recorder() if fit.graphs and model.device.type == "cuda" and made.plain else None
        runner = SlotRunner(made, Wardrobe(), budget=memory, rows=fit.rows, record=record)
        apart = _apart(model, runner) if precision != "fp32" else 0.0
        if apart <= _MOST_DIFFERENT[precision]:
            return runner
        _log.warning("not in %s: its scores are %.3f nats from the model's own", precision, apart)
    raise AssertionError("fp32 is always among them")


def threads_for(model: PreTrainedModel) -> int:
    """Return how many threads are fastest: one for a small model, else all cores but one that nobody uses now.

    A core that somebody else keeps busy makes every thread wait for the one that shares it.
    """
    if sum(weight.numel() for weight in model.parameters()) <= ONE_THREAD:
        return 1
    return max(1, len(os.sched_getaffinity(0)) - 1 - round(os.getloadavg()[0]))


def _wanted(precision: str) -> list[Precision]:
    able: dict[Precision, Any] = {
        "int8": torch.cpu._is_vnni_supported,  # noqa: SLF001 - torch tells it nowhere else
        "bf16": torch.cpu._is_avx512_bf16_supported,  # noqa: SLF001
    }
    if precision == "auto":
        return [*(name for name, has in able.items() if has()), "fp32"]
    chosen: Precision = precision  # type: ignore[assignment]
    return list(dict.fromkeys([chosen, "fp32"]))


@torch.inference_mode()
def _apart(model: PreTrainedModel, runner: SlotRunner) -> float:
    """Return the mean KL divergence, in nats, of what ``runner`` thinks of a text from what ``model`` does."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(runner.network.shape.vocabulary, (min(_PROBE, runner.context - 1),), generator=generator)
    theirs = model(input_ids=ids[None].to(model.device)).logits[0].float().log_softmax(-1)
    ours = torch.stack([_scores(runner, ids[: stop + 1].tolist()) for stop in range(len(ids))]).log_softmax(-1)
    runner.clear()
    divergence = (theirs.exp() * (theirs - ours)).sum(-1).mean()
    return float("inf") if bool(divergence.isnan()) else float(divergence)


def _scores(runner: SlotRunner, ids: list[int]) -> Tensor:
    reading = runner.begin(ids, None)
    while reading.scores is None:
        runner.read(reading)
    return reading.scores


def _free(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
