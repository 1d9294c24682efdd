"""The LSTM as a named run like any other."""

from dataclasses import asdict
from pathlib import Path

from training import runs
from training.corpus import Corpus
from training.lstm import train
from training.lstm_recipe import LstmRecipe
from training.runs import RUNS, NoRunError, Run, RunChangedError


def train_lstm(
    name: str, corpus: Corpus, *, resume: bool, minutes: float | None, epochs: int | None, below: Path = RUNS
) -> tuple[Run, float]:
    """Train the run ``name`` on the texts of ``corpus``; return it with its held-out bits per byte.

    Raises:
        RunExistsError, RunChangedError, RunBusyError: see their docstrings.
        CorpusTooSmallError, NothingHeldOutError: the text does not suffice.
    """
    recipe = LstmRecipe(name=name, **({"epochs": epochs} if epochs else {}))
    run = _opened(name, recipe, corpus, resume=resume, below=below)
    texts, judged = ([example.completion for example in part] for part in (corpus.train, corpus.held_out))
    with runs.locked(run):
        receipt = train(
            recipe, texts, judged, run.model, resume=run.model.exists(), max_seconds=minutes * 60 if minutes else None
        )
    return run, receipt.score.bits_per_byte


def _opened(name: str, recipe: LstmRecipe, corpus: Corpus, *, resume: bool, below: Path) -> Run:
    facts = {"kind": "lstm", "recipe": asdict(recipe), "data": corpus.digest}
    if not resume:
        return runs.create(name, facts, below=below)
    try:
        run = runs.find(name, below=below)
    except NoRunError:
        return runs.create(name, facts, below=below)
    if run.facts()["kind"] != "lstm":
        raise RunChangedError(name, "kind of model")
    return run
