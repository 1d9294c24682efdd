"""Preference learning: an adapter goes on from where it is, towards what the community preferred (DPO).

The loss is Rafailov's: of each pair the chosen side is to become likelier, and the rejected one less likely, than a
reference makes them. The reference is the adapter as it begins; its log-probabilities are computed once, before the
first step, so one model is in memory. Pairs weigh differently, which TRL's trainer does not know
(docs/decisions/0011-preferences-without-trl.md).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Final

import torch.nn.functional as F  # noqa: N812 -- torch's own name for it
from torch import Tensor
from transformers import PrinterCallback, ProgressCallback, TrainerCallback, set_seed

from model.files import replace_text
from training import checkpoints
from training.adapting import load_base, load_tokenizer, row_length
from training.arguments import arguments
from training.feedback import Pair
from training.preferences import PairSet, collate, likelihoods, order, sides
from training.receipt import base_facts, keep, versions
from training.recipe import Recipe
from training.rows import IGNORED
from training.runs import Run
from training.space import enough, require_space
from training.trainer import PackedTrainer
from training.watching import Progress

HISTORY: Final = "history.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taste:
    """How strongly preferences pull."""

    beta: float = 0.1
    """How far from its reference the adapter may go: less goes further."""
    anchor: float = 0.2
    """How much the chosen side's own loss counts besides, so that it becomes likelier, not only less unlikely."""


def prefer(
    recipe: Recipe, taste: Taste, pairs: Sequence[Pair], run: Run, *, watchers: Sequence[TrainerCallback] = ()
) -> Mapping[str, Any]:
    """Train the adapter that ``recipe`` goes on from by ``pairs``; return the facts of its receipt.

    A run that was begun goes on where it was, and ends with the same weights.

    Raises:
        BrokenCheckpointError, FormatMismatchError, BadRecipeError: base or adapter is unusable.
        OutOfMemoryError, NoSpaceError, CheckpointLostError, LossNotFiniteError: as in :mod:`training.finetune`.
    """
    set_seed(recipe.seed)
    tokenizer = load_tokenizer(recipe.base)
    with enough(recipe, run.folder):
        model = load_base(recipe)
        require_space(run.folder, model, checkpoints=3)
        context = row_length(recipe, model)
        found = sides(tokenizer, pairs, context)
        reference = likelihoods(model, found, context)
        read = order(len(found), epochs=recipe.epochs, a_step=recipe.batch * recipe.accumulate, seed=recipe.seed)
        steps = recipe.steps or len(read) // (recipe.batch * recipe.accumulate)
        trainer = PairTrainer(
            recipe,
            taste,
            model=model,
            args=arguments(recipe, run.checkpoints, steps=steps, judged=False),
            train_dataset=PairSet(found, reference, read),
            data_collator=collate,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.remove_callback(ProgressCallback)
        for watcher in (Progress(), *watchers):
            trainer.add_callback(watcher)
        last = checkpoints.latest(run.checkpoints)
        if not (last and last.ended):
            trainer.train(resume_from_checkpoint=str(last.folder) if last else None)
        else:
            trainer.restore(last)
        history = [entry for entry in trainer.state.log_history if "loss" in entry]
        replace_text(run.folder / HISTORY, json.dumps(history, indent=1) + "\n")
        facts = {
            "base": base_facts(recipe.base),
            "recipe": {**asdict(recipe), **asdict(taste)},
            "data": {"pairs": len(pairs), "sha256": digest(pairs)},
            "steps": trainer.state.global_step,
            "versions": versions(),
        }
        keep(recipe, run, model, tokenizer, learnt_from=f"{len(pairs):,} pairs", facts=facts)
    return facts


def digest(pairs: Sequence[Pair]) -> str:
    """Return a hash of the pairs."""
    return sha256(repr([asdict(pair) for pair in pairs]).encode()).hexdigest()


class PairTrainer(PackedTrainer):
    """Trains on pairs as :func:`training.preferences.collate` lays them; a step is the mean over its pairs."""

    def __init__(self, recipe: Recipe, taste: Taste, **kwargs: Any) -> None:  # noqa: ANN401 -- as in the class above
        super().__init__(recipe, **kwargs)
        self._taste = taste
        self._a_step = recipe.batch * recipe.accumulate

    def compute_loss(
        self,
        model: Any,  # noqa: ANN401 -- as in the class above
        inputs: dict[str, Any],
        return_outputs: bool = False,  # noqa: FBT001, FBT002 -- as in the class above
        num_items_in_batch: Tensor | int | None = None,  # noqa: ARG002 -- pairs are counted, not tokens
    ) -> Any:  # noqa: ANN401 -- as in the class above
        """Return the batch's part of the step's loss."""
        logits, targets = self._logits(model, inputs), inputs["shift_labels"]
        loss = pair_loss(logits, targets, inputs["reference"], inputs["weight"], self._taste).sum() / self._a_step
        return (loss, {"logits": logits}) if return_outputs else loss


def pair_loss(logits: Tensor, targets: Tensor, reference: Tensor, weight: Tensor, taste: Taste) -> Tensor:
    """Return the loss of each pair (pairs,); rows are the chosen sides, then the rejected ones."""
    each = F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="none")
    nats = each.view(targets.shape).sum(1)
    chosen, rejected = (-nats - reference).chunk(2)
    preferred = -F.logsigmoid(taste.beta * (chosen - rejected))
    scored = (targets.chunk(2)[0] != IGNORED).sum(1).clamp_min(1)
    return weight * (preferred + taste.anchor * nats.chunk(2)[0] / scored)
