"""The receipt of a run: what was trained on what, how, and how well, beside the weights and checked with them."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from transformers import PreTrainedTokenizerBase

from model import checkpoint
from training.adapting import Model
from training.corpus import Corpus
from training.recipe import Recipe
from training.rows import Plan
from training.runs import Run

_LIBRARIES: Final = ("torch", "transformers", "peft", "accelerate")
_CARD: Final = """---
base_model: {base}
library_name: {library}
pipeline_tag: text-generation
---

# {name}

{kind} of `{base}`, trained by GreenLIT on {entries}. Its receipt, with recipe, data, tokens, scores and versions, is
`manifest.json`.
"""


def publish(
    recipe: Recipe,
    corpus: Corpus,
    run: Run,
    model: Model,
    tokenizer: PreTrainedTokenizerBase,
    *,
    laid: Plan,
    **outcome: object,
) -> Mapping[str, Any]:
    """Write the trained weights with their receipt to ``run.model``, all at once; return the receipt's facts.

    ``laid`` are the rows that were planned, ``outcome`` is what came of them: steps done, scores.
    """
    facts = {
        "base": base_facts(recipe.base),
        "recipe": asdict(recipe),
        "data": {**corpus.facts, "sha256": corpus.digest, "entries": corpus.counts()},
        "tokens": {
            "seen ÷ available": round(laid.seen / laid.available, 6),
            "available": laid.available,
            "read": laid.read,
            "scored": laid.scored,
            "pieces cut": laid.cut,
        },
        "planned steps": laid.steps,
        **outcome,
        "versions": versions(),
    }
    counted = corpus.counts()["train"]
    told = ", ".join(f"{number:,} {task} entries" for task, number in counted.items())
    keep(recipe, run, model, tokenizer, learnt_from=told, facts=facts)
    return facts


def keep(
    recipe: Recipe,
    run: Run,
    model: Model,
    tokenizer: PreTrainedTokenizerBase,
    *,
    learnt_from: str,
    facts: Mapping[str, Any],
) -> None:
    """Write the weights that were trained, their card and ``facts`` to ``run.model``, all at once."""
    unfinished = run.folder / "model.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    model.save_pretrained(unfinished)
    if recipe.method == "full":
        tokenizer.save_pretrained(unfinished)
    else:
        _sort(unfinished / "adapter_config.json")
    (unfinished / "README.md").write_text(_card(run.name, recipe, learnt_from), "utf-8")
    checkpoint.write(unfinished, run.name, **facts)
    shutil.rmtree(run.model, ignore_errors=True)
    unfinished.rename(run.model)


def versions() -> dict[str, str]:
    """Return the versions of the libraries that trained."""
    return {name: version(name) for name in _LIBRARIES}


def add_scores(run: Run, **facts: object) -> None:
    """Write further ``facts`` (an evaluation) into the receipt of a finished run."""
    manifest = checkpoint.verify(run.model)
    checkpoint.write(run.model, manifest.name, **{**manifest.facts, **facts})


def _sort(config: Path) -> None:
    """Write sets in order: PEFT writes them as they come, which is different in every process."""
    told = json.loads(config.read_text("utf-8"))
    told = {key: sorted(value) if key == "target_modules" else value for key, value in told.items()}
    config.write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", "utf-8")


def base_facts(base: str) -> dict[str, Any]:
    """Return what is known of the base; the licences of what it learnt go with whatever is made of it."""
    folder = Path(base)
    if not folder.is_dir():
        return {"name": base}
    told: dict[str, Any] = {"name": base, "fingerprint": checkpoint.fingerprint(folder)}
    licences = checkpoint.described(folder).licences
    return {**told, "licences": licences} if licences else told


def _card(name: str, recipe: Recipe, learnt_from: str) -> str:
    return _CARD.format(
        name=name,
        base=Path(recipe.base).name if Path(recipe.base).is_dir() else recipe.base,
        library="transformers" if recipe.method == "full" else "peft",
        kind="All weights" if recipe.method == "full" else f"A LoRA adapter (rank {recipe.rank})",
        entries=learnt_from,
    )
