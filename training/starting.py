"""Beginning a named run or going on with it, alone or as one of several processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model import checkpoint
from training import runs
from training.corpus import Corpus
from training.finetune import finetune, recorded
from training.recipe import Recipe
from training.runs import RUNS, NoRunError, Run, RunChangedError
from training.together import first, is_first


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished run and the facts of its receipt (none but in the first of several processes)."""

    run: Run
    facts: Mapping[str, Any]


def train(
    name: str, recipe: Recipe, corpus: Corpus, *, resume: bool = False, same: bool = False, below: Path = RUNS
) -> Trained:
    """Train the run ``name`` by ``recipe``; with ``resume`` go on with it, by the recipe it was begun with.

    With ``same`` that recipe must be this one. A finished run is not trained again.

    Raises:
        RunExistsError: there is one of this name, and ``resume`` was not said.
        RunChangedError: the run was begun with another text, or by another recipe.
        RunBusyError: another process works on it.
    """
    run = first(lambda: _opened(name, recipe, corpus, resume=resume or not is_first(), below=below))
    if same and _recipe(run) != recipe:
        raise RunChangedError(name, "recipe")
    if run.finished:
        return Trained(run, checkpoint.verify(run.model).facts)
    if not is_first():
        return Trained(run, finetune(_recipe(run), corpus, run))
    with runs.locked(run):
        return Trained(run, finetune(_recipe(run), corpus, run))


def _opened(name: str, recipe: Recipe, corpus: Corpus, *, resume: bool, below: Path) -> Run:
    facts = recorded(recipe, corpus)
    if not resume:
        return runs.create(name, facts, below=below)
    try:
        run = runs.find(name, below=below)
    except NoRunError:
        return runs.create(name, facts, below=below)
    if run.facts()["kind"] != "writer":
        raise RunChangedError(name, "kind of model")
    if run.facts()["data"] != corpus.digest:
        raise RunChangedError(name, "text")
    return run


def _recipe(run: Run) -> Recipe:
    return Recipe.of(run.facts()["recipe"])
