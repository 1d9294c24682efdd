"""Beginning a named run or going on with it, alone or as one of several processes."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from model import checkpoint
from model.checkpoint import BrokenCheckpointError
from training import runs
from training.corpus import Corpus
from training.finetune import finetune, recorded
from training.recipe import Recipe
from training.runs import RUNS, NoRunError, Run, RunChangedError
from training.together import first, is_first

log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished run and the facts of its receipt (none but in the first of several processes)."""

    run: Run
    facts: Mapping[str, Any]


def train(
    name: str,
    recipe: Recipe,
    corpus: Corpus,
    *,
    resume: bool = False,
    said: Collection[str] = (),
    below: Path = RUNS,
) -> Trained:
    """Train the run ``name`` by ``recipe``; with ``resume`` go on with it, by the recipe it was begun with.

    Then ``recipe`` counts only in its fields ``said``: they must be those the run was begun with, unless it could not
    even begin, in which case they change it. A finished run is not trained again.

    Raises:
        RunExistsError: there is one of this name, and ``resume`` was not said.
        RunChangedError: the run was begun with another text, kind of model, or field of the recipe.
        RunBusyError: another process works on it.
        BrokenRunError, CheckpointLostError: what it would go on from cannot be read.
    """
    run = first(lambda: _opened(name, recipe, corpus, resume=resume or not is_first(), said=said, below=below))
    if (facts := _published(run)) is not None:
        return Trained(run, facts)
    if not is_first():
        return Trained(run, finetune(run.recipe(), corpus, run))
    with runs.locked(run):
        return Trained(run, finetune(run.recipe(), corpus, run))


def _opened(name: str, recipe: Recipe, corpus: Corpus, *, resume: bool, said: Collection[str], below: Path) -> Run:
    wanted = _merged(name, recipe, said, below) if resume else recipe
    run = runs.begin(name, recorded(wanted, corpus), resume=resume, below=below)
    begun = run.recipe()
    for field in said:
        if not _agree(field, getattr(begun, field), getattr(recipe, field)):
            raise RunChangedError(name, f"--{field.replace('_', '-')}")
    if run.facts()["data"] != corpus.digest:
        raise RunChangedError(name, "text")
    return run


def _agree(field: str, one: object, other: object) -> bool:
    return one == other or (field == "base" and Path(str(one)).resolve() == Path(str(other)).resolve())


def _merged(name: str, recipe: Recipe, said: Collection[str], below: Path) -> Recipe:
    """Return the recipe that the run was begun with, if there is one, with the fields that are said anew."""
    try:
        run = runs.find(name, below=below)
    except NoRunError:
        return recipe
    if run.facts()["kind"] != "writer":
        return recipe
    return replace(run.recipe(), **{field: getattr(recipe, field) for field in said})


def _published(run: Run) -> Mapping[str, Any] | None:
    """Return the receipt of the finished run; one whose model is damaged is not finished."""
    if not run.finished:
        return None
    try:
        return checkpoint.verify(run.model).facts
    except BrokenCheckpointError as error:
        log.warning("The model of the run %s is damaged (%s); it is made again from its checkpoints.", run.name, error)
        return None
