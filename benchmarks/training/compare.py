"""The comparisons the first systems claimed, each in one run on the same entries, held-out works and machine.

    python -m benchmarks.training.compare --data DATA --cache runs/cache [--steps 60] [--only tasks|names|rows]

*tasks*: one model for four tasks against four models, at equal tokens in all; both against the base.
*names*: Friends with names of its own for every episode against Friends as it is.
*rows*: packed rows against padded ones, at an equal number of rows computed.
"""

import argparse
import json
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import torch

from model.checkpoint import EMBEDDED
from model.originality import TitleIndex
from training import runs
from training.corpus import Corpus
from training.evaluate import Amount, Candidate, evaluate
from training.examples import Example
from training.finetune import finetune, recorded
from training.judgement import famous, weights_of
from training.preparation import prepare
from training.recipe import Preparation, Recipe
from training.report import Report

RESULT: Final = Path(__file__).parents[1] / "results" / "training-compare.json"
TASKS: Final = ("pitch", "dialog", "script", "staging")
BASE: Final = Recipe(
    base=str(EMBEDDED), method="full", context=512, batch=4, accumulate=2, save_every=10_000, patience=0
)


def only(corpus: Corpus, task: str) -> Corpus:
    """Return the corpus with the entries of one task."""
    return Corpus(
        train=[example for example in corpus.train if example.task == task],
        held_out=[example for example in corpus.held_out if example.task == task],
    )


def trained(name: str, recipe: Recipe, corpus: Corpus, below: Path) -> runs.Run:
    """Return a fresh run."""
    shutil.rmtree(below / name, ignore_errors=True)
    run = runs.create(name, recorded(recipe, corpus), below=below)
    finetune(recipe, corpus, run)
    return run


def judged(run: runs.Run | None, works: Sequence[Example], amount: Amount) -> Report:
    """Return the figures of a run, or of the base."""
    model, adapter = (str(EMBEDDED), None) if run is None else weights_of(run)
    by_task = {task: [example for example in works if example.task == task] for task in TASKS}
    candidate = Candidate.load(model, adapter=adapter, threads=1)
    try:
        titles = TitleIndex.load(EMBEDDED / "titles.trie")
        return evaluate(candidate, by_task, titles=titles, famous=famous, amount=amount)
    finally:
        candidate.close()


def bits(report: Report) -> dict[str, float]:
    """Return the bits per byte of each task."""
    return {task: round(figures["bits_per_byte"], 4) for task, figures in report.tasks.items()}


def tasks(data: Path, cache: Path, below: Path, steps: int) -> dict[str, Any]:
    """Compare one model with four, and both with the base."""
    corpus = prepare(data, cache, Preparation())
    told = Corpus(
        train=[example for example in corpus.train if example.task != "prose"],
        held_out=[example for example in corpus.held_out if example.task != "prose"],
    )
    amount = Amount(entries=200, briefs=0, completions=0)
    together = trained("together", replace(BASE, steps=steps), told, below)
    result = {
        "base": bits(judged(None, told.held_out, amount)),
        "one model": bits(judged(together, told.held_out, amount)),
    }
    alone: dict[str, float] = {}
    for task in TASKS:
        run = trained(f"only-{task}", replace(BASE, steps=max(1, steps // 4)), only(told, task), below)
        alone |= bits(judged(run, only(told, task).held_out, amount))
    return {**result, "four models": alone, "steps": {"one model": steps, "each of four": max(1, steps // 4)}}


def names(data: Path, cache: Path, below: Path, steps: int) -> dict[str, Any]:
    """Compare names of its own for every episode with the show's own."""
    result = {}
    for name, diversified in (("as it is", False), ("names of its own", True)):
        wanted = Preparation(only=("friends-corpus",), diversified=diversified)
        corpus = prepare(data, cache, wanted)
        run = trained(f"names-{diversified}", replace(BASE, steps=steps), corpus, below)
        report = judged(run, corpus.held_out, Amount(entries=100, briefs=20, completions=0))
        result[name] = {
            "entries with a lead's name": share(corpus.train, lambda example: famous(example.completion)),
            "outputs with a lead's name": {
                task: round(figures["famous_names"], 3)
                for task, figures in report.tasks.items()
                if "famous_names" in figures
            },
            "bits per byte": bits(report),
        }
    return result


def share(examples: Sequence[Example], holds: Callable[[Example], bool]) -> float:
    """Return the share of the examples of which this holds."""
    return round(sum(map(holds, examples)) / max(1, len(examples)), 4)


def rows(data: Path, cache: Path, below: Path, steps: int) -> dict[str, Any]:
    """Compare packed rows with padded ones."""
    corpus = prepare(data, cache, Preparation())
    told = only(corpus, "pitch")
    amount = Amount(entries=200, briefs=0, completions=0)
    result = {}
    for name, packed in (("packed", True), ("padded", False)):
        run = trained(name, replace(BASE, steps=steps, packed=packed), told, below)
        result[name] = {"tokens": tokens(run), "bits per byte": bits(judged(run, told.held_out, amount))["pitch"]}
    return result


def tokens(run: runs.Run) -> int:
    """Return the tokens of entries that were read."""
    return int(runs.whole(run)["receipt"]["tokens"]["read"])


def main() -> None:
    """Run the comparisons, print and write what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--below", type=Path, default=Path("runs/compare"))
    parser.add_argument("--only", choices=["tasks", "names", "rows"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    every: Mapping[str, Callable[[Path, Path, Path, int], dict[str, Any]]] = {
        "tasks": tasks,
        "names": names,
        "rows": rows,
    }
    for name, compare in every.items():
        if options.only in (None, name):
            told = compare(options.data, options.cache, options.below, options.steps)
            told |= {"steps asked for": options.steps, "date": datetime.now(UTC).date().isoformat()}
            print(json.dumps({name: told}, indent=1))
            before = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
            about = {"machine": platform.machine(), "threads": 1}
            RESULT.write_text(json.dumps({**before, **about, name: told}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
