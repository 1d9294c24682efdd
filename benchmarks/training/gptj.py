"""LoRA in bf16 on the shape of GPT-J-6B (random weights): tokens a second, MFU, hours for the first system's data.

    python -m benchmarks.training.gptj [--tiny] [--batch 8] [--context 2048] [--steps 20]

For a GPU; ``--tiny`` tries the same code on a CPU with a model of two small layers and writes no result. MFU counts 4
FLOPs a weight and token (forward, and backward through frozen weights) and those of attention, against ``--peak``.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import torch
import torch.nn.functional as F  # noqa: N812 -- torch's own name for it
from peft import LoraConfig, get_peft_model
from transformers import GPTJConfig, GPTJForCausalLM

RESULT: Final = Path(__file__).parents[1] / "results" / "training-gptj.json"
ENTRIES: Final = 38_000  # of the first system
TOKENS: Final = 512  # an entry, at most: what its scripts were cut to
WARM_UP: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is measured; ``peak`` is the device's dense bf16 rate in TFLOP/s."""

    tiny: bool
    batch: int
    context: int
    steps: int
    rank: int
    peak: float
    checkpointing: bool


def model(asked: Asked) -> Any:  # noqa: ANN401 -- PEFT has no types
    """Return the model with LoRA, on its device, frozen weights in bf16."""
    small: dict[str, Any] = {"n_layer": 2, "n_head": 4, "n_embd": 64, "rotary_dim": 8, "vocab_size": 500}
    config = GPTJConfig(**(small if asked.tiny else {}))
    with torch.device("cpu" if asked.tiny else "cuda"):
        made: Any = GPTJForCausalLM(config)
    made = made.to(torch.bfloat16)
    if asked.checkpointing:
        made.gradient_checkpointing_enable({"use_reentrant": False})
        made.enable_input_require_grads()
    return get_peft_model(made, LoraConfig(task_type="CAUSAL_LM", r=asked.rank, target_modules="all-linear"))


def measure(asked: Asked) -> dict[str, float]:
    """Return tokens a second, MFU, peak memory, and hours for the first system's data."""
    trained = model(asked)
    device = next(trained.parameters()).device
    config = trained.config
    optimizer = torch.optim.AdamW([w for w in trained.parameters() if w.requires_grad], lr=1e-4)
    ids = torch.randint(config.vocab_size, (asked.batch, asked.context), device=device)
    places = torch.arange(TOKENS, device=device).repeat(-(-asked.context // TOKENS))[: asked.context]
    begun = 0.0
    for step in range(asked.steps + WARM_UP):
        if step == WARM_UP:
            _wait(device)
            begun = perf_counter()
        logits = trained(input_ids=ids, position_ids=places.expand_as(ids), use_cache=False).logits
        F.cross_entropy(logits[:, :-1].flatten(0, 1).float(), ids[:, 1:].flatten()).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
    _wait(device)
    rate = asked.steps * ids.numel() / (perf_counter() - begun)
    weights = sum(w.numel() for w in trained.parameters() if not w.requires_grad)
    flops = 4 * weights + 8 * config.n_layer * config.n_embd * TOKENS / 2  # a token; attention looks back over half
    return {
        "tokens a second": round(rate, 1),
        "MFU": round(rate * flops / (asked.peak * 1e12), 4),
        "peak GB": round(torch.cuda.max_memory_allocated() / 1e9, 1) if device.type == "cuda" else 0.0,
        "hours for 38,000 entries of 512 tokens": round(ENTRIES * TOKENS / rate / 3600, 3),
    }


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def main() -> None:
    """Print the figures and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--checkpointing", action="store_true")
    for name, value in (("batch", 8), ("context", 2048), ("steps", 20), ("rank", 16)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--peak", type=float, default=989.0, help="dense bf16 TFLOP/s of the device (H100: 989)")
    asked = Asked(**vars(parser.parse_args()))
    figures = measure(asked)
    print(json.dumps(figures, indent=1))
    if not asked.tiny:
        about = {"device": torch.cuda.get_device_name(), "date": datetime.now(UTC).date().isoformat()}
        RESULT.write_text(json.dumps({**about, **asdict(asked), **figures}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
