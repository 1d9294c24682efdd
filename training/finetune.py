"""The recipe from top to bottom: a corpus and a base in, an adapter or checkpoint with its receipt out.

Killed at any moment, the run goes on from its last whole checkpoint and ends with the same weights and receipt. Under
``accelerate launch`` the same call trains on several devices.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, Final

from torch.utils.tensorboard import SummaryWriter
from transformers import (
    EarlyStoppingCallback,
    PreTrainedTokenizerBase,
    PrinterCallback,
    ProgressCallback,
    TrainerCallback,
    set_seed,
)
from transformers.integrations.integration_utils import TensorBoardCallback

from model.files import replace_text
from training import checkpoints
from training.adapting import Model, load_base, load_tokenizer, row_length
from training.arguments import arguments
from training.corpus import Corpus
from training.examples import Example
from training.packing import Document
from training.receipt import publish
from training.recipe import Recipe
from training.rows import Plan, RowSet, corpus_documents, documents, plan, require_apart
from training.runs import Run
from training.space import enough, require_space
from training.together import processes
from training.trainer import PackedTrainer
from training.watching import CURVES, Progress, Samples, draw_curves

HISTORY: Final = "history.json"
_HELD_OUT: Final = 400  # examples scored every time; all of them by ``evaluate``
_BEGINNING: Final = 8  # words of a text without a prompt that a sample goes on from


@dataclass(frozen=True, slots=True)
class _Laid:
    """The corpus as rows of ``length`` positions."""

    plan: Plan
    train: RowSet
    held_out: RowSet | None
    length: int


def finetune(
    recipe: Recipe, corpus: Corpus, run: Run, *, watchers: Sequence[TrainerCallback] = ()
) -> Mapping[str, Any]:
    """Fine-tune by ``recipe`` on ``corpus`` in the folder of ``run``; return the facts of its receipt.

    A run that was begun goes on where it was. Only the first of several processes writes and returns facts.

    Raises:
        BrokenCheckpointError, FormatMismatchError, QuantizationUnavailableError, BadRecipeError: the base is unusable.
        TooLittleTextError, NoEndTokenError: the corpus fills no step; the tokenizer has no end.
        DocumentsMixedError: the architecture cannot keep the documents of a row apart.
        OutOfMemoryError, NoSpaceError: what to lower stands in their sentences.
        CheckpointLostError: the checkpoints that the run went on from are damaged.
        LossNotFiniteError: the training went astray; the last checkpoint is whole.
    """
    set_seed(recipe.seed)
    tokenizer = load_tokenizer(recipe.base)
    with enough(recipe, run.folder):
        model = load_base(recipe)
        laid = _lay(recipe, tokenizer, corpus, row_length(recipe, model))
        require_space(run.folder, model, checkpoints=3)
        if recipe.packed:
            require_apart(model)
        trainer = _trainer(recipe, model, laid, run)
        samples = _samples(recipe, tokenizer, corpus, run)
        for watcher in (Progress(), samples, *watchers):
            trainer.add_callback(watcher)
        last = checkpoints.latest(run.checkpoints)
        if last and last.ended:  # transformers would forget that, and train on
            trainer.restore(last)
        else:
            trainer.train(resume_from_checkpoint=str(last.folder) if last else None)
        if not trainer.is_world_process_zero():
            return {}
        _write_history(trainer.state.log_history, run)
        return publish(recipe, corpus, run, model, tokenizer, laid=laid.plan, **_outcome(trainer))


def _outcome(trainer: PackedTrainer) -> dict[str, Any]:
    best = trainer.state.best_metric
    done = {"steps": trainer.state.global_step, "best step": trainer.state.best_global_step}
    return {**done, "scores": {} if best is None else {"held-out nats per token": round(best, 5)}}


def _lay(recipe: Recipe, tokenizer: PreTrainedTokenizerBase, corpus: Corpus, length: int) -> _Laid:
    found = corpus_documents(tokenizer, corpus)
    laid = plan(
        found,
        length=length,
        a_step=recipe.batch * recipe.accumulate * processes(),
        epochs=recipe.epochs,
        steps=recipe.steps,
        seed=recipe.seed,
        packed=recipe.packed,
    )
    random = Random(0)  # noqa: S311 -- no secret
    chosen = random.sample(range(len(corpus.held_out)), min(_HELD_OUT, len(corpus.held_out)))
    some = [corpus.held_out[number] for number in sorted(chosen)]
    judged = documents(tokenizer, ((example.prompt, example.completion) for example in some))
    return _Laid(laid, RowSet(laid.rows, found, length), _held_out(judged, length), length)


def _held_out(found: Sequence[Document], length: int) -> RowSet | None:
    if not found:
        return None
    return RowSet(plan(found, length=length, a_step=1, epochs=1, steps=0, seed=0).rows, found, length)


def _trainer(recipe: Recipe, model: Model, laid: _Laid, run: Run) -> PackedTrainer:
    trainer = PackedTrainer(
        recipe,
        model=model,
        args=arguments(recipe, run.checkpoints, steps=laid.plan.steps, judged=laid.held_out is not None),
        train_dataset=laid.train,
        eval_dataset=laid.held_out,
        callbacks=[TensorBoardCallback(SummaryWriter(str(run.folder / "tensorboard")))],  # type: ignore[no-untyped-call]
    )
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    if laid.held_out and recipe.patience:
        trainer.add_callback(EarlyStoppingCallback(early_stopping_patience=recipe.patience))
    return trainer


def _samples(recipe: Recipe, tokenizer: PreTrainedTokenizerBase, corpus: Corpus, run: Run) -> Samples:
    first: dict[str, Example] = {}
    for example in corpus.held_out or corpus.train:
        first.setdefault(example.task, example)
    prompts = [example.prompt or " ".join(example.completion.split()[:_BEGINNING]) for example in first.values()]
    return Samples(tokenizer, prompts, run.folder / "samples", recipe.sample_every or recipe.save_every, recipe.seed)


def _write_history(history: Sequence[Mapping[str, float]], run: Run) -> None:
    told = [entry for entry in history if "loss" in entry or "eval_loss" in entry]
    replace_text(run.folder / HISTORY, json.dumps(told, indent=1) + "\n")
    draw_curves(told, run.folder / CURVES)


def losses(run: Run) -> list[float]:
    """Return the loss of every step of a finished run."""
    told = json.loads((run.folder / HISTORY).read_text("utf-8"))
    return [entry["loss"] for entry in told if "loss" in entry]


def recorded(recipe: Recipe, corpus: Corpus) -> dict[str, Any]:
    """Return what is written down when a run begins, and must be the same when it goes on."""
    return {"kind": "writer", "recipe": asdict(recipe), "data": corpus.digest}
