"""Our decoder on a GPU: GPT-J-6B in shape, beside ``transformers.generate`` and what the memory would allow.

    python -m benchmarks.worker.gpu [--layers 28] [--streams 1 8 32 128] [--precisions bf16 8bit 4bit]

The weights are random and made on the device. Prompts of 64 tokens, 128 new ones, temperature .9, top-p .95. Ours
with CUDA graphs (where no bitsandbytes is in the way) and without. The bound is that of memory: n streams ÷ the time in
which the weights and the streams' keys and values are read at the speed of a measured copy. Every precision has a
process of its own.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

import torch
from transformers import GPTJConfig, GPTJForCausalLM

from benchmarks.worker import machine
from benchmarks.worker.shapes import tokenizer
from model.decoder import Halt, Sampling
from model.engines.loading import Quantize
from model.engines.precision import Fit
from model.engines.transformers_engine import TransformersDecoder

RESULT: Final = Path(__file__).parents[1] / "results" / "worker-gpu.json"
PROMPT: Final = 64
NEW: Final = 128
COPIED: Final = 2 << 30  # bytes
PRECISIONS: Final[dict[str, Quantize]] = {"bf16": "none", "8bit": "8bit", "4bit": "4bit"}
SECOND_SHARE: Final = 0.5  # of the memory that is left, for the decoder that records nothing
BYTES: Final = {"bf16": 2.0, "8bit": 1.0, "4bit": 0.5}


def make(folder: Path, layers: int) -> None:
    """Write the checkpoint; it has no end of text."""
    config = GPTJConfig(n_layer=layers, n_positions=1024, bos_token_id=None, eos_token_id=None)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        model = GPTJForCausalLM(config)
    model.generation_config.bos_token_id = model.generation_config.eos_token_id = None
    tokenizer(config.vocab_size).save_pretrained(folder)
    model.save_pretrained(folder)


async def ours(decoder: Any, streams: int, seed: int) -> None:  # noqa: ANN401 - of two generations
    """Let our decoder write all streams, each a call of its own."""
    sampling = Sampling(temperature=0.9, top_p=0.95, max_tokens=NEW)

    async def one(number: int) -> None:
        ids = torch.randint(50_000, (PROMPT,), generator=torch.Generator().manual_seed(seed + number)).tolist()
        async for _ in decoder.write(ids, (number,), sampling, Halt()):
            pass

    async with asyncio.TaskGroup() as group:
        for number in range(streams):
            group.create_task(one(number))


def theirs(decoder: TransformersDecoder, streams: int) -> None:
    """Let ``generate`` write them as one batch."""
    model: Any = decoder.weights
    ids = torch.randint(50_000, (streams, PROMPT), device=model.device)
    drawing = {"do_sample": True, "temperature": 0.9, "top_p": 0.95, "top_k": 0, "pad_token_id": 0}
    model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW, min_new_tokens=NEW, **drawing)


def rate(work: Callable[[], object], tokens: int) -> float:
    """Return tokens a second: the median of three, after one to warm up."""
    seconds = []
    for _ in range(4):
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return tokens / median(seconds[1:])


def bandwidth() -> float:
    """Return bytes a second of a copy on the device, reading and writing counted."""
    source, target = (torch.empty(COPIED, dtype=torch.uint8, device="cuda") for _ in range(2))
    return rate(lambda: target.copy_(source), 2 * COPIED)


def one(folder: Path, precision: str, streams: list[int]) -> dict[str, Any]:
    """Return the figures of one precision."""
    speed = bandwidth()
    torch.cuda.empty_cache()
    decoder = TransformersDecoder.load(folder, quantize=PRECISIONS[precision], device="cuda")
    memory = int(torch.cuda.mem_get_info()[0] * SECOND_SHARE)
    second = TransformersDecoder(
        decoder.weights, decoder.tokenizer, name="computed", fit=Fit(graphs=False, memory=memory)
    )
    config: Any = decoder.weights.config
    weights = sum(shape.numel() for shape in _shapes(folder)) * BYTES[precision]
    told: dict[str, Any] = {"copy GB/s": round(speed / 1e9)}
    with asyncio.Runner() as runner:
        for count in streams:
            mine = rate(lambda count=count: runner.run(ours(decoder, count, 1)), count * NEW)  # type: ignore[misc]
            kept = 2 * 2 * config.n_layer * config.n_embd * (PROMPT + NEW / 2) * count
            computed = rate(lambda count=count: runner.run(ours(second, count, 1)), count * NEW)  # type: ignore[misc]
            limit = count / ((weights + kept) / speed)
            memory = torch.cuda.max_memory_allocated()
            batch = rate(lambda count=count: theirs(decoder, count), count * NEW)  # type: ignore[misc]
            told[f"{count} streams"] = {
                "ours": round(mine, 1),
                "without graphs": round(computed, 1),
                "generate": round(batch, 1),
                "ratio": round(mine / batch, 2),
                "bound": round(limit),
                "of the bound": round(mine / limit, 3),
                "peak GB": round(memory / 1e9, 2),
            }
    decoder.close()
    second.close()
    return told


def _shapes(folder: Path) -> list[torch.Size]:
    with torch.device("meta"):
        model = GPTJForCausalLM(GPTJConfig.from_pretrained(folder))
    return [weight.shape for name, weight in model.named_parameters() if "wte" not in name]  # a row of it is read


def main() -> None:
    """Print the table, write the result; with ``--one`` be one of the processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=28)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--precisions", nargs="+", choices=list(PRECISIONS), default=list(PRECISIONS))
    parser.add_argument("--one", type=Path)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one, options.precisions[0], options.streams)))
        return
    if not torch.cuda.is_available():
        sys.exit("this needs a GPU with CUDA")
    told: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as below:
        make(Path(below), options.layers)
        torch.cuda.empty_cache()
        for precision in options.precisions:
            words = [sys.executable, "-m", "benchmarks.worker.gpu", "--one", below, "--precisions", precision]
            words += ["--streams", *map(str, options.streams)]
            done = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603 -- ourselves
            told[precision] = json.loads(done.stdout.splitlines()[-1])
    print("| precision | streams | ours | without graphs | generate | bound | peak GB |\n|---|---|---|---|---|---|---|")
    for precision, figures in told.items():
        for streams, one_of in figures.items():
            if isinstance(one_of, dict):
                cells = [str(one_of[name]) for name in ("ours", "without graphs", "generate", "bound", "peak GB")]
                print(f"| {precision} | {streams} | {' | '.join(cells)} |")
    about = {**machine.about(), "device": torch.cuda.get_device_name(), "layers": options.layers, **told}
    RESULT.write_text(json.dumps(about, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
