"""The LSTM as a named run like any other."""

from dataclasses import asdict
from pathlib import Path

from training import runs
from training.corpus import Corpus
from training.lstm import train
from training.lstm_recipe import LstmRecipe
from training.runs import RUNS, Run, RunChangedError


def train_lstm(
    name: str, corpus: Corpus, *, resume: bool, minutes: float | None, epochs: int | None, below: Path = RUNS
) -> tuple[Run, float]:
    """Train the run ``name`` on the texts of ``corpus``; return it with its held-out bits per byte.

    With ``resume`` a run that has ended goes on if it is given more ``minutes`` or ``epochs`` (both over all of it).

    Raises:
        RunExistsError, RunChangedError, RunBusyError, BrokenRunError: see their docstrings.
        CorpusTooSmallError, NothingHeldOutError: the text does not suffice.
        NoSpaceError: the disk is full.
    """
    recipe = LstmRecipe(name=name, **({"epochs": epochs} if epochs else {}))
    facts = {"kind": "lstm", "recipe": asdict(recipe), "data": corpus.digest}
    run = runs.begin(name, facts, resume=resume, below=below)
    begun = run.facts()
    if begun["data"] != corpus.digest:
        raise RunChangedError(name, "text")
    recipe = LstmRecipe(**{**begun["recipe"], **({"epochs": epochs} if epochs else {})})
    texts, judged = ([example.completion for example in part] for part in (corpus.train, corpus.held_out))
    with runs.locked(run):
        receipt = train(
            recipe, texts, judged, run.model, resume=run.model.exists(), max_seconds=minutes * 60 if minutes else None
        )
    return run, receipt.score.bits_per_byte
