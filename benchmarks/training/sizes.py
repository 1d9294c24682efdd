"""Three sizes of the embedded writer at equal compute: held-out bits per byte, by task.

    OMP_NUM_THREADS=1 python -m benchmarks.training.sizes --cache CACHE [--steps 260] [--work runs/sizes]

``CACHE`` holds what ``greenlit train embedded prepare`` wrote. ``--steps`` are those of the middle size; the others get
as many as cost as much, by 6 × weights × tokens. Each run has a whole schedule of its own: rates up, flat, down.
"""

import argparse
import json
import platform
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final

import torch

from training.embedded.embed import embed
from training.embedded.network import fresh
from training.embedded.prepare import documents
from training.embedded.pretrain import shape, train
from training.embedded.recipe import Recipe
from training.embedded.schedule import plan
from training.embedded.score import score
from training.embedded.tokenizer import load

RESULT: Final = Path(__file__).parents[1] / "results" / "training-sizes.json"
SIZES: Final[dict[str, dict[str, Any]]] = {
    "small": {"width": 192, "heads": 3, "hidden": 512, "layers": 4},
    "middle": {"width": 256, "heads": 4, "hidden": 704, "layers": 4},
    "large": {"width": 384, "heads": 6, "hidden": 1024, "layers": 5},
}


def weights(recipe: Recipe) -> int:
    """Return how many weights a model of this recipe has."""
    return sum(weight.numel() for weight in fresh(shape(recipe), 0).parameters())


def main() -> None:
    """Train, score, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=260)
    parser.add_argument("--work", type=Path, default=Path("runs/sizes"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    middle = weights(replace(Recipe(), **SIZES["middle"]))
    shelves = documents(options.cache, "train")
    told: dict[str, Any] = {}
    for name, size in SIZES.items():
        recipe = replace(Recipe(), **size)
        count = weights(recipe)
        recipe = replace(recipe, name=name, steps=round(options.steps * middle / count))
        folder = options.work / name
        start = monotonic()
        network = train(recipe, plan(recipe, shelves), folder)
        seconds = monotonic() - start
        embed(network, load(options.cache), folder / "model", name=name, card="")
        told[name] = {
            "weights": count,
            "steps": recipe.steps,
            "tokens": recipe.steps * recipe.row * recipe.micro_batch * recipe.accumulate,
            "seconds": round(seconds),
            "bits per byte": score(folder / "model", options.cache),
        }
        print(name, json.dumps(told[name]))
    about = {"machine": platform.machine(), "threads": 1, "date": datetime.now(UTC).date().isoformat()}
    RESULT.write_text(json.dumps({**about, "sizes": told}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
