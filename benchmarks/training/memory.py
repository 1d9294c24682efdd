"""Peak memory of full, LoRA, 8-bit and 4-bit training of one model, each in a process of its own.

    python -m benchmarks.training.memory [--layers 12] [--width 768]

The model is GPT-2 in shape with random weights, made here. On CUDA it is the device's peak, else the process's.
"""

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Final, get_args

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from training import runs
from training.corpus import of_texts
from training.embedded.tokenizer import learn, save
from training.finetune import finetune, recorded
from training.recipe import Method, Recipe
from training.records import Text

RESULT = Path(__file__).parents[1] / "results" / "training-memory.json"
METHODS: Final[tuple[Method, ...]] = get_args(Method)
TEXT = "The key is under the piano and nobody in the harbor has sold the garden. " * 400


def make(folder: Path, layers: int, width: int) -> int:
    """Write the model and its tokenizer to ``folder``; return how many weights it has."""
    torch.manual_seed(1)
    config = GPT2Config(n_layer=layers, n_embd=width, n_head=width // 64, vocab_size=50257, eos_token_id=0)
    model = GPT2LMHeadModel(config)
    model.save_pretrained(folder)
    save(learn([TEXT], 400), folder, 1024)
    return sum(weight.numel() for weight in model.parameters())


def one(folder: Path, method: Method) -> dict[str, float]:
    """Train a few steps by ``method``; return the peak in MB and the seconds."""
    recipe = Recipe(base=str(folder), method=method, context=256, batch=2, accumulate=1, steps=4, save_every=100)
    corpus = of_texts([Text(source="s", work="w", text=TEXT)])
    start = perf_counter()
    with tempfile.TemporaryDirectory() as below:
        finetune(recipe, corpus, runs.create(method, recorded(recipe, corpus), below=Path(below)))
    cuda = torch.cuda.is_available()
    peak = torch.cuda.max_memory_allocated() if cuda else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"peak MB": round(peak / 1e6), "seconds": round(perf_counter() - start, 1)}


def main() -> None:
    """Print the table, write the result; with ``--one`` be one of the processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--one", nargs=2)
    options = parser.parse_args()
    if options.one:
        torch.set_num_threads(1)
        print(json.dumps(one(Path(options.one[0]), next(method for method in METHODS if method == options.one[1]))))
        return
    with tempfile.TemporaryDirectory() as below:
        weights = make(Path(below), options.layers, options.width)
        told = {}
        for method in METHODS:
            words = [sys.executable, "-m", "benchmarks.training.memory", "--one", below, method]
            done = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603 -- ourselves
            told[method] = json.loads(done.stdout.splitlines()[-1])
    print("| method | peak MB | ratio to full |\n|---|---|---|")
    for method, figures in told.items():
        figures["ratio to full"] = round(figures["peak MB"] / told["full"]["peak MB"], 2)
        print(f"| {method} | {figures['peak MB']} | {figures['ratio to full']} |")
    about = {"machine": platform.machine(), "device": "cuda" if torch.cuda.is_available() else "cpu"}
    about["date"] = datetime.now(UTC).date().isoformat()
    RESULT.write_text(json.dumps({**about, "weights": weights, **told}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
