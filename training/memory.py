"""How much memory a training takes, computed from the shapes of the model before anything is loaded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from model.engines.loading import unusable
from training.adapting import device, half
from training.recipe import Recipe

_LEARNING: Final = 16  # bytes a weight that learns: itself, its gradient and two moments of AdamW, in fp32
_WORKING: Final = 17  # numbers a position and hidden unit that a layer keeps for its gradient
_LOGITS: Final = 12  # bytes a score: itself in fp32, its softmax and its gradient
_OWN: Final = 1.1  # what libraries take besides, and what lies between


class NotEnoughMemoryError(MemoryError):
    """The training needs ``needed`` bytes; ``free`` are there."""

    def __init__(self, needed: int, free: int) -> None:
        super().__init__(f"{needed} > {free}")
        self.needed, self.free = needed, free


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Bytes: the frozen weights, what learns, and what a batch keeps for its gradient."""

    frozen: int
    learning: int
    batch: int

    @property
    def total(self) -> int:
        """All of it, with what libraries take besides."""
        return int(_OWN * (self.frozen + self.learning + self.batch))


def need(recipe: Recipe, *, rows: int, length: int, on: str | None = None, config: Any = None) -> Need:  # noqa: ANN401 -- of transformers
    """Return what a LoRA training of ``rows`` rows of ``length`` positions at once takes ``on`` a device.

    For pairs ``rows`` is twice the batch. ``config`` stands in for the base's own.

    Raises:
        BrokenCheckpointError: the base has none.
    """
    on = on or device()
    if config is None:
        with unusable(Path(recipe.base)):
            config = AutoConfig.from_pretrained(recipe.base, trust_remote_code=False)
    with torch.device("meta"):
        model: Any = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    linear = [module for name, module in model.named_modules() if type(module).__name__ in {"Linear", "Conv1D"}]
    head = model.get_output_embeddings()
    layers = [module for module in linear if module is not head]
    inside = sum(module.weight.numel() for module in layers)
    outside = sum(weight.numel() for weight in model.parameters()) - inside
    lora = sum(recipe.rank * sum(module.weight.shape) for module in layers)
    number = 2 if half(recipe) or on == "cuda" else 4
    small = {"lora8": 1.0, "qlora": 0.55}.get(recipe.method, float(number))
    return Need(
        frozen=int(inside * small + outside * number),
        learning=lora * _LEARNING,
        batch=_batch(model.config, rows * length, number, checkpointing=recipe.checkpointing),
    )


def _batch(config: Any, positions: int, number: int, *, checkpointing: bool) -> int:  # noqa: ANN401 -- of transformers
    text = config.get_text_config()
    layer = positions * text.hidden_size * _WORKING * number
    kept = positions * text.hidden_size * number * text.num_hidden_layers + layer
    scores: int = positions * text.vocab_size * _LOGITS
    total: int = scores + (kept if checkpointing else layer * text.num_hidden_layers)
    return total


def free() -> int:
    """Return how many bytes are free where training computes."""
    if device() == "cuda":
        return int(torch.cuda.mem_get_info()[0])
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024
    return 2**63  # a system that does not say


def require_memory(recipe: Recipe, *, rows: int, length: int) -> None:
    """Raise unless there is as much memory as the training takes.

    Raises:
        NotEnoughMemoryError: there is not.
    """
    needed, there = need(recipe, rows=rows, length=length).total, free()
    if needed > there:
        raise NotEnoughMemoryError(needed, there)
