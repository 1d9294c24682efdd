"""The Trainer of transformers with packed rows, an exact held-out loss, and checkpoints that are whole or not there."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 -- torch's own name for it
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from transformers import Trainer, TrainerState
from transformers.trainer import TRAINER_STATE_NAME

from training import checkpoints
from training.checkpoints import Sealed
from training.recipe import Recipe
from training.rows import IGNORED


class PackedTrainer(Trainer):
    """Trains on rows of :class:`training.rows.RowSet`: no padding is scored, no document sees another.

    The loss of a step is the mean over all scored positions of its rows, on whatever device they are.
    """

    loss_is_scaled_for_ga = True

    def __init__(self, recipe: Recipe, **kwargs: Any) -> None:  # noqa: ANN401 -- as in the class above
        super().__init__(**kwargs)
        self._recipe = recipe
        self.model_accepts_loss_kwargs = True  # has the scored positions of the whole step counted for compute_loss

    def create_scheduler(
        self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """Follow the recipe's schedule."""
        found = optimizer or self.optimizer
        assert found is not None  # noqa: S101 -- the Trainer makes it before
        share = partial(self._recipe.share, steps=num_training_steps)
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(found, share)
        self._created_lr_scheduler = True
        return self.lr_scheduler

    def compute_loss(
        self,
        model: Any,  # noqa: ANN401 -- as in the class above
        inputs: dict[str, Any],
        return_outputs: bool = False,  # noqa: FBT001, FBT002 -- as in the class above
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:  # noqa: ANN401 -- as in the class above
        """Return nats per scored position of the whole step (with its own share of them summed up)."""
        targets, logits = inputs["shift_labels"], self._logits(model, inputs)
        total = F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="sum")
        scored = num_items_in_batch if num_items_in_batch is not None else (targets != IGNORED).sum()
        loss = total / torch.as_tensor(scored, device=total.device).clamp_min(1) * self.accelerator.num_processes
        return (loss, {"logits": logits}) if return_outputs else loss

    def evaluate(
        self,
        eval_dataset: Dataset[Any] | dict[str, Dataset[Any]] | None = None,
        ignore_keys: list[str] | None = None,  # noqa: ARG002 -- as in the class above
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        """Return ``eval_loss``: nats per scored position of all held-out rows, each weighed by its positions."""
        rows: Any = eval_dataset if eval_dataset is not None else self.eval_dataset
        model = self.model
        assert model is not None  # noqa: S101 -- the constructor was given one
        was_training = model.training
        model.eval()
        nats, scored = self._sum(model, rows)
        model.train(was_training)
        metrics = {f"{metric_key_prefix}_loss": nats / max(1.0, scored)}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    @torch.no_grad()
    def _sum(self, model: Any, rows: Any) -> tuple[float, float]:  # noqa: ANN401 -- PEFT's wrapper has no types
        mine = range(self.args.process_index, len(rows), self.args.world_size)
        total = torch.zeros(2, dtype=torch.float64, device=self.args.device)
        for batch in _batches(rows, mine, self.args.per_device_eval_batch_size):
            inputs = {name: part.to(self.args.device) for name, part in batch.items()}
            targets = inputs["shift_labels"].flatten()
            with self.compute_loss_context_manager():
                logits = self._logits(model, inputs)
            loss = F.cross_entropy(logits.flatten(0, 1).float(), targets, ignore_index=IGNORED, reduction="sum")
            total += torch.stack([loss.double(), (targets != IGNORED).sum().double()])
        every: Tensor = self.accelerator.reduce(total, reduction="sum")
        return float(every[0]), float(every[1])

    @staticmethod
    def _logits(model: Any, inputs: Mapping[str, Tensor]) -> Tensor:  # noqa: ANN401 -- PEFT's wrapper has no types
        logits: Tensor = model(
            input_ids=inputs["input_ids"], position_ids=inputs["position_ids"], use_cache=False
        ).logits
        return logits

    def _save_checkpoint(self, model: Any, trial: Any) -> None:  # noqa: ANN401 -- as in the class above
        super()._save_checkpoint(model, trial)  # deletes none: ``save_total_limit`` is not set
        self.accelerator.wait_for_everyone()  # each process writes a file of its own into it
        if self.args.should_save and self.args.output_dir:
            folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
            best = Path(self.state.best_model_checkpoint or folder).name
            checkpoints.seal(folder, best=best, ended=self.control.should_training_stop)
            checkpoints.rotate(folder, best)

    def restore(self, ended: Sealed) -> None:
        """Take the weights and the state that a run ended with, as if it had just been trained."""
        self.state = TrainerState.load_from_json(str(ended.folder / TRAINER_STATE_NAME))
        self.state.best_model_checkpoint = str(ended.best)
        self._load_best_model()


def _batches(rows: Dataset[Any], numbers: range, size: int) -> Iterator[dict[str, Tensor]]:
    yield from DataLoader(torch.utils.data.Subset(rows, list(numbers)), batch_size=size)
