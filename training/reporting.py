# ruff: noqa: ARG002, ANN401 -- callbacks have the arguments that the Trainer gives them
"""Every step of a training told to whoever watches, who may call it off."""

from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

Report = Callable[[str, int, int, float | None], None]
"""Told the stage, the step, how many there are, and the loss; raises to call it off."""


class Telling(TrainerCallback):
    """Tells ``report`` about every step."""

    def __init__(self, stage: str, report: Report) -> None:
        self._stage, self._report = stage, report

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Tell how many steps there are."""
        self._report(self._stage, state.global_step, state.max_steps, None)

    def on_substep_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Ask whether to go on."""
        self._report(self._stage, state.global_step, state.max_steps, None)

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Tell the loss of the step."""
        if "loss" in kwargs["logs"]:
            self._report(self._stage, state.global_step, state.max_steps, float(kwargs["logs"]["loss"]))
